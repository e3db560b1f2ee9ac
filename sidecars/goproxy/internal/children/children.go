// Package children starts programs that must not outlive this one.
package children

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Child is a running program.
type Child struct {
	Name string

	command *exec.Cmd
	log     *slog.Logger
	done    chan struct{}
	err     error
}

// Spec of a program. Line gets each line it writes.
type Spec struct {
	Name, Program string
	Arguments     []string
	Environment   []string
	Folder        string
	Line          func(string)
}

// start requests go to one thread that lives as long as the process: the kernel's "tell me when my parent dies" means the parent *thread*.
var (
	launcher sync.Once
	requests = make(chan func())
)

func onLauncher(work func()) {
	launcher.Do(func() {
		go func() {
			runtime.LockOSThread()
			for request := range requests {
				request()
			}
		}()
	})
	done := make(chan struct{})
	requests <- func() { work(); close(done) }
	<-done
}

// Start the program in a process group of its own. When this process is killed, the kernel kills the program.
func Start(spec Spec, log *slog.Logger) (*Child, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	command := exec.Command(spec.Program, spec.Arguments...)
	command.Env = spec.Environment
	command.Dir = spec.Folder
	command.Stdout, command.Stderr = write, write
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	onLauncher(func() { err = command.Start() })
	if err = errors.Join(err, write.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w", spec.Name, err), read.Close())
	}
	child := &Child{Name: spec.Name, command: command, log: log, done: make(chan struct{})}
	go func() {
		lines(read, spec.Line)
		if err := read.Close(); err != nil {
			log.Debug("pipe", "child", spec.Name, "error", err.Error())
		}
	}()
	go func() {
		child.err = command.Wait()
		close(child.done)
	}()
	return child, nil
}

// lines hands on each line, the beginning only of very long ones.
func lines(r io.Reader, use func(string)) {
	reader := bufio.NewReaderSize(r, 64<<10)
	for {
		line, more, err := reader.ReadLine()
		if err != nil {
			return
		}
		use(string(line))
		for more && err == nil {
			_, more, err = reader.ReadLine()
		}
	}
}

// Done is closed when the program has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Why it ended; only after Done.
func (c *Child) Why() string {
	if c.err == nil {
		return "it ended by itself"
	}
	return c.err.Error()
}

// Pid of the program.
func (c *Child) Pid() int { return c.command.Process.Pid }

// Stop asks the program to end, and after grace kills it with all that it started.
func (c *Child) Stop(grace time.Duration) {
	group := -c.Pid()
	select {
	case <-c.done:
	default:
		if err := syscall.Kill(c.Pid(), syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			c.log.Warn("stop", "child", c.Name, "error", err.Error())
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-c.done:
		case <-timer.C:
			c.log.Warn("killed: it did not end in time", "child", c.Name)
		}
	}
	// What it started (go, git) has the same group; nothing left is no error.
	if err := syscall.Kill(group, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		c.log.Warn("stop", "child", c.Name, "error", err.Error())
	}
	<-c.done
}
