package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/issuer"
)

func runServe(ctx context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	keeper := &issuer.Keeper{Log: slog.New(slog.NewJSONHandler(out, nil))}
	flags.StringVar(&keeper.State, "state", "", "folder of the authority")
	flags.StringVar(&keeper.Declaration, "declaration", "", "JSON file that says which certificates are wanted")
	flags.StringVar(&keeper.Out, "out", "", "folder that certificates are written to")
	listen := flags.String("listen", "127.0.0.1:9443", "loopback address for /metrics and /healthz")
	interval := flags.Duration("interval", 15*time.Second, "time between two looks at clock and files")
	if err := parse(flags, arguments, 0); err != nil {
		return err
	}
	if *interval < 10*time.Millisecond || *interval > 5*time.Minute {
		return fmt.Errorf("--interval %s must be from 10ms to 5m", *interval)
	}
	if err := authority.CheckFolder(keeper.State, false); err != nil {
		return err
	}
	release, err := files.Lock(filepath.Join(keeper.State, "serve.lock"))
	if errors.Is(err, files.ErrLocked) {
		return fmt.Errorf("--state %s: another serve is at work", keeper.State)
	}
	if err != nil {
		return err
	}
	defer release()
	if err := keeper.Open(); err != nil {
		return err
	}
	listener, err := issuer.Listen(*listen)
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	ticker := time.NewTicker(*interval)
	defer ticker.Stop()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var looking sync.WaitGroup
	looking.Add(1)
	go func() {
		defer looking.Done()
		keeper.Run(ctx, ticker.C, hangups, time.Now)
	}()
	keeper.Log.Info("serving", "address", listener.Addr().String())
	err = keeper.Serve(ctx, listener)
	// What is being issued is finished before the lock is given back.
	stop()
	looking.Wait()
	return err
}
