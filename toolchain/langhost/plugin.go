package langhost

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// The SDK's own entry to a policy pack always loads ts-node and checks types,
// which takes seconds. Where the pack says `typescript: false` this one runs
// it as Node runs any program.
//
//go:embed policy-pack.cjs
var policyPackEntry string

// RunPlugin runs a policy pack or a provider plugin until it ends.
func (h *host) RunPlugin(
	req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	streams, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer func() { _ = streams.Close() }()

	if err := h.runPlugin(req, server, stdout, stderr); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() >= 0 {
			return fmt.Errorf("Program exited with non-zero exit code: %d", exit.ExitCode()) //nolint:staticcheck // as the official host says it
		}
		return fmt.Errorf("run plugin %s: %w", req.GetName(), err)
	}
	return streams.Close()
}

func (h *host) runPlugin(
	req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer, stdout, stderr io.Writer,
) error {
	ctx := server.Context()
	opts, err := parseOptions(req.GetInfo().GetOptions())
	if err != nil {
		return err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return fmt.Errorf("node is not on PATH: %w", err)
	}
	policy := req.GetKind() == string(apitype.AnalyzerPlugin)
	args, err := pluginArguments(node, req, opts, policy)
	if err != nil {
		return err
	}
	command := h.command(ctx, node, args)
	command.Env = append(compileCache(req.GetEnv()), opts.environment()...)
	command.Stderr = stderr
	if !policy {
		command.Dir = req.GetPwd()
		command.Stdout = stdout
		logging.V(5).Infof("running %s", command)
		return h.runWithDebugger(ctx, command, req.GetAttachDebugger(), "Pulumi: Plugin ("+req.GetName()+")")
	}

	// A policy pack learns its stack from the environment, so it can only be
	// started once the engine has named the stack; until then a proxy stands
	// in for it.
	proxy, proxied, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return fmt.Errorf("start the stand-in of the policy pack: %w", err)
	}
	settings, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return fmt.Errorf("wait for the stack of the policy pack: %w", err)
	}
	stack, err := stackEnvironment(settings)
	if err != nil {
		return err
	}
	command.Dir = req.GetInfo().GetProgramDirectory()
	command.Env = append(command.Env, stack...)
	command.Stdout = proxied
	logging.V(5).Infof("running %s", command)
	if err := command.Start(); err != nil {
		return err
	}
	return proxy.Attach(ctx, command)
}

func pluginArguments(
	node string, req *pulumirpc.RunPluginRequest, opts options, policy bool,
) ([]string, error) {
	dir := req.GetInfo().GetProgramDirectory()
	args := append([]string{}, opts.nodeargs...)
	if !policy {
		module := os.Getenv("PULUMI_LANGUAGE_NODEJS_RUN_PATH")
		if module == "" {
			module = "@pulumi/pulumi/cmd/run-plugin"
		}
		entry, err := locate(node, module, dir)
		if err != nil {
			return nil, err
		}
		return append(append(args, entry, dir), req.GetArgs()...), nil
	}
	entry, err := locate(node, "@pulumi/pulumi/cmd/run-policy-pack", dir)
	if err != nil {
		return nil, err
	}
	if opts.typescript {
		args = append(args, entry)
	} else {
		args = append(args, "-e", policyPackEntry, "--", filepath.Join(filepath.Dir(entry), "run.js"))
	}
	// The pack's folder is the last argument here, and the first of a provider.
	return append(append(args, req.GetArgs()...), dir), nil
}

func stackEnvironment(settings *pulumirpc.AnalyzerStackConfigureRequest) ([]string, error) {
	if settings == nil {
		return nil, nil
	}
	env := []string{"PULUMI_NODEJS_DRY_RUN=" + strconv.FormatBool(settings.GetDryRun())}
	for _, value := range [][2]string{
		{"PULUMI_NODEJS_ORGANIZATION", settings.GetOrganization()},
		{"PULUMI_NODEJS_PROJECT", settings.GetProject()},
		{"PULUMI_NODEJS_STACK", settings.GetStack()},
	} {
		if value[1] != "" {
			env = append(env, value[0]+"="+value[1])
		}
	}
	if settings.GetConfig() != nil {
		encoded, err := json.Marshal(settings.GetConfig())
		if err != nil {
			return nil, fmt.Errorf("hand the stack's settings to the policy pack: %w", err)
		}
		env = append(env, "PULUMI_CONFIG="+string(encoded))
	}
	return env, nil
}
