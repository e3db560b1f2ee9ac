package issuer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/journal"
	"workstation/sidecars/ca/internal/publish"
)

// keep issues a leaf again where it is not as it should be.
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
	// Logged first: nothing is ever out that the log does not know.
	for _, entry := range k.entries(leaf, issued, fault, v.now) {
		if err := journal.Append(k.State, entry); err != nil {
			return err
		}
	}
	if err := publish.Write(folder, k.pair(leaf, issued, v.now)); err != nil {
		return err
	}
	k.numbers.Issued++
	k.Log.Info("issued", "name", leaf.Name, "serial", authority.Serial(issued.Certificate), "because", string(fault), "detail", detail,
		"notAfter", issued.Certificate.NotAfter.Format(time.RFC3339))
	return nil
}

// entries of the log: one a certificate, and those of a pair name each other.
func (k *Keeper) entries(leaf declaration.Leaf, issued *authority.Issued, fault Fault, now time.Time) []journal.Entry {
	entry := func(one *authority.Issued) journal.Entry {
		return journal.Entry{
			Time: now, Event: "issued", Name: leaf.Name, Names: leaf.Names(), Serial: authority.Serial(one.Certificate),
			NotBefore: &one.Certificate.NotBefore, NotAfter: &one.Certificate.NotAfter,
			Fingerprint: authority.Fingerprint(one.Certificate), Issuer: authority.Fingerprint(k.ca.Intermediate()), Note: string(fault),
		}
	}
	first := entry(issued)
	if issued.Encryption == nil {
		return []journal.Entry{first}
	}
	second := entry(issued.Encryption)
	first.Use, first.Other = "sign", second.Serial
	second.Use, second.Other = "encryption", first.Serial
	return []journal.Entry{first, second}
}

func (k *Keeper) pair(leaf declaration.Leaf, issued *authority.Issued, now time.Time) publish.Pair {
	chain := func(one *authority.Issued) []byte {
		return append(authority.EncodePEM(one.Certificate), authority.EncodePEM(one.Chain...)...)
	}
	pair := publish.Pair{
		Chain: chain(issued), Key: issued.Key, Bundle: authority.EncodePEM(k.ca.Bundle(now)...),
		Owner: files.Owner{UID: leaf.UID, GID: leaf.GID}, KeyMode: leaf.Mode,
	}
	if issued.Encryption != nil {
		pair.EncryptionChain, pair.EncryptionKey = chain(issued.Encryption), issued.Encryption.Key
	}
	return pair
}

// shareLists writes what peers need to judge our certificates, where it has changed. The deny list comes before any renewal: it
// is what protects.
func (k *Keeper) shareLists(now time.Time) error {
	if err := files.Sweep(k.Out); err != nil {
		return err
	}
	list, err := authority.EncodeDenied(k.denied)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		BundleFile: authority.EncodePEM(k.ca.Bundle(now)...),
		DeniedFile: list,
	} {
		path := filepath.Join(k.Out, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if err := files.WriteAtomic(path, content, 0o644); err != nil {
			return err
		}
	}
	var failed error
	for _, leaf := range k.leaves {
		failed = errors.Join(failed, k.shareDenied(leaf))
	}
	return failed
}

// shareDenied keeps the deny list in a leaf's folder, which is all that its server mounts.
func (k *Keeper) shareDenied(leaf declaration.Leaf) error {
	list, err := authority.EncodeDenied(k.denied)
	if err != nil {
		return err
	}
	return publish.Share(filepath.Join(k.Out, leaf.Name), publish.DeniedFile, list)
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
