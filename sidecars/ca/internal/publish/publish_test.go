package publish

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
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

// kind of leaf that a test is run for: P-256, SM2, or a TLCP pair of SM2.
type kind struct {
	suite.Suite
	pair bool
}

var kinds = map[string]kind{"p256": {suite.P256{}, false}, "sm2": {suite.SM2{}, false}, "sm2 pair": {suite.SM2{}, true}}

func each(t *testing.T, test func(t *testing.T, kind kind)) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) { test(t, kind) })
	}
}

// pair has the same serial in both halves, so that readers see whether the halves belong together.
func pair(t testing.TB, kind kind) Pair {
	t.Helper()
	serial := big.NewInt(time.Now().UnixNano())
	made := Pair{Owner: files.Self, KeyMode: 0o600}
	made.Chain, made.Key = half(t, kind, serial)
	made.Bundle = made.Chain
	if kind.pair {
		made.EncryptionChain, made.EncryptionKey = half(t, kind, serial)
	}
	return made
}

func half(t testing.TB, kind kind, serial *big.Int) (chain, text []byte) {
	t.Helper()
	key, err := kind.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "x"}}
	der, err := kind.Sign(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = kind.MarshalKey(key); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), text
}

func shown(t testing.TB, kind kind, folder string) []byte {
	t.Helper()
	current, err := Read(kind.Suite, folder)
	if err != nil {
		t.Fatal(err)
	}
	if kind.pair != (current.Encryption != nil) || kind.pair && current.Encryption.SerialNumber.Cmp(current.Leaf.SerialNumber) != 0 {
		t.Fatal("the halves of the pair do not belong together")
	}
	return current.Chain
}

// readCombined reads a key with its chain as a server does, and returns the serial.
func readCombined(kind kind, path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if !kind.Pairs() {
		pair, err := tls.X509KeyPair(text, text)
		if err != nil {
			return "", err
		}
		return pair.Leaf.SerialNumber.String(), nil
	}
	block, chain := pem.Decode(text)
	if block == nil {
		return "", errors.New("no PEM")
	}
	leaf, err := belong(kind, chain, pem.EncodeToMemory(block))
	if err != nil {
		return "", err
	}
	return leaf.SerialNumber.String(), nil
}

// readVersion reads all that a version of a leaf holds, and checks that it belongs together.
func readVersion(kind kind, version string) error {
	serial, err := readCombined(kind, filepath.Join(version, CombinedFile))
	if err != nil || !kind.pair {
		return err
	}
	other, err := readCombined(kind, filepath.Join(version, EncryptionCombinedFile))
	if err == nil && other != serial {
		return fmt.Errorf("%s holds halves of two pairs", version)
	}
	return err
}

func TestReadersNeverSeeHalves(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		folder := t.TempDir()
		if err := Write(folder, pair(t, kind)); err != nil {
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
					err = readVersion(kind, version)
					// A reader held up for more than three renewals finds its folder gone, and never a wrong half.
					if err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Error(err)
						return
					}
					_, err = readCombined(kind, filepath.Join(folder, current, CombinedFile))
					if err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Error(err)
						return
					}
					if err == nil {
						reads++
					}
				}
			}()
		}
		for range 40 {
			if err := Write(folder, pair(t, kind)); err != nil {
				t.Fatal(err)
			}
		}
		close(done)
		group.Wait()
		if versions, err := list(folder); err != nil || len(versions) != kept+1 {
			t.Errorf("%d pairs are kept: %v", len(versions), err)
		}
	})
}

