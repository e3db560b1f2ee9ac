package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSealOpen(t *testing.T) {
	secret, passphrase := []byte("the key"), []byte("a passphrase of the test")
	sealed, err := Seal(secret, passphrase, minCost)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret) {
		t.Fatal("the secret is in the clear")
	}
	if opened, err := Open(sealed, passphrase); err != nil || !bytes.Equal(opened, secret) {
		t.Fatalf("%q %v", opened, err)
	}
	if _, err := Open(sealed, []byte("another passphrase!")); !errors.Is(err, ErrPassphrase) {
		t.Fatal(err)
	}
	again, err := Seal(secret, passphrase, minCost)
	if err != nil || bytes.Equal(again, sealed) {
		t.Fatal("salt and nonce repeat", err)
	}
}

func TestOpenRefusesEveryChange(t *testing.T) {
	passphrase := []byte("a passphrase of the test")
	sealed, err := Seal([]byte("the key"), passphrase, minCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"salt", "nonce", "sealed", "cost", "format"} {
		var parts map[string]any
		if err := json.Unmarshal(sealed, &parts); err != nil {
			t.Fatal(err)
		}
		switch value := parts[field].(type) {
		case string:
			other := byte('A')
			if value[0] == other {
				other = 'B'
			}
			parts[field] = string(other) + value[1:]
		case float64:
			parts[field] = value + 1
		}
		changed, err := json.Marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(changed, passphrase); err == nil {
			t.Errorf("%s was changed and nobody noticed", field)
		}
	}
	huge := bytes.Replace(sealed, []byte(`"cost":10`), []byte(`"cost":60`), 1)
	if _, err := Open(huge, passphrase); err == nil || !strings.Contains(err.Error(), "out of range") {
		t.Fatal(err)
	}
	for length := range sealed {
		if _, err := Open(sealed[:length], passphrase); err == nil && length < len(sealed)-1 {
			t.Fatalf("cut to %d bytes it opens", length)
		}
	}
}

func TestReadPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	write("sixteen letters!!\r\n", 0o600)
	if read, err := ReadPassphrase(path); err != nil || string(read) != "sixteen letters!!" {
		t.Fatalf("%q %v", read, err)
	}
	write("sixteen letters!!", 0o640)
	if _, err := ReadPassphrase(path); err == nil || !strings.Contains(err.Error(), "0640") {
		t.Fatal(err)
	}
	write("hush hush", 0o600)
	if _, err := ReadPassphrase(path); err == nil || strings.Contains(err.Error(), "hush") {
		t.Fatal("short passphrase taken, or printed:", err)
	}
	if _, err := ReadPassphrase(""); err == nil {
		t.Fatal("no file taken")
	}
}
