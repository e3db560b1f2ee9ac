// Package issuer keeps declared certificates fresh: it looks at the clock and at the files every few seconds, and never
// sleeps until a date, so that a machine that slept or whose clock was set is right again at the next look.
package issuer

import (
	"errors"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/journal"
)

// Files beside the leaves' folders that everyone may read.
const (
	BundleFile = "bundle.pem"
	DeniedFile = "denied.json"
)

// Keeper of one declaration.
type Keeper struct {
	State, Out, Declaration string
	Log                     *slog.Logger

	mu     sync.Mutex
	ca     *authority.Authority
	leaves []declaration.Leaf
	// denied as read last: a list that is damaged later does not set anyone free.
	denied []authority.Denied
	// declarationError is of the last attempt to read it again; the leaves are then those before.
	declarationError string
	last             Report
	numbers          Numbers
	// trouble of leaves that failed, so that a lasting fault does not fill the issuer log.
	trouble map[string]*trouble
	// seen is the declaration that was read last; only the loop of Run touches it.
	seen stamp
}

type stamp struct {
	inode         uint64
	size, changed int64
}

// trouble counts in looks, not in time: the clock may be what is wrong.
type trouble struct {
	failures, wait int
	err            error
}

// maxWait is 64 looks: 16 minutes at the default pace.
const maxWait = 64

// Numbers for /metrics.
type Numbers struct {
	Issued, Failed, ClockJumps int64
	LastLook                   time.Time
}

// Open loads what has to be right before the first look.
func (k *Keeper) Open() error {
	if k.Out == "" {
		return errors.New("--out is missing: the folder that certificates are written to")
	}
	if _, err := os.Stat(k.Out); errors.Is(err, os.ErrNotExist) {
		// Chmod as well: the umask must not keep servers with other ids out of their folders.
		if err := errors.Join(os.MkdirAll(k.Out, 0o755), os.Chmod(k.Out, 0o755)); err != nil {
			return err
		}
	}
	if _, err := journal.Verify(k.State); err != nil {
		return err
	}
	// Before it is read: what is written in between is then read again.
	k.seen = k.stamp()
	var err error
	if k.ca, err = authority.Load(k.State); err != nil {
		return err
	}
	if k.denied, err = authority.LoadDenied(k.State); err != nil {
		return err
	}
	k.leaves, err = declaration.Read(k.Declaration, k.ca.Suite.Pairs())
	return err
}

// Reload reads the declaration again; a wrong one is reported and the one before stays in force.
func (k *Keeper) Reload() {
	k.mu.Lock()
	defer k.mu.Unlock()
	leaves, err := declaration.Read(k.Declaration, k.ca.Suite.Pairs())
	if err != nil {
		k.declarationError = err.Error()
		k.Log.Error("the declaration is wrong: the one before stays in force", "error", err)
		return
	}
	k.declarationError, k.leaves, k.trouble = "", leaves, nil
	k.Log.Info("declaration read", "leaves", len(leaves))
}

// ReloadIfChanged reads the declaration again when the file is another one than at the last look: who writes it need not
// know where this process runs.
func (k *Keeper) ReloadIfChanged() {
	now := k.stamp()
	if now == k.seen {
		return
	}
	k.seen = now
	k.Reload()
}

// stamp tells one declaration from another; the zero stamp is a file that cannot be looked at.
func (k *Keeper) stamp() stamp {
	info, err := os.Stat(k.Declaration)
	if err != nil {
		return stamp{}
	}
	found := stamp{size: info.Size(), changed: info.ModTime().UnixNano()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		found.inode = stat.Ino
	}
	return found
}

// ClockJump counts a clock that was set, or a machine that slept.
func (k *Keeper) ClockJump(by time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.numbers.ClockJumps++
	k.Log.Warn("the clock jumped", "by", by.String())
}

// Look compares what is there with what is declared, and issues what is not right.
func (k *Keeper) Look(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now = now.Round(0)
	var problems []string
	note := func(what string, err error) {
		if err != nil {
			k.numbers.Failed++
			problems = append(problems, what+": "+err.Error())
			k.Log.Error(what, "error", err)
		}
	}
	if fresh, err := authority.Load(k.State); err == nil {
		k.ca = fresh
	} else {
		note("authority", err)
	}
	if fresh, err := authority.LoadDenied(k.State); err == nil {
		k.denied = fresh
	} else {
		note("deny list", err)
	}
	note("shared lists", k.shareLists(now))
	for _, leaf := range k.leaves {
		if waiting := k.trouble[leaf.Name]; waiting != nil && waiting.wait > 0 {
			waiting.wait--
			problems = append(problems, leaf.Name+": "+waiting.err.Error())
			continue
		}
		err := k.keep(view{k.ca, k.denied, now}, leaf)
		if err == nil {
			err = k.shareDenied(leaf)
		}
		k.settle(leaf.Name, err)
		note(leaf.Name, err)
	}
	note("undeclared", k.removeUndeclared(now))
	if k.declarationError != "" {
		problems = append(problems, k.declarationError)
	}
	k.last = NewReport(k.ca, k.denied, k.leaves, k.Out, now)
	k.last.Problems = append(k.last.Problems, problems...)
	k.numbers.LastLook = now
}

// settle notes how a leaf went: after a failure the next attempt waits twice as many looks as before.
func (k *Keeper) settle(name string, err error) {
	if err == nil {
		delete(k.trouble, name)
		return
	}
	if k.trouble == nil {
		k.trouble = map[string]*trouble{}
	}
	entry := k.trouble[name]
	if entry == nil {
		entry = &trouble{}
		k.trouble[name] = entry
	}
	entry.err = err
	entry.wait = min(1<<min(entry.failures, 30)-1, maxWait)
	entry.failures++
}

// Last is the report of the last look, and the numbers so far.
func (k *Keeper) Last() (Report, Numbers) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last, k.numbers
}
