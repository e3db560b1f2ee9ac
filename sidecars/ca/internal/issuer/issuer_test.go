package issuer

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/journal"
	"workstation/sidecars/ca/internal/publish"
)

const day = 24 * time.Hour

var (
	start      = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	passphrase = []byte("a passphrase of the test")
)

const one = `{"leaves":[{"name":"a","dns":["a.gows-dev.internal"],"lifetime":"24h"}]}`

// kind of authority and leaves that a test is run for.
type kind struct {
	algorithm string
	pair      bool
}

func each(t *testing.T, test func(t *testing.T, kind kind)) {
	for name, kind := range map[string]kind{"p256": {"p256", false}, "sm2": {"sm2", false}, "sm2 pair": {"sm2", true}} {
		t.Run(name, func(t *testing.T) { test(t, kind) })
	}
}

// lab is a keeper whose leaves are all pairs, or none.
type lab struct {
	*Keeper
	kind kind
}

func keeper(t *testing.T, kind kind, declared string) *lab {
	t.Helper()
	folder := t.TempDir()
	profile, err := authority.NewProfile("dev", kind.algorithm, nil, nil, authority.DefaultRootLifetime, authority.DefaultIntermediateLifetime)
	if err != nil {
		t.Fatal(err)
	}
	k := &lab{kind: kind, Keeper: &Keeper{
		State: filepath.Join(folder, "state"), Out: filepath.Join(folder, "out"), Declaration: filepath.Join(folder, "d.json"),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}}
	if _, err := authority.Init(k.State, profile, passphrase, 10, start); err != nil {
		t.Fatal(err)
	}
	declare(t, k, declared)
	if err := k.Open(); err != nil {
		t.Fatal(err)
	}
	return k
}

