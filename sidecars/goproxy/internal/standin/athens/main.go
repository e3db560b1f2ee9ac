// Command athens is a stand-in for the Athens proxy in tests. It finds its orders in the file "orders" beside it, and writes there a line
// for each fetch into "fetches".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"workstation/sidecars/goproxy/internal/standin"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(1)
	}
}

func run() error {
	here := filepath.Dir(os.Args[0])
	listener, err := net.Listen("unix", os.Getenv("ATHENS_UNIX_SOCKET"))
	if err != nil {
		return err
	}
	// What a test wants to see of the environment.
	if err := os.WriteFile(filepath.Join(here, "environment"), []byte(os.Getenv("ATHENS_GO_BINARY_ENV_VARS")), 0o600); err != nil {
		return err
	}
	athens := &standin.Athens{
		Root: os.Getenv("ATHENS_DISK_STORAGE_ROOT"), Log: os.Stdout,
		Orders: func() standin.Orders {
			var orders standin.Orders
			text, err := os.ReadFile(filepath.Join(here, "orders"))
			if err == nil {
				err = json.Unmarshal(text, &orders)
			}
			if err != nil && !os.IsNotExist(err) {
				fmt.Fprintln(os.Stderr, err)
			}
			return orders
		},
		Fetched: func(what string) {
			file, err := os.OpenFile(filepath.Join(here, "fetches"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err == nil {
				fmt.Fprintln(file, what)
				err = file.Close()
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		},
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: athens}
	go func() {
		<-ctx.Done()
		if err := server.Shutdown(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
