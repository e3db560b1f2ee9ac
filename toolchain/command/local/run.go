package local

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
)

// run runs one command and keeps its output in result, whose old output it
// hands to the command first.
func run(ctx context.Context, command string, settings Settings, result *Result) error {
	interpreter := []string{"/bin/sh", "-c"}
	if settings.Interpreter != nil && len(*settings.Interpreter) > 0 {
		interpreter = *settings.Interpreter
	}
	child := exec.CommandContext(ctx, interpreter[0], append(slices.Clone(interpreter[1:]), command)...)
	dir, err := workingDirectory(settings)
	if err != nil {
		return err
	}
	child.Dir = dir
	child.Env = environment(settings, *result)
	if settings.Stdin != nil && *settings.Stdin != "" {
		child.Stdin = strings.NewReader(*settings.Stdin)
	}

	var stdout, stderr, both bytes.Buffer
	together := &lockedWriter{to: &both}
	shown := newLogLines(ctx)
	child.Stdout = tee(&stdout, together, shown, settings.Logging.shows(logStdout))
	child.Stderr = tee(&stderr, together, shown, settings.Logging.shows(logStderr))
	err = child.Run()
	shown.finish()
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, command, both.String())
	}

	if err := collect(dir, settings, result); err != nil {
		return err
	}
	result.Stdout = strings.TrimSuffix(stdout.String(), "\n")
	result.Stderr = strings.TrimSuffix(stderr.String(), "\n")
	return nil
}

func workingDirectory(settings Settings) (string, error) {
	if settings.Dir != nil {
		return *settings.Dir, nil
	}
	return os.Getwd()
}

func environment(settings Settings, previous Result) []string {
	env := os.Environ()
	if settings.Environment != nil {
		for key, value := range *settings.Environment {
			env = append(env, key+"="+value)
		}
	}
	if settings.AddPreviousOutputInEnv != nil && !*settings.AddPreviousOutputInEnv {
		return env
	}
	if previous.Stdout != "" {
		env = append(env, "PULUMI_COMMAND_STDOUT="+previous.Stdout)
	}
	if previous.Stderr != "" {
		env = append(env, "PULUMI_COMMAND_STDERR="+previous.Stderr)
	}
	return env
}

func tee(own, together io.Writer, shown *logLines, show bool) io.Writer {
	if show {
		return io.MultiWriter(own, together, shown)
	}
	return io.MultiWriter(own, together)
}

// lockedWriter lets stdout and stderr write to one buffer.
type lockedWriter struct {
	lock sync.Mutex
	to   io.Writer
}

func (w *lockedWriter) Write(text []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.to.Write(text)
}

// logLines shows what is written to it as the status of the resource.
type logLines struct {
	*io.PipeWriter
	done chan struct{}
}

func newLogLines(ctx context.Context) *logLines {
	reader, writer := io.Pipe()
	lines := &logLines{PipeWriter: writer, done: make(chan struct{})}
	go func() {
		defer close(lines.done)
		buffered := bufio.NewReader(reader)
		for {
			// Not a Scanner: it stops at a long line, and then the command
			// would wait for a reader for ever.
			line, err := buffered.ReadString('\n')
			if line = strings.TrimSuffix(line, "\n"); line != "" {
				p.GetLogger(ctx).InfoStatus(line)
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

func (l *logLines) finish() {
	_ = l.Close()
	<-l.done
}
