package gate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"syscall"
)

// minFree bytes on the volume, below which health warns: a module's zip may be hundreds of megabytes.
const minFree = 64 << 20

// Admin serves /healthz and /metrics to the machine itself.
type Admin struct {
	Metrics *Metrics
	// Storage is the folder whose volume must have space.
	Storage string

	mu     sync.Mutex
	checks []func() []string
	// starting is what the gate is doing before it serves.
	starting string
}

// Starting says what is done before serving; "" when it serves.
func (a *Admin) Starting(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.starting = what
}

// Check is asked for problems at each /healthz.
func (a *Admin) Check(check func() []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checks = append(a.checks, check)
}

// Problems now.
func (a *Admin) Problems() []string {
	a.mu.Lock()
	checks, starting := a.checks, a.starting
	a.mu.Unlock()
	problems := []string{}
	if starting != "" {
		problems = append(problems, "starting: "+starting)
	}
	for _, check := range checks {
		problems = append(problems, check()...)
	}
	problems = append(problems, space(a.Storage)...)
	if a.Metrics.full.Load() {
		problems = append(problems, "the last fetch could not be written: is the volume full?")
	}
	return problems
}

func space(folder string) []string {
	var status syscall.Statfs_t
	if err := syscall.Statfs(folder, &status); err != nil {
		return []string{fmt.Sprintf("storage %s: %v", folder, err)}
	}
	if free := status.Bavail * uint64(status.Bsize); free < minFree {
		return []string{fmt.Sprintf("storage %s: only %d MiB are free", folder, free>>20)}
	}
	if status.Files > 0 && status.Ffree < 1000 {
		return []string{fmt.Sprintf("storage %s: only %d inodes are free", folder, status.Ffree)}
	}
	return nil
}

// ServeHTTP answers.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		problems := a.Problems()
		w.Header().Set("Content-Type", "application/json")
		if len(problems) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		// The asker may be gone; there is nobody to tell.
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": len(problems) == 0, "problems": problems})
	case "/metrics":
		a.Metrics.write(w, r)
	default:
		http.NotFound(w, r)
	}
}
