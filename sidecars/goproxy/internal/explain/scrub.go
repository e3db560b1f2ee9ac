// Package explain turns what go and git say into an answer that a developer can act on, without secrets.
package explain

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"sync/atomic"
)

// withPassword is a URL that carries a user and a password, or only a token.
var withPassword = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s"'@]+@`)

// plainUser is what may stay: ssh URLs carry the user's name.
var plainUser = regexp.MustCompile(`^ssh://[A-Za-z0-9_.-]+@$`)

var authorization = regexp.MustCompile(`(?i)(authorization:?\s*(?:basic|bearer)\s+)\S+`)

// Scrubber takes known secrets and passwords in URLs out of texts. Secrets are added, never forgotten: an old one may still be in a text.
type Scrubber struct {
	replacer atomic.Pointer[strings.Replacer]
	known    map[string]bool
}

// NewScrubber knows no secret yet.
func NewScrubber() *Scrubber { return &Scrubber{known: map[string]bool{}} }

// Add secrets. Not for concurrent use with itself; Clean may run meanwhile.
func (s *Scrubber) Add(secrets ...string) {
	for _, secret := range secrets {
		// Shorter ones would make texts unreadable, and are none.
		if len(secret) < 4 {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			s.known[form] = true
		}
	}
	longest := make([]string, 0, len(s.known))
	for form := range s.known {
		longest = append(longest, form)
	}
	sort.Slice(longest, func(i, j int) bool { return len(longest[i]) > len(longest[j]) })
	var pairs []string
	for _, form := range longest {
		pairs = append(pairs, form, "***")
	}
	s.replacer.Store(strings.NewReplacer(pairs...))
}

// Clean is the text without secrets.
func (s *Scrubber) Clean(text string) string {
	if replacer := s.replacer.Load(); replacer != nil {
		text = replacer.Replace(text)
	}
	text = withPassword.ReplaceAllStringFunc(text, func(found string) string {
		if plainUser.MatchString(found) {
			return found
		}
		scheme, _, _ := strings.Cut(found, "://")
		return scheme + "://***@"
	})
	return authorization.ReplaceAllString(text, "${1}***")
}