func declare(t *testing.T, k *lab, text string) {
	t.Helper()
	if err := os.WriteFile(k.Declaration, k.declared(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (k *lab) declared(text string) []byte {
	if k.kind.pair {
		text = strings.ReplaceAll(text, `{"name"`, `{"pair":true,"name"`)
	}
	return []byte(text)
}

func serial(t *testing.T, k *lab, name string) string {
	t.Helper()
	current, err := publish.Read(k.ca.Suite, filepath.Join(k.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	return authority.Serial(current.Leaf)
}

// look returns the serial of leaf a afterwards.
func look(t *testing.T, k *lab, at time.Time) string {
	t.Helper()
	k.Look(at)
	if report, _ := k.Last(); len(report.Problems) > 0 {
		t.Fatalf("at %s: %v", at, report.Problems)
	}
	return serial(t, k, "a")
}

func lastNote(t *testing.T, k *lab) string {
	t.Helper()
	entries, err := journal.Verify(k.State)
	if err != nil {
		t.Fatal(err)
	}
	return entries[len(entries)-1].Note
}

func TestRenewal(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		first := look(t, k, start)
		if again := look(t, k, start.Add(14*time.Hour)); again != first {
			t.Fatal("renewed with more than a third and the jitter left")
		}
		second := look(t, k, start.Add(16*time.Hour))
		if second == first || lastNote(t, k) != string(Renewal) {
			t.Fatal("not renewed with a third left")
		}
		// The machine slept for a week.
		third := look(t, k, start.Add(7*day))
		if third == second || lastNote(t, k) != string(Expired) {
			t.Fatal("an expired leaf stays")
		}
		// The clock was a week ahead, and is put right: the leaf is from the future.
		fourth := look(t, k, start.Add(17*time.Hour))
		if fourth == third || lastNote(t, k) != string(Future) {
			t.Fatal("a leaf from the future stays")
		}
		if fifth := look(t, k, start.Add(17*time.Hour-time.Minute)); fifth != fourth {
			t.Fatal("a minute back is what back-dating is for")
		}
		// A new process finds what is there.
		restarted := &lab{kind: kind, Keeper: &Keeper{State: k.State, Out: k.Out, Declaration: k.Declaration, Log: k.Log}}
		if err := restarted.Open(); err != nil {
			t.Fatal(err)
		}
		if sixth := look(t, restarted, start.Add(18*time.Hour)); sixth != fourth {
			t.Fatal("issued again by a restart")
		}
		if seventh := look(t, restarted, start.Add(30*day)); seventh == fourth {
			t.Fatal("expired at the start, and not renewed")
		}
	})
}

func TestJitterSpreadsRenewals(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		var leaves []string
		for index := range 20 {
			leaves = append(leaves, fmt.Sprintf(`{"name":"l%d","dns":["l%d.gows-dev.internal"]}`, index, index))
		}
		k := keeper(t, kind, `{"leaves":[`+strings.Join(leaves, ",")+`]}`)
		k.Look(start)
		times := map[time.Time]bool{}
		for index := range 20 {
			current, err := publish.Read(k.ca.Suite, filepath.Join(k.Out, fmt.Sprintf("l%d", index)))
			if err != nil {
				t.Fatal(err)
			}
			at := renewAt(current.Leaf)
			left := current.Leaf.NotAfter.Sub(at)
			if left < 8*time.Hour || left > 8*time.Hour+72*time.Minute {
				t.Errorf("renewed with %s left", left)
			}
			times[at] = true
		}
		if len(times) < 10 {
			t.Errorf("20 leaves are renewed at %d moments", len(times))
		}
	})
}

func TestWhatIsNotAsDeclaredIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		other := keeper(t, kind, one)
		other.Look(start)
		for name, change := range map[Fault]func(k *lab) error{
			Damaged: func(k *lab) error {
				return os.WriteFile(filepath.Join(k.Out, "a", "current", "tls.key"), []byte("x"), 0o600)
			},
			Missing: func(k *lab) error { return os.Remove(filepath.Join(k.Out, "a", "current")) },
			Foreign: func(k *lab) error {
				if err := os.RemoveAll(filepath.Join(k.Out, "a")); err != nil {
					return err
				}
				return os.Rename(filepath.Join(other.Out, "a"), filepath.Join(k.Out, "a"))
			},
			Files: func(k *lab) error { return os.Chmod(filepath.Join(k.Out, "a", "current", "tls.key"), 0o644) },
			DeniedNow: func(k *lab) error {
				_, err := authority.Deny(k.State, []string{serial(t, k, "a")}, "test", start)
				return err
			},
			Names: func(k *lab) error {
				declare(t, k, `{"leaves":[{"name":"a","dns":["b.gows-dev.internal"],"lifetime":"24h"}]}`)
				k.Reload()
				return nil
			},
			Profile: func(k *lab) error {
				declare(t, k, `{"leaves":[{"name":"a","dns":["a.gows-dev.internal"],"lifetime":"12h","usage":"both"}]}`)
				k.Reload()
				return nil
			},
			Trust: func(k *lab) error {
				_, err := authority.Roll(k.State, authority.RollOptions{Passphrase: passphrase, Root: true, Cost: 10}, start)
				return err
			},
		} {
			k := keeper(t, kind, one)
			first := look(t, k, start)
			if err := change(k); err != nil {
				t.Fatal(err)
			}
			if name != Trust {
				denied, err := authority.LoadDenied(k.State)
				if err != nil {
					t.Fatal(err)
				}
				if report := NewReport(k.ca, denied, k.leaves, k.Out, start); len(report.Problems) != 1 || report.Leaves[0].Fault != name {
					t.Errorf("%s: status says %v", name, report.Problems)
				}
			}
			if second := look(t, k, start); second == first || lastNote(t, k) != string(name) {
				t.Errorf("%s: replaced because of %q", name, lastNote(t, k))
			}
		}
	})
}

func TestRollIsGradual(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		first := look(t, k, start)
		if _, err := authority.Roll(k.State, authority.RollOptions{Passphrase: passphrase, Cost: 10}, start); err != nil {
			t.Fatal(err)
		}
		if again := look(t, k, start.Add(time.Hour)); again != first {
			t.Error("a good leaf was replaced because of a new intermediate")
		}
		if later := look(t, k, start.Add(16*time.Hour)); later == first {
			t.Error("not renewed")
		}
		current, err := publish.Read(k.ca.Suite, filepath.Join(k.Out, "a"))
		if err != nil || k.ca.Suite.SignedBy(current.Leaf, k.ca.Intermediate()) != nil {
			t.Error("the renewed leaf is not from the new intermediate", err)
		}
	})
}

