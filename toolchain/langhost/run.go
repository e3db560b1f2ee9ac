package langhost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	// The SDK ends with this code when it has told the engine what went wrong:
	// the host then adds nothing.
	exitAlreadyReported = 32
	// How long a program may take to end after an interrupt.
	interruptGrace = 5 * time.Second
	heapExhausted  = "JavaScript heap out of memory"
)

// Run runs the program once and says how it ended.
//
// The program talks to the engine's resource monitor itself. The official host
// puts a server of its own and a pair of pipes between them for synchronous
// invokes, which the SDK has not used for years.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if h.engine == "" {
		return nil, errors.New("the engine must introduce itself (Handshake) before Run")
	}
	command, err := h.programCommand(ctx, req)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	tail := &lastBytes{limit: 64 << 10}
	// Node switches the blocking mode of the files it is given: it gets pipes
	// of its own, not this process's stdout.
	command.Stdout = struct{ io.Writer }{os.Stdout}
	command.Stderr = io.MultiWriter(os.Stderr, tail)
	logging.V(5).Infof("running %s", command)

	err = h.runWithDebugger(ctx, command, req.GetAttachDebugger(), "Pulumi: Program (nodejs)")
	_ = os.Stdout.Sync()
	_ = os.Stderr.Sync()
	return response(err, strings.Contains(tail.String(), heapExhausted)), nil
}

func response(err error, outOfMemory bool) *pulumirpc.RunResponse {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("could not run the program with Node.js: %v", err)}
	case exit.ExitCode() == exitAlreadyReported:
		return &pulumirpc.RunResponse{Bail: true}
	}
	message := fmt.Sprintf("Program exited with non-zero exit code: %d", exit.ExitCode())
	if exit.ExitCode() < 0 {
		message = fmt.Sprintf("Program exited unexpectedly: %v", exit)
	}
	if outOfMemory {
		message += ". Node.js ran out of memory: raise its limit with NODE_OPTIONS=--max-old-space-size=<MiB>"
	}
	return &pulumirpc.RunResponse{Error: message}
}

func (h *host) programCommand(ctx context.Context, req *pulumirpc.RunRequest) (*exec.Cmd, error) {
	info := req.GetInfo()
	opts, err := parseOptions(info.GetOptions())
	if err != nil {
		return nil, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("node is not on PATH: %w", err)
	}
	module := os.Getenv("PULUMI_LANGUAGE_NODEJS_RUN_PATH")
	if module == "" {
		module = "@pulumi/pulumi/cmd/run"
	}
	entry, err := locate(node, module, info.GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	settings, err := configuration(req)
	if err != nil {
		return nil, err
	}
	args := append(opts.nodeargs, entry)
	for _, argument := range [][2]string{
		{"--monitor", req.GetMonitorAddress()},
		{"--engine", h.engine},
		{"--organization", req.GetOrganization()},
		{"--project", req.GetProject()},
		{"--root-directory", info.GetRootDirectory()},
		{"--stack", req.GetStack()},
		{"--pwd", info.GetProgramDirectory()},
		{"--parallel", strconv.Itoa(int(req.GetParallel()))},
	} {
		if argument[1] != "" {
			args = append(args, argument[0], argument[1])
		}
	}
	if req.GetDryRun() {
		args = append(args, "--dry-run")
	}
	args = append(append(args, info.GetEntryPoint()), req.GetArgs()...)

	command := h.command(ctx, node, args)
	command.Env = append(compileCache(os.Environ()), append(settings, opts.environment()...)...)
	return command, nil
}

// command prepares a child that is interrupted, and then killed, when the
// request or the host ends.
func (h *host) command(ctx context.Context, program string, args []string) *exec.Cmd {
	both, cancel := context.WithCancel(h.programs)
	context.AfterFunc(ctx, cancel)
	command := exec.CommandContext(both, program, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptGrace
	return command
}

// configuration hands the stack's settings over in the environment, never in
// the arguments: those are visible to every process of the machine.
func configuration(req *pulumirpc.RunRequest) ([]string, error) {
	values := make(map[string]string, len(req.GetConfig()))
	for name, value := range req.GetConfig() {
		key, err := config.ParseKey(name)
		if err != nil {
			return nil, fmt.Errorf("config key %q: %w", name, err)
		}
		// The SDK reads both spellings; old packages only this one.
		values[key.Namespace()+":config:"+key.Name()] = value
	}
	secrets := req.GetConfigSecretKeys()
	if secrets == nil {
		secrets = []string{}
	}
	encodedValues, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	encodedSecrets, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	return []string{
		"PULUMI_CONFIG=" + string(encodedValues),
		"PULUMI_CONFIG_SECRET_KEYS=" + string(encodedSecrets),
	}, nil
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct {
	limit int
	kept  bytes.Buffer
}

func (l *lastBytes) Write(p []byte) (int, error) {
	l.kept.Write(p)
	if extra := l.kept.Len() - l.limit; extra > 0 {
		l.kept.Next(extra)
	}
	return len(p), nil
}

func (l *lastBytes) String() string { return l.kept.String() }
