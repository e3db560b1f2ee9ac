package issuer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/journal"
	"workstation/sidecars/ca/internal/publish"
)

var pairs = kind{"sm2", true}

func serials(t *testing.T, k *lab) (sign, encryption string) {
	t.Helper()
	current, err := publish.Read(k.ca.Suite, filepath.Join(k.Out, "a"))
	if err != nil {
		t.Fatal(err)
	}
	return authority.Serial(current.Leaf), authority.Serial(current.Encryption)
}

func TestPairIsOne(t *testing.T) {
	for name, change := range map[Fault]func(k *lab) error{
		Damaged: func(k *lab) error {
			return os.WriteFile(filepath.Join(k.Out, "a", "current", "enc.pem"), []byte("x"), 0o600)
		},
		Profile: func(k *lab) error { return os.Remove(filepath.Join(k.Out, "a", "current", "enc.crt")) },
		Files:   func(k *lab) error { return os.Chmod(filepath.Join(k.Out, "a", "current", "enc.pem"), 0o644) },
		DeniedNow: func(k *lab) error {
			_, encryption := serials(t, k)
			_, err := authority.Deny(k.State, []string{encryption}, "test", start)
			return err
		},
		Names: func(k *lab) error {
			return swapEncryption(k, `{"leaves":[{"name":"a","dns":["b.gows-dev.internal"]}]}`, start)
		},
	} {
		k := keeper(t, pairs, one)
		look(t, k, start)
		sign, encryption := serials(t, k)
		if err := change(k); err != nil {
			t.Fatal(err)
		}
		denied, err := authority.LoadDenied(k.State)
		if err != nil {
			t.Fatal(err)
		}
		if report := NewReport(k.ca, denied, k.leaves, k.Out, start); len(report.Problems) != 1 || report.Leaves[0].Fault != name {
			t.Errorf("%s: status says %v", name, report.Problems)
		}
		look(t, k, start)
		if newSign, newEncryption := serials(t, k); newSign == sign || newEncryption == encryption || lastNote(t, k) != string(name) {
			t.Errorf("%s: not both halves were replaced, because of %q", name, lastNote(t, k))
		}
	}
}

