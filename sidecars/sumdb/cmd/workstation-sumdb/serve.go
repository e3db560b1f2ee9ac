package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/serve"
)

func runServe(ctx context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	options := common{}
	options.declare(flags)
	listen := flags.String("listen", "127.0.0.1:9445", "address for the go command")
	admin := flags.String("admin", "127.0.0.1:9446", "loopback address for /metrics and /healthz")
	pem := flags.String("tls-pem", "", "file with key and certificates for https; read again when it changes")
	refresh := flags.Duration("refresh", 6*time.Hour, "how often to move to the newest head; 0 for only when a record needs it")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("words beside the flags: %q", flags.Args())
	}
	log := slog.New(slog.NewJSONHandler(out, nil))
	opened, done, err := options.open(log)
	if err != nil {
		return err
	}
	defer done()
	server := &serve.Server{Mirror: opened, Log: log}
	public, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	if *pem != "" {
		settings, err := serve.TLS(*pem)
		if err != nil {
			return errors.Join(err, public.Close())
		}
		public = tls.NewListener(public, settings)
	}
	private, err := loopback(*admin)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	log.Info("serving", "address", public.Addr().String(), "admin", private.Addr().String(), "database", opened.Name(), "size", opened.State().Size)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	failures := make(chan error, 2)
	for listener, handler := range map[net.Listener]http.Handler{public: server.Handler(), private: server.Admin()} {
		group.Add(1)
		go func() {
			defer group.Done()
			failures <- serve.Run(ctx, listener, handler)
			stop()
		}()
	}
	if *refresh > 0 && !options.offline {
		group.Add(1)
		go func() {
			defer group.Done()
			keepFresh(ctx, opened, *refresh, log)
		}()
	}
	group.Wait()
	return errors.Join(<-failures, <-failures)
}

// keepFresh compares the wall clock every minute: a machine that slept is soon right again.
func keepFresh(ctx context.Context, opened *mirror.Mirror, every time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(min(every, time.Minute))
	defer ticker.Stop()
	last := time.Now().Round(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now().Round(0)
		if passed := now.Sub(last); passed >= 0 && passed < every {
			continue
		}
		last = now
		if err := opened.Refresh(ctx); err != nil {
			log.Warn("no newer head", "error", err)
		}
	}
}
