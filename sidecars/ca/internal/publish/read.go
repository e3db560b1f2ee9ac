package publish

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/suite"
)

// ErrNone says that there is no pair yet.
var ErrNone = errors.New("no certificate yet")

// Current is the pair that folder shows now.
type Current struct {
	Leaf *x509.Certificate
	// Encryption is the other half of a TLCP leaf; nil where there is none.
	Encryption *x509.Certificate
	// Chain and Bundle as PEM.
	Chain, Bundle []byte
	// Keys are the files with a private key in them.
	Keys []KeyFileState
}

// KeyFileState is who may read a private key.
type KeyFileState struct {
	Name  string
	Mode  os.FileMode
	Owner files.Owner
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
	at := filepath.Join(folder, version)
	found := &Current{}
	if found.Leaf, found.Chain, err = found.half(algorithm, at, CertificateFile, KeyFile, CombinedFile); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	if _, err := os.Stat(filepath.Join(at, EncryptionCertificateFile)); !errors.Is(err, os.ErrNotExist) {
		found.Encryption, _, err = found.half(algorithm, at, EncryptionCertificateFile, EncryptionKeyFile, EncryptionCombinedFile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
	}
	if found.Bundle, err = os.ReadFile(filepath.Join(at, BundleFile)); err != nil {
		return nil, err
	}
	return found, nil
}

// half reads the three files of one key, and notes who may read the two that hold it.
func (c *Current) half(algorithm suite.Suite, at, certificate, key, combined string) (*x509.Certificate, []byte, error) {
	read := map[string][]byte{}
	for _, name := range []string{certificate, key, combined} {
		text, err := os.ReadFile(filepath.Join(at, name))
		if err != nil {
			return nil, nil, err
		}
		read[name] = text
	}
	if !bytes.Equal(read[combined], join(read[key], read[certificate])) {
		return nil, nil, fmt.Errorf("%s is not %s and %s", combined, key, certificate)
	}
	leaf, err := belong(algorithm, read[certificate], read[key])
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{key, combined} {
		state := KeyFileState{Name: name, Owner: files.Self}
		info, err := os.Stat(filepath.Join(at, name))
		if err != nil {
			return nil, nil, err
		}
		state.Mode = info.Mode().Perm()
		if system, ok := info.Sys().(*syscall.Stat_t); ok {
			state.Owner = files.Owner{UID: int(system.Uid), GID: int(system.Gid)}
		}
		c.Keys = append(c.Keys, state)
	}
	return leaf, read[certificate], nil
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
