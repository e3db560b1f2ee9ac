package serve

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"workstation/toolchain/privileged/fault"
	"workstation/toolchain/privileged/protocol"
)

const client = "be-a-client"

// The test's own program doubles as a client that another user starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == client {
		conn, err := net.Dial("unix", os.Args[2])
		if err != nil {
			fmt.Println("not opened:", err)
			os.Exit(0)
		}
		_, _ = conn.Write([]byte("{\"id\":1,\"verb\":\"reloadUnits\"}\n"))
		answer, _ := io.ReadAll(conn)
		fmt.Printf("opened, answer %q\n", answer)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const stranger = 65533

// asStranger says what another user gets from the socket. Only root can start one; others are told apart by the server's UID.
func asStranger(t *testing.T, socket string) string {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("/tmp", "privileged-client-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	program := filepath.Join(folder, "client")
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, client, socket)
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return string(output)
}

// safe is written by several goroutines.
type safe struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (s *safe) Write(part []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.Buffer.Write(part)
}

func (s *safe) text() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.String()
}

type running struct {
	*testing.T
	socket string
	audit  *safe
	did    chan string
}

// open serves on a socket that everybody can open: what is left is the peer check.
func open(t *testing.T, change func(*Server)) running {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "privileged-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	r := running{T: t, socket: filepath.Join(folder, "s"), audit: &safe{}, did: make(chan string, 100)}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: r.socket})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, r.socket} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	server := &Server{
		UID:    os.Geteuid(),
		Limits: protocol.Limits{Idle: time.Minute, Frame: time.Minute},
		Most:   4,
		Audit:  r.audit,
		Do: func(_ context.Context, request *protocol.Request) (any, error) {
			r.did <- request.Verb
			return nil, nil
		},
	}
	change(server)
	ended := make(chan error, 1)
	go func() { ended <- server.Accept(context.Background(), listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r running) dial() net.Conn {
	r.Helper()
	conn, err := net.Dial("unix", r.socket)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { conn.Close() })
	return conn
}

func (r running) send(text string) string {
	r.Helper()
	conn := r.dial()
	if _, err := conn.Write([]byte(text)); err != nil {
		r.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil && err != io.EOF {
		r.Fatal(err)
	}
	return answer
}

func unchanged(*Server) {}

func TestAnswers(t *testing.T) {
	r := open(t, unchanged)
	if answer := r.send("{\"id\":7,\"verb\":\"reloadUnits\"}\n"); answer != "{\"id\":7,\"ok\":true}\n" {
		t.Error(answer)
	}
	conn := r.dial()
	if _, err := conn.Write([]byte("{\"id\":1,\"verb\":\"reloadUnits\"}\n{\"id\":2,\"verb\":\"reloadUnits\"}\n{\"id\":3,\"verb\":\"run\"}\n{\"id\":4,\"verb\":\"reloadUnits\"}\n")); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	want := "{\"id\":1,\"ok\":true}\n{\"id\":2,\"ok\":true}\n{\"id\":3,\"ok\":false,\"code\":\"REFUSED\",\"error\":\"\\\"run\\\" is not a verb of the helper\"}\n"
	if err != nil || string(all) != want {
		t.Errorf("%s, %v", all, err)
	}
	if len(r.did) != 3 {
		t.Errorf("%d requests were done", len(r.did))
	}
}

func TestAnotherUser(t *testing.T) {
	r := open(t, func(server *Server) {
		if os.Geteuid() != 0 {
			server.UID++
		}
	})
	if got := asStranger(t, r.socket); got != "opened, answer \"\"\n" {
		t.Error(got)
	}
	if len(r.did) > 0 {
		t.Error("another user's request was done")
	}
	if log := r.audit.text(); !strings.Contains(log, "is not the one that this helper works for") {
		t.Error(log)
	}
}

func TestAuditLines(t *testing.T) {
	r := open(t, func(server *Server) {
		server.Do = func(context.Context, *protocol.Request) (any, error) { return nil, fault.Refuse("no\x1b[2J\nok") }
	})
	r.send("{\"verb\":\"write\",\"path\":\"/etc/wsl.conf\\u001b[2J\\nok\",\"content\":\"dG9wIHNlY3JldA==\",\"mode\":\"0644\"}\n")
	r.send("{\"verb\":\"remove\\naudit forged\"}\n")
	log := r.audit.text()
	if strings.Count(log, "\n") != 2 || strings.ContainsRune(log, 0x1b) {
		t.Errorf("%q", log)
	}
	for _, secret := range []string{"top secret", "dG9wIHNlY3JldA"} {
		if strings.Contains(log, secret) {
			t.Error("content is in the log")
		}
	}
	if !strings.Contains(log, fmt.Sprintf("pid=%d uid=%d", os.Getpid(), os.Geteuid())) {
		t.Error(log)
	}
}

func TestManyConnections(t *testing.T) {
	r := open(t, unchanged)
	held := make([]net.Conn, 4)
	for index := range held {
		held[index] = r.dial()
		// An answer shows that it is being served.
		if _, err := held[index].Write([]byte("{\"verb\":\"reloadUnits\"}\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(held[index]).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		one := r.dial()
		if answer, err := io.ReadAll(one); err == nil && len(answer) > 0 {
			t.Errorf("%q", answer)
		}
	}
	held[0].Close()
	for {
		conn := r.dial()
		_, _ = conn.Write([]byte("{\"verb\":\"reloadUnits\"}\n"))
		if answer, _ := bufio.NewReader(conn).ReadString('\n'); answer != "" {
			break
		}
	}
}

func TestSlowClientHoldsNobodyUp(t *testing.T) {
	r := open(t, func(server *Server) { server.Limits.Frame = 50 * time.Millisecond })
	slow := r.dial()
	if _, err := slow.Write([]byte("{\"verb\":")); err != nil {
		t.Fatal(err)
	}
	if answer := r.send("{\"verb\":\"reloadUnits\"}\n"); !strings.Contains(answer, "true") {
		t.Error(answer)
	}
	if answer, err := io.ReadAll(slow); err != nil || !strings.Contains(string(answer), "timeout") {
		t.Errorf("%s, %v", answer, err)
	}
}

func TestTooLarge(t *testing.T) {
	r := open(t, unchanged)
	conn := r.dial()
	go func() {
		part := bytes.Repeat([]byte("a"), 1<<20)
		for {
			if _, err := conn.Write(part); err != nil {
				return
			}
		}
	}()
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if !strings.Contains(answer, "at most") {
		t.Errorf("%q, %v", answer, err)
	}
	if len(r.did) > 0 {
		t.Error("done")
	}
}
