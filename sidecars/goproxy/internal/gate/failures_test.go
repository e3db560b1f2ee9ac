package gate

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"workstation/sidecars/goproxy/internal/settings"
	"workstation/sidecars/goproxy/internal/standin"
)

func TestFailuresAreExplainedAndNotKept(t *testing.T) {
	l := newLab(t, func(s *settings.Settings) {
		s.Private = []settings.Private{{Host: "git.example", Modules: []string{"git.example"}, Protocol: "https", User: "oauth2", Password: "git-password-1"}}
	})
	l.order(standin.Orders{Causes: map[string]string{
		"example.com/dead":      `Get "https://u:hunter22@proxy.example/": dial tcp: connect: connection refused`,
		"example.com/m@v9.0.0":  "example.com/m@v9.0.0: invalid version: unknown revision v9.0.0",
		"git.example/t/r":       "fatal: Authentication failed for 'https://oauth2:git-password-1@git.example/t/r/'",
		"git.example/vague.git": "git.example/vague.git@v1.0.0: no secure protocol found for repository",
	}})
	l.gate.Probe = func(_ context.Context, path string) string {
		return "fatal: could not read Username for 'https://" + path + "'"
	}
	for path, want := range map[string][]string{
		"/example.com/dead/@v/v1.0.0.info":      {"502", "connection refused"},
		"/example.com/dead/@v/list":             {"502", "connection refused"},
		"/example.com/m/@v/v9.0.0.mod":          {"404", "unknown revision"},
		"/git.example/t/r/@v/v1.0.0.zip":        {"403", "./workstation credential set git.example", "oauth2"},
		"/git.example/t/r/@v/list":              {"403", "./workstation credential set git.example", "oauth2"},
		"/git.example/vague.git/@v/v1.0.0.info": {"403", "./workstation credential set git.example"},
	} {
		answer := l.get(path)
		text := fmt.Sprint(answer.status, " ", answer.body)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not in %s", path, part, text)
			}
		}
	}
	for _, secret := range []string{"hunter22", "git-password-1", password} {
		if strings.Contains(l.log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
		for _, path := range []string{"/example.com/dead/@v/v1.0.0.info", "/git.example/t/r/@v/list", "/metrics"} {
			if answer := l.get(path); strings.Contains(answer.body, secret) {
				t.Errorf("%q is in the answer to %s: %s", secret, path, answer.body)
			}
		}
	}
	l.order(standin.Orders{})
	if answer := l.get("/git.example/t/r/@v/v1.0.0.info"); answer.status != 200 {
		t.Errorf("the failure is kept: %+v", answer)
	}
}

func TestFullDiskAndGarbageHeal(t *testing.T) {
	l := newLab(t, nil)
	l.order(standin.Orders{NoSpace: true, Chunks: 4})
	if answer := l.get("/example.com/m/@v/v1.0.0.zip"); answer.status != http.StatusInsufficientStorage || !strings.Contains(answer.body, "no space left") {
		t.Errorf("%+v", answer)
	}
	admin := &Admin{Metrics: l.gate.Metrics, Storage: l.gate.Store.Root}
	if problems := admin.Problems(); len(problems) != 1 || !strings.Contains(problems[0], "full") {
		t.Error(problems)
	}
	l.order(standin.Orders{Garbage: true})
	if answer := l.get("/example.com/m/@v/v1.0.0.zip"); answer.status != 500 {
		t.Errorf("%+v", answer)
	}
	l.order(standin.Orders{})
	if answer := l.get("/example.com/m/@v/v1.0.0.zip"); answer.status != 200 || answer.body != zipOf("example.com/m", "v1.0.0") {
		t.Errorf("it does not heal: %d", answer.status)
	}
	if problems := admin.Problems(); len(problems) > 0 {
		t.Error(problems)
	}
	// Somebody damages or removes what is remembered.
	folder := l.gate.Store.Folder(module.Version{Path: "example.com/m", Version: "v1.0.0"})
	for _, damage := range []func() error{
		func() error { return os.Truncate(filepath.Join(folder, "source.zip"), 1000) },
		func() error { return os.RemoveAll(folder) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if answer := l.get("/example.com/m/@v/v1.0.0.zip"); answer.status != 200 || answer.body != zipOf("example.com/m", "v1.0.0") {
			t.Errorf("%d %d bytes", answer.status, len(answer.body))
		}
	}
}
