// Command workstation-goproxy is what the go command talks to in a workstation: it stands before Athens and the mirror of the checksum
// database. See the README.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"workstation/sidecars/goproxy/internal/gate"
)

const usage = `usage: workstation-goproxy COMMAND ... (COMMAND -h lists its flags)
  serve    answer the go command; starts Athens and workstation-sumdb
  health   ask a running serve whether all is well
  warm     get all that the go.sum lines on stdin name, through the running serve
`

const defaultConfig = "/run/workstation/goproxy/config.json"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

type command func(ctx context.Context, flags *flag.FlagSet, arguments []string, in io.Reader, out io.Writer) error

func run(ctx context.Context, arguments []string, in io.Reader, out, errs io.Writer) int {
	commands := map[string]command{"serve": runServe, "health": runHealth, "warm": runWarm}
	if len(arguments) == 0 || commands[arguments[0]] == nil {
		fmt.Fprint(errs, usage)
		return 1
	}
	flags := flag.NewFlagSet(arguments[0], flag.ContinueOnError)
	flags.SetOutput(errs)
	err := commands[arguments[0]](ctx, flags, arguments[1:], in, out)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(errs, "workstation-goproxy %s: %v\n", arguments[0], err)
	return 1
}

// parse flags, and refuse words beside them.
func parse(flags *flag.FlagSet, arguments []string) error {
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("words beside the flags: %q", flags.Args())
	}
	return nil
}

func runHealth(ctx context.Context, flags *flag.FlagSet, arguments []string, _ io.Reader, out io.Writer) error {
	admin := flags.String("admin", "127.0.0.1:8081", "where serve has /healthz")
	config := flags.String("config", defaultConfig, "config.json that serve must have read")
	if err := parse(flags, arguments); err != nil {
		return err
	}
	text, err := os.ReadFile(*config)
	if err != nil {
		return err
	}
	health, err := askHealth(ctx, *admin)
	if err != nil {
		return err
	}
	if health.Config != gate.ConfigDigest(text) {
		health.Problems = append(health.Problems, "config.json changed and is not in use yet")
	}
	if len(health.Problems) > 0 {
		return errors.New(strings.Join(append(health.Problems, health.Warnings...), "; "))
	}
	for _, warning := range health.Warnings {
		if _, err := fmt.Fprintln(out, "warning: "+warning); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, "good")
	return err
}

// askHealth of a gate or a mirror of the checksum database, which has no warnings.
func askHealth(ctx context.Context, admin string) (gate.Health, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var health gate.Health
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/healthz", nil)
	if err != nil {
		return health, err
	}
	// A proxy of the environment must not be asked for loopback.
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return health, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&health); err != nil {
		return health, fmt.Errorf("%s: %s: %w", admin, response.Status, err)
	}
	if !health.OK && len(health.Problems) == 0 {
		health.Problems = []string{"not well, and no reason given"}
	}
	return health, nil
}
