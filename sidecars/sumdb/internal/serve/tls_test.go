package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"workstation/sidecars/sumdb/internal/serve"
)

func TestCertificateIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tls.pem")
	renew := func(serial int64) {
		t.Helper()
		if err := os.WriteFile(path+".new", pair(t, serial), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := serve.TLS(path); err == nil {
		t.Error("starts without a certificate")
	}
	renew(1)
	settings, err := serve.TLS(path)
	if err != nil {
		t.Fatal(err)
	}
	shown := func() int64 {
		t.Helper()
		pair, err := settings.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return certificate.SerialNumber.Int64()
	}
	if serial := shown(); serial != 1 {
		t.Error(serial)
	}
	renew(2)
	if serial := shown(); serial != 2 {
		t.Error("a renewed certificate is not taken:", serial)
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if serial := shown(); serial != 2 {
		t.Error("a broken file ends the old one:", serial)
	}
}

func pair(t *testing.T, serial int64) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if _, err := tls.X509KeyPair(text, text); err != nil {
		t.Fatal(err)
	}
	return text
}
