package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"workstation/sidecars/goproxy/internal/standin"
)

// withUpstream is a gate whose stand-in for Athens runs the real go command against a stand-in upstream with a checksum database.
func withUpstream(t *testing.T) (*lab, *standin.Upstream, *httptest.Server) {
	t.Helper()
	upstream, err := standin.NewUpstream("sum.example.com")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	l := newLab(t, func(config map[string]any) {
		config["upstream"] = map[string]any{"GOPROXY": server.URL, "GOSUMDB": upstream.Key + " " + server.URL + "/sumdb"}
	})
	l.order(standin.Orders{Go: true})
	l.start()
	return l, upstream, server
}

func TestRealGoGetsModulesAndChecksums(t *testing.T) {
	l, upstream, server := withUpstream(t)
	sumdb := "GOSUMDB=" + upstream.Key
	out, err := l.client([]string{sumdb}, "mod", "download", "-json", "example.com/m@v1.0.0")
	if err != nil || !strings.Contains(out, `"Sum": "h1:`) {
		t.Fatalf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(l.path("programs/environment")); err != nil || !strings.Contains(string(text), "GOSUMDB="+upstream.Key+" http://127.0.0.1:") {
		t.Errorf("go of Athens does not check through the mirror: %s %v", text, err)
	}
	server.Close()
	before := len(upstream.Requests())
	if out, err := l.client([]string{sumdb}, "mod", "download", "-json", "example.com/m@v1.0.0"); err != nil {
		t.Errorf("with the upstream gone: %v: %s", err, out)
	}
	if got := len(upstream.Requests()) - before; got != 0 {
		t.Errorf("%d requests to the upstream for what is held", got)
	}
	out, err = l.client([]string{sumdb}, "mod", "download", "example.com/other@v1.0.0")
	if err == nil || !strings.Contains(out, "502 Bad Gateway") || !strings.Contains(out, "connection refused") {
		t.Errorf("a dead upstream: %v: %s", err, out)
	}
}

func TestChangedZipIsRefusedAndNeverStored(t *testing.T) {
	l, upstream, _ := withUpstream(t)
	upstream.Change("example.com/evil")
	for range 2 {
		out, err := l.client([]string{"GOSUMDB=" + upstream.Key}, "mod", "download", "example.com/evil@v1.0.0")
		if err == nil || !strings.Contains(out, "SECURITY ERROR") || !strings.Contains(out, "502") {
			t.Errorf("%v: %s", err, out)
		}
	}
	// A client that checks nothing gets it neither.
	if out, err := l.client([]string{"GOSUMDB=off"}, "mod", "download", "example.com/evil@v1.0.0"); err == nil {
		t.Errorf("served: %s", out)
	}
	if _, err := os.Stat(l.path("storage/modules/example.com/evil")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stored: %v", err)
	}
}

func TestWarm(t *testing.T) {
	l, _, _ := withUpstream(t)
	var sums bytes.Buffer
	for _, path := range []string{"example.com/a", "example.com/B", "example.com/c"} {
		text, err := standin.Sum(module.Version{Path: path, Version: "v1.0.0"})
		if err != nil {
			t.Fatal(err)
		}
		sums.Write(text)
	}
	warm := func(in string) (int, string) {
		var out, errs bytes.Buffer
		code := run(context.Background(), []string{"warm", "--config", l.path("config.json")}, strings.NewReader(in), &out, &errs)
		return code, out.String() + errs.String()
	}
	if code, out := warm(sums.String() + sums.String()); code != 0 || !strings.HasSuffix(out, `{"done":6,"total":6,"failed":0}`+"\n") {
		t.Errorf("exit %d: %s", code, out)
	}
	for _, path := range []string{"example.com/a", "example.com/B", "example.com/c"} {
		if _, err := os.Stat(filepath.Join(l.path("storage/modules"), path, "v1.0.0", "v1.0.0.info")); err != nil {
			t.Error(err)
		}
	}
	wrong := "example.com/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nnone.example/x v1.0.0/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
	code, out := warm(sums.String() + wrong)
	if code != 1 || !strings.Contains(out, `{"done":8,"total":8,"failed":2}`) || !strings.Contains(out, "hash differs") || !strings.Contains(out, "none.example/x") {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, out := warm("one two\n"); code != 1 || !strings.Contains(out, "line 1") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestPrivateServer(t *testing.T) {
	repositories := t.TempDir()
	if err := standin.GitModule(filepath.Join(repositories, "team/repo.git"), "127.0.0.1/team/repo.git", "v1.0.0"); err != nil {
		t.Fatal(err)
	}
	handler, err := standin.GitServer(repositories, "oauth2", "good-git-token")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	entry := map[string]any{"modules": []string{"127.0.0.1/*"}, "protocol": "https", "user": "oauth2", "password": "expired-git-token"}
	l := newLab(t, func(config map[string]any) { config["private"] = []any{entry} })
	pair, err := tls.LoadX509KeyPair(l.path("tls.pem"), l.path("tls.pem"))
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	entry["host"] = host
	l.config["upstream"] = map[string]any{"GOSUMDB": "off", "GOPROXY": "off", "SSL_CERT_FILE": l.path("tls.pem"), "GIT_SSL_CAINFO": l.path("tls.pem")}
	l.save()
	l.order(standin.Orders{Go: true})
	l.start()
	download := func() (string, error) {
		return l.client([]string{"GOSUMDB=off"}, "mod", "download", "-json", "127.0.0.1/team/repo.git@v1.0.0")
	}
	out, err := download()
	for _, want := range []string{"403", host, "oauth2", "./workstation credential set " + host} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%q is not in %v: %s", want, err, out)
		}
	}
	entry["password"] = "good-git-token"
	l.save()
	l.eventually("the renewed credential works without a restart", func() bool { out, err = download(); return err == nil })
	if !strings.Contains(out, `"Sum": "h1:`) {
		t.Error(out)
	}
	out, err = l.client([]string{"GOSUMDB=off"}, "mod", "download", "127.0.0.1/team/none.git@v1.0.0")
	if err == nil || !strings.Contains(out, "has no such repository") {
		t.Errorf("%v: %s", err, out)
	}
	log := l.log.String()
	for _, secret := range []string{"good-git-token", "expired-git-token", clientPassword} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
		for _, pid := range append(l.children(), l.process.Process.Pid) {
			for _, file := range []string{"cmdline", "environ"} {
				if text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file)); err != nil || bytes.Contains(text, []byte(secret)) {
					t.Errorf("%q is in %s of %d (%v)", secret, file, pid, err)
				}
			}
		}
	}
}

func TestClientWithoutPassword(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	out, err := l.client([]string{"GOSUMDB=off", "NETRC=/dev/null"}, "mod", "download", "example.com/m@v1.0.0")
	if err == nil || !strings.Contains(out, "401") || !strings.Contains(out, "netrc") {
		t.Errorf("%v: %s", err, out)
	}
	if status, _ := l.getAs("/metrics", "wrong"); status != http.StatusUnauthorized {
		t.Errorf("metrics for everybody: %d", status)
	}
}
