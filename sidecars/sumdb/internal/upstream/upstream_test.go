package upstream

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestCandidates(t *testing.T) {
	for goproxy, wanted := range map[string][]string{
		"":                               {"https://db.example"},
		"direct":                         {"https://db.example"},
		"off":                            nil,
		"https://a.example/,direct":      {"https://a.example/sumdb/db.example", "https://db.example"},
		"http://a.example|file:///x,off": {"http://a.example/sumdb/db.example", "file:///x/sumdb/db.example"},
	} {
		if got := Candidates(goproxy, "db.example"); !reflect.DeepEqual(got, wanted) {
			t.Errorf("%q: %q", goproxy, got)
		}
	}
}

func TestTheFirstThatServesTheDatabaseIsUsed(t *testing.T) {
	without := httptest.NewServer(http.NotFoundHandler())
	defer without.Close()
	with := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.URL.Path)) }))
	defer with.Close()
	u, err := New([]string{without.URL, with.URL + "/sumdb/db.example/"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := u.Get(context.Background(), "latest"); err != nil || string(body) != "/sumdb/db.example/latest" {
		t.Error(string(body), err)
	}
}

func TestAFolderIsAnUpstream(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "latest"), []byte("a head"), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := New([]string{"file://" + folder}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := u.Get(context.Background(), "latest"); err != nil || string(body) != "a head" {
		t.Error(string(body), err)
	}
	if _, err := u.Get(context.Background(), "lookup/example.com/x@v1.0.0"); !NotFound(err) {
		t.Error(err)
	}
	for _, wrong := range []string{"file://host/folder", "file:folder", "ftp://db.example"} {
		if _, err := New([]string{wrong}, nil); err == nil {
			t.Error(wrong, "is taken")
		}
	}
}

func TestErrorsDoNotShowCredentials(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	u, err := New([]string{strings.Replace(gone.URL, "http://", "http://user:hush@", 1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.Get(context.Background(), "latest")
	if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Error(err)
	}
}

func TestRedirects(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	u, err := New([]string{secure.URL}, secure.Client().Transport)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Get(context.Background(), "latest"); err == nil || !strings.Contains(err.Error(), "away from https") {
		t.Error(err)
	}
}
