// Package authority is the certificate authority itself: a root whose key is only used for roll-over, an intermediate that
// signs leaves, and the state folder that holds them. One file, authority.json, says what counts: everything else is written
// before it, so that a crash leaves the old state or the new one.
package authority

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/suite"
	"workstation/sidecars/ca/internal/vault"
)

const (
	stateFile   = "authority.json"
	stateFormat = "workstation-ca/1"
	keyPrefix   = "key-"
)

type wireState struct {
	Format        string             `json:"format"`
	Profile       Profile            `json:"profile"`
	Roots         []wireRoot         `json:"roots"`
	Intermediates []wireIntermediate `json:"intermediates"`
}

type wireRoot struct {
	Certificate string `json:"certificate"`
	// Key is the name of the encrypted key's file; empty once a newer root has taken over.
	Key string `json:"key,omitempty"`
	// Retires is when the root leaves the bundle, if before it expires.
	Retires *time.Time `json:"retires,omitempty"`
}

type wireIntermediate struct {
	Certificate string `json:"certificate"`
	// Cross is the same intermediate, signed by the root before.
	Cross string `json:"cross,omitempty"`
	Key   string `json:"key,omitempty"`
}

// Root that is or was trusted.
type Root struct {
	Certificate *x509.Certificate
	// Until is when the root leaves the bundle.
	Until time.Time
}

// Intermediate that signs or signed leaves.
type Intermediate struct {
	Certificate, Cross *x509.Certificate
}

// Authority as loaded. The last root and the last intermediate are the active ones.
type Authority struct {
	Profile       Profile
	Suite         suite.Suite
	Roots         []Root
	Intermediates []Intermediate
	// Key of the active intermediate.
	Key crypto.Signer

	wire wireState
}

// Root is the active one.
func (a *Authority) Root() *x509.Certificate { return a.Roots[len(a.Roots)-1].Certificate }

// Intermediate is the active one.
func (a *Authority) Intermediate() *x509.Certificate {
	return a.Intermediates[len(a.Intermediates)-1].Certificate
}

// CheckFolder makes the state folder where it is missing, and refuses one that others can enter.
func CheckFolder(folder string, create bool) error {
	if folder == "" {
		return errors.New("--state is missing: the folder that holds the authority")
	}
	if create {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	info, err := os.Stat(folder)
	if err != nil {
		return fmt.Errorf("--state: %w (make it with init)", err)
	}
	if mode := info.Mode().Perm(); !info.IsDir() || mode&0o077 != 0 {
		return fmt.Errorf("--state %s has mode %04o: it must be a folder that only its owner can enter (chmod 700)", folder, mode)
	}
	return nil
}

// Load reads the state and checks that its parts belong together.
func Load(folder string) (*Authority, error) {
	if err := CheckFolder(folder, false); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("--state %s holds no authority: make one with init", folder)
	}
	if err != nil {
		return nil, err
	}
	authority, err := parse(text)
	if err == nil {
		err = authority.loadKey(folder)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w: bring it back from a backup, or make a new authority", filepath.Join(folder, stateFile), err)
	}
	return authority, nil
}

func parse(text []byte) (*Authority, error) {
	authority := &Authority{}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&authority.wire); err != nil {
		return nil, err
	}
	wire := authority.wire
	if wire.Format != stateFormat {
		return nil, fmt.Errorf("format %q is not %q", wire.Format, stateFormat)
	}
	if err := wire.Profile.check(); err != nil {
		return nil, err
	}
	authority.Profile = wire.Profile
	authority.Suite, _ = suite.ByName(wire.Profile.Algorithm)
	if len(wire.Roots) == 0 || len(wire.Intermediates) == 0 {
		return nil, errors.New("no root or no intermediate")
	}
	return authority, authority.decode()
}

func (a *Authority) decode() error {
	one := func(text string) (*x509.Certificate, error) {
		certificates, err := DecodePEM(a.Suite, []byte(text))
		if err != nil {
			return nil, err
		}
		return certificates[0], nil
	}
	var roots []*x509.Certificate
	for _, wire := range a.wire.Roots {
		certificate, err := one(wire.Certificate)
		if err != nil {
			return err
		}
		until := certificate.NotAfter
		if wire.Retires != nil {
			until = earlier(until, *wire.Retires)
		}
		a.Roots = append(a.Roots, Root{certificate, until})
		roots = append(roots, certificate)
	}
	for _, wire := range a.wire.Intermediates {
		var entry Intermediate
		var err error
		if entry.Certificate, err = one(wire.Certificate); err != nil {
			return err
		}
		if wire.Cross != "" {
			if entry.Cross, err = one(wire.Cross); err != nil {
				return err
			}
		}
		for _, certificate := range []*x509.Certificate{entry.Certificate, entry.Cross} {
			if certificate == nil {
				continue
			}
			// At its own time: being expired is not being damaged.
			if err := a.Suite.Verify(certificate, roots, nil, certificate.NotBefore.Add(time.Second), x509.ExtKeyUsageAny); err != nil {
				return fmt.Errorf("an intermediate does not belong to the roots: %w", err)
			}
		}
		a.Intermediates = append(a.Intermediates, entry)
	}
	return nil
}

func (a *Authority) loadKey(folder string) error {
	name := a.wire.Intermediates[len(a.wire.Intermediates)-1].Key
	text, err := readKey(folder, name)
	if err != nil {
		return err
	}
	if a.Key, err = a.Suite.ParseKey(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !suite.SameKey(a.Key.Public(), a.Intermediate().PublicKey) {
		return fmt.Errorf("%s is not the intermediate's key", name)
	}
	return nil
}

func (a *Authority) rootKey(folder string, passphrase []byte) (crypto.Signer, error) {
	name := a.wire.Roots[len(a.wire.Roots)-1].Key
	sealed, err := readKey(folder, name)
	if err != nil {
		return nil, err
	}
	opened, err := vault.Open(sealed, passphrase)
	if err != nil {
		return nil, fmt.Errorf("root key %s: %w", name, err)
	}
	return a.Suite.ParseKey(opened)
}

func readKey(folder, name string) ([]byte, error) {
	if name == "" || filepath.Base(name) != name || !strings.HasPrefix(name, keyPrefix) {
		return nil, fmt.Errorf("%q is not the name of a key file", name)
	}
	path := filepath.Join(folder, name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: others must not read it (chmod 600)", path, mode)
	}
	return os.ReadFile(path)
}

// commit writes the state; from here on it counts. Keys that it no longer names are removed.
func (w wireState) commit(folder string) error {
	text, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	if err := files.WriteAtomic(filepath.Join(folder, stateFile), append(text, '\n'), 0o600); err != nil {
		return err
	}
	if err := files.At("committed"); err != nil {
		return err
	}
	return w.removeOldKeys(folder)
}

func (w wireState) removeOldKeys(folder string) error {
	named := map[string]bool{}
	for _, root := range w.Roots {
		named[root.Key] = true
	}
	for _, intermediate := range w.Intermediates {
		named[intermediate.Key] = true
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), keyPrefix) && !named[entry.Name()] {
			if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
				return err
			}
		}
	}
	return files.Sweep(folder)
}
