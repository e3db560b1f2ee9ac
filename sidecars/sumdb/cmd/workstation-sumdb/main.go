// Command workstation-sumdb mirrors the part of a Go checksum database that is asked for. See the README.
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
	"os/signal"
	"strings"
	"syscall"
	"time"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/store"
	"workstation/sidecars/sumdb/internal/upstream"
)

// defaultKey is the public database's, as the go command has it built in.
const defaultKey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

const usage = `usage: workstation-sumdb COMMAND --store FOLDER ... (COMMAND -h lists its flags)
  serve            answer the go command
  fetch FILE...    get all that go.sum files name, and compare the hashes
  export FILE...   write what clients need of all that go.sum files name as files for GOPROXY=file://
  check            prove every stored record against the stored head
  health           ask a running serve whether all is well
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, arguments []string, out, errs io.Writer) int {
	commands := map[string]func(context.Context, *flag.FlagSet, []string, io.Writer) error{
		"serve": runServe, "fetch": runFetch, "check": runCheck, "export": runExport, "health": runHealth,
	}
	if len(arguments) == 0 || commands[arguments[0]] == nil {
		fmt.Fprint(errs, usage)
		return 1
	}
	flags := flag.NewFlagSet(arguments[0], flag.ContinueOnError)
	flags.SetOutput(errs)
	err := commands[arguments[0]](ctx, flags, arguments[1:], out)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(errs, "workstation-sumdb %s: %v\n", arguments[0], err)
	return 1
}

// common flags of all commands that open the store.
type common struct {
	store, key, upstream, private string
	offline                       bool
}

func (c *common) declare(flags *flag.FlagSet) {
	flags.StringVar(&c.store, "store", "", "folder that keeps the database")
	flags.StringVar(&c.key, "key", orElse(os.Getenv("WORKSTATION_SUMDB_KEY"), defaultKey), "verifier key of the database ($WORKSTATION_SUMDB_KEY)")
	flags.StringVar(&c.upstream, "upstream", os.Getenv("WORKSTATION_SUMDB_UPSTREAM"),
		"addresses of the database, with commas; the first that serves it is used ($WORKSTATION_SUMDB_UPSTREAM; default: what GOPROXY names, then the database itself)")
	flags.StringVar(&c.private, "private", "", "module paths never asked for upstream, as in GOPRIVATE")
	flags.BoolVar(&c.offline, "offline", false, "ask nobody; the store is only read")
}

func orElse(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func (c *common) open(log *slog.Logger) (*mirror.Mirror, func(), error) {
	options := mirror.Options{Key: c.key, Private: c.private, Log: log}
	if !c.offline {
		name, _, _ := strings.Cut(c.key, "+")
		candidates := strings.FieldsFunc(c.upstream, func(r rune) bool { return r == ',' || r == ' ' })
		if len(candidates) == 0 {
			candidates = upstream.Candidates(os.Getenv("GOPROXY"), name)
		}
		var err error
		if options.Upstream, err = upstream.New(candidates, nil); err != nil {
			return nil, nil, err
		}
	}
	var err error
	if options.Store, err = store.Open(c.store, c.key, c.offline); err != nil {
		return nil, nil, err
	}
	opened, err := mirror.New(options)
	if err != nil {
		options.Store.Close()
		return nil, nil, err
	}
	return opened, options.Store.Close, nil
}

func runCheck(ctx context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	options := common{}
	options.declare(flags)
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	options.offline = true
	opened, done, err := options.open(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer done()
	records, problems, err := opened.Check(ctx)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return errors.Join(append(problems, fmt.Errorf("%d of %d records are not good: serve heals them where there is an upstream", len(problems), records))...)
	}
	fmt.Fprintf(out, "good: %d records under a head of %d\n", records, opened.State().Size)
	return nil
}

func runHealth(ctx context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	admin := flags.String("admin", "127.0.0.1:9446", "where serve has /healthz")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+*admin+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(body)))
	}
	_, err = out.Write(body)
	return err
}

func loopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--admin %q must be a loopback address such as 127.0.0.1:9446", address)
	}
	return net.Listen("tcp", address)
}
