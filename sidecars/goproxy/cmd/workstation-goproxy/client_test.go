package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// client runs the go command as a developer's container does.
func (l *lab) client(environment []string, arguments ...string) (string, error) {
	l.t.Helper()
	home := l.t.TempDir()
	netrc := filepath.Join(home, "netrc")
	text := fmt.Sprintf("machine 127.0.0.1:%d login go password %s\n", l.port, clientPassword)
	if err := os.WriteFile(netrc, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	command := exec.Command("go", arguments...)
	command.Dir = home
	command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOPATH=" + filepath.Join(home, "go"), "GOCACHE=" + filepath.Join(home, "cache"),
		"GOFLAGS=-modcacherw", "GOENV=off", "GOTOOLCHAIN=local", "NETRC=" + netrc, "GONOPROXY=none",
		fmt.Sprintf("GOPROXY=https://127.0.0.1:%d", l.port), "SSL_CERT_FILE=" + l.path("tls.pem"),
	}, environment...)
	out, err := command.CombinedOutput()
	return string(out), err
}
