package authority

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"workstation/sidecars/ca/internal/testpeer"
)

// What the authority never issues is refused even where its own key signed it.
func TestVerifyRefusesWhatIsNeverIssued(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		ca, _ := made(t, algorithm)
		for name, change := range map[string]func(*x509.Certificate){
			"limited to TLS": func(c *x509.Certificate) { c.ExtKeyUsage = nil },
			"limited to TLS servers": func(c *x509.Certificate) {
				c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageCodeSigning)
			},
			"limited to TLS servers and": func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} },
			"not limited to": func(c *x509.Certificate) {
				c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}}
			},
			"may sign certificates": func(c *x509.Certificate) { c.IsCA = true; c.KeyUsage |= x509.KeyUsageCertSign },
			"may sign":              func(c *x509.Certificate) { c.BasicConstraintsValid = false },
			"lives 72h0m1s":         func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(3*day + time.Second) },
			"is before":             func(c *x509.Certificate) { c.NotBefore = start.Add(time.Minute) },
			"is after":              func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Minute) },
			"key usage":             func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement },
			"outside what":          func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "example.org") },
		} {
			template, err := leafTemplate(leaf("localhost"), "dev", SignUsage, start.Add(-time.Hour), start.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			change(template)
			key, err := ca.Suite.GenerateKey()
			if err != nil {
				t.Fatal(err)
			}
			forged, err := sign(ca.Suite, template, ca.Intermediate(), key.Public(), ca.Key)
			if err != nil {
				t.Fatal(err)
			}
			if err := ca.Verify(forged, start); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// An intermediate for servers alone cannot make clients: usages are checked along the whole path.
func TestUsagesOfTheIntermediateCount(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		profile, err := NewProfile("dev", algorithm, nil, nil, DefaultRootLifetime, DefaultIntermediateLifetime)
		if err != nil {
			t.Fatal(err)
		}
		ca, _ := made(t, algorithm)
		root, rootKey, err := profile.newRoot(ca.Suite, start)
		if err != nil {
			t.Fatal(err)
		}
		template, err := profile.caTemplate("intermediate", 0, start.Add(-time.Hour), start.Add(100*day))
		if err != nil {
			t.Fatal(err)
		}
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		intermediate, err := sign(ca.Suite, template, root, ca.Key.Public(), rootKey)
		if err != nil {
			t.Fatal(err)
		}
		narrow := &Authority{
			Profile: profile, Suite: ca.Suite, Key: ca.Key, Roots: []Root{{root, root.NotAfter}},
			Intermediates: []Intermediate{{Certificate: intermediate}},
		}
		wanted := leaf("localhost")
		if _, err := narrow.Issue(wanted, start); err != nil {
			t.Error(err)
		}
		wanted.Client = true
		if _, err := narrow.Issue(wanted, start); err == nil || !strings.Contains(err.Error(), "key usage") {
			t.Error("a client's certificate from an intermediate for servers:", err)
		}
	})
}

func TestPair(t *testing.T) {
	ca, _ := made(t, "sm2")
	wanted := leaf("goproxy.gows-dev.internal", "127.0.0.1")
	wanted.Pair, wanted.Client = true, true
	issued, err := ca.Issue(wanted, start)
	if err != nil {
		t.Fatal(err)
	}
	one, other := issued.Certificate, issued.Encryption.Certificate
	if Serial(one) == Serial(other) || string(issued.Key) == string(issued.Encryption.Key) {
		t.Error("the halves are one")
	}
	if !one.NotBefore.Equal(other.NotBefore) || !one.NotAfter.Equal(other.NotAfter) || one.Subject.String() != other.Subject.String() {
		t.Error("the halves were not issued together")
	}
	for usage, half := range map[string]*Issued{
		"Digital Signature": issued, "Key Encipherment, Data Encipherment, Key Agreement": issued.Encryption,
	} {
		for _, name := range []string{"goproxy.gows-dev.internal", "127.0.0.1"} {
			for _, purpose := range []string{"sslserver", "sslclient"} {
				question := testpeer.Question{
					Leaf: EncodePEM(half.Certificate), Issuer: EncodePEM(half.Chain[0]), Roots: EncodePEM(ca.Bundle(start)...),
					Name: name, Purpose: purpose, At: start,
				}
				if err := testpeer.Verify(t, question); err != nil {
					t.Errorf("%s, %s, %s: %v", usage, name, purpose, err)
				}
			}
		}
		text := testpeer.Output(t, EncodePEM(half.Certificate), "x509", "-noout", "-text")
		for _, wanted := range []string{"Signature Algorithm: SM2-with-SM3", "ASN1 OID: SM2", "Key Usage: critical\n                " + usage + "\n"} {
			if !strings.Contains(text, wanted) {
				t.Errorf("openssl does not see %q in %s", wanted, text)
			}
		}
		// The key, as openssl reads it, is the certificate's.
		public := testpeer.Output(t, half.Key, "pkey", "-pubout")
		if inside := testpeer.Output(t, EncodePEM(half.Certificate), "x509", "-noout", "-pubkey"); public != inside {
			t.Errorf("openssl finds another key in the certificate: %s %s", public, inside)
		}
		if parts := testpeer.Output(t, half.Key, "asn1parse"); !strings.Contains(parts, ":id-ecPublicKey") || !strings.Contains(parts, ":sm2") {
			t.Error("not an EC key on SM2's curve in PKCS #8:", parts)
		}
	}
	p256, _ := made(t, "p256")
	if _, err := p256.Issue(wanted, start); err == nil || !strings.Contains(err.Error(), "--algorithm sm2") {
		t.Error("a pair of P-256 certificates:", err)
	}
}

