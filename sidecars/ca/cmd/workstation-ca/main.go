// Command workstation-ca is the stack's own certificate authority. See the README for what it does and does not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
)

const (
	exitError   = 1
	exitProblem = 2
)

// errProblem ends a command that worked and found something wrong.
var errProblem = errors.New("not all is well")

type command struct {
	does string
	run  func(ctx context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error
}

var commands = map[string]command{
	"init":        {"make a root and an intermediate in an empty state folder", runInit},
	"serve":       {"keep the declared certificates fresh", runServe},
	"roll":        {"make a new intermediate, and with --root a new root; the old ones stay valid for a time", runRoll},
	"deny":        {"refuse a certificate from now on: deny SERIAL", runDeny},
	"status":      {"compare what is there with what is declared; exit 2 where something is wrong", runStatus},
	"verify":      {"check the authority, the issuer log and, with --certificate, one certificate", runVerify},
	"log-restart": {"put a damaged issuer log aside and start a new one that names its hash", runLogRestart},
}

func main() {
	// Whatever a library writes, it is for nobody else.
	syscall.Umask(0o077)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, arguments []string, out, errs io.Writer) int {
	if len(arguments) == 0 {
		fmt.Fprint(errs, usage())
		return exitError
	}
	found, ok := commands[arguments[0]]
	if !ok {
		fmt.Fprintf(errs, "workstation-ca: there is no command %q\n%s", arguments[0], usage())
		return exitError
	}
	flags := flag.NewFlagSet(arguments[0], flag.ContinueOnError)
	flags.SetOutput(errs)
	err := found.run(ctx, flags, arguments[1:], out)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errProblem):
		return exitProblem
	}
	fmt.Fprintf(errs, "workstation-ca %s: %v\n", arguments[0], err)
	return exitError
}

func usage() string {
	var names []string
	for name := range commands {
		names = append(names, name)
	}
	sort.Strings(names)
	text := "usage: workstation-ca COMMAND --state FOLDER ... (COMMAND -h lists its flags)\n"
	for _, name := range names {
		text += fmt.Sprintf("  %-12s %s\n", name, commands[name].does)
	}
	return text
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds one value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// parse refuses words that no flag takes.
func parse(flags *flag.FlagSet, arguments []string, words int) error {
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != words {
		return fmt.Errorf("%d words beside the flags, %d expected: %q", flags.NArg(), words, flags.Args())
	}
	return nil
}
