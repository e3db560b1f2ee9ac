package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/module"

	"workstation/sidecars/goproxy/internal/standin"
)

func zipOf(path string) string {
	return string(standin.ModuleZip(module.Version{Path: path, Version: "v1.0.0"}))
}

func TestAthensKilledInTheMiddleOfWriting(t *testing.T) {
	l := newLab(t, nil)
	l.order(standin.Orders{Chunks: 10, Pause: 10, Die: 5})
	l.start()
	status, body := l.get("/example.com/m/@v/v1.0.0.zip")
	if status == 200 {
		t.Fatalf("half a zip was served: %d bytes", len(body))
	}
	if code := l.exit(); code != 1 {
		t.Errorf("exit %d after a child died", code)
	}
	if !strings.Contains(l.log.String(), "athens ended: signal: killed") {
		t.Error("the log does not say why")
	}
	half := l.path("storage/modules/example.com/m/v1.0.0/source.zip")
	if info, err := os.Stat(half); err != nil || info.Size() >= int64(len(zipOf("example.com/m"))) {
		t.Fatalf("the stand-in did not leave half a zip: %v", err)
	}
	l.order(standin.Orders{})
	l.start()
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Error("half a zip was not swept away")
	}
	if status, body := l.get("/example.com/m/@v/v1.0.0.zip"); status != 200 || body != zipOf("example.com/m") {
		t.Errorf("%d, %d bytes", status, len(body))
	}
}

func TestGateKilledUnderLoad(t *testing.T) {
	l := newLab(t, nil)
	l.order(standin.Orders{Chunks: 20, Pause: 20})
	l.start()
	var clients sync.WaitGroup
	for i := range 20 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			path := fmt.Sprintf("example.com/m%d", i%5)
			if status, body := l.get("/" + path + "/@v/v1.0.0.zip"); status == 200 && body != zipOf(path) {
				t.Errorf("half a zip: %d bytes", len(body))
			}
		}()
	}
	l.eventually("something is half-written", func() bool {
		found, err := filepath.Glob(l.path("storage/modules/example.com/*/v1.0.0/source.zip"))
		return err == nil && len(found) > 0
	})
	children := l.children()
	if len(children) != 1 {
		t.Fatalf("%v", children)
	}
	l.stop(syscall.SIGKILL)
	clients.Wait()
	l.eventually("no child outlives the gate", func() bool { return !alive(children[0]) })
	l.order(standin.Orders{})
	l.start()
	for i := range 5 {
		path := fmt.Sprintf("example.com/m%d", i)
		if status, body := l.get("/" + path + "/@v/v1.0.0.zip"); status != 200 || body != zipOf(path) {
			t.Errorf("%s: %d, %d bytes", path, status, len(body))
		}
	}
}

func TestEndsInOrder(t *testing.T) {
	l := newLab(t, func(config map[string]any) {
		config["upstream"] = map[string]any{"GOPROXY": "http://127.0.0.1:1"}
	})
	l.order(standin.Orders{Hang: 700})
	l.start()
	if text, err := l.health(); err != nil || text != "good\n" {
		t.Errorf("%q %v", text, err)
	}
	children := l.children()
	if len(children) != 2 {
		t.Fatalf("%v", children)
	}
	answered := make(chan int)
	go func() {
		status, _ := l.get("/example.com/m/@v/v1.0.0.info")
		answered <- status
	}()
	l.eventually("the fetch has begun", func() bool { _, err := os.Stat(l.path("programs/fetches")); return err == nil })
	if code := l.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d", code)
	}
	if status := <-answered; status != 200 && status != 502 {
		t.Errorf("a request under way got %d", status)
	}
	for _, pid := range children {
		if alive(pid) {
			t.Errorf("%d is still alive", pid)
		}
	}
	if _, err := l.health(); err == nil {
		t.Error("health is good although nothing runs")
	}
}

func TestOneGateForAStorage(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	second := newLab(t, func(config map[string]any) { config["storage"] = l.path("storage") })
	second.begin()
	if code := second.exit(); code != 1 || !strings.Contains(second.log.String(), "another gate") {
		t.Errorf("exit %d: %s", code, second.log.String())
	}
}