func TestStoppedAnywhereLeavesOldOrNew(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		stopped := errors.New("stopped by the test")
		for point := 0; ; point++ {
			folder := t.TempDir()
			old, fresh := pair(t, kind), pair(t, kind)
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
			if !bytes.Equal(shown(t, kind, folder), wanted) {
				t.Errorf("stopped at %s: neither the old pair nor the new one", where)
			}
			next := pair(t, kind)
			if err := Write(folder, next); err != nil || !bytes.Equal(shown(t, kind, folder), next.Chain) {
				t.Errorf("stopped at %s: the next one fails: %v", where, err)
			}
			if left, err := filepath.Glob(filepath.Join(folder, files.TempPrefix+"*")); err != nil || len(left) != 0 {
				t.Errorf("stopped at %s: left behind: %v %v", where, left, err)
			}
		}
	})
}

// TestKilled ends a process that writes one pair after another with SIGKILL.
func TestKilled(t *testing.T) {
	if folder := os.Getenv("PUBLISH_UNTIL_KILLED"); folder != "" {
		kind := kinds[os.Getenv("PUBLISH_KIND")]
		for {
			if err := Write(folder, pair(t, kind)); err != nil {
				t.Fatal(err)
			}
			os.Stdout.WriteString("written\n")
		}
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) { killed(t, name, kind) })
	}
}

func killed(t *testing.T, name string, kind kind) {
	folder := t.TempDir()
	for round := range 10 {
		writer := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		writer.Env = append(os.Environ(), "PUBLISH_UNTIL_KILLED="+folder, "PUBLISH_KIND="+name)
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
		shown(t, kind, folder)
	}
}

func TestRemoveKeepsWhatIsNotOurs(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		folder := filepath.Join(t.TempDir(), "leaf")
		if err := Write(folder, pair(t, kind)); err != nil {
			t.Fatal(err)
		}
		foreign := filepath.Join(folder, "notes.txt")
		if err := os.WriteFile(foreign, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Remove(folder); err == nil || !strings.Contains(err.Error(), "notes.txt") {
			t.Fatal(err)
		}
		shown(t, kind, folder)
		if err := errors.Join(os.Remove(foreign), Remove(folder)); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(kind.Suite, folder); !errors.Is(err, ErrNone) {
			t.Fatal(err)
		}
	})
}

func TestMismatchIsSeen(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		folder := t.TempDir()
		one, other := pair(t, kind), pair(t, kind)
		one.Key = other.Key
		if err := Write(folder, one); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(kind.Suite, folder); err == nil || !strings.Contains(err.Error(), "not the certificate's") {
			t.Fatal(err)
		}
	})
}

// Servers read the combined files: one that is not key and chain is damage, even where the single files are right.
func TestDamageIsSeen(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		names := []string{CertificateFile, KeyFile, CombinedFile, BundleFile}
		if kind.pair {
			names = append(names, EncryptionKeyFile, EncryptionCombinedFile, EncryptionCertificateFile)
		}
		for _, name := range names {
			folder := t.TempDir()
			if err := Write(folder, pair(t, kind)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, "v00000001", name)
			if name != BundleFile {
				if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := Read(kind.Suite, folder); err == nil {
					t.Errorf("a damaged %s is taken", name)
				}
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			// Whether a pair was wanted is for the declaration to say.
			if found, err := Read(kind.Suite, folder); err == nil && (name != EncryptionCertificateFile || found.Encryption != nil) {
				t.Errorf("without %s nothing is missed", name)
			}
		}
	})
}

func TestShare(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "leaf")
	if err := Share(folder, DeniedFile, []byte("[]\n")); err != nil {
		t.Fatal("before the first pair:", err)
	}
	if err := Write(folder, pair(t, kinds["p256"])); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"[]\n", "[1]\n", "[1]\n"} {
		if err := Share(folder, DeniedFile, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if found, err := os.ReadFile(filepath.Join(folder, DeniedFile)); err != nil || string(found) != text {
			t.Fatalf("%q %v", found, err)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, DeniedFile)); err != nil || info.Mode().Perm() != 0o644 {
		t.Fatal("servers cannot read it:", info, err)
	}
	if err := Remove(folder); err != nil {
		t.Fatal("it is ours, and stands in the way:", err)
	}
}
