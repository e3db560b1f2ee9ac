// Package vault keeps a secret under a passphrase: scrypt for the key, AES-256-GCM over the secret, and the parameters
// authenticated with it.
package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/crypto/scrypt"
)

const format = "workstation-ca-vault/1"

// Cost of scrypt as a power of two. 17 takes 128 MiB and about half a second.
const (
	DefaultCost = 17
	minCost     = 10
	maxCost     = 20
	minLength   = 16
)

// ErrPassphrase says that the passphrase does not open the vault, or that the vault was changed: the two look alike.
var ErrPassphrase = errors.New("the passphrase does not open the key, or the file was changed: " +
	"use the passphrase file that init was given, or bring the file back from a backup")

type header struct {
	Format string `json:"format"`
	Cost   int    `json:"cost"`
	Salt   []byte `json:"salt"`
	Nonce  []byte `json:"nonce"`
}

type envelope struct {
	header
	Sealed []byte `json:"sealed"`
}

// Seal encrypts secret; cost is DefaultCost outside tests.
func Seal(secret, passphrase []byte, cost int) ([]byte, error) {
	head := header{Format: format, Cost: cost, Salt: make([]byte, 32), Nonce: make([]byte, 12)}
	for _, field := range [][]byte{head.Salt, head.Nonce} {
		if _, err := rand.Read(field); err != nil {
			return nil, err
		}
	}
	box, bound, err := head.open(passphrase)
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(envelope{head, box.Seal(nil, head.Nonce, secret, bound)})
	return append(out, '\n'), err
}

// Open decrypts what Seal wrote.
func Open(sealed, passphrase []byte) ([]byte, error) {
	var box envelope
	decoder := json.NewDecoder(bytes.NewReader(sealed))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&box); err != nil || box.Format != format {
		return nil, errors.New("not an encrypted key of this program, or a damaged one: bring it back from a backup")
	}
	if box.Cost < minCost || box.Cost > maxCost || len(box.Salt) != 32 || len(box.Nonce) != 12 {
		return nil, errors.New("damaged encrypted key: its parameters are out of range: bring it back from a backup")
	}
	cipher, bound, err := box.header.open(passphrase)
	if err != nil {
		return nil, err
	}
	secret, err := cipher.Open(nil, box.Nonce, box.Sealed, bound)
	if err != nil {
		return nil, ErrPassphrase
	}
	return secret, nil
}

// open derives the cipher, and the bytes that bind the parameters to the secret.
func (h header) open(passphrase []byte) (cipher.AEAD, []byte, error) {
	key, err := scrypt.Key(passphrase, h.Salt, 1<<h.Cost, 8, 1, 32)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, err
	}
	bound, err := json.Marshal(h)
	return box, bound, err
}

// ReadPassphrase takes the passphrase from a file that only its owner can read, without the line end.
func ReadPassphrase(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("--passphrase-file is missing: the root key is only kept encrypted")
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("--passphrase-file: %w", err)
	}
	if mode := info.Mode().Perm(); info.Mode().IsRegular() && mode&0o077 != 0 {
		return nil, fmt.Errorf("--passphrase-file %s has mode %04o: others must not read it (chmod 600)", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--passphrase-file: %w", err)
	}
	text = bytes.TrimRight(text, "\r\n")
	if len(text) < minLength {
		return nil, fmt.Errorf("--passphrase-file %s: the passphrase is shorter than %d bytes", path, minLength)
	}
	return text, nil
}
