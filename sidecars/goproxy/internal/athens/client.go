package athens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxText bounds answers that are read into memory: lists, infos, errors.
const maxText = 8 << 20

// Client asks Athens over its socket.
type Client struct {
	HTTP *http.Client
	// Clean takes secrets out of what is logged.
	Clean func(string) string
	Log   *slog.Logger

	serial  atomic.Int64
	mu      sync.Mutex
	pending map[string]chan string
}

// NewClient for a socket.
func NewClient(socket string, clean func(string) string, log *slog.Logger) *Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
		MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
	return &Client{HTTP: &http.Client{Transport: transport}, Clean: clean, Log: log, pending: map[string]chan string{}}
}

// Reply of Athens. Cause says why it is not 200: mostly only its log knows.
type Reply struct {
	Status int
	Body   []byte
	Cause  string
}

// Get a path such as /example.com/m/@v/list, escaped as in the download protocol.
func (c *Client) Get(ctx context.Context, path string) (Reply, error) {
	response, cause, err := c.Open(ctx, http.MethodGet, path)
	if err != nil {
		return Reply{}, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxText+1))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return Reply{}, err
	}
	if len(body) > maxText {
		return Reply{}, fmt.Errorf("the answer to %s is longer than %d bytes", path, maxText)
	}
	reply := Reply{Status: response.StatusCode, Body: body}
	if reply.Status != http.StatusOK {
		if reply.Cause = cause(); reply.Cause == "" {
			reply.Cause = strings.TrimSpace(string(body))
		}
		if reply.Cause == "" {
			reply.Cause = "Athens answered " + response.Status + " and gave no reason"
		}
	}
	return reply, nil
}

// Bucket asks whether the storage of modules can be read. Athens gives the reason only for its catalogue, which costs more to ask for.
func (c *Client) Bucket(ctx context.Context) (Reply, error) {
	reply, err := c.Get(ctx, "/readyz")
	if err != nil || reply.Status == http.StatusOK {
		return reply, err
	}
	return c.Get(ctx, "/catalog?pagesize=1")
}

// Open asks and leaves the body to the caller. cause is for answers that are not 200.
func (c *Client) Open(ctx context.Context, method, path string) (*http.Response, func() string, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://athens", nil)
	if err != nil {
		return nil, nil, err
	}
	// No module path has a question mark.
	path, query, _ := strings.Cut(path, "?")
	request.URL = &url.URL{Scheme: "http", Host: "athens", Path: path, RawQuery: query}
	id := "gate-" + strconv.FormatInt(c.serial.Add(1), 10)
	request.Header.Set("Athens-Request-ID", id)
	reason := make(chan string, 1)
	c.mu.Lock()
	c.pending[id] = reason
	c.mu.Unlock()
	forget := func() {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		forget()
		return nil, nil, err
	}
	if response.StatusCode == http.StatusOK {
		forget()
		return response, func() string { return "" }, nil
	}
	return response, func() string {
		defer forget()
		// Athens writes the line before it answers; the pipe may be a little later than the socket.
		select {
		case text := <-reason:
			return text
		case <-time.After(2 * time.Second):
			return ""
		}
	}, nil
}

type line struct {
	Level   string `json:"level"`
	Message string `json:"msg"`
	Request string `json:"request-id"`
}

// Line takes one line of Athens' log.
func (c *Client) Line(text string) {
	var entry line
	if err := json.Unmarshal([]byte(text), &entry); err != nil {
		if strings.TrimSpace(text) != "" {
			c.Log.Info("athens", "says", c.Clean(text))
		}
		return
	}
	if entry.Request != "" {
		if entry.Message == "incoming request" {
			return
		}
		c.mu.Lock()
		reason := c.pending[entry.Request]
		c.mu.Unlock()
		if reason != nil {
			select {
			case reason <- entry.Message:
			default:
			}
		}
		// The gate logs what it makes of it.
		return
	}
	if strings.HasPrefix(entry.Message, "reaped child process") {
		return
	}
	c.Log.Info("athens", "level", strings.ToLower(entry.Level), "says", c.Clean(entry.Message))
}

// Ready waits until Athens answers, or ended is closed.
func (c *Client) Ready(ctx context.Context, ended <-chan struct{}) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		reply, err := c.Get(ctx, "/healthz")
		if err == nil && reply.Status == http.StatusOK {
			return nil
		}
		select {
		case <-ended:
			return errors.New("it ended before it answered")
		case <-ctx.Done():
			// Whoever saw it end may have ended the wait already: that is the reason then.
			select {
			case <-ended:
				return errors.New("it ended before it answered")
			default:
			}
			return fmt.Errorf("it does not answer: %w", errors.Join(err, ctx.Err()))
		case <-ticker.C:
		}
	}
}