// swapEncryption puts the encryption half of what another declaration gets, or of another time, beside the signing half.
func swapEncryption(k *lab, declared string, at time.Time) error {
	kept, err := halfFiles(k, "tls.crt", "tls.key", "tls.pem")
	if err != nil {
		return err
	}
	before := k.leaves
	if err := os.WriteFile(k.Declaration, k.declared(declared), 0o600); err != nil {
		return err
	}
	k.Reload()
	if err := os.RemoveAll(filepath.Join(k.Out, "a")); err != nil {
		return err
	}
	k.Look(at)
	k.leaves = before
	for name, text := range kept {
		if err := os.WriteFile(filepath.Join(k.Out, "a", "current", name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func halfFiles(k *lab, names ...string) (map[string][]byte, error) {
	read := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(k.Out, "a", "current", name))
		if err != nil {
			return nil, err
		}
		read[name] = text
	}
	return read, nil
}

func TestHalvesOfTwoTimesAreNoPair(t *testing.T) {
	k := keeper(t, pairs, one)
	look(t, k, start)
	if err := swapEncryption(k, one, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	report := NewReport(k.ca, nil, k.leaves, k.Out, start.Add(time.Hour))
	if report.Leaves[0].Fault != Profile || !strings.Contains(report.Leaves[0].Detail, "not issued together") {
		t.Error(report.Leaves[0].Fault, report.Leaves[0].Detail)
	}
}

// Where the encryption certificate may sign, it is not what was declared.
func TestHalvesCannotChangePlaces(t *testing.T) {
	k := keeper(t, pairs, one)
	look(t, k, start)
	folder := filepath.Join(k.Out, "a", "current")
	for _, kind := range []string{"crt", "key", "pem"} {
		sign, encryption, aside := filepath.Join(folder, "tls."+kind), filepath.Join(folder, "enc."+kind), filepath.Join(folder, "aside")
		for _, move := range [][2]string{{sign, aside}, {encryption, sign}, {aside, encryption}} {
			if err := os.Rename(move[0], move[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if report := NewReport(k.ca, nil, k.leaves, k.Out, start); report.Leaves[0].Fault != Profile {
		t.Error(report.Leaves[0].Fault)
	}
}

func TestPairIsLoggedAndReported(t *testing.T) {
	k := keeper(t, pairs, one)
	look(t, k, start)
	sign, encryption := serials(t, k)
	entries, err := journal.Verify(k.State)
	if err != nil || len(entries) != 2 {
		t.Fatal(entries, err)
	}
	for index, wanted := range []struct{ use, serial, other string }{{"sign", sign, encryption}, {"encryption", encryption, sign}} {
		if entry := entries[index]; entry.Use != wanted.use || entry.Serial != wanted.serial || entry.Other != wanted.other {
			t.Errorf("%+v", entry)
		}
	}
	report, numbers := k.Last()
	if leaf := report.Leaves[0]; leaf.Serial != sign || leaf.EncryptionSerial != encryption || !leaf.IssuedByUs || !leaf.RightNames || numbers.Issued != 1 {
		t.Errorf("%+v", leaf)
	}
	if report.Authority.Algorithm != "sm2" {
		t.Error(report.Authority.Algorithm)
	}
}

func TestPairIsTurnedOnAndOff(t *testing.T) {
	k := keeper(t, kind{"sm2", false}, one)
	first := look(t, k, start)
	k.kind = pairs
	declare(t, k, one)
	k.Reload()
	second := look(t, k, start)
	if _, encryption := serials(t, k); second == first || encryption == "" || lastNote(t, k) != string(Profile) {
		t.Error("a pair was declared, and none was issued")
	}
	k.kind.pair = false
	declare(t, k, one)
	k.Reload()
	if third := look(t, k, start); third == second {
		t.Error("the pair stays although it is not declared")
	}
	if _, err := os.Stat(filepath.Join(k.Out, "a", "current", "enc.key")); !os.IsNotExist(err) {
		t.Error("the encryption key is still there:", err)
	}
}

func TestPairNeedsSM2(t *testing.T) {
	k := keeper(t, kind{"p256", false}, one)
	first := look(t, k, start)
	k.kind.pair = true
	declare(t, k, one)
	k.Reload()
	k.Look(start)
	if report, _ := k.Last(); len(report.Problems) != 1 || !strings.Contains(report.Problems[0], "leaves[0].pair") || serial(t, k, "a") != first {
		t.Error(report.Problems)
	}
}

// Servers mount their leaf's folder and nothing else: the deny list has to be there, and to follow.
func TestDenyListIsInEachLeaf(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		two := `{"leaves":[{"name":"a","dns":["a.gows-dev.internal"]},{"name":"b","dns":["b.gows-dev.internal"]}]}`
		k := keeper(t, kind, two)
		look(t, k, start)
		same := func(wanted int) {
			t.Helper()
			shared, err := os.ReadFile(filepath.Join(k.Out, "denied.json"))
			if err != nil {
				t.Fatal(err)
			}
			var list []authority.Denied
			if err := json.Unmarshal(shared, &list); err != nil || len(list) != wanted {
				t.Fatalf("%d serials in %s: %v", wanted, shared, err)
			}
			for _, name := range []string{"a", "b"} {
				if found, err := os.ReadFile(filepath.Join(k.Out, name, "denied.json")); err != nil || string(found) != string(shared) {
					t.Fatalf("%s: %s %v", name, found, err)
				}
			}
		}
		same(0)
		if _, err := authority.Deny(k.State, []string{serial(t, k, "a")}, "lost", start); err != nil {
			t.Fatal(err)
		}
		look(t, k, start)
		same(1)
		// Someone takes the serial out again: it is back at the next look.
		if err := os.WriteFile(filepath.Join(k.Out, "b", "denied.json"), []byte("[]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		look(t, k, start)
		same(1)
		// After the intermediate has expired nothing can be issued, and the list still goes out.
		if _, err := authority.Deny(k.State, []string{serial(t, k, "b")}, "", start); err != nil {
			t.Fatal(err)
		}
		k.Look(start.Add(400 * day))
		same(2)
		// A damaged list sets nobody free.
		if err := os.WriteFile(filepath.Join(k.State, "denied.json"), []byte("["), 0o600); err != nil {
			t.Fatal(err)
		}
		k.Look(start.Add(400 * day))
		same(2)
		if report, _ := k.Last(); !strings.Contains(strings.Join(report.Problems, "\n"), "denied.json is damaged") {
			t.Error(report.Problems)
		}
		restarted := &Keeper{State: k.State, Out: k.Out, Declaration: k.Declaration, Log: k.Log}
		if err := restarted.Open(); err == nil || !strings.Contains(err.Error(), "denied.json") {
			t.Error("a start without knowing what is denied:", err)
		}
	})
}
