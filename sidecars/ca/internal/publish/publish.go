// Package publish hands a certificate and its key to a server as one: each pair is a folder of its own, and the link
// `current` moves from one to the next in one step. Who resolves `current` once and reads below that never sees two halves.
package publish

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"workstation/sidecars/ca/internal/files"
)

const (
	current = "current"
	// kept is how many pairs stay behind the current one, for readers that have resolved the link.
	kept = 3
)

// Names of the files of a pair. A TLCP leaf has two keys: the files of the second, for encryption, start with enc.
const (
	CertificateFile = "tls.crt"
	KeyFile         = "tls.key"
	CombinedFile    = "tls.pem"
	BundleFile      = "ca.crt"

	EncryptionCertificateFile = "enc.crt"
	EncryptionKeyFile         = "enc.key"
	EncryptionCombinedFile    = "enc.pem"

	// DeniedFile lies beside the pairs: who mounts the folder reads it there.
	DeniedFile = "denied.json"
)

var versionName = regexp.MustCompile(`^v[0-9]{8}$`)

// Pair is what goes out for one leaf. Chain starts with the leaf.
type Pair struct {
	Chain, Key, Bundle []byte
	// EncryptionChain and EncryptionKey are the other half of a TLCP leaf; nil for all others.
	EncryptionChain, EncryptionKey []byte
	Owner                          files.Owner
	KeyMode                        os.FileMode
}

type content struct {
	name string
	text []byte
	mode os.FileMode
}

func (p Pair) contents() []content {
	half := func(certificate, key, combined string, chain, keyText []byte) []content {
		return []content{{certificate, chain, 0o644}, {key, keyText, p.KeyMode}, {combined, join(keyText, chain), p.KeyMode}}
	}
	all := half(CertificateFile, KeyFile, CombinedFile, p.Chain, p.Key)
	if p.EncryptionChain != nil {
		all = append(all, half(EncryptionCertificateFile, EncryptionKeyFile, EncryptionCombinedFile, p.EncryptionChain, p.EncryptionKey)...)
	}
	return append(all, content{BundleFile, p.Bundle, 0o644})
}

func join(key, chain []byte) []byte { return append(append([]byte{}, key...), chain...) }

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
	for _, file := range pair.contents() {
		if err := files.WriteNew(filepath.Join(temp, file.name), file.text, file.mode, pair.Owner); err != nil {
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

// Remove takes a folder away that is no longer declared, if it holds only what Write makes.
func Remove(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if name != current && name != DeniedFile && !versionName.MatchString(name) && !strings.HasPrefix(name, files.TempPrefix) {
			return fmt.Errorf("%s is not declared any more, but holds %q: not removed", folder, name)
		}
	}
	// The link first: nobody finds half a folder.
	if err := os.Remove(filepath.Join(folder, current)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(folder)
}

// Share writes a file beside the pairs where it has changed; a folder that is not there yet gets it with its first pair.
func Share(folder, name string, text []byte) error {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		// What stands in the way is told by Write.
		return nil
	}
	path := filepath.Join(folder, name)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return files.WriteAtomic(path, text, 0o644)
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
