package gate

import (
	"crypto/sha256"
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

	mu               sync.Mutex
	checks, concerns []func() []string
	config           string
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

// Warn is asked for what is wrong elsewhere, so that only a part is served: that makes nobody start this container again.
func (a *Admin) Warn(concern func() []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.concerns = append(a.concerns, concern)
}

// Config in use, or found to be unusable.
func (a *Admin) Config(text []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.config = ConfigDigest(text)
}

// ConfigDigest tells one text of config.json from another.
func ConfigDigest(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text)) }

// Health is what /healthz answers.
type Health struct {
	OK bool `json:"ok"`
	// Problems are this container's, Warnings are those of servers that it depends on.
	Problems []string `json:"problems"`
	Warnings []string `json:"warnings"`
	// Config is the digest of config.json as it was last read.
	Config string `json:"config"`
}

// Health now.
func (a *Admin) Health() Health {
	problems := a.Problems()
	a.mu.Lock()
	concerns, config := a.concerns, a.config
	a.mu.Unlock()
	warnings := []string{}
	for _, concern := range concerns {
		warnings = append(warnings, concern()...)
	}
	return Health{OK: len(problems) == 0, Problems: problems, Warnings: warnings, Config: config}
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
		health := a.Health()
		w.Header().Set("Content-Type", "application/json")
		if !health.OK {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		// The asker may be gone; there is nobody to tell.
		_ = json.NewEncoder(w).Encode(health)
	case "/metrics":
		a.Metrics.write(w, r)
	default:
		http.NotFound(w, r)
	}
}
