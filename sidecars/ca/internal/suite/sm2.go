package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// SM2 is SM2 with SM3 (GB/T 32918, OID 1.2.156.10197.1.501) under the identity 1234567812345678, as GM/T 0009 has it. Go's
// x509 does not know the curve: everything here goes through smx509, whose path validation is that of Go's x509.
type SM2 struct{}

// Name is sm2.
func (SM2) Name() string { return "sm2" }

// Pairs: TLCP wants two certificates, and only knows SM2 ones.
func (SM2) Pairs() bool { return true }

// GenerateKey makes a key on the curve of GB/T 32918.5.
func (SM2) GenerateKey() (crypto.Signer, error) { return sm2.GenerateKey(rand.Reader) }

// MarshalKey writes PKCS #8: an EC key with the curve's OID 1.2.156.10197.1.301, which Tongsuo and OpenSSL read.
func (SM2) MarshalKey(key crypto.Signer) ([]byte, error) {
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encodeKey(der), nil
}

// ParseKey reads what MarshalKey writes.
func (SM2) ParseKey(pemBytes []byte) (crypto.Signer, error) {
	der, err := decodeKey(pemBytes)
	if err != nil {
		return nil, err
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errNotKey
	}
	key, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return nil, errors.New("not an SM2 key")
	}
	return key, nil
}

// Sign issues template under parent.
func (SM2) Sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) ([]byte, error) {
	return smx509.CreateCertificate(rand.Reader, template, parent, public, signer)
}

// ParseCertificate takes SM2 certificates only: keys on another curve, or ECDSA signatures made with an SM2 key, are not what
// peers were promised.
func (SM2) ParseCertificate(der []byte) (*x509.Certificate, error) {
	parsed, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	certificate := parsed.ToX509()
	return certificate, onlySM2(certificate)
}

func onlySM2(certificate *x509.Certificate) error {
	if key, ok := certificate.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != sm2.P256() {
		return errors.New("not a certificate for an SM2 key")
	}
	if certificate.SignatureAlgorithm != smx509.SM2WithSM3 {
		return errors.New("not signed with SM2 and SM3")
	}
	return nil
}

// Verify builds a path to one of roots.
func (SM2) Verify(certificate *x509.Certificate, roots, intermediates []*x509.Certificate, at time.Time, usage x509.ExtKeyUsage) error {
	options := smx509.VerifyOptions{
		Roots: smx509.NewCertPool(), Intermediates: smx509.NewCertPool(), CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage},
	}
	// Pools know no certificates but those that ParseCertificate has let through.
	for _, root := range roots {
		options.Roots.AddCert((*smx509.Certificate)(root))
	}
	for _, intermediate := range intermediates {
		options.Intermediates.AddCert((*smx509.Certificate)(intermediate))
	}
	if err := onlySM2(certificate); err != nil {
		return err
	}
	_, err := (*smx509.Certificate)(certificate).Verify(options)
	return err
}

// SignedBy checks only the signature.
func (SM2) SignedBy(certificate, parent *x509.Certificate) error {
	if err := onlySM2(certificate); err != nil {
		return err
	}
	return (*smx509.Certificate)(certificate).CheckSignatureFrom((*smx509.Certificate)(parent))
}
