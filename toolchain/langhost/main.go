// Package langhost is the Node.js language host: the plugin through which the
// engine runs programs, policy packs and provider plugins that are written in
// JavaScript or TypeScript.
package langhost

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// How long the engine may be out of reach before the host ends itself, so that
// no host outlives an engine that was killed.
const engineGrace = 5 * time.Minute

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	version string
	engine  string
	program ProgramGenerator
	// alive ends when the engine is gone or this process is interrupted.
	alive context.Context
	end   context.CancelFunc
	// programs ends with alive, and when the engine asks for cancellation.
	programs     context.Context
	stopPrograms context.CancelFunc
}

// ProgramGenerator writes a program for resources that were imported.
type ProgramGenerator func(
	context.Context, *pulumirpc.GenerateProgramRequest,
) (*pulumirpc.GenerateProgramResponse, error)

// Main serves the language host until the engine ends it.
func Main(version string, program ProgramGenerator) {
	if err := serve(version, program, os.Args[1:]); err != nil {
		cmdutil.Exit(err)
	}
}

func serve(version string, program ProgramGenerator, args []string) error {
	flags := flag.NewFlagSet("pulumi-language-nodejs", flag.ExitOnError)
	tracing := flags.String("tracing", "", "address of a tracing endpoint")
	runtime := flags.String("runtime", "nodejs", "the runtime to use")
	// What the engine adds with --logflow.
	toStderr := flags.Bool("logtostderr", false, "log to standard error instead of to a file")
	verbosity := flags.Int("v", 0, "level of detail of the log")
	show := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *show {
		fmt.Println(version)
		return nil
	}
	if *runtime != "nodejs" {
		return fmt.Errorf("runtime %q is not in this build: use nodejs", *runtime)
	}
	logging.InitLogging(*toStderr, *verbosity, false)
	cmdutil.InitTracing("pulumi-language-nodejs", "pulumi-language-nodejs", *tracing)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	h := newHost(ctx, version)
	h.program = program
	if flags.NArg() > 0 {
		if err := h.connect(flags.Arg(0)); err != nil {
			return err
		}
	}

	done := make(chan bool)
	context.AfterFunc(h.alive, func() { close(done) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: done,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, h)
			return nil
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("start the language host's server: %w", err)
	}
	fmt.Printf("%d\n", handle.Port)
	return <-handle.Done
}

func newHost(ctx context.Context, version string) *host {
	alive, end := context.WithCancel(ctx)
	programs, stop := context.WithCancel(alive)
	return &host{version: version, alive: alive, end: end, programs: programs, stopPrograms: stop}
}

// connect remembers the engine and watches that it lives.
func (h *host) connect(engine string) error {
	h.engine = engine
	if err := rpcutil.Healthcheck(h.alive, engine, engineGrace, h.end); err != nil {
		return fmt.Errorf("watch the engine at %s: %w", engine, err)
	}
	return nil
}

func (h *host) engineClient() (pulumirpc.EngineClient, func(), error) {
	options := append(rpcutil.TracingInterceptorDialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	conn, err := grpc.NewClient(h.engine, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("reach the engine at %s: %w", h.engine, err)
	}
	return pulumirpc.NewEngineClient(conn), func() { _ = conn.Close() }, nil
}

func (h *host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, h.connect(req.GetEngineAddress())
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: h.version}, nil
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	// Programs are told to stop; the server stays up so that the engine still
	// gets their last words and this answer.
	h.stopPrograms()
	return &emptypb.Empty{}, nil
}
