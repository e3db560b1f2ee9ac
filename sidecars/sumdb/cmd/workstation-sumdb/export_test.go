package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"workstation/sidecars/sumdb/internal/standin"
)

// The go command is the judge: with the database gone, it takes and checks a module from plain files.
func TestExport(t *testing.T) {
	db := standin.NewDatabase(t, nil)
	db.Grow(t, 0, 700)
	folder := t.TempDir()
	sums := filepath.Join(folder, "go.sum")
	var text strings.Builder
	for _, path := range []string{"example.com/a", "example.com/B", "example.com/c"} {
		lines, err := standin.Sums(path, "v1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		text.Write(lines)
	}
	if err := os.WriteFile(sums, []byte(text.String()+"private.example/x v1.0.0 h1:secret=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	common := []string{"--store", filepath.Join(folder, "store"), "--key", db.Key, "--private", "private.example"}
	if code, out, errs := try(append(append([]string{"fetch"}, common...), "--upstream", db.URL, sums)...); code != 0 {
		t.Fatal(out, errs)
	}
	db.Cut.Store(true)
	export := func(name string) map[string]string {
		t.Helper()
		proxy := filepath.Join(folder, name)
		code, out, errs := try(append(append([]string{"export"}, common...), "--out", proxy, sums)...)
		if code != 0 || !strings.Contains(out, "3 module versions") {
			t.Fatal(code, out, errs)
		}
		files := map[string]string{}
		if err := filepath.WalkDir(proxy, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			files[strings.TrimPrefix(path, proxy)] = string(content)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return files
	}
	first, second := export("proxy"), export("again")
	if len(first) < 6 || len(first) != len(second) {
		t.Fatalf("%d files, then %d", len(first), len(second))
	}
	for name, content := range first {
		if second[name] != content {
			t.Errorf("%s differs the second time", name)
		}
	}

	// Those files are an upstream like any other: a mirror without a network fills itself from them.
	upstream := "file://" + filepath.Join(folder, "proxy", "sumdb", strings.SplitN(db.Key, "+", 2)[0])
	again := []string{"fetch", "--store", filepath.Join(folder, "from-files"), "--key", db.Key, "--private", "private.example"}
	if code, out, errs := try(append(again, "--upstream", upstream, sums)...); code != 0 {
		t.Fatal(out, errs)
	}

	if code, _, errs := try("export", "--store", filepath.Join(folder, "store"), sums); code != 1 || !strings.Contains(errs, "--out") {
		t.Error(code, errs)
	}
	missing := filepath.Join(folder, "other.sum")
	if err := os.WriteFile(missing, []byte("example.com/never v1.0.0 h1:x=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := try(append(append([]string{"export"}, common...), "--out", filepath.Join(folder, "none"), missing)...); code != 1 || !strings.Contains(errs, "example.com/never@v1.0.0") {
		t.Error("a version that is not held is not told:", errs)
	}

	lookup := func(proxy string) ([]byte, error) {
		command := exec.Command("go", "mod", "download", "example.com/B@v1.0.0")
		command.Dir = t.TempDir()
		command.Env = append(os.Environ(), "GOPROXY=file://"+proxy, "GOSUMDB="+db.Key, "GOFLAGS=-modcacherw", "GONOSUMDB=", "GOPRIVATE=",
			"GOPATH="+t.TempDir(), "GOMODCACHE="+t.TempDir(), "GOWORK=off", "GO111MODULE=on", "GOTOOLCHAIN=local")
		return command.CombinedOutput()
	}
	versions := filepath.Join(folder, "proxy", "example.com", "!b", "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"v1.0.0.info": `{"Version":"v1.0.0"}`, "v1.0.0.mod": "module example.com/B\n"} {
		if err := os.WriteFile(filepath.Join(versions, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The record is found and proved; the stand-in's hash is of nothing, so that the file is then refused for its hash.
	if out, err := lookup(filepath.Join(folder, "proxy")); err == nil || !strings.Contains(string(out), "SECURITY ERROR") {
		t.Errorf("the go command does not compare with the exported record: %v\n%s", err, out)
	}
}
