// Package server answers greetings over HTTP and stops without dropping one.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"example.com/hello/greeting"
)

// Server counts what it answers. Its zero value is not usable: call New.
type Server struct {
	log     *slog.Logger
	grace   time.Duration
	greeted atomic.Int64
}

// New returns a server that on shutdown waits up to grace for open requests.
func New(log *slog.Logger, grace time.Duration) *Server {
	return &Server{log: log, grace: grace}
}

// Greeting is the answer to GET /hello.
type Greeting struct {
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
}

// Health is the answer to GET /healthz.
type Health struct {
	Status  string `json:"status"`
	Greeted int64  `json:"greeted"`
}

// Handler serves GET /hello?name=NAME and GET /healthz.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", s.hello)
	mux.HandleFunc("GET /healthz", s.healthz)
	return mux
}

func (s *Server) hello(w http.ResponseWriter, r *http.Request) {
	id := requestID(r)
	message := greeting.For(r.URL.Query().Get("name"), r.Header.Get("Accept-Language"))
	s.greeted.Add(1)
	s.log.InfoContext(r.Context(), "greeted", "request", id, "message", message)
	w.Header().Set("X-Request-Id", id)
	s.answer(w, Greeting{Message: message, RequestID: id})
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, Health{Status: "ok", Greeted: s.greeted.Load()})
}

func (s *Server) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.log.Warn("the client left before its answer", "error", err)
	}
}

// requestID keeps the caller's id when it is a UUID, so that one id can be
// followed through several services, and makes a new one otherwise.
func requestID(r *http.Request) string {
	if id, err := uuid.Parse(r.Header.Get("X-Request-Id")); err == nil {
		return id.String()
	}
	return uuid.NewString()
}

// Serve answers on l until ctx ends, then finishes the requests that are open.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		// ctx has ended already, so the grace period needs one of its own.
		grace, cancel := context.WithTimeout(context.Background(), s.grace)
		defer cancel()
		return srv.Shutdown(grace)
	})
	return group.Wait()
}