func TestNearTheEndOfTheIntermediate(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		end := k.ca.Intermediate().NotAfter
		k.Look(end.Add(-10 * time.Hour))
		first := serial(t, k, "a")
		for range 3 {
			k.Look(end.Add(-time.Hour))
		}
		if report, _ := k.Last(); serial(t, k, "a") != first || !strings.Contains(strings.Join(report.Problems, "\n"), "roll over") {
			t.Error("leaves that end with the intermediate are issued again and again:", report.Problems)
		}
		k.Look(end.Add(time.Hour))
		if report, _ := k.Last(); !strings.Contains(report.Problems[0], "the intermediate expired") {
			t.Error(report.Problems)
		}
	})
}

func TestDeclarationChanges(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		first := look(t, k, start)
		declare(t, k, `{"leaves":[`)
		k.Reload()
		k.Look(start)
		if report, _ := k.Last(); len(report.Problems) != 1 || !strings.Contains(report.Problems[0], "not valid") || serial(t, k, "a") != first {
			t.Fatal("a wrong declaration must be told, and the one before stay:", report.Problems)
		}
		declare(t, k, `{"leaves":[{"name":"b","ips":["127.0.0.1"]}]}`)
		k.Reload()
		k.Look(start)
		if _, err := os.Stat(filepath.Join(k.Out, "a")); !errors.Is(err, os.ErrNotExist) {
			t.Error("what is not declared any more is still there")
		}
		serial(t, k, "b")
		declare(t, k, `{"leaves":[{"name":"b","dns":["example.org"]},{"name":"c","ips":["127.0.0.1"]}]}`)
		k.Reload()
		k.Look(start)
		report, _ := k.Last()
		if !strings.Contains(strings.Join(report.Problems, "\n"), "outside what the authority may certify") {
			t.Error(report.Problems)
		}
		serial(t, k, "c")
	})
}

func TestDeclarationIsFollowedWithoutASignal(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		k.ReloadIfChanged()
		first := look(t, k, start)
		k.ReloadIfChanged()
		if again := look(t, k, start); again != first {
			t.Fatal("an unchanged declaration replaced a leaf")
		}
		replace := func(text string) {
			t.Helper()
			if err := os.WriteFile(k.Declaration+".new", k.declared(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(k.Declaration+".new", k.Declaration); err != nil {
				t.Fatal(err)
			}
			k.ReloadIfChanged()
		}
		replace(strings.Replace(one, "a.gows-dev.internal", "b.gows-dev.internal", 1))
		second := look(t, k, start)
		if second == first {
			t.Fatal("a changed declaration was not followed")
		}
		replace("{")
		k.Look(start)
		if report, _ := k.Last(); len(report.Problems) == 0 || serial(t, k, "a") != second {
			t.Fatalf("a wrong declaration: problems %v", report.Problems)
		}
		if err := os.Remove(k.Declaration); err != nil {
			t.Fatal(err)
		}
		k.ReloadIfChanged()
		k.Look(start)
		if report, _ := k.Last(); len(report.Problems) == 0 || serial(t, k, "a") != second {
			t.Fatalf("a missing declaration: problems %v", report.Problems)
		}
		replace(strings.Replace(one, "a.gows-dev.internal", "b.gows-dev.internal", 1))
		if again := look(t, k, start); again != second {
			t.Fatal("the same declaration as before replaced a leaf")
		}
	})
}

func TestALastingFaultDoesNotFillTheLog(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		// A file where the folder should be: every attempt to publish fails after it was logged.
		if err := os.WriteFile(filepath.Join(k.Out, "a"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			k.Look(start)
		}
		report, numbers := k.Last()
		entries, err := journal.Verify(k.State)
		if err != nil || len(entries) > map[bool]int{false: 8, true: 16}[kind.pair] || len(report.Problems) == 0 || numbers.Failed > 8 {
			t.Errorf("%d lines after 50 looks, problems %v, %v", len(entries), report.Problems, err)
		}
		if err := os.Remove(filepath.Join(k.Out, "a")); err != nil {
			t.Fatal(err)
		}
		k.Reload()
		look(t, k, start)
	})
}
