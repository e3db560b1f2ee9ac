package mirror_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/mod/module"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/serve"
	"workstation/sidecars/sumdb/internal/standin"
	"workstation/sidecars/sumdb/internal/store"
	"workstation/sidecars/sumdb/internal/upstream"
)

// lab is a mirror before a stand-in database.
type lab struct {
	db     *standin.Database
	mirror *mirror.Mirror
	store  *store.Store
	folder string
	url    string
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{db: standin.NewDatabase(t, nil), folder: t.TempDir()}
	l.open(t, false)
	return l
}

// open starts the mirror again, with nothing in its memory.
func (l *lab) open(t testing.TB, offline bool) {
	t.Helper()
	if l.store != nil {
		l.store.Close()
	}
	options := mirror.Options{Key: l.db.Key, Private: "private.example,*.corp.example", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	var err error
	if !offline {
		// No connections are kept, so that a cut is one at once.
		if options.Upstream, err = upstream.New([]string{l.db.URL}, &http.Transport{DisableKeepAlives: true}); err != nil {
			t.Fatal(err)
		}
	}
	if l.store, err = store.Open(l.folder, l.db.Key, offline); err != nil {
		t.Fatal(err)
	}
	options.Store = l.store
	if l.mirror, err = mirror.New(options); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer((&serve.Server{Mirror: l.mirror, Log: options.Log}).Handler())
	l.url = server.URL
	t.Cleanup(server.Close)
	t.Cleanup(l.store.Close)
}

func name(index int) module.Version {
	return module.Version{Path: fmt.Sprintf("example.com/m%d", index), Version: "v1.0.0"}
}

func (l *lab) lookup(index int) error {
	_, err := l.mirror.Lookup(context.Background(), name(index))
	return err
}

func (l *lab) warm(t testing.TB, from, to int) {
	t.Helper()
	for index := from; index < to; index++ {
		if err := l.lookup(index); err != nil {
			t.Fatal(err)
		}
	}
}

// client asks for one module with the caches that it has.
func ask(t testing.TB, client *standin.Client, index int) {
	t.Helper()
	version := name(index)
	lines, err := client.Lookup(version.Path, version.Version)
	if err != nil || len(lines) != 1 || len(client.Security) > 0 {
		t.Errorf("%s: %q %v %v", version, lines, err, client.Security)
	}
}

func (l *lab) good(t testing.TB, wanted int) {
	t.Helper()
	records, problems, err := l.mirror.Check(context.Background())
	if err != nil || len(problems) > 0 || records < wanted {
		t.Fatalf("%d records, %d wanted, %v %v", records, wanted, problems, err)
	}
}
