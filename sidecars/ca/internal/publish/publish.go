// Package publish hands a certificate and its key to a server as one: each pair is a folder of its own, and the link
// `current` moves from one to the next in one step. Who resolves `current` once and reads below that never sees two halves.
package publish

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"

	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/suite"
)

const (
	current = "current"
	// kept is how many pairs stay behind the current one, for readers that have resolved the link.
	kept = 3
)

// Names of the files of a pair.
const (
	CertificateFile = "tls.crt"
	KeyFile         = "tls.key"
	CombinedFile    = "tls.pem"
	BundleFile      = "ca.crt"
)

var versionName = regexp.MustCompile(`^v[0-9]{8}$`)

// Pair is what goes out for one leaf. Chain starts with the leaf.
type Pair struct {
	Chain, Key, Bundle []byte
	Owner              files.Owner
	KeyMode            os.FileMode
}

// Write makes pair the current one of folder.
func Write(folder string, pair Pair) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	// The process's umask must not keep the server out; keys are guarded by their own mode.
	if err := os.Chmod(folder, 0o755); err != nil {
		return err
	}
	if err := files.Sweep(folder); err != nil {
		return err
	}
	versions, err := list(folder)
	if err != nil {
		return err
	}
	next := 1
	if len(versions) > 0 {
		if _, err := fmt.Sscanf(versions[len(versions)-1], "v%d", &next); err != nil {
			return err
		}
		next++
	}
	name := fmt.Sprintf("v%08d", next)
	if err := fill(folder, name, pair); err != nil {
		return err
	}
	if err := files.SwapLink(name, filepath.Join(folder, current)); err != nil {
		return err
	}
	if err := files.At("swapped"); err != nil {
		return err
	}
	for index, version := range versions {
		if index < len(versions)-kept {
			if err := os.RemoveAll(filepath.Join(folder, version)); err != nil {
				return err
			}
		}
	}
	return nil
}

func fill(folder, name string, pair Pair) error {
	temp := filepath.Join(folder, files.TempPrefix+name)
	if err := os.Mkdir(temp, 0o755); err != nil {
		return err
	}
	for _, file := range []struct {
		name    string
		content []byte
		mode    os.FileMode
	}{
		{CertificateFile, pair.Chain, 0o644},
		{KeyFile, pair.Key, pair.KeyMode},
		{CombinedFile, append(append([]byte{}, pair.Key...), pair.Chain...), pair.KeyMode},
		{BundleFile, pair.Bundle, 0o644},
	} {
		if err := files.WriteNew(filepath.Join(temp, file.name), file.content, file.mode, pair.Owner); err != nil {
			return err
		}
		if err := files.At("pair:" + file.name); err != nil {
			return err
		}
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err := files.SyncFolder(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(folder, name)); err != nil {
		return err
	}
	if err := files.At("pair:renamed"); err != nil {
		return err
	}
	return files.SyncFolder(folder)
}

func list(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var versions []string
	for _, entry := range entries {
		if versionName.MatchString(entry.Name()) {
			versions = append(versions, entry.Name())
		}
	}
	sort.Strings(versions)
	return versions, nil
}

// ErrNone says that there is no pair yet.
var ErrNone = errors.New("no certificate yet")

// Current is the pair that folder shows now.
type Current struct {
	Leaf *x509.Certificate
	// Chain and Bundle as PEM.
	Chain, Bundle []byte
	KeyMode       os.FileMode
	Owner         files.Owner
}

// Read takes the current pair and checks that certificate and key belong together.
func Read(algorithm suite.Suite, folder string) (*Current, error) {
	version, err := os.Readlink(filepath.Join(folder, current))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	if !versionName.MatchString(version) {
		return nil, fmt.Errorf("%s points at %q, which is not one of ours", filepath.Join(folder, current), version)
	}
	read := map[string][]byte{}
	for _, name := range []string{CertificateFile, KeyFile, BundleFile} {
		if read[name], err = os.ReadFile(filepath.Join(folder, version, name)); err != nil {
			return nil, err
		}
	}
	leaf, err := belong(algorithm, read[CertificateFile], read[KeyFile])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, version), err)
	}
	info, err := os.Stat(filepath.Join(folder, version, KeyFile))
	if err != nil {
		return nil, err
	}
	owner := files.Self
	if system, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = files.Owner{UID: int(system.Uid), GID: int(system.Gid)}
	}
	return &Current{leaf, read[CertificateFile], read[BundleFile], info.Mode().Perm(), owner}, nil
}

func belong(algorithm suite.Suite, chain, keyText []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(chain)
	if block == nil {
		return nil, errors.New("not a PEM certificate")
	}
	leaf, err := algorithm.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := algorithm.ParseKey(keyText)
	if err != nil {
		return nil, err
	}
	if !suite.SameKey(key.Public(), leaf.PublicKey) {
		return nil, errors.New("the key is not the certificate's")
	}
	return leaf, nil
}

// Remove takes a folder away that is no longer declared, if it holds only what Write makes.
func Remove(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if name != current && !versionName.MatchString(name) && !strings.HasPrefix(name, files.TempPrefix) {
			return fmt.Errorf("%s is not declared any more, but holds %q: not removed", folder, name)
		}
	}
	// The link first: nobody finds half a folder.
	if err := os.Remove(filepath.Join(folder, current)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(folder)
}

// Folders that look like ones of ours below out.
func Folders(out string) ([]string, error) {
	entries, err := os.ReadDir(out)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		if _, err := os.Lstat(filepath.Join(out, entry.Name(), current)); err == nil {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
