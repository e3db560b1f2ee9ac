package serve_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/serve"
	"workstation/sidecars/sumdb/internal/standin"
	"workstation/sidecars/sumdb/internal/store"
	"workstation/sidecars/sumdb/internal/upstream"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func server(t *testing.T, db *standin.Database) (*serve.Server, string) {
	t.Helper()
	source, err := upstream.New([]string{db.URL}, &http.Transport{DisableKeepAlives: true})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(t.TempDir(), db.Key, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	m, err := mirror.New(mirror.Options{Store: opened, Upstream: source, Key: db.Key, Private: "private.example", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	s := &serve.Server{Mirror: m, Log: quiet}
	listening := httptest.NewServer(s.Handler())
	t.Cleanup(listening.Close)
	return s, listening.URL
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestProtocol(t *testing.T) {
	db := standin.NewDatabase(t, nil)
	db.Grow(t, 0, 1)
	s, url := server(t, db)
	below := "/sumdb/stand-in.example"
	for path, wanted := range map[string]int{
		"/supported": 200, below + "/supported": 200, "/sumdb/other.example/supported": 404,
		"/lookup/example.com/a@v1.0.0": 200, below + "/lookup/example.com/!a@v1.0.0": 200, below + "/latest": 200,
		"/lookup/example.com/A@v1.0.0": 400, "/lookup/example.com/a": 400, "/lookup/example.com/a@latest": 400, "/lookup/": 400,
		"/lookup/example.com/../a@v1.0.0": 400, "/lookup/private.example/x@v1.0.0": 403, "/lookup/missing.example@v1.0.0": 404,
		"/tile/8/0/000.p/1": 200, "/tile/8/0/000": 404, "/tile/8/0/000.p/256": 400, "/tile/8/0/x1": 400, "/tile/4/0/000": 404,
		"/tile/8/data/000": 404, "/tile/8/60/000": 404, "/tile/8/0/x999/x999/x999/x999/x999/999": 404, "/": 404,
	} {
		// Sent as it is: http.Get would tidy the path.
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL.Opaque = path
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.StatusCode; got != wanted && !(strings.Contains(path, "..") && got/100 == 3) {
			t.Errorf("%s: %d, wanted %d", path, got, wanted)
		}
	}
	if response, err := http.Post(url+"/latest", "", nil); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Error("POST is taken", err)
	}
	admin := httptest.NewServer(s.Admin())
	defer admin.Close()
	if status, body := get(t, admin.URL+"/healthz"); status != 200 || !strings.Contains(body, `"ok":true`) {
		t.Error(status, body)
	}
	if _, body := get(t, admin.URL+"/metrics"); !strings.Contains(body, "workstation_sumdb_stored_total 2\n") || !strings.Contains(body, `status="4xx"`) {
		t.Error(body)
	}
}

// goCommand downloads a module with the real go command, which knows the database by its key only.
func goCommand(t *testing.T, proxy, sumdb, version string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module client\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "mod", "download", "-json", "example.com/lib@"+version)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOPROXY="+proxy, "GOSUMDB="+sumdb, "GONOSUMDB=none", "GONOPROXY=none", "GOPRIVATE=", "GONOSUMCHECK=",
		"GOFLAGS=-modcacherw", "GOWORK=off", "GOPATH="+filepath.Join(folder, "path"), "GOMODCACHE="+filepath.Join(folder, "cache"))
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestRealGoCommand(t *testing.T) {
	modules := t.TempDir()
	versions := filepath.Join(modules, "example.com", "lib", "@v")
	if err := os.MkdirAll(versions, 0o700); err != nil {
		t.Fatal(err)
	}
	lines := map[string][]byte{}
	for index := range 3 {
		version := fmt.Sprintf("v1.0.%d", index)
		lines[version] = publish(t, versions, version, "package lib\n")
	}
	db := standin.NewDatabase(t, func(path, version string) ([]byte, error) {
		if text, ok := lines[version]; ok && path == "example.com/lib" {
			return text, nil
		}
		return standin.Sums(path, version)
	})
	db.Grow(t, 0, 300)
	_, url := server(t, db)
	proxy := "file://" + filepath.ToSlash(modules)
	for index := range 3 {
		if out, err := goCommand(t, proxy, db.Key+" "+url, fmt.Sprintf("v1.0.%d", index)); err != nil {
			t.Fatal(out, err)
		}
	}
	db.Cut.Store(true)
	for index := range 3 {
		if out, err := goCommand(t, proxy, db.Key+" "+url, fmt.Sprintf("v1.0.%d", 2-index)); err != nil || !strings.Contains(out, "h1:") {
			t.Fatal(out, err)
		}
	}
	// Through a proxy that passes the database on, as GOPROXY asks.
	passing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/sumdb/") {
			http.ServeFile(w, r, filepath.Join(modules, filepath.FromSlash(r.URL.Path)))
			return
		}
		status, body := get(t, url+r.URL.Path)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	defer passing.Close()
	if out, err := goCommand(t, passing.URL, db.Key, "v1.0.1"); err != nil {
		t.Fatal(out, err)
	}
	publish(t, versions, "v1.0.1", "package lib // changed since\n")
	if out, err := goCommand(t, proxy, db.Key+" "+url, "v1.0.1"); err == nil || !strings.Contains(out, "checksum mismatch") {
		t.Error("a changed module passes:", out)
	}
	publish(t, versions, "v1.0.9", "package lib\n")
	if out, err := goCommand(t, proxy, db.Key+" "+url, "v1.0.9"); err == nil || !strings.Contains(out, "from the upstream") {
		t.Error("the go command does not show why:", out)
	}
}

// publish puts a module version into a folder that serves as GOPROXY, and returns its lines for the database.
func publish(t *testing.T, folder, version, source string) []byte {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	goMod := "module example.com/lib\n"
	for name, content := range map[string]string{"go.mod": goMod, "lib.go": source} {
		file, err := writer.Create("example.com/lib@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, version)
	for end, content := range map[string][]byte{
		".zip": archive.Bytes(), ".mod": []byte(goMod), ".info": []byte(`{"Version":"` + version + `"}`),
	} {
		if err := os.WriteFile(path+end, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := dirhash.HashZip(path+".zip", dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(goMod)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, "example.com/lib %s %s\nexample.com/lib %s/go.mod %s\n", version, whole, version, alone)
}