func TestConfigurationWhileItRuns(t *testing.T) {
	l := newLab(t, nil)
	l.start()
	l.config["auth"].(map[string]any)["password"] = "a-new-password"
	l.save()
	l.eventually("the new password works", func() bool {
		status, _ := l.getAs("/example.com/m/@v/v1.0.0.info", "a-new-password")
		return status == 200
	})
	if status, _ := l.get("/example.com/m/@v/v1.0.0.info"); status != 401 {
		t.Errorf("the old one: %d", status)
	}
	l.put("config.json", []byte(`{"auth":{"user":"go","password":"in-the-clear-1","colour":1}}`))
	l.eventually("health tells of the broken one", func() bool {
		_, err := l.health()
		return err != nil && strings.Contains(err.Error(), "config.json") && strings.Contains(err.Error(), "colour")
	})
	l.save()
	l.eventually("it is well again", func() bool { _, err := l.health(); return err == nil })
	l.config["offline"] = true
	l.save()
	if code := l.exit(); code != 0 {
		t.Errorf("exit %d: Docker must start it again", code)
	}
	if text := l.log.String(); !strings.Contains(text, `"keys":["offline"]`) || strings.Contains(text, "a-new-password") {
		t.Error("the log does not name the key, or holds a password")
	}
	l.start()
	if status, body := l.getAs("/example.com/x/@v/v1.0.0.info", "a-new-password"); status != 404 || !strings.Contains(body, "offline") {
		t.Errorf("%d %s", status, body)
	}
}

func TestCertificateOfTheGate(t *testing.T) {
	l := newLab(t, nil)
	if err := os.Remove(l.path("tls.pem")); err != nil {
		t.Fatal(err)
	}
	l.begin()
	l.eventually("health says what it waits for", func() bool {
		_, err := l.health()
		return err != nil && strings.Contains(err.Error(), "waiting for the certificate")
	})
	l.certificate(2, time.Now().Add(-time.Minute))
	l.eventually("health says that it expired", func() bool {
		_, err := l.health()
		return err != nil && strings.Contains(err.Error(), "expired") && !strings.Contains(err.Error(), "starting")
	})
	l.certificate(3, time.Now().Add(time.Hour))
	l.eventually("it is well", func() bool { _, err := l.health(); return err == nil })
	l.put("tls.pem", []byte("nothing"))
	l.eventually("health says that the newest is broken", func() bool {
		_, err := l.health()
		return err != nil && strings.Contains(err.Error(), "cannot be used")
	})
	if status, _ := l.get("/example.com/m/@v/v1.0.0.info"); status != 200 {
		t.Errorf("the old one does not serve: %d", status)
	}
}

func TestNoChecksumDataAndNobodyToAsk(t *testing.T) {
	l := newLab(t, func(config map[string]any) {
		config["offline"] = true
		config["upstream"] = map[string]any{"GOSUMDB": "sum.golang.org"}
	})
	l.start()
	for path, want := range map[string]int{"/sumdb/sum.golang.org/supported": 200, "/sumdb/sum.golang.org/latest": 404} {
		if status, body := l.get(path); status != want || (status == 404 && !strings.Contains(body, "bundle")) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestBadStart(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(map[string]any)
		want string
	}{
		"no athens": {func(c map[string]any) { c["programs"].(map[string]any)["athens"] = "/nowhere/athens" }, "programs.athens"},
		"no go":     {func(c map[string]any) { c["programs"].(map[string]any)["go"] = "go" }, "programs.go"},
		"ends":      {func(c map[string]any) { c["programs"].(map[string]any)["athens"] = "/bin/true" }, "programs.athens: it ended"},
		"storage":   {func(c map[string]any) { c["storage"] = "/proc/none" }, "storage"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, test.edit)
			l.begin()
			if code := l.exit(); code != 1 || !strings.Contains(l.log.String(), test.want) || strings.Contains(l.log.String(), clientPassword) {
				t.Errorf("exit %d: %s", code, l.log.String())
			}
		})
	}
}
