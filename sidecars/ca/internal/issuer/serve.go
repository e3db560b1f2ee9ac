package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// jump is how far wall clock and running time may part between two looks: less is what a clock daemon does.
const jump = 2 * time.Second

// Run looks at once and then at every tick, and reads the declaration again at each hangup, until ctx ends. now is the
// wall clock with its running time, as time.Now gives it.
func (k *Keeper) Run(ctx context.Context, ticks <-chan time.Time, hangups <-chan os.Signal, now func() time.Time) {
	last := now()
	k.Look(last)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			k.Reload()
		case <-ticks:
			k.ReloadIfChanged()
		}
		at := now()
		if by := jumped(last, at, at.Sub(last)); by != 0 {
			k.ClockJump(by)
		}
		last = at
		k.Look(at)
	}
}

// jumped is how far the wall clock left the running time between two looks; 0 for less than a clock daemon's corrections.
// running comes from time.Time.Sub, which stands still while the machine sleeps; Round(0) leaves the wall clock alone.
func jumped(last, at time.Time, running time.Duration) time.Duration {
	by := at.Round(0).Sub(last.Round(0)) - running
	if by > jump || by < -jump {
		return by
	}
	return 0
}

// Listen opens the address for /metrics and /healthz, which must be on loopback.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %q must be an address such as 127.0.0.1:9443", address)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--listen %q is not on loopback: metrics are for this machine only", address)
	}
	return net.Listen("tcp", address)
}

// Handler serves /healthz and /metrics.
func (k *Keeper) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		report, numbers := k.Last()
		w.Header().Set("Content-Type", "application/json")
		if len(report.Problems) > 0 || numbers.LastLook.IsZero() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		body := map[string]any{"ok": len(report.Problems) == 0 && !numbers.LastLook.IsZero(), "problems": report.Problems, "warnings": report.Warnings}
		if err := json.NewEncoder(w).Encode(body); err != nil {
			k.Log.Debug("healthz", "error", err)
		}
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		if _, err := w.Write([]byte(k.metrics())); err != nil {
			k.Log.Debug("metrics", "error", err)
		}
	})
	return mux
}

func (k *Keeper) metrics() string {
	report, numbers := k.Last()
	var text strings.Builder
	metric := func(name, kind, help string) {
		fmt.Fprintf(&text, "# HELP workstation_ca_%s %s\n# TYPE workstation_ca_%s %s\n", name, help, name, kind)
	}
	single := func(name, kind, help string, value any) {
		metric(name, kind, help)
		fmt.Fprintf(&text, "workstation_ca_%s %v\n", name, value)
	}
	single("issued_total", "counter", "Leaves issued since the start.", numbers.Issued)
	single("failures_total", "counter", "Things that went wrong since the start.", numbers.Failed)
	single("clock_jumps_total", "counter", "Times the wall clock left the running time.", numbers.ClockJumps)
	single("last_look_timestamp_seconds", "gauge", "When files and clock were last looked at.", numbers.LastLook.Unix())
	single("problems", "gauge", "Problems at the last look.", len(report.Problems))
	single("warnings", "gauge", "Warnings at the last look: a roll-over is due.", len(report.Warnings))
	metric("expires_in_seconds", "gauge", "Time until a leaf expires.")
	for _, leaf := range report.Leaves {
		fmt.Fprintf(&text, "workstation_ca_expires_in_seconds{name=%q} %.0f\n", leaf.Name, leaf.secondsToEnd)
	}
	return text.String()
}

// Serve answers on listener until ctx ends, then lets requests under way finish.
func (k *Keeper) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: k.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
