// Command hello is a small HTTP server that greets.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/hello/server"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	grace := flag.Duration("grace", 10*time.Second, "how long open requests may take after a signal to stop")
	flag.Parse()

	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(log, *addr, *grace); err != nil {
		log.Error("hello stopped", "error", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger, addr string, grace time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Info("listening", "url", "http://"+l.Addr().String())
	return server.New(log, grace).Serve(ctx, l)
}
