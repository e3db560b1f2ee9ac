// Package issuer keeps declared certificates fresh: it looks at the clock and at the files every few seconds, and never
// sleeps until a date, so that a machine that slept or whose clock was set is right again at the next look.
package issuer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/journal"
	"workstation/sidecars/ca/internal/publish"
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
	k.leaves, err = declaration.Read(k.Declaration)
	return err
}

// Reload reads the declaration again; a wrong one is reported and the one before stays in force.
func (k *Keeper) Reload() {
	k.mu.Lock()
	defer k.mu.Unlock()
	leaves, err := declaration.Read(k.Declaration)
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
	denied, err := authority.LoadDenied(k.State)
	note("deny list", err)
	note("trust bundle", k.shareLists(denied, now))
	for _, leaf := range k.leaves {
		if waiting := k.trouble[leaf.Name]; waiting != nil && waiting.wait > 0 {
			waiting.wait--
			problems = append(problems, leaf.Name+": "+waiting.err.Error())
			continue
		}
		err := k.keep(view{k.ca, denied, now}, leaf)
		k.settle(leaf.Name, err)
		note(leaf.Name, err)
	}
	note("undeclared", k.removeUndeclared(now))
	if k.declarationError != "" {
		problems = append(problems, k.declarationError)
	}
	k.last = NewReport(k.ca, denied, k.leaves, k.Out, now)
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

func (k *Keeper) keep(v view, leaf declaration.Leaf) error {
	folder := filepath.Join(k.Out, leaf.Name)
	current, readError := publish.Read(k.ca.Suite, folder)
	fault, detail := v.judge(leaf, current, readError)
	if fault == Good {
		return nil
	}
	if fault == Renewal {
		// Close to the intermediate's end a new leaf would end when the old one does.
		if _, notAfter := k.ca.Validity(leaf, v.now); !notAfter.After(current.Leaf.NotAfter) {
			return errors.New("cannot be renewed past the intermediate's end: roll over")
		}
	}
	issued, err := k.ca.Issue(leaf, v.now)
	if err != nil {
		return err
	}
	entry := journal.Entry{
		Time: v.now, Event: "issued", Name: leaf.Name, Names: leaf.Names(), Serial: authority.Serial(issued.Certificate),
		NotBefore: &issued.Certificate.NotBefore, NotAfter: &issued.Certificate.NotAfter,
		Fingerprint: authority.Fingerprint(issued.Certificate), Issuer: authority.Fingerprint(k.ca.Intermediate()), Note: string(fault),
	}
	// Logged first: nothing is ever out that the log does not know.
	if err := journal.Append(k.State, entry); err != nil {
		return err
	}
	pair := publish.Pair{
		Chain: append(authority.EncodePEM(issued.Certificate), authority.EncodePEM(issued.Chain...)...),
		Key:   issued.Key, Bundle: authority.EncodePEM(k.ca.Bundle(v.now)...),
		Owner: files.Owner{UID: leaf.UID, GID: leaf.GID}, KeyMode: leaf.Mode,
	}
	if err := publish.Write(folder, pair); err != nil {
		return err
	}
	k.numbers.Issued++
	k.Log.Info("issued", "name", leaf.Name, "serial", entry.Serial, "because", string(fault), "detail", detail,
		"notAfter", issued.Certificate.NotAfter.Format(time.RFC3339))
	return nil
}

// shareLists writes what peers need to judge our certificates, where it has changed.
func (k *Keeper) shareLists(denied []authority.Denied, now time.Time) error {
	if err := files.Sweep(k.Out); err != nil {
		return err
	}
	if denied == nil {
		denied = []authority.Denied{}
	}
	list, err := json.MarshalIndent(denied, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		BundleFile: authority.EncodePEM(k.ca.Bundle(now)...),
		DeniedFile: append(list, '\n'),
	} {
		path := filepath.Join(k.Out, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if err := files.WriteAtomic(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) removeUndeclared(now time.Time) error {
	declared := map[string]bool{}
	for _, leaf := range k.leaves {
		declared[leaf.Name] = true
	}
	folders, err := publish.Folders(k.Out)
	if err != nil {
		return err
	}
	for _, name := range folders {
		if declared[name] {
			continue
		}
		if err := publish.Remove(filepath.Join(k.Out, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := journal.Append(k.State, journal.Entry{Time: now, Event: "removed", Name: name, Note: "not declared any more"}); err != nil {
			return err
		}
		k.Log.Info("removed", "name", name)
	}
	return nil
}

// Last is the report of the last look, and the numbers so far.
func (k *Keeper) Last() (Report, Numbers) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last, k.numbers
}
