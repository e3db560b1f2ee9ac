package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"

	"workstation/sidecars/goproxy/internal/certificate"
	"workstation/sidecars/goproxy/internal/settings"
	"workstation/sidecars/goproxy/internal/warm"
)

func runWarm(ctx context.Context, flags *flag.FlagSet, arguments []string, in io.Reader, out io.Writer) error {
	config := flags.String("config", defaultConfig, "config.json of the running serve")
	zipsOnly := flags.Bool("zips-only", false, "leave out modules of which only the go.mod file is needed: Athens fetches their zips too")
	if err := parse(flags, arguments); err != nil {
		return err
	}
	s, err := settings.Load(*config)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return err
	}
	work, err := warm.Read(in, *zipsOnly)
	if err != nil {
		return err
	}
	sumdb, err := settings.ParseSumdb(s.Upstream["GOSUMDB"])
	if err != nil {
		return err
	}
	name := sumdb.Name
	if sumdb.Off {
		name = ""
	}
	client := warm.NewClient("https://"+net.JoinHostPort("127.0.0.1", port), s.Auth.User, s.Auth.Password, certificate.Pinned(s.TLS.Pem))
	client.Sumdb, client.Private, client.Temporary = name, s.NoSumdb(), filepath.Join(s.Storage, "tmp")
	failed, err := client.Run(ctx, work, out)
	if err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d lines failed", failed, work.Lines())
	}
	return nil
}
