package publish

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/suite"
)

var algorithm = suite.P256{}

func pair(t testing.TB) Pair {
	t.Helper()
	key, err := algorithm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "x"}}
	der, err := algorithm.Sign(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := algorithm.MarshalKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return Pair{Chain: chain, Key: text, Bundle: chain, Owner: files.Self, KeyMode: 0o600}
}

func shown(t testing.TB, folder string) []byte {
	t.Helper()
	current, err := Read(algorithm, folder)
	if err != nil {
		t.Fatal(err)
	}
	return current.Chain
}

func TestReadersNeverSeeHalves(t *testing.T) {
	folder := t.TempDir()
	if err := Write(folder, pair(t)); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			reads := 0
			for {
				select {
				case <-done:
					if reads == 0 {
						t.Error("a reader never read")
					}
					return
				default:
				}
				version, err := os.Readlink(filepath.Join(folder, current))
				if err != nil {
					t.Error(err)
					return
				}
				version = filepath.Join(folder, version)
				_, err = tls.LoadX509KeyPair(filepath.Join(version, CertificateFile), filepath.Join(version, KeyFile))
				// A reader held up for more than three renewals finds its folder gone, and never a wrong half.
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
					return
				}
				combined, err := os.ReadFile(filepath.Join(folder, current, CombinedFile))
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
					return
				}
				if err == nil {
					if _, err := tls.X509KeyPair(combined, combined); err != nil {
						t.Error(err)
						return
					}
					reads++
				}
			}
		}()
	}
	for range 40 {
		if err := Write(folder, pair(t)); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	group.Wait()
	if versions, err := list(folder); err != nil || len(versions) != kept+1 {
		t.Errorf("%d pairs are kept: %v", len(versions), err)
	}
}

func TestStoppedAnywhereLeavesOldOrNew(t *testing.T) {
	stopped := errors.New("stopped by the test")
	for point := 0; ; point++ {
		folder := t.TempDir()
		old, fresh := pair(t), pair(t)
		if err := Write(folder, old); err != nil {
			t.Fatal(err)
		}
		passed, where := 0, ""
		files.Crash = func(name string) error {
			if passed++; passed > point {
				where = name
				return stopped
			}
			return nil
		}
		err := Write(folder, fresh)
		files.Crash = nil
		if err == nil {
			if point < 6 {
				t.Fatalf("only %d points", point)
			}
			return
		}
		if !errors.Is(err, stopped) {
			t.Fatal(err)
		}
		wanted := old.Chain
		if where == "swapped" {
			wanted = fresh.Chain
		}
		if !bytes.Equal(shown(t, folder), wanted) {
			t.Errorf("stopped at %s: neither the old pair nor the new one", where)
		}
		next := pair(t)
		if err := Write(folder, next); err != nil || !bytes.Equal(shown(t, folder), next.Chain) {
			t.Errorf("stopped at %s: the next one fails: %v", where, err)
		}
		if left, err := filepath.Glob(filepath.Join(folder, files.TempPrefix+"*")); err != nil || len(left) != 0 {
			t.Errorf("stopped at %s: left behind: %v %v", where, left, err)
		}
	}
}

// TestKilled ends a process that writes one pair after another with SIGKILL.
func TestKilled(t *testing.T) {
	if folder := os.Getenv("PUBLISH_UNTIL_KILLED"); folder != "" {
		for {
			if err := Write(folder, pair(t)); err != nil {
				t.Fatal(err)
			}
			os.Stdout.WriteString("written\n")
		}
	}
	folder := t.TempDir()
	for round := range 10 {
		writer := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		writer.Env = append(os.Environ(), "PUBLISH_UNTIL_KILLED="+folder)
		out, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		// Killed while it is writing: after the first pair, a little later each round.
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(round) * 700 * time.Microsecond)
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := writer.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatal("not killed:", err)
		}
		shown(t, folder)
	}
}

func TestRemoveKeepsWhatIsNotOurs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "leaf")
	if err := Write(folder, pair(t)); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Remove(folder); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Fatal(err)
	}
	shown(t, folder)
	if err := errors.Join(os.Remove(foreign), Remove(folder)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(algorithm, folder); !errors.Is(err, ErrNone) {
		t.Fatal(err)
	}
}

func TestMismatchIsSeen(t *testing.T) {
	folder := t.TempDir()
	one, other := pair(t), pair(t)
	one.Key = other.Key
	if err := Write(folder, one); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(algorithm, folder); err == nil || !strings.Contains(err.Error(), "not the certificate's") {
		t.Fatal(err)
	}
}
