package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"workstation/sidecars/goproxy/internal/certificate"
	"workstation/sidecars/goproxy/internal/credentials"
	"workstation/sidecars/goproxy/internal/explain"
	"workstation/sidecars/goproxy/internal/gate"
	"workstation/sidecars/goproxy/internal/settings"
	"workstation/sidecars/goproxy/internal/store"
)

const (
	// grace for requests under way and for children at the end.
	grace = 20 * time.Second
	// memory of the gate itself that is worth collecting garbage for, in bytes.
	memory = 48 << 20
)

// errRestart ends serve with exit 0: Docker starts the container again, with what config.json says now.
var errRestart = errors.New("restart")

func runServe(ctx context.Context, flags *flag.FlagSet, arguments []string, _ io.Reader, out io.Writer) error {
	config := flags.String("config", defaultConfig, "config.json; credentials in it take effect when it changes")
	private := flags.String("runtime", "/run/workstation/private", "folder for credentials of git servers; belongs on a tmpfs")
	timeout := flags.Duration("fetch-timeout", 10*time.Minute, "how long one module may take to come from the upstream")
	certificateWait := flags.Duration("certificate-wait", time.Minute, "how long to wait at the start for the certificate")
	if err := parse(flags, arguments); err != nil {
		return err
	}
	if *timeout < time.Second {
		return fmt.Errorf("--fetch-timeout %s must be at least 1s", *timeout)
	}
	debug.SetMemoryLimit(memory)
	scrubber := explain.NewScrubber()
	server := &server{
		config: *config, private: credentials.Folder(*private), timeout: *timeout, certificateWait: *certificateWait,
		scrubber: scrubber, log: slog.New(slog.NewJSONHandler(out, nil)),
	}
	err := server.run(ctx)
	if errors.Is(err, errRestart) {
		return nil
	}
	if err != nil {
		return errors.New(scrubber.Clean(err.Error()))
	}
	return nil
}

type server struct {
	config                   string
	private                  credentials.Folder
	timeout, certificateWait time.Duration
	scrubber                 *explain.Scrubber
	log                      *slog.Logger

	configText []byte
	settings   *settings.Settings
	admin      *gate.Admin
	gate       *gate.Gate
	store      *store.Store
	keeper     *certificate.Keeper
	programs   programs
}

func (s *server) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var err error
	if s.configText, err = os.ReadFile(s.config); err != nil {
		return err
	}
	if s.settings, err = settings.Parse(s.configText); err != nil {
		return fmt.Errorf("%s: %w", s.config, err)
	}
	s.scrubber.Add(s.settings.Secrets()...)
	unlock, err := s.prepare()
	if err != nil {
		return err
	}
	defer unlock()

	metrics := &gate.Metrics{}
	s.admin = &gate.Admin{Metrics: metrics, Storage: s.settings.Storage}
	s.admin.Config(s.configText)
	s.admin.Starting("waiting for the certificate " + s.settings.TLS.Pem)
	adminListener, err := net.Listen("tcp", s.settings.Admin)
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	admin := s.httpServer(s.admin)
	defer s.close("admin", admin.Close)
	go s.serve(cancel, "admin", func() error { return admin.Serve(adminListener) })

	if err := s.begin(ctx, cancel, metrics); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	defer s.programs.stop()

	listener, err := net.Listen("tcp", s.settings.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	public := s.httpServer(s.gate)
	public.TLSConfig = s.keeper.Config()
	go s.serve(cancel, "listen", func() error { return public.ServeTLS(listener, "", "") })
	go s.watch(ctx, cancel)
	s.admin.Starting("")
	s.log.Info("serving", "address", listener.Addr().String(), "admin", adminListener.Addr().String(), "offline", s.settings.Offline, "shared", s.settings.IsShared())

	<-ctx.Done()
	cause := context.Cause(ctx)
	s.log.Info("ending", "why", s.scrubber.Clean(cause.Error()))
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer done()
	if err := public.Shutdown(ending); err != nil {
		s.log.Warn("requests were cut off", "error", err.Error())
		s.close("listen", public.Close)
	}
	if errors.Is(cause, context.Canceled) {
		return nil
	}
	return cause
}

// begin waits for the certificate, cleans the storage, writes credentials and starts the children.
func (s *server) begin(ctx context.Context, cancel context.CancelCauseFunc, metrics *gate.Metrics) error {
	wait, done := context.WithTimeout(ctx, s.certificateWait)
	defer done()
	var err error
	if s.keeper, err = certificate.Open(wait, s.settings.TLS.Pem); err != nil {
		return err
	}
	s.admin.Check(func() []string { return s.keeper.Problems(time.Now()) })
	s.admin.Starting("looking for half-written modules")
	whole, removed, err := s.store.Sweep(s.log)
	if err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	s.log.Info("storage", "versions", whole, "removed", removed)
	if err := s.private.Write(s.settings.Private); err != nil {
		return fmt.Errorf("--runtime: %w", err)
	}
	s.admin.Starting("starting Athens and the mirror of the checksum database")
	if err := s.startPrograms(ctx, cancel); err != nil {
		s.programs.stop()
		return err
	}
	s.gate = gate.New(ctx, s.settings, &gate.Gate{
		Store: s.store, Athens: s.programs.client, Sumdb: s.programs.mirror, Scrubber: s.scrubber,
		Log: s.log, Metrics: metrics, FetchTimeout: s.timeout, Probe: s.probe, Team: s.programs.team,
	})
	metrics.Connect(gate.Sources{Athens: s.programs.client, Expires: s.keeper.Expires, Waiting: s.gate.Waiting})
	return nil
}

// prepare makes the folders and takes the storage for this process alone: another gate's half-written modules must not be swept away.
func (s *server) prepare() (func(), error) {
	root := s.settings.Storage
	for _, name := range []string{"modules", "sumdb", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			return nil, fmt.Errorf("storage: %w", err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(root, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("storage: another gate uses %s: %w", root, err), lock.Close())
	}
	if err := clear(filepath.Join(root, "tmp")); err != nil {
		return nil, errors.Join(fmt.Errorf("storage: %w", err), lock.Close())
	}
	s.store = &store.Store{Root: filepath.Join(root, "modules"), Temporary: filepath.Join(root, "tmp")}
	return func() { s.close("lock", lock.Close) }, nil
}

// clear a folder of what killed go commands left; their module caches may be read-only.
func clear(folder string) error {
	present, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, item := range present {
		path := filepath.Join(folder, item.Name())
		if os.RemoveAll(path) == nil {
			continue
		}
		err := filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
			if entry != nil && entry.IsDir() {
				return os.Chmod(name, 0o700)
			}
			return err
		})
		if err = errors.Join(err, os.RemoveAll(path)); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		// No WriteTimeout: a large zip over a slow link takes its time; the gate sets a deadline for each piece.
	}
}

func (s *server) serve(cancel context.CancelCauseFunc, name string, serve func() error) {
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		cancel(fmt.Errorf("%s: %w", name, err))
	}
}

func (s *server) close(name string, closer func() error) {
	if err := closer(); err != nil {
		s.log.Warn("close", "what", name, "error", err.Error())
	}
}
