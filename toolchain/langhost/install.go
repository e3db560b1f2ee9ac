package langhost

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/nodejs/npm"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// InstallDependencies runs the package manager of the program (`pulumi
// install`). Node itself is never installed here.
func (h *host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	streams, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, req.GetIsTerminal())
	if err != nil {
		return err
	}
	defer func() { _ = streams.Close() }()

	opts, err := parseOptions(req.GetInfo().GetOptions())
	if err != nil {
		return err
	}
	dir := req.GetInfo().GetProgramDirectory()
	switch root, err := npm.FindWorkspaceRoot(dir); {
	case err == nil:
		dir = root
	case !errors.Is(err, npm.ErrNotInWorkspace):
		return fmt.Errorf("find the workspace of %s: %w", dir, err)
	}
	_, _ = fmt.Fprint(stdout, "Installing dependencies...\n\n")
	if _, err := npm.Install(
		server.Context(), opts.packagemanager, dir, opts.production, stdout, stderr,
	); err != nil {
		return fmt.Errorf("install the packages of %s: %w", dir, err)
	}
	_, _ = fmt.Fprint(stdout, "Finished installing dependencies\n\n")
	return streams.Close()
}

// GetProgramDependencies lists the program's packages (`pulumi about`).
func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	dir := req.GetInfo().GetProgramDirectory()
	manager, err := packageManager(req.GetInfo())
	if err != nil {
		return nil, err
	}
	packages, err := manager.ListPackages(ctx, dir, req.GetTransitiveDependencies())
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w", dir, err)
	}
	answer := &pulumirpc.GetProgramDependenciesResponse{}
	for _, found := range packages {
		answer.Dependencies = append(answer.Dependencies,
			&pulumirpc.DependencyInfo{Name: found.Name, Version: found.Version})
	}
	return answer, nil
}

// About describes the runtime (`pulumi about`). What cannot be found is left out.
func (h *host) About(
	ctx context.Context, req *pulumirpc.AboutRequest,
) (*pulumirpc.AboutResponse, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("node is not on PATH: %w", err)
	}
	if node, err = filepath.Abs(node); err != nil {
		return nil, err
	}
	answer := &pulumirpc.AboutResponse{Executable: node, Metadata: map[string]string{}}
	if out, err := exec.CommandContext(ctx, node, "--version").Output(); err == nil {
		answer.Version = strings.TrimSpace(string(out))
	}
	if manager, err := packageManager(req.GetInfo()); err == nil {
		answer.Metadata["packagemanager"] = manager.Name()
		if version, err := manager.Version(); err == nil {
			answer.Metadata["packagemanagerVersion"] = version.String()
		}
	}
	root, err := nearestManifest(req.GetInfo().GetProgramDirectory())
	if err == nil {
		if found, err := readManifest(installed("typescript", root)); err == nil {
			answer.Metadata["typescriptVersion"] = found.Version
		}
	}
	return answer, nil
}

// RuntimeOptionsPrompts names what `pulumi new` should ask.
func (h *host) RuntimeOptionsPrompts(
	_ context.Context, req *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	if _, given := req.GetInfo().GetOptions().AsMap()["packagemanager"]; given {
		return &pulumirpc.RuntimeOptionsResponse{}, nil
	}
	return &pulumirpc.RuntimeOptionsResponse{Prompts: []*pulumirpc.RuntimeOptionPrompt{{
		Key:         "packagemanager",
		Description: "The package manager to use for installing dependencies",
		PromptType:  pulumirpc.RuntimeOptionPrompt_STRING,
		Choices:     plugin.MakeExecutablePromptChoices("npm", "pnpm", "yarn", "bun"),
		Default: &pulumirpc.RuntimeOptionPrompt_RuntimeOptionValue{
			PromptType: pulumirpc.RuntimeOptionPrompt_STRING, StringValue: "npm",
		},
	}}}, nil
}

// GenerateProgram writes the program for resources that were imported.
func (h *host) GenerateProgram(
	ctx context.Context, req *pulumirpc.GenerateProgramRequest,
) (*pulumirpc.GenerateProgramResponse, error) {
	if h.program == nil {
		return nil, errors.New("this language host generates no programs: add --generate-code=false")
	}
	return h.program(ctx, req)
}

// Template has nothing to add to a new project.
func (h *host) Template(
	context.Context, *pulumirpc.TemplateRequest,
) (*pulumirpc.TemplateResponse, error) {
	return &pulumirpc.TemplateResponse{}, nil
}

func packageManager(info *pulumirpc.ProgramInfo) (npm.PackageManager, error) {
	opts, err := parseOptions(info.GetOptions())
	if err != nil {
		return nil, err
	}
	return npm.ResolvePackageManager(opts.packagemanager, info.GetProgramDirectory())
}
