package authority

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/vault"
)

func issue(t *testing.T, ca *Authority, at time.Time) *Issued {
	t.Helper()
	issued, err := ca.Issue(leaf("localhost"), at)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestRollIntermediate(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		before, folder := made(t, algorithm)
		old := issue(t, before, start.Add(300*day))
		after, err := Roll(folder, RollOptions{Passphrase: passphrase, Cost: cost}, start.Add(300*day))
		if err != nil {
			t.Fatal(err)
		}
		at := start.Add(300*day + time.Hour)
		if Fingerprint(after.Intermediate()) == Fingerprint(before.Intermediate()) || Fingerprint(after.Root()) != Fingerprint(before.Root()) {
			t.Fatal("not the intermediate alone was rolled over")
		}
		fresh := issue(t, after, at)
		for name, issued := range map[string]*Issued{"old": old, "new": fresh} {
			if err := peer(t, issued, before.Bundle(at), "localhost", at); err != nil {
				t.Errorf("%s leaf, old bundle: %v", name, err)
			}
			if !after.Ours(issued.Certificate) || after.Verify(issued.Certificate, at) != nil {
				t.Errorf("%s leaf is not ours any more", name)
			}
		}
		keys, err := filepath.Glob(filepath.Join(folder, "key-intermediate-*"))
		if err != nil || len(keys) != 1 {
			t.Errorf("the old intermediate's key is still there: %v %v", keys, err)
		}
		// Long after, the generation that expired is forgotten.
		later, err := Roll(folder, RollOptions{Passphrase: passphrase, Cost: cost}, start.Add(500*day))
		if err != nil || len(later.Intermediates) != 2 {
			t.Errorf("%v, %d intermediates", err, len(later.Intermediates))
		}
	})
}

func TestRollRoot(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		before, folder := made(t, algorithm)
		at := start.Add(100 * day)
		old := issue(t, before, at)
		another := []byte("another passphrase entirely")
		after, err := Roll(folder, RollOptions{Passphrase: passphrase, NewPassphrase: another, Root: true, Overlap: 30 * day, Cost: cost}, at)
		if err != nil {
			t.Fatal(err)
		}
		newRoot := []*x509.Certificate{after.Root()}
		if len(after.Bundle(at)) != 2 {
			t.Fatalf("the bundle has %d roots during the overlap", len(after.Bundle(at)))
		}
		fresh := issue(t, after, at)
		for _, check := range []struct {
			name   string
			issued *Issued
			roots  []*x509.Certificate
		}{
			{"old leaf, old bundle", old, before.Bundle(at)}, {"old leaf, new bundle", old, after.Bundle(at)},
			{"new leaf, old bundle", fresh, before.Bundle(at)}, {"new leaf, new bundle", fresh, after.Bundle(at)},
		} {
			if err := peer(t, check.issued, check.roots, "localhost", at); err != nil {
				t.Errorf("%s: %v", check.name, err)
			}
		}
		// Towards the end of the overlap leaves would outlive the old root's trust: they go through the new one.
		end := at.Add(30*day - time.Hour)
		last := issue(t, after, end)
		if err := peer(t, last, newRoot, "localhost", end); err != nil {
			t.Error("at the end of the overlap, new root alone:", err)
		}
		if over := at.Add(30 * day); len(after.Bundle(over)) != 1 || after.Verify(old.Certificate, over) == nil {
			t.Error("the old root outlives its overlap")
		}
		if _, err := Roll(folder, RollOptions{Passphrase: another, Cost: cost}, at); err == nil || !strings.Contains(err.Error(), "--early") {
			t.Error("peers with the old bundle are cut off:", err)
		}
		if _, err := Roll(folder, RollOptions{Passphrase: passphrase, Early: true, Cost: cost}, at); !errors.Is(err, vault.ErrPassphrase) {
			t.Error("the old passphrase opens the new root's key:", err)
		}
		if _, err := Roll(folder, RollOptions{Passphrase: another, Cost: cost}, at.Add(MinOverlap)); err != nil {
			t.Error(err)
		}
	})
}

func TestRollRefuses(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		_, folder := made(t, algorithm)
		if _, err := Roll(folder, RollOptions{Passphrase: []byte("a wrong passphrase"), Cost: cost}, start); !errors.Is(err, vault.ErrPassphrase) {
			t.Error(err)
		}
		if _, err := Roll(folder, RollOptions{Passphrase: passphrase, Root: true, Overlap: time.Hour, Cost: cost}, start); err == nil || !strings.Contains(err.Error(), "--overlap") {
			t.Error(err)
		}
		if _, err := Roll(folder, RollOptions{Passphrase: passphrase, Cost: cost}, start.Add(3648*day)); err == nil || !strings.Contains(err.Error(), "--root") {
			t.Error(err)
		}
		release, err := Lock(folder)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Roll(folder, RollOptions{Passphrase: passphrase, Cost: cost}, start); err == nil || !strings.Contains(err.Error(), "at work") {
			t.Error(err)
		}
		release()
		keys, err := filepath.Glob(filepath.Join(folder, "key-root-*"))
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		if err := os.WriteFile(keys[0], []byte(`{"format":`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Roll(folder, RollOptions{Passphrase: passphrase, Cost: cost}, start); err == nil || !strings.Contains(err.Error(), "backup") {
			t.Error(err)
		}
		if ca, err := Load(folder); err != nil {
			t.Error("a damaged root key stops the daily work:", err)
		} else {
			issue(t, ca, start)
		}
	})
}

// Wherever a roll-over is stopped, the authority works, and the roll-over can be done again.
func TestRollStoppedAnywhere(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		stopped := errors.New("stopped by the test")
		for point := 0; ; point++ {
			before, folder := made(t, algorithm)
			passed := 0
			files.Crash = func(string) error {
				if passed++; passed > point {
					return stopped
				}
				return nil
			}
			_, err := Roll(folder, RollOptions{Passphrase: passphrase, Root: true, Cost: cost}, start)
			files.Crash = nil
			if err == nil {
				if point < 4 {
					t.Fatalf("only %d points", point)
				}
				return
			}
			if !errors.Is(err, stopped) {
				t.Fatal(err)
			}
			ca, err := Load(folder)
			if err != nil {
				t.Fatalf("point %d: %v", point, err)
			}
			if err := peer(t, issue(t, ca, start), before.Bundle(start), "localhost", start); err != nil {
				t.Errorf("point %d: %v", point, err)
			}
			if _, err := Roll(folder, RollOptions{Passphrase: passphrase, Root: true, Early: true, Cost: cost}, start); err != nil {
				t.Errorf("point %d: again: %v", point, err)
			}
			if left, err := filepath.Glob(filepath.Join(folder, "key-*")); err != nil || len(left) != 2 {
				t.Errorf("point %d: keys left: %v %v", point, left, err)
			}
		}
	})
}

func TestDeny(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		_, folder := made(t, algorithm)
		serial, err := NormalSerial("0A:1b")
		if err != nil || serial != "a1b" {
			t.Fatal(serial, err)
		}
		for range 2 {
			if _, err := Deny(folder, []string{serial}, "lost", start); err != nil {
				t.Fatal(err)
			}
		}
		list, err := LoadDenied(folder)
		if err != nil || len(list) != 1 || !IsDenied(list, "a1b") || IsDenied(list, "a1") {
			t.Fatal(list, err)
		}
		for _, wrong := range []string{"", "xyz", "0", strings.Repeat("a", 41)} {
			if _, err := NormalSerial(wrong); err == nil {
				t.Errorf("%q taken", wrong)
			}
		}
	})
}
