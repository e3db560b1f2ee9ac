package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"workstation/sidecars/sumdb/internal/standin"
)

// TestMain lets tests start this program as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("BE_WORKSTATION_SUMDB") != "" {
		main()
	}
	os.Exit(m.Run())
}

func try(arguments ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), arguments, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestFetchCheckServe(t *testing.T) {
	db := standin.NewDatabase(t, nil)
	db.Grow(t, 0, 300)
	folder := t.TempDir()
	sums := filepath.Join(folder, "go.sum")
	line := func(path, version string) string {
		text, err := standin.Sums(path, version)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text := line("example.com/a", "v1.0.0") + line("example.com/B", "v2.0.0+incompatible") + "private.example/x v1.0.0 h1:secret=\n"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(sums, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	common := []string{"--store", filepath.Join(folder, "store"), "--key", db.Key, "--private", "private.example"}
	with := func(command string, rest ...string) []string {
		return append(append([]string{command}, common...), rest...)
	}
	if code, out, errs := try(with("fetch", "--upstream", db.URL, sums)...); code != 0 || !strings.Contains(out, "4 lines held and equal, 1 private, 0 not good") {
		t.Fatal(code, out, errs)
	}
	db.Cut.Store(true)
	if code, out, errs := try(with("check")...); code != 0 || !strings.Contains(out, "2 records") {
		t.Fatal(code, out, errs)
	}
	write(strings.Replace(text, "h1:0", "h1:1", 1))
	if code, _, errs := try(with("fetch", "--offline", sums)...); code != 1 || !strings.Contains(errs, "the checksum database has h1:0") {
		t.Error("a hash that changed since is not told:", errs)
	}

	process := exec.Command(os.Args[0], with("serve", "--offline", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")...)
	process.Env = append(os.Environ(), "BE_WORKSTATION_SUMDB=1")
	process.Stderr = os.Stderr
	pipe, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer process.Process.Kill()
	var started struct{ Address, Admin string }
	lines := bufio.NewReader(pipe)
	first, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(first, &started)
	}
	if err != nil {
		t.Fatal(string(first), err)
	}
	response, err := http.Get("http://" + started.Address + "/lookup/example.com/!b@v2.0.0+incompatible")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), "example.com/B v2.0.0+incompatible h1:") {
		t.Error(response.Status, string(body), err)
	}
	if code, out, errs := try("health", "--admin", started.Admin); code != 0 || !strings.Contains(out, `"ok":true`) {
		t.Error(code, out, errs)
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Error("not a graceful end:", err)
	}
	if code, _, errs := try("health", "--admin", started.Admin); code != 1 || !strings.Contains(errs, "refused") {
		t.Error(code, errs)
	}
}

func TestWrongUse(t *testing.T) {
	for wanted, arguments := range map[string][]string{
		"usage":                         {},
		"--store is missing":            {"serve"},
		"--key must be":                 {"serve", "--store", t.TempDir(), "--key", "nonsense"},
		"http, https or file":           {"serve", "--store", t.TempDir(), "--upstream", "ftp://x"},
		"holds no database":             {"check", "--store", t.TempDir()},
		"no go.sum file":                {"fetch", "--store", t.TempDir()},
		"must be a loopback address":    {"serve", "--store", t.TempDir(), "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"},
		"--tls-pem":                     {"serve", "--store", t.TempDir(), "--listen", "127.0.0.1:0", "--tls-pem", "/nowhere"},
		"words beside the flags":        {"serve", "--store", t.TempDir(), "x"},
		"flag provided but not defined": {"serve", "--nonsense"},
	} {
		if code, _, errs := try(arguments...); code != 1 || !strings.Contains(errs, wanted) {
			t.Errorf("%q: %d %s", arguments, code, errs)
		}
	}
}
