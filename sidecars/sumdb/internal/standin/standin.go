// Package standin has what tests put in the place of the outside world: a checksum database that can be cut off and made to
// lie, and clients with nothing in their caches. Only tests import it.
package standin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
)

// Database is a checksum database with a key of its own.
type Database struct {
	Key string
	URL string
	// Requests that reached it.
	Requests atomic.Int64
	// Lookups that reached it.
	Lookups atomic.Int64
	// Cut makes it unreachable.
	Cut atomic.Bool

	signer string
	ops    atomic.Pointer[sumdb.TestServer]
	mu     sync.Mutex
	lie    func(path string, body []byte) []byte
}

// NewDatabase starts one whose lines come from sums; nil makes them up.
func NewDatabase(t testing.TB, sums func(path, version string) ([]byte, error)) *Database {
	t.Helper()
	signer, verifier, err := note.GenerateKey(nil, "stand-in.example")
	if err != nil {
		t.Fatal(err)
	}
	if sums == nil {
		sums = Sums
	}
	d := &Database{Key: verifier, signer: signer}
	d.ops.Store(sumdb.NewTestServer(signer, sums))
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	d.URL = server.URL
	return d
}

// Sums makes lines up; the module missing.example does not exist.
func Sums(path, version string) ([]byte, error) {
	if path == "missing.example" {
		return nil, &fs.PathError{Op: "lookup", Path: path, Err: fs.ErrNotExist}
	}
	return fmt.Appendf(nil, "%s %s h1:%064d=\n%s %s/go.mod h1:%064d=\n", path, version, len(path), path, version, len(version)), nil
}

// Fork starts the tree anew under the same key, with other records.
func (d *Database) Fork() {
	d.ops.Store(sumdb.NewTestServer(d.signer, func(path, version string) ([]byte, error) {
		return fmt.Appendf(nil, "%s %s h1:forked=\n%s %s/go.mod h1:forked=\n", path, version, path, version), nil
	}))
}

// Lie changes what the database answers; nil makes it honest again.
func (d *Database) Lie(lie func(path string, body []byte) []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lie = lie
}

// Grow adds records that nobody asked the mirror for.
func (d *Database) Grow(t testing.TB, from, to int) {
	t.Helper()
	for index := from; index < to; index++ {
		if _, err := d.ops.Load().Lookup(context.Background(), module.Version{Path: fmt.Sprintf("filler.example/m%d", index), Version: "v1.0.0"}); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *Database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.Cut.Load() {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			connection.Close()
		}
		return
	}
	d.Requests.Add(1)
	if strings.HasPrefix(r.URL.Path, "/lookup/") {
		d.Lookups.Add(1)
	}
	if r.URL.Path == "/supported" {
		return
	}
	recorder := httptest.NewRecorder()
	sumdb.NewServer(d.ops.Load()).ServeHTTP(recorder, r)
	body := recorder.Body.Bytes()
	d.mu.Lock()
	if d.lie != nil {
		body = d.lie(r.URL.Path, body)
	}
	d.mu.Unlock()
	w.WriteHeader(recorder.Code)
	io.Copy(w, bytes.NewReader(body))
}

// Client is one go command as the database sees it.
type Client struct {
	Base, Key string

	mu     sync.Mutex
	latest []byte
	tiles  map[string][]byte
	// Security errors that it reported.
	Security []string
}

// NewClient has empty caches and has never seen a head.
func NewClient(base, key string) *Client {
	return &Client{Base: base, Key: key, tiles: map[string][]byte{}}
}

// Lookup asks as a new process does: what it knows is on disk only.
func (c *Client) Lookup(path, version string) ([]string, error) {
	client := sumdb.NewClient(c)
	return client.Lookup(path, version)
}

// Forget empties the cache and keeps the head.
func (c *Client) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tiles = map[string][]byte{}
}

// ReadRemote implements sumdb.ClientOps, as all that follows.
func (c *Client) ReadRemote(path string) ([]byte, error) {
	response, err := http.Get(c.Base + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", path, response.Status, body)
	}
	return body, err
}

// ReadConfig implements sumdb.ClientOps.
func (c *Client) ReadConfig(file string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if file == "key" {
		return []byte(c.Key), nil
	}
	return bytes.Clone(c.latest), nil
}

// WriteConfig implements sumdb.ClientOps.
func (c *Client) WriteConfig(_ string, before, after []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !bytes.Equal(c.latest, before) {
		return sumdb.ErrWriteConflict
	}
	c.latest = bytes.Clone(after)
	return nil
}

// ReadCache implements sumdb.ClientOps.
func (c *Client) ReadCache(file string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if data, ok := c.tiles[file]; ok {
		return data, nil
	}
	return nil, errors.New("not cached")
}

// WriteCache implements sumdb.ClientOps.
func (c *Client) WriteCache(file string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Lookups are not kept: every one is to reach the mirror.
	if !strings.Contains(file, "/lookup/") {
		c.tiles[file] = bytes.Clone(data)
	}
}

// Log implements sumdb.ClientOps.
func (c *Client) Log(string) {}

// SecurityError implements sumdb.ClientOps.
func (c *Client) SecurityError(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Security = append(c.Security, text)
}
