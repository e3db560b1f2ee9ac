package langhost

import (
	"context"
	"fmt"
	"os/exec"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi-internal/netutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// Node's own default port for a debugger.
const debuggerPort = 9229

// runWithDebugger runs the command; with attach it starts held by Node's
// inspector and the engine learns how to reach it.
func (h *host) runWithDebugger(ctx context.Context, command *exec.Cmd, attach bool, name string) error {
	if !attach {
		return command.Run()
	}
	port, err := netutil.FindNextAvailablePort(debuggerPort)
	if err != nil {
		return fmt.Errorf("find a port for the debugger: %w", err)
	}
	inspect := []string{fmt.Sprintf("--inspect-brk=127.0.0.1:%d", port), "--inspect-publish-uid=http"}
	command.Args = append([]string{command.Args[0]}, append(inspect, command.Args[1:]...)...)
	if err := command.Start(); err != nil {
		return err
	}
	if err := h.announceDebugger(ctx, command.Process.Pid, port, name); err != nil {
		_ = command.Process.Kill()
		_ = command.Wait()
		return err
	}
	return command.Wait()
}

func (h *host) announceDebugger(ctx context.Context, pid, port int, name string) error {
	engine, done, err := h.engineClient()
	if err != nil {
		return err
	}
	defer done()
	attach, err := structpb.NewStruct(map[string]any{
		"name": name, "type": "node", "request": "attach", "processId": pid, "port": port,
		"continueOnAttach": true, "skipFiles": []any{"<node_internals>/**"},
	})
	if err != nil {
		return err
	}
	_, err = engine.StartDebugging(ctx, &pulumirpc.StartDebuggingRequest{
		Config: attach, Message: fmt.Sprintf("on process id %d and port %d", pid, port),
	})
	return err
}
