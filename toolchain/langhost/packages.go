package langhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

type manifest struct {
	Name                 string                  `json:"name"`
	Version              string                  `json:"version"`
	Pulumi               plugin.PulumiPluginJSON `json:"pulumi"`
	Dependencies         map[string]string       `json:"dependencies"`
	DevDependencies      map[string]string       `json:"devDependencies"`
	OptionalDependencies map[string]string       `json:"optionalDependencies"`
	PeerDependencies     map[string]string       `json:"peerDependencies"`
}

// GetRequiredPackages names the providers that the program's packages need. It
// follows the manifests from the program, so it reads only what is reachable.
func (h *host) GetRequiredPackages(
	_ context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	packages, err := requiredPackages(req.GetInfo().GetProgramDirectory())
	if err != nil {
		// As in the official host: what was found still counts; a plugin that
		// is missing here is asked for when the program needs it.
		logging.V(3).Infof("looking for packages with plugins: %v", err)
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

func requiredPackages(program string) ([]*pulumirpc.PackageDependency, error) {
	root, err := nearestManifest(program)
	if err != nil {
		return nil, err
	}
	var found []*pulumirpc.PackageDependency
	var failures []error
	seen := map[string]bool{root: true}
	for queue := []string{root}; len(queue) > 0; queue = queue[1:] {
		dir := queue[0]
		content, err := readManifest(dir)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if dir != root && content.Pulumi.Resource {
			dependency, err := content.dependency()
			if err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", filepath.Join(dir, "package.json"), err))
			} else {
				found = append(found, dependency)
			}
		}
		for _, name := range content.names(dir == root) {
			if next := installed(name, dir); next != "" && !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return found, errors.Join(failures...)
}

func nearestManifest(dir string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("package.json: %w", fs.ErrNotExist)
		}
		dir = parent
	}
}

func readManifest(dir string) (manifest, error) {
	var content manifest
	path := filepath.Join(dir, "package.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return content, err
	}
	if err := json.Unmarshal(raw, &content); err != nil {
		return content, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}

// names lists what the package may load. Only the program itself has its
// development dependencies installed.
func (m manifest) names(program bool) []string {
	groups := []map[string]string{m.Dependencies, m.OptionalDependencies, m.PeerDependencies}
	if program {
		groups = append(groups, m.DevDependencies)
	}
	var names []string
	for _, group := range groups {
		for name := range group {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// installed finds the folder of a package as Node does: in the nearest
// node_modules upwards, since installers hoist what can be shared.
func installed(name, dir string) string {
	for {
		if filepath.Base(dir) != "node_modules" {
			candidate := filepath.Join(dir, "node_modules", filepath.FromSlash(name))
			if real, err := filepath.EvalSymlinks(candidate); err == nil {
				return real
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

func (m manifest) dependency() (*pulumirpc.PackageDependency, error) {
	name, version := m.Pulumi.Name, m.Pulumi.Version
	if name == "" {
		scoped, ok := strings.CutPrefix(m.Name, "@pulumi/")
		if !ok {
			return nil, fmt.Errorf("package %q has a provider but no name for it in its pulumi section", m.Name)
		}
		name = scoped
	}
	if version == "" {
		version = m.Version
	}
	if version == "" {
		return nil, fmt.Errorf("package %q has a provider but no version", m.Name)
	}
	if !strings.HasPrefix(version, "v") {
		version = "v" + version
	}
	dependency := &pulumirpc.PackageDependency{
		Name: name, Kind: "resource", Version: version, Server: m.Pulumi.Server,
	}
	if p := m.Pulumi.Parameterization; p != nil {
		dependency.Parameterization = &pulumirpc.PackageParameterization{
			Name: p.Name, Version: p.Version, Value: p.Value,
		}
	}
	if p := m.Pulumi.ExtensionParameterization; p != nil {
		dependency.Extension = &pulumirpc.PackageParameterization{
			Name: p.Name, Version: p.Version, Value: p.Value,
		}
	}
	return dependency, nil
}
