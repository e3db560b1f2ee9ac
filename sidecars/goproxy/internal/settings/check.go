package settings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// upstreamKeys are the variables of the go command, git and Athens that may be given; the gate sets all others itself.
var upstreamKeys = []string{
	"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOVCS", "GONOSUMCHECK", "GODEBUG",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

type problems []error

func (p *problems) add(key, format string, arguments ...any) {
	*p = append(*p, fmt.Errorf("%s: "+format, append([]any{key}, arguments...)...))
}

func (s *Settings) check() error {
	var found problems
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		found.add("listen", "%q must be HOST:PORT or :PORT", s.Listen)
	}
	if host, _, err := net.SplitHostPort(s.Admin); err != nil || net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback() {
		found.add("admin", "%q must be a loopback address such as 127.0.0.1:8081", s.Admin)
	}
	for key, value := range map[string]string{
		"tls.pem": s.TLS.Pem, "storage": s.Storage, "programs.athens": s.Programs.Athens, "programs.go": s.Programs.Go,
	} {
		if !filepath.IsAbs(value) || strings.ContainsAny(value, ";\n") {
			found.add(key, "%q must be an absolute path", value)
		}
	}
	if s.Auth.User == "" || strings.ContainsAny(s.Auth.User, ": \n") {
		found.add("auth.user", "%q must be a name without colons or spaces", s.Auth.User)
	}
	if len(s.Auth.Password) < 8 || strings.ContainsFunc(s.Auth.Password, unicode.IsSpace) {
		found.add("auth.password", "must have at least 8 characters and no spaces")
	}
	s.checkUpstream(&found)
	s.checkShared(&found)
	for i := range s.Private {
		s.Private[i].check(fmt.Sprintf("private[%d]", i), &found)
	}
	slices.SortFunc(found, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(found...)
}

func (s *Settings) checkUpstream(found *problems) {
	for key, value := range s.Upstream {
		if !slices.Contains(upstreamKeys, key) {
			found.add("upstream."+key, "not known; allowed: %s", strings.Join(upstreamKeys, ", "))
		}
		if strings.Contains(value, ";") || strings.ContainsFunc(value, unicode.IsControl) {
			found.add("upstream."+key, "must not contain semicolons or control characters")
		}
	}
	sumdb, err := ParseSumdb(s.Upstream["GOSUMDB"])
	if err != nil {
		found.add("upstream.GOSUMDB", "%v", err)
	} else if !sumdb.Off && !filepath.IsAbs(s.Programs.Sumdb) {
		found.add("programs.sumdb", "%q must be an absolute path, or upstream.GOSUMDB off", s.Programs.Sumdb)
	}
}

func (s *Settings) checkShared(found *problems) {
	if !s.IsShared() {
		return
	}
	if s.Shared.S3.Region == "" {
		found.add("shared.s3.region", "must be given; for servers without regions us-east-1")
	}
	if host, port, err := net.SplitHostPort(s.Shared.Redis.Endpoint); err != nil || host == "" || port == "" {
		found.add("shared.redis.endpoint", "%q must be HOST:PORT: several proxies on one bucket need its lock", s.Shared.Redis.Endpoint)
	}
	if endpoint := s.Shared.S3.Endpoint; endpoint != "" {
		if parsed, err := url.Parse(endpoint); err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") {
			found.add("shared.s3.endpoint", "must be an http or https URL")
		}
	}
}

func (p *Private) check(key string, found *problems) {
	name, port := p.Split()
	if number, err := strconv.Atoi(port); !hostName.MatchString(name) || (port != "" && (err != nil || number < 1 || number > 65535)) {
		found.add(key+".host", "%q must be HOST or HOST:PORT with a port of 1 to 65535", p.Host)
	}
	if len(p.Modules) == 0 {
		found.add(key+".modules", "must hold at least one pattern such as %q", name+"/*")
	}
	for i, glob := range p.Modules {
		if err := checkGlob(glob); err != nil {
			found.add(fmt.Sprintf("%s.modules[%d]", key, i), "%q: %v", glob, err)
		}
	}
	if strings.ContainsFunc(p.User, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`"\@:/`, r)
	}) {
		found.add(key+".user", "%q must be a user name without spaces and quotes", p.User)
	}
	switch p.Protocol {
	case "https", "http":
		if strings.ContainsFunc(p.Password, unicode.IsControl) {
			found.add(key+".password", "must not contain line breaks or control characters")
		}
		if p.SSHKey != "" || p.KnownHosts != "" {
			found.add(key+".protocol", "%q does not take sshKey and knownHosts; use password, or protocol ssh", p.Protocol)
		}
	case "ssh":
		// A key that is none, or no known host, is told by ssh when a module is asked for: the others must go on working.
		if p.Password != "" {
			found.add(key+".password", "is not for protocol ssh; use sshKey")
		}
	default:
		found.add(key+".protocol", "%q must be https or ssh (http only for labs on loopback)", p.Protocol)
	}
}

// Split gives name and port of the host; no port is "".
func (p *Private) Split() (name, port string) {
	name, port, _ = strings.Cut(p.Host, ":")
	return name, port
}

// Sumdb is what GOSUMDB says.
type Sumdb struct {
	Off bool
	// First is the first word: a known name or a verifier key.
	First string
	// Name of the database, as in /sumdb/NAME/.
	Name string
	// URL is where it is asked, when not where GOPROXY and its name say.
	URL string
}

// Key is the verifier key, or "" for the public database's.
func (s Sumdb) Key() string {
	if strings.Contains(s.First, "+") {
		return s.First
	}
	return ""
}

// ParseSumdb understands what the go command does; nothing is the public database.
func ParseSumdb(value string) (Sumdb, error) {
	switch value {
	case "off":
		return Sumdb{Off: true}, nil
	case "sum.golang.google.cn":
		value = "sum.golang.org https://sum.golang.google.cn"
	case "":
		value = "sum.golang.org"
	}
	words := strings.Fields(value)
	name, rest, hasKey := strings.Cut(words[0], "+")
	_, _, complete := strings.Cut(rest, "+")
	if len(words) > 2 || (!hasKey && name != "sum.golang.org") || (hasKey && !complete) {
		return Sumdb{}, fmt.Errorf("%q must be off, sum.golang.org, sum.golang.google.cn or NAME+HASH+KEY, and after that at most a URL", value)
	}
	found := Sumdb{First: words[0], Name: name}
	if len(words) == 2 {
		if parsed, err := url.Parse(words[1]); err != nil || parsed.Host == "" {
			return Sumdb{}, errors.New("the second word must be a URL")
		}
		found.URL = words[1]
	}
	return found, nil
}
