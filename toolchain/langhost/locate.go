package langhost

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// locate finds a module of the SDK as Node would from the given directory. It
// looks into node_modules itself, because a Node process that only resolves
// one path costs as much as the rest of the host; Node is asked only when that
// finds nothing (Plug'n'Play, NODE_PATH, custom loaders).
func locate(node, module, from string) (string, error) {
	if filepath.IsAbs(module) {
		return module, nil
	}
	if path := inNodeModules(module, from); path != "" {
		return path, nil
	}
	command := exec.Command(node, "-p", "require.resolve(process.argv[1])", module)
	command.Dir = from
	out, err := command.Output()
	if err == nil {
		return strings.TrimSpace(string(out)), nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && strings.Contains(string(exit.Stderr), "MODULE_NOT_FOUND") {
		return "", fmt.Errorf("%s is not installed for %s: run `pulumi install` (or `npm ci`) there",
			module, from)
	}
	return "", fmt.Errorf("find %s from %s: %w", module, from, err)
}

func inNodeModules(module, from string) string {
	dir, err := filepath.EvalSymlinks(from)
	if err != nil {
		return ""
	}
	for {
		if filepath.Base(dir) != "node_modules" {
			base := filepath.Join(dir, "node_modules", filepath.FromSlash(module))
			for _, path := range []string{base, base + ".js", filepath.Join(base, "index.js")} {
				if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
					// Node names modules by their real path: a linked SDK
					// must not be loaded twice.
					if real, err := filepath.EvalSymlinks(path); err == nil {
						return real
					}
				}
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// compileCache lets Node keep compiled code between runs, unless the person
// has decided about that already.
func compileCache(env []string) []string {
	for _, entry := range env {
		if strings.HasPrefix(entry, "NODE_COMPILE_CACHE=") || strings.HasPrefix(entry, "NODE_DISABLE_COMPILE_CACHE=") {
			return env
		}
	}
	root := os.Getenv("PULUMI_HOME")
	if root == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return env
		}
		root = filepath.Join(home, ".pulumi")
	}
	return append(env, "NODE_COMPILE_CACHE="+filepath.Join(root, "node-compile-cache"))
}