// Certificates that mix algorithms are no SM2 certificates, although the library would take them.
func TestSM2TakesNothingElse(t *testing.T) {
	ca, _ := made(t, "sm2")
	template, err := leafTemplate(leaf("localhost"), "dev", SignUsage, start.Add(-time.Hour), start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sign(ca.Suite, template, ca.Intermediate(), foreign.Public(), ca.Key); err == nil || !strings.Contains(err.Error(), "SM2 key") {
		t.Error("a P-256 key in an SM2 certificate:", err)
	}
	mixed := withECDSA(t, ca, template)
	if err := smx509Takes(mixed, ca.Intermediate()); err != nil {
		t.Fatal("the library refuses already, so this shows nothing:", err)
	}
	if _, err := ca.Suite.ParseCertificate(mixed); err == nil || !strings.Contains(err.Error(), "SM2 and SM3") {
		t.Error("an ECDSA signature on SM2's curve:", err)
	}
	p256, _ := made(t, "p256")
	issued, err := p256.Issue(leaf("localhost"), start)
	if err != nil {
		t.Fatal(err)
	}
	if ca.Ours(issued.Certificate) || ca.Verify(issued.Certificate, start) == nil {
		t.Error("a P-256 certificate is taken")
	}
	sm2Leaf, err := ca.Issue(leaf("localhost"), start)
	if err != nil {
		t.Fatal(err)
	}
	if p256.Ours(sm2Leaf.Certificate) || p256.Verify(sm2Leaf.Certificate, start) == nil {
		t.Error("an SM2 certificate is taken by a P-256 authority")
	}
	if _, err := DecodePEM(p256.Suite, EncodePEM(sm2Leaf.Certificate)); err == nil {
		t.Error("an SM2 certificate is parsed by a P-256 authority")
	}
	if _, err := ca.Suite.ParseKey(issued.Key); err == nil || !strings.Contains(err.Error(), "not an SM2 key") {
		t.Error("a P-256 key is taken:", err)
	}
	if _, err := p256.Suite.ParseKey(sm2Leaf.Key); err == nil {
		t.Error("an SM2 key is taken by a P-256 authority")
	}
}

// withECDSA is a certificate that the intermediate's key signed with ECDSA and SHA-256 instead of SM2 and SM3.
func withECDSA(t *testing.T, ca *Authority, template *x509.Certificate) []byte {
	t.Helper()
	good, err := ca.Suite.Sign(template, ca.Intermediate(), ca.Key.Public(), ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	var parts struct {
		Signed    asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(good, &parts); err != nil {
		t.Fatal(err)
	}
	// Both identifiers have the same length, so that no length around them changes.
	sm2WithSM3, ecdsaWithSHA256 := []byte{0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75}, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}
	parts.Signed = asn1.RawValue{FullBytes: bytes.Replace(parts.Signed.FullBytes, sm2WithSM3, ecdsaWithSHA256, 1)}
	parts.Algorithm = asn1.RawValue{FullBytes: bytes.Replace(parts.Algorithm.FullBytes, sm2WithSM3, ecdsaWithSHA256, 1)}
	digest := sha256.Sum256(parts.Signed.FullBytes)
	signature, err := ecdsa.SignASN1(rand.Reader, &ca.Key.(*sm2.PrivateKey).PrivateKey, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	parts.Signature = asn1.BitString{Bytes: signature, BitLength: len(signature) * 8}
	der, err := asn1.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func smx509Takes(der []byte, parent *x509.Certificate) error {
	parsed, err := smx509.ParseCertificate(der)
	if err != nil {
		return err
	}
	return parsed.CheckSignatureFrom((*smx509.Certificate)(parent))
}
