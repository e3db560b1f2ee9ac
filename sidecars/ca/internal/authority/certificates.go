package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/suite"
)

const (
	caBackdate = time.Hour
	// LeafBackdate is how far a peer's clock may be behind.
	LeafBackdate = 5 * time.Minute
)

// Fingerprint is SHA-256 over the certificate, in hex.
func Fingerprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// Serial in hex, as the log and the deny list have it.
func Serial(certificate *x509.Certificate) string { return certificate.SerialNumber.Text(16) }

// EncodePEM joins certificates as PEM.
func EncodePEM(certificates ...*x509.Certificate) []byte {
	var text []byte
	for _, certificate := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	}
	return text
}

// DecodePEM reads certificates; anything else in the text is an error.
func DecodePEM(algorithm suite.Suite, text []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for len(text) > 0 {
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("not PEM certificates")
		}
		certificate, err := algorithm.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("damaged certificate: %w", err)
		}
		certificates = append(certificates, certificate)
		text = rest
	}
	if len(certificates) == 0 {
		return nil, errors.New("no certificate")
	}
	return certificates, nil
}

func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

func (p Profile) caTemplate(kind string, depth int, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		// The serial makes each generation's name its own, so that no verifier mixes two of them up.
		Subject: pkix.Name{
			Organization: []string{"go-workstation " + p.Stack},
			CommonName:   fmt.Sprintf("%s %s %s", p.Stack, kind, serial.Text(16)[:8]),
		},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            depth,
		MaxPathLenZero:        depth == 0,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	p.constrain(template)
	if depth == 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	return template, nil
}

// constrain limits every kind of name: a kind without a constraint would be free.
func (p Profile) constrain(template *x509.Certificate) {
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = p.DNS
	template.PermittedIPRanges = p.networks()
	template.PermittedURIDomains = p.uriDomains()
	template.PermittedEmailAddresses = p.DNS
}

// sign issues template and reads it back.
func sign(algorithm suite.Suite, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := algorithm.Sign(template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return algorithm.ParseCertificate(der)
}

func (p Profile) newRoot(algorithm suite.Suite, now time.Time) (*x509.Certificate, crypto.Signer, error) {
	key, err := algorithm.GenerateKey()
	if err != nil {
		return nil, nil, err
	}
	template, err := p.caTemplate("root", 1, now.Add(-caBackdate), now.Add(time.Duration(p.RootLifetime)))
	if err != nil {
		return nil, nil, err
	}
	root, err := sign(algorithm, template, template, key.Public(), key)
	return root, key, err
}

func (p Profile) newIntermediate(algorithm suite.Suite, root *x509.Certificate, rootKey crypto.Signer, now time.Time) (*x509.Certificate, crypto.Signer, error) {
	key, err := algorithm.GenerateKey()
	if err != nil {
		return nil, nil, err
	}
	notAfter := earlier(now.Add(time.Duration(p.IntermediateLifetime)), root.NotAfter)
	template, err := p.caTemplate("intermediate", 0, later(now.Add(-caBackdate), root.NotBefore), notAfter)
	if err != nil {
		return nil, nil, err
	}
	intermediate, err := sign(algorithm, template, root, key.Public(), rootKey)
	return intermediate, key, err
}

// cross lets the old root vouch for the new intermediate, for those who do not have the new root yet.
func (p Profile) cross(algorithm suite.Suite, intermediate, old *x509.Certificate, oldKey crypto.Signer) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := *intermediate
	template.SerialNumber = serial
	template.NotAfter = earlier(intermediate.NotAfter, old.NotAfter)
	// Of the other root; filled in again from the parent.
	template.AuthorityKeyId = nil
	return sign(algorithm, &template, old, intermediate.PublicKey, oldKey)
}

// Key usages of leaves: TLCP wants one certificate to sign with and one to encrypt to, everything else only the first.
const (
	SignUsage       = x509.KeyUsageDigitalSignature
	EncryptionUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageKeyAgreement
)

func leafTemplate(leaf declaration.Leaf, stack string, usage x509.KeyUsage, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		// The blanks keep verifiers that take a common name for a host name from doing so.
		Subject:               pkix.Name{Organization: []string{"go-workstation " + stack}, CommonName: leaf.Name + " of " + stack},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		BasicConstraintsValid: true,
		KeyUsage:              usage,
		DNSNames:              leaf.DNS,
		IPAddresses:           leaf.IPs,
		URIs:                  leaf.URIs,
	}
	if leaf.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if leaf.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	return template, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
