package standin

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
)

// Upstream is a module proxy that has every version of every module below example.com, and the checksum database of them.
type Upstream struct {
	// Key is what GOSUMDB needs.
	Key string

	mu       sync.Mutex
	changed  map[string]bool
	requests []string
	database http.Handler
}

// NewUpstream with a checksum database of that name.
func NewUpstream(name string) (*Upstream, error) {
	secret, key, err := note.GenerateKey(nil, name)
	if err != nil {
		return nil, err
	}
	u := &Upstream{Key: key, changed: map[string]bool{}}
	u.database = sumdb.NewServer(sumdb.NewTestServer(secret, func(path, version string) ([]byte, error) {
		return Sum(module.Version{Path: path, Version: version})
	}))
	return u, nil
}

// Change the zips of a module from now on: they are not what the database has.
func (u *Upstream) Change(path string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.changed[path] = true
}

// Requests so far for modules.
func (u *Upstream) Requests() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]string{}, u.requests...)
}

// ServeHTTP is the database below /sumdb, and the proxy.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, found := strings.CutPrefix(r.URL.Path, "/sumdb"); found {
		if rest == "/supported" {
			return
		}
		r.URL.Path = rest
		u.database.ServeHTTP(w, r)
		return
	}
	escaped, file, found := strings.Cut(r.URL.Path[1:], "/@v/")
	path, err := module.UnescapePath(escaped)
	if !found || err != nil || !strings.HasPrefix(path, "example.com/") {
		http.Error(w, "not found: "+r.URL.Path, http.StatusNotFound)
		return
	}
	u.mu.Lock()
	u.requests = append(u.requests, r.URL.Path)
	changed := u.changed[path]
	u.mu.Unlock()
	if file == "list" {
		fmt.Fprintln(w, "v1.0.0")
		return
	}
	at := strings.LastIndex(file, ".")
	m := module.Version{Path: path, Version: file[:at]}
	switch file[at:] {
	case ".info":
		fmt.Fprintf(w, `{"Version":%q,"Time":"2024-01-01T00:00:00Z"}`, m.Version)
	case ".mod":
		fmt.Fprintf(w, "module %s\n", path)
	case ".zip":
		text := ModuleZip(m)
		if changed {
			text = moduleZip(m, "changed")
		}
		if _, err := w.Write(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// Sum is the go.sum lines of a module of ModuleZip.
func Sum(m module.Version) ([]byte, error) {
	file, err := os.CreateTemp("", "standin-*.zip")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(ModuleZip(m)); err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	hash, err := dirhash.HashZip(file.Name(), dirhash.Hash1)
	if err != nil {
		return nil, err
	}
	mod, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("module " + m.Path + "\n")), nil
	})
	return fmt.Appendf(nil, "%s %s %s\n%s %s/go.mod %s\n", m.Path, m.Version, hash, m.Path, m.Version, mod), err
}
