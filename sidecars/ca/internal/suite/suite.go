// Package suite is the seam between the authority and its algorithms: everything that depends on the kind of key goes
// through Suite. P-256 is what Go's own x509 can do; SM2 is over a library that takes the same templates.
package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
)

// Suite makes keys and signs and checks certificates with one kind of algorithm.
type Suite interface {
	// Name is how state and settings call the suite.
	Name() string
	// Pairs says whether leaves can be two certificates, for signatures and for encryption, as TLCP wants them.
	Pairs() bool
	GenerateKey() (crypto.Signer, error)
	MarshalKey(key crypto.Signer) ([]byte, error)
	ParseKey(pemBytes []byte) (crypto.Signer, error)
	// Sign issues template under parent; the result is DER.
	Sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error)
	ParseCertificate(der []byte) (*x509.Certificate, error)
	// Verify builds a path to one of roots at a time, and checks signatures, dates, names, path length and usage along it.
	Verify(certificate *x509.Certificate, roots, intermediates []*x509.Certificate, at time.Time, usage x509.ExtKeyUsage) error
	// SignedBy checks only the signature.
	SignedBy(certificate, parent *x509.Certificate) error
}

var suites = map[string]Suite{"p256": P256{}, "sm2": SM2{}}

// Names of all suites, sorted.
func Names() []string {
	var names []string
	for name := range suites {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// ByName returns the suite of that name; the error lists what there is.
func ByName(name string) (Suite, error) {
	if found, ok := suites[name]; ok {
		return found, nil
	}
	return nil, fmt.Errorf("algorithm %q is not known: use one of %s", name, strings.Join(Names(), ", "))
}

// SameKey says whether two public keys are the same.
func SameKey(one, other crypto.PublicKey) bool {
	comparable, ok := one.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(other)
}

// errNotKey says no more: parsers' own words may quote what they read.
var errNotKey = errors.New("not a PKCS #8 private key")

func encodeKey(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func decodeKey(text []byte) ([]byte, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, errors.New("not one PEM block of a private key")
	}
	return block.Bytes, nil
}

// P256 is ECDSA on P-256 with SHA-256, as Go's x509 does it.
type P256 struct{}

func (P256) Name() string { return "p256" }

func (P256) Pairs() bool { return false }

func (P256) GenerateKey() (crypto.Signer, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (P256) MarshalKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encodeKey(der), nil
}

func (P256) ParseKey(pemBytes []byte) (crypto.Signer, error) {
	der, err := decodeKey(pemBytes)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errNotKey
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("not a P-256 key")
	}
	return key, nil
}

func (P256) Sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	return x509.CreateCertificate(rand.Reader, template, parent, public, signer)
}

func (P256) ParseCertificate(der []byte) (*x509.Certificate, error) {
	return x509.ParseCertificate(der)
}

func (P256) Verify(certificate *x509.Certificate, roots, intermediates []*x509.Certificate, at time.Time, usage x509.ExtKeyUsage) error {
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{usage},
	}
	for _, root := range roots {
		options.Roots.AddCert(root)
	}
	for _, intermediate := range intermediates {
		options.Intermediates.AddCert(intermediate)
	}
	_, err := certificate.Verify(options)
	return err
}

func (P256) SignedBy(certificate, parent *x509.Certificate) error {
	return certificate.CheckSignatureFrom(parent)
}
