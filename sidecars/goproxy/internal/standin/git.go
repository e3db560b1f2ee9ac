// Package standin has what tests use in the place of Athens, of upstreams and of git servers. Nothing of it is in the product.
package standin

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// GitServer is a handler over bare repositories, with a password.
func GitServer(root, user, password string) (http.Handler, error) {
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}, Stderr: io.Discard,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "HTTP Basic: Access denied", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}), nil
}

// GitModule makes a bare repository with one tagged version of a module.
func GitModule(repository, modulePath, version string) error {
	work := repository + ".work"
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"go.mod": "module " + modulePath + "\n\ngo 1.20\n", "m.go": "package m\n\n// Version of it.\nconst Version = \"" + version + "\"\n",
	} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, arguments := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "."},
		{"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "first"},
		{"tag", version}, {"clone", "-q", "--bare", ".", repository},
	} {
		command := exec.Command("git", arguments...)
		command.Dir = work
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("git %v: %w: %s", arguments, err, out)
		}
	}
	return nil
}
