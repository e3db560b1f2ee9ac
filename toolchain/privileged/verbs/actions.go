package verbs

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"workstation/toolchain/privileged/fault"
	"workstation/toolchain/privileged/protocol"
)

// Runner starts the first of `programs` that is there. Nothing of a request becomes a program's name.
type Runner func(ctx context.Context, programs []string, args ...string) error

// How each kind of distribution makes its trust store anew.
var trust = map[string]struct {
	programs []string
	args     []string
}{
	// Without --fresh the links to roots that are gone would stay.
	"debian": {programs: []string{"/usr/sbin/update-ca-certificates"}, args: []string{"--fresh"}},
	"fedora": {programs: []string{"/usr/bin/update-ca-trust", "/usr/sbin/update-ca-trust"}, args: []string{"extract"}},
	"arch":   {programs: []string{"/usr/bin/trust"}, args: []string{"extract-compat"}},
}

var (
	systemctl = []string{"/usr/bin/systemctl", "/bin/systemctl"}
	service   = []string{"/usr/sbin/service", "/sbin/service"}
)

func (v *Verbs) action(ctx context.Context, request *protocol.Request) error {
	switch request.Verb {
	case "refreshTrust":
		return v.refreshTrust(ctx, *request.Kind)
	case "restartDaemon":
		return v.restartDaemon(ctx, *request.Name)
	case "reloadUnits":
		if err := v.Policy.Units(); err != nil {
			return err
		}
		return v.Run(ctx, systemctl, "daemon-reload")
	}
	if err := v.Policy.Unit(*request.Name); err != nil {
		return err
	}
	verb := map[string]string{"enableUnit": "enable", "disableUnit": "disable"}[request.Verb]
	return v.Run(ctx, systemctl, verb, "--now", "--", *request.Name)
}

func (v *Verbs) refreshTrust(ctx context.Context, kind string) error {
	how, ok := trust[kind]
	if !ok {
		return fault.Refuse("%q is not a kind of trust store; there are debian, fedora and arch", kind)
	}
	if err := v.Policy.Trust(); err != nil {
		return err
	}
	return v.Run(ctx, how.programs, how.args...)
}

func (v *Verbs) restartDaemon(ctx context.Context, name string) error {
	if name != "docker" {
		return fault.Refuse("%q is not a daemon that the helper restarts", name)
	}
	if err := v.Policy.Daemon(); err != nil {
		return err
	}
	booted, err := v.Root.Booted()
	if err != nil {
		return err
	}
	if booted {
		return v.Run(ctx, systemctl, "restart", "docker.service")
	}
	return v.Run(ctx, service, "docker", "restart")
}

const (
	actionTime = 2 * time.Minute
	keptOutput = 4 << 10
)

// Programs runs them below `root`, with an environment of its own, no input, and for a bounded time.
func Programs(root string) Runner {
	return func(ctx context.Context, programs []string, args ...string) error {
		program := ""
		for _, one := range programs {
			if _, err := os.Stat(filepath.Join(root, one)); err == nil {
				program = filepath.Join(root, one)
				break
			}
		}
		if program == "" {
			return fault.Failed("%s is not installed", programs[0])
		}
		ctx, cancel := context.WithTimeout(ctx, actionTime)
		defer cancel()
		command := exec.CommandContext(ctx, program, args...)
		command.Dir = "/"
		command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"}
		// A group of its own, so that stopping it stops what it started.
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
		// What it leaves running keeps the output open; nobody waits for that.
		command.WaitDelay = time.Second
		output := &tail{}
		command.Stdout, command.Stderr = output, output
		if err := command.Run(); err != nil {
			return fault.Failed("%s: %v: %s", strings.Join(append([]string{program}, args...), " "), err, output.text())
		}
		return nil
	}
}

// tail keeps the end of what a program says. The buffer is not embedded: its ReadFrom would go past the limit.
type tail struct{ kept bytes.Buffer }

func (t *tail) Write(part []byte) (int, error) {
	length, err := t.kept.Write(part)
	if extra := t.kept.Len() - keptOutput; extra > 0 {
		t.kept.Next(extra)
	}
	return length, err
}

func (t *tail) text() string { return strings.ToValidUTF8(strings.TrimSpace(t.kept.String()), "?") }
