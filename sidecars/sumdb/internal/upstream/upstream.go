// Package upstream fetches from a checksum database, or from a module proxy that passes one on. What it returns is not checked
// in any way but its length.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	dialTimeout  = 5 * time.Second
	fetchTimeout = 30 * time.Second
	maxParallel  = 16
	maxAnswer    = 1 << 20
)

// StatusError is an answer other than 200.
type StatusError struct {
	Code int
	Text string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Code, http.StatusText(e.Code), e.Text)
}

// NotFound says that the upstream answered, and does not have it.
func NotFound(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone)
}

// Upstream is the first of several addresses that serves the database.
type Upstream struct {
	candidates []string
	client     *http.Client
	slots      chan struct{}

	mu   sync.Mutex
	base string
}

// New takes the addresses in the order in which they are tried. transport is nil for the usual one.
func New(candidates []string, transport http.RoundTripper) (*Upstream, error) {
	for _, candidate := range candidates {
		parsed, err := url.Parse(candidate)
		if err != nil || !usable(parsed) {
			return nil, errors.New("--upstream must be http, https or file addresses, such as https://sum.golang.org")
		}
	}
	if len(candidates) == 0 {
		return nil, errors.New("--upstream is empty")
	}
	if transport == nil {
		usual := http.DefaultTransport.(*http.Transport).Clone()
		usual.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
		usual.TLSHandshakeTimeout = dialTimeout
		usual.MaxIdleConnsPerHost = maxParallel
		// A folder that was brought along, as GOPROXY=file:///folder names it.
		usual.RegisterProtocol("file", http.NewFileTransport(http.Dir("/")))
		transport = usual
	}
	client := &http.Client{Transport: transport, Timeout: fetchTimeout, CheckRedirect: sameSecurity}
	return &Upstream{candidates: candidates, client: client, slots: make(chan struct{}, maxParallel)}, nil
}

func usable(address *url.URL) bool {
	if address.Scheme == "file" {
		return address.Host == "" && strings.HasPrefix(address.Path, "/")
	}
	return address.Host != "" && (address.Scheme == "https" || address.Scheme == "http")
}

func sameSecurity(next *http.Request, before []*http.Request) error {
	if len(before) > 3 || before[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errors.New("redirected too often, or away from https")
	}
	return nil
}

// Candidates are where the go command would look for a database: the proxies in GOPROXY, then the database itself.
func Candidates(goproxy, name string) []string {
	var candidates []string
	for _, proxy := range strings.FieldsFunc(goproxy, func(r rune) bool { return r == ',' || r == '|' }) {
		if proxy == "off" {
			return candidates
		}
		if strings.HasPrefix(proxy, "https://") || strings.HasPrefix(proxy, "http://") || strings.HasPrefix(proxy, "file:///") {
			candidates = append(candidates, strings.TrimRight(proxy, "/")+"/sumdb/"+name)
		}
	}
	return append(candidates, "https://"+name)
}

// Get fetches a path such as latest, or tile/8/0/000.
func (u *Upstream) Get(ctx context.Context, path string) ([]byte, error) {
	base, err := u.choose(ctx)
	if err != nil {
		return nil, err
	}
	return u.get(ctx, base, path)
}

// choose finds the first address that serves the database; one that says no is passed over, as the go command does.
func (u *Upstream) choose(ctx context.Context) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.base != "" {
		return u.base, nil
	}
	var tried []error
	for _, candidate := range u.candidates {
		if len(u.candidates) == 1 {
			u.base = candidate
			return candidate, nil
		}
		_, err := u.get(ctx, candidate, "supported")
		if err == nil {
			u.base = candidate
			return candidate, nil
		}
		tried = append(tried, err)
	}
	return "", errors.Join(tried...)
}

func (u *Upstream) get(ctx context.Context, base, path string) ([]byte, error) {
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base, "/")+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := u.client.Do(request)
	if err != nil {
		return nil, redacted(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, redacted(err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%s answers with more than %d bytes", request.URL.Host, maxAnswer)
	}
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{response.StatusCode, oneLine(body)}
	}
	return body, nil
}

// redacted leaves out the address, which may hold a user and a password; the host stays.
func redacted(err error) error {
	var wrapped *url.Error
	if !errors.As(err, &wrapped) {
		return err
	}
	host := ""
	if parsed, parseError := url.Parse(wrapped.URL); parseError == nil {
		host = parsed.Host
		if parsed.Scheme == "file" {
			host = parsed.Path
		}
	}
	return fmt.Errorf("%s: %w", host, wrapped.Err)
}

func oneLine(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
	if len(text) > 300 {
		text = text[:300]
	}
	return text
}
