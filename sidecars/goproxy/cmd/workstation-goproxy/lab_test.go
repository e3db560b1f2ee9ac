package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"workstation/sidecars/goproxy/internal/standin"
)

// programs built once for all tests: the gate, the mirror of the checksum database, and the stand-in for Athens.
var built string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "gate-programs-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(built)
		for name, folder := range map[string]string{"gate": ".", "athens": "../../internal/standin/athens", "sumdb": "../../../sumdb/cmd/workstation-sumdb"} {
			arguments := []string{"build", "-o", filepath.Join(built, name)}
			if name == "gate" {
				arguments = append(arguments, raceFlag)
			}
			command := exec.Command("go", append(arguments, ".")...)
			command.Dir = folder
			if out, err := command.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n%s", name, err, out)
				return 1
			}
		}
		return m.Run()
	}())
}

const clientPassword = "password-of-clients"

// lab is a folder in which a real gate runs.
type lab struct {
	t      *testing.T
	root   string
	port   int
	admin  int
	config map[string]any

	process *exec.Cmd
	done    chan struct{}
	log     *buffer
}

type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func newLab(t *testing.T, edit func(map[string]any)) *lab {
	t.Helper()
	l := &lab{t: t, root: t.TempDir(), port: freePort(t), admin: freePort(t)}
	if err := os.MkdirAll(l.path("programs"), 0o755); err != nil {
		t.Fatal(err)
	}
	// A copy of its own, since its orders lie beside it.
	if err := os.Link(filepath.Join(built, "athens"), l.path("programs/athens")); err != nil {
		t.Fatal(err)
	}
	goProgram, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	l.certificate(1, time.Now().Add(time.Hour))
	l.config = map[string]any{
		"listen": fmt.Sprintf("127.0.0.1:%d", l.port), "admin": fmt.Sprintf("127.0.0.1:%d", l.admin),
		"tls": map[string]any{"pem": l.path("tls.pem")}, "auth": map[string]any{"user": "go", "password": clientPassword},
		"storage":  l.path("storage"),
		"programs": map[string]any{"athens": l.path("programs/athens"), "sumdb": filepath.Join(built, "sumdb"), "go": goProgram},
		"upstream": map[string]any{"GOSUMDB": "off", "GOPROXY": "off"},
	}
	if edit != nil {
		edit(l.config)
	}
	l.save()
	t.Cleanup(func() {
		l.stop(syscall.SIGTERM)
		if l.log != nil && strings.Contains(l.log.String(), "DATA RACE") {
			t.Error("a data race in the gate")
		}
		if t.Failed() {
			t.Log(l.log.String())
		}
	})
	return l
}

func (l *lab) path(name string) string { return filepath.Join(l.root, name) }

// put a file there whole.
func (l *lab) put(name string, text []byte) {
	l.t.Helper()
	if err := os.WriteFile(l.path(name+".new"), text, 0o600); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(l.path(name+".new"), l.path(name)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) save() {
	l.t.Helper()
	text, err := json.Marshal(l.config)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put("config.json", text)
}

func (l *lab) certificate(serial int64, until time.Time) {
	l.t.Helper()
	text, err := standin.Certificate(serial, time.Now().Add(-2*time.Hour), until)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put("tls.pem", text)
}

func (l *lab) order(orders standin.Orders) {
	l.t.Helper()
	text, err := json.Marshal(orders)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put("programs/orders", text)
}

// start the gate and wait until it serves.
func (l *lab) start() {
	l.t.Helper()
	l.begin()
	l.eventually("it serves", func() bool { return strings.Contains(l.log.String(), `"msg":"serving","address"`) })
}

func (l *lab) begin() {
	l.t.Helper()
	l.log = &buffer{}
	l.process = exec.Command(filepath.Join(built, "gate"), "serve", "--config", l.path("config.json"), "--runtime", l.path("private"), "--fetch-timeout", "60s")
	l.process.Stdout, l.process.Stderr = l.log, l.log
	l.process.WaitDelay = 10 * time.Second
	if err := l.process.Start(); err != nil {
		l.t.Fatal(err)
	}
	process, done := l.process, make(chan struct{})
	l.done = done
	go func() {
		// How it ended is looked at by who waits for it.
		_ = process.Wait()
		close(done)
	}()
}

// stop it by a signal, and tell its exit code.
func (l *lab) stop(signal os.Signal) int {
	if l.process == nil {
		return -1
	}
	select {
	case <-l.done:
	default:
		if err := l.process.Process.Signal(signal); err != nil {
			l.t.Error(err)
		}
	}
	return l.exit()
}

// exit waits for the end.
func (l *lab) exit() int {
	select {
	case <-l.done:
	case <-time.After(60 * time.Second):
		l.t.Error("it does not end")
		if err := l.process.Process.Kill(); err != nil {
			l.t.Error(err)
		}
		<-l.done
	}
	return l.process.ProcessState.ExitCode()
}

func (l *lab) eventually(what string, holds func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			l.t.Fatalf("not so after a minute: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// children are the processes that the gate's log names.
func (l *lab) children() []int {
	var pids []int
	for line := range strings.Lines(l.log.String()) {
		var said struct {
			Message string `json:"msg"`
			Pid     int    `json:"pid"`
		}
		if err := json.Unmarshal([]byte(line), &said); err == nil && said.Message == "started" {
			pids = append(pids, said.Pid)
		}
	}
	return pids
}

// alive is false for zombies as well: nobody may have waited for them.
func alive(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(text, []byte(") "))
	return !bytes.HasPrefix(rest, []byte("Z"))
}

func (l *lab) get(path string) (int, string) {
	l.t.Helper()
	return l.getAs(path, clientPassword)
}

func (l *lab) getAs(path, password string) (int, string) {
	l.t.Helper()
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", l.port, path), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	request.SetBasicAuth("go", password)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

func (l *lab) health() (string, error) {
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"health", "--config", l.path("config.json"), "--admin", fmt.Sprintf("127.0.0.1:%d", l.admin)}, nil, &out, &errs)
	if code != 0 {
		return "", fmt.Errorf("exit %d: %s", code, errs.String())
	}
	return out.String(), nil
}
