// Package serve speaks the checksum database's protocol over HTTP, and tells how the mirror is.
package serve

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/store"
)

// Server of one mirror.
type Server struct {
	Mirror *mirror.Mirror
	Log    *slog.Logger

	answers [6]atomic.Int64
}

// Handler answers below / and below /sumdb/NAME/, as GOSUMDB and GOPROXY ask.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, prefix := range []string{"", "/sumdb/" + s.Mirror.Name()} {
		mux.HandleFunc("GET "+prefix+"/supported", func(http.ResponseWriter, *http.Request) {})
		mux.HandleFunc("GET "+prefix+"/latest", s.answer(func(r *http.Request) ([]byte, error) { return s.Mirror.Latest(r.Context()) }))
		mux.Handle("GET "+prefix+"/lookup/", http.StripPrefix(prefix+"/lookup/", s.answer(s.lookup)))
		mux.Handle("GET "+prefix+"/tile/", http.StripPrefix(prefix+"/", s.answer(s.tile)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(counted, r)
		s.answers[min(counted.status/100, 5)].Add(1)
	})
}

// badRequest is a question that no database answers.
type badRequest struct{ error }

func (s *Server) lookup(r *http.Request) ([]byte, error) {
	version, err := store.ParseVersion(r.URL.Path)
	if err != nil {
		return nil, &badRequest{err}
	}
	return s.Mirror.Lookup(r.Context(), version)
}

func (s *Server) tile(r *http.Request) ([]byte, error) {
	tile, err := tlog.ParseTilePath(r.URL.Path)
	if err != nil {
		return nil, &badRequest{err}
	}
	return s.Mirror.Tile(r.Context(), tile)
}

func (s *Server) answer(find func(*http.Request) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := find(r)
		var bad *badRequest
		switch {
		case err == nil:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			if _, err := w.Write(body); err != nil {
				s.Log.Debug("answer", "error", err)
			}
		case errors.As(err, &bad):
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			// Plain text: the go command shows it to the developer.
			http.Error(w, err.Error(), mirror.Status(err))
		}
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Admin serves /healthz and /metrics.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		state := s.Mirror.State()
		problems := []string{}
		if state.DiskFailing {
			problems = append(problems, "the store cannot be written: is the disk full?")
		}
		if state.Offline && state.Size == 0 {
			problems = append(problems, "offline with an empty store: there is nothing to serve")
		}
		w.Header().Set("Content-Type", "application/json")
		if len(problems) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		body := map[string]any{"ok": len(problems) == 0, "problems": problems, "size": state.Size, "offline": state.Offline}
		if err := json.NewEncoder(w).Encode(body); err != nil {
			s.Log.Debug("healthz", "error", err)
		}
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		if _, err := w.Write([]byte(s.metrics())); err != nil {
			s.Log.Debug("metrics", "error", err)
		}
	})
	return mux
}

func (s *Server) metrics() string {
	var text strings.Builder
	state := s.Mirror.State()
	for _, metric := range []struct {
		name, kind, help string
		value            int64
	}{
		{"pinned_size", "gauge", "Records in the tree of the pinned head.", state.Size},
		{"stored_total", "counter", "Records fetched and kept since the start.", state.Stored},
		{"upstream_requests_total", "counter", "Questions to the upstream.", state.Fetched},
		{"upstream_failures_total", "counter", "Questions that it did not answer.", state.Failed},
		{"refused_total", "counter", "Answers that do not belong to the database.", state.Refused},
		{"damaged_total", "counter", "Damage found in the store.", state.Damaged},
		{"disk_failures_total", "counter", "Reads and writes of the store that failed.", state.DiskBad},
	} {
		fmt.Fprintf(&text, "# HELP workstation_sumdb_%s %s\n# TYPE workstation_sumdb_%s %s\nworkstation_sumdb_%s %d\n",
			metric.name, metric.help, metric.name, metric.kind, metric.name, metric.value)
	}
	text.WriteString("# HELP workstation_sumdb_answers_total Answers by class of status.\n# TYPE workstation_sumdb_answers_total counter\n")
	for class := 2; class < len(s.answers); class++ {
		fmt.Fprintf(&text, "workstation_sumdb_answers_total{status=\"%dxx\"} %d\n", class, s.answers[class].Load())
	}
	return text.String()
}

// Run serves until ctx ends, then lets requests under way finish.
func Run(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// TLS takes certificate and key from one file, and again whenever it has changed: they are renewed while we run.
func TLS(path string) (*tls.Config, error) {
	var mu sync.Mutex
	var loaded *tls.Certificate
	var seen os.FileInfo
	load := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		mu.Lock()
		defer mu.Unlock()
		info, err := os.Stat(path)
		if err == nil && (seen == nil || !os.SameFile(info, seen) || info.ModTime() != seen.ModTime()) {
			var text []byte
			var pair tls.Certificate
			if text, err = os.ReadFile(path); err == nil {
				if pair, err = tls.X509KeyPair(text, text); err == nil {
					loaded, seen = &pair, info
				}
			}
		}
		if loaded == nil {
			return nil, fmt.Errorf("--tls-pem: %w", err)
		}
		// A broken new file must not end what the old one can still do.
		return loaded, nil
	}
	if _, err := load(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: load}, nil
}
