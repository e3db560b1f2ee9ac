// Command workstation-privileged is root's part of one run: it writes the few files of the machine that an ordinary user
// may not, for that user's processes only, and ends when its standard input does. See docs/privilege.md.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"workstation/toolchain/privileged/fault"
	"workstation/toolchain/privileged/policy"
	"workstation/toolchain/privileged/protocol"
	"workstation/toolchain/privileged/serve"
	"workstation/toolchain/privileged/tree"
	"workstation/toolchain/privileged/verbs"
)

const (
	maxGrant    = 1 << 20
	connections = 8
)

var limits = protocol.Limits{Idle: 10 * time.Minute, Frame: 10 * time.Second}

type options struct {
	socket, root string
	uid, gid     int
}

func main() {
	// Nothing that the caller's environment says is followed.
	os.Clearenv()
	wanted, err := parse(os.Args[1:])
	if err == nil {
		err = run(wanted, os.Stdin, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "workstation-privileged: %v\n", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var wanted options
	if len(args) == 0 || args[0] != "serve" {
		return wanted, fault.Refuse("usage: workstation-privileged serve --uid UID --gid GID --socket PATH [--root FOLDER]")
	}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&wanted.uid, "uid", -1, "user whose processes are answered")
	flags.IntVar(&wanted.gid, "gid", -1, "group that the socket gets")
	flags.StringVar(&wanted.socket, "socket", "", "socket to make, in a folder of that user's, 0700")
	flags.StringVar(&wanted.root, "root", "/", "folder that all paths are below, for tests")
	if err := flags.Parse(args[1:]); err != nil {
		return wanted, err
	}
	switch {
	case flags.NArg() > 0:
		return wanted, fault.Refuse("%q is not understood", flags.Arg(0))
	case wanted.uid < 0 || wanted.gid < 0:
		return wanted, fault.Refuse("--uid and --gid are needed")
	case !filepath.IsAbs(wanted.root) || filepath.Clean(wanted.root) != wanted.root:
		return wanted, fault.Refuse("--root %q is not a plain absolute path", wanted.root)
	case wanted.root == "/" && os.Geteuid() != 0:
		return wanted, fault.Refuse("root's rights are needed; `./workstation up` starts this through sudo")
	}
	return wanted, nil
}

func run(wanted options, input io.Reader, output, audit io.Writer) error {
	// A terminal's Ctrl-C reaches its whole foreground group. The run still needs us while it ends in good order.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTSTP)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()

	owner := bufio.NewReaderSize(io.LimitReader(input, maxGrant), 4096)
	allowed, err := granted(owner)
	if err != nil {
		return err
	}
	root, err := tree.Open(wanted.root)
	if err != nil {
		return err
	}
	work := &verbs.Verbs{Policy: allowed, Root: root, Run: verbs.Programs(wanted.root)}
	listener, remove, err := serve.Listen(wanted.socket, wanted.uid, wanted.gid)
	if err != nil {
		return err
	}
	defer remove()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		// The owner says nothing more; the end of its pipe is the end of the run, also when it was killed.
		_, _ = io.Copy(io.Discard, input)
		cancel()
	}()
	go func() {
		<-ctx.Done()
		listener.Close()
	}()
	if _, err := fmt.Fprintf(output, "{\"ready\":true,\"pid\":%d}\n", os.Getpid()); err != nil {
		return err
	}
	server := &serve.Server{UID: wanted.uid, Limits: limits, Most: connections, Do: work.Do, Audit: audit}
	err = server.Accept(ctx, listener)
	cancel()
	work.Finish()
	return err
}

// granted reads the run's first line, {"paths": [...]}: the part of the compiled-in list that this run needs.
func granted(input *bufio.Reader) (*policy.Policy, error) {
	line, err := input.ReadString('\n')
	if err != nil {
		return nil, fault.Refuse("the first line of standard input names the files of this run, and there was none")
	}
	var grant struct{ Paths []string }
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&grant); err != nil {
		return nil, fault.Refuse("the first line of standard input is not {\"paths\": [...]}: %v", err)
	}
	allowed, err := policy.Load()
	if err != nil {
		return nil, err
	}
	return allowed, allowed.Narrow(grant.Paths)
}
