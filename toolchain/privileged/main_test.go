package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The test's own program doubles as the helper and as the helper's owner.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		main()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "own" {
		own(os.Args[2:])
	}
	os.Exit(m.Run())
}

// own starts a helper as the command line does, passes its first line on, and stays until it is killed.
func own(args []string) {
	helper := exec.Command("/proc/self/exe", args...)
	input, _ := helper.StdinPipe()
	helper.Stdout, helper.Stderr = os.Stdout, os.Stderr
	if err := helper.Start(); err != nil {
		panic(err)
	}
	fmt.Fprintln(input, `{"paths":["/etc/wsl.conf"]}`)
	_ = helper.Wait()
	os.Exit(0)
}

type started struct {
	*testing.T
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	audit   *strings.Builder
	root    string
	socket  string
}

func start(t *testing.T, first string, arguments ...string) started {
	t.Helper()
	root, folder := t.TempDir(), socketFolder(t)
	if err := os.MkdirAll(root+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	s := started{T: t, root: root, socket: folder + "/s", audit: &strings.Builder{}}
	args := append(arguments, "serve", "--uid", fmt.Sprint(os.Geteuid()), "--gid", fmt.Sprint(os.Getegid()), "--socket", s.socket, "--root", root)
	s.command = exec.Command("/proc/self/exe", args...)
	s.command.Stderr = s.audit
	s.input, _ = s.command.StdinPipe()
	output, _ := s.command.StdoutPipe()
	s.output = bufio.NewReader(output)
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.input.Close(); _ = s.command.Process.Kill() })
	if _, err := io.WriteString(s.input, first); err != nil {
		t.Fatal(err)
	}
	return s
}

func socketFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "privileged-main-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

const grant = "{\"paths\":[\"/etc/wsl.conf\"]}\n"

// ready is the helper's process number.
func (s started) ready() int {
	s.Helper()
	line, err := s.output.ReadString('\n')
	if err != nil {
		s.Fatalf("not ready: %v: %s", err, s.audit)
	}
	var ready struct {
		Ready bool
		Pid   int
	}
	if err := json.Unmarshal([]byte(line), &ready); err != nil || !ready.Ready {
		s.Fatalf("%q, %v", line, err)
	}
	return ready.Pid
}

func (s started) ask(line string) string {
	s.Helper()
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		s.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		s.Fatal(err)
	}
	return answer
}

func (s started) leftNothing() {
	s.Helper()
	if _, err := os.Lstat(filepath.Dir(s.socket)); !os.IsNotExist(err) {
		s.Errorf("the socket's folder is still there: %v", err)
	}
}

func TestRun(t *testing.T) {
	s := start(t, grant)
	s.ready()
	if answer := s.ask(`{"id":1,"verb":"write","path":"/etc/wsl.conf","content":"b3Vycwo=","mode":"0644"}`); answer != "{\"id\":1,\"ok\":true}\n" {
		t.Error(answer)
	}
	if answer := s.ask(`{"id":2,"verb":"write","path":"/etc/docker/daemon.json","content":"","mode":"0644"}`); !strings.Contains(answer, "asked for") {
		t.Error(answer)
	}
	if content, err := os.ReadFile(s.root + "/etc/wsl.conf"); err != nil || string(content) != "ours\n" {
		t.Errorf("%q, %v", content, err)
	}
	s.input.Close()
	if err := s.command.Wait(); err != nil {
		t.Error(err)
	}
	s.leftNothing()
	if log := s.audit.String(); strings.Count(log, "audit ") != 2 || !strings.Contains(log, `"write" "/etc/wsl.conf" ok`) {
		t.Error(log)
	}
}

func TestKeyboardDoesNotEndIt(t *testing.T) {
	s := start(t, grant)
	s.ready()
	for _, number := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		if err := s.command.Process.Signal(number); err != nil {
			t.Fatal(err)
		}
	}
	if answer := s.ask(`{"verb":"stat","path":"/etc/wsl.conf"}`); !strings.Contains(answer, "true") {
		t.Error(answer)
	}
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.command.Wait(); err != nil {
		t.Error(err)
	}
	s.leftNothing()
}

func TestOwnerIsKilled(t *testing.T) {
	s := start(t, "", "own")
	helper := s.ready()
	// A process that is gone is told by its descriptor, which cannot mean another one.
	descriptor, _, number := syscall.Syscall(434, uintptr(helper), 0, 0)
	if number != 0 {
		t.Fatal(number)
	}
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	gone := os.NewFile(descriptor, "helper")
	defer gone.Close()
	var ready syscall.FdSet
	ready.Bits[descriptor/64] |= 1 << (descriptor % 64)
	for {
		_, err := syscall.Select(int(descriptor)+1, &ready, nil, nil, &syscall.Timeval{Sec: 20})
		if err != syscall.EINTR {
			break
		}
	}
	if ready.Bits[descriptor/64] == 0 {
		t.Fatal("the helper outlives its owner")
	}
	s.leftNothing()
}

func TestBadStarts(t *testing.T) {
	folder := socketFolder(t)
	good := []string{"serve", "--uid", fmt.Sprint(os.Geteuid()), "--gid", "0", "--socket", folder + "/s", "--root", t.TempDir()}
	with := func(args ...string) []string { return append(append([]string{}, good...), args...) }
	cases := []struct {
		name  string
		args  []string
		input string
		said  string
	}{
		{"nothing", nil, grant, "usage"},
		{"another command", []string{"run"}, grant, "usage"},
		{"an argument too many", with("x"), grant, "not understood"},
		{"an unknown flag", with("--allow", "/etc/passwd"), grant, "not defined"},
		{"no user", []string{"serve", "--socket", folder + "/s"}, grant, "--uid"},
		{"a negative user", with("--uid", "-5"), grant, "--uid"},
		{"a relative root", with("--root", "tmp"), grant, "--root"},
		{"a root that is a link", with("--root", "/proc/self/cwd"), grant, "not a directory"},
		{"no first line", good, "", "first line"},
		{"a first line that does not end", good, `{"paths":[]}`, "first line"},
		{"not JSON", good, "paths\n", "first line"},
		{"more than paths", good, "{\"paths\":[],\"verbs\":[\"run\"]}\n", "unknown field"},
		{"a path beyond the list", good, "{\"paths\":[\"/etc/passwd\"]}\n", "not on the helper's list"},
		{"an endless first line", good, strings.Repeat("x", maxGrant+1), "first line"},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			command := exec.Command("/proc/self/exe", "serve")
			command.Args = append([]string{"helper"}, one.args...)
			if len(one.args) == 0 || one.args[0] != "serve" {
				if _, err := parse(one.args); err == nil || !strings.Contains(err.Error(), one.said) {
					t.Error(err)
				}
				return
			}
			command.Stdin = strings.NewReader(one.input)
			output, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(output), one.said) || strings.Contains(string(output), "ready") {
				t.Errorf("%v: %s", err, output)
			}
			if _, err := os.Lstat(folder + "/s"); !os.IsNotExist(err) {
				t.Error("a socket was left behind")
			}
		})
	}
}
