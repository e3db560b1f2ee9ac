package authority

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"workstation/sidecars/ca/internal/declaration"
)

// Issued is a leaf with everything that its server needs.
type Issued struct {
	Certificate *x509.Certificate
	// Chain is what follows the leaf in a handshake.
	Chain []*x509.Certificate
	Key   []byte
	// Encryption is the other half of a TLCP pair; nil where none is declared.
	Encryption *Issued
}

// Bundle is what to trust at a time: during a roll-over the old root and the new one.
func (a *Authority) Bundle(now time.Time) []*x509.Certificate {
	var roots []*x509.Certificate
	for index, root := range a.Roots {
		if index == len(a.Roots)-1 || now.Before(root.Until) {
			roots = append(roots, root.Certificate)
		}
	}
	return roots
}

// Usable says whether leaves can be issued at a time, and if not, why.
func (a *Authority) Usable(now time.Time) error {
	intermediate := a.Intermediate()
	switch {
	case now.Before(intermediate.NotBefore):
		return fmt.Errorf("the clock says %s, before the intermediate was made: set the clock", now.UTC().Format(time.RFC3339))
	case !now.Add(LeafBackdate).Before(intermediate.NotAfter):
		return fmt.Errorf("the intermediate expired on %s: roll over", intermediate.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// Validity of a leaf issued now: never longer than the intermediate's.
func (a *Authority) Validity(leaf declaration.Leaf, now time.Time) (notBefore, notAfter time.Time) {
	notBefore = later(now.Add(-LeafBackdate), a.Intermediate().NotBefore).UTC().Truncate(time.Second)
	return notBefore, earlier(notBefore.Add(leaf.Lifetime), a.Intermediate().NotAfter)
}

// Issue makes keys and certificates, and checks the result as a peer would before anyone sees it. The halves of a pair have
// the same names and dates.
func (a *Authority) Issue(leaf declaration.Leaf, now time.Time) (*Issued, error) {
	if err := a.Usable(now); err != nil {
		return nil, err
	}
	if leaf.Pair && !a.Suite.Pairs() {
		return nil, fmt.Errorf("%s: pair: %s", leaf.Name, declaration.NoPairs)
	}
	issued, err := a.issue(leaf, SignUsage, now)
	if err != nil || !leaf.Pair {
		return issued, err
	}
	if issued.Encryption, err = a.issue(leaf, EncryptionUsage, now); err != nil {
		return nil, err
	}
	return issued, nil
}

func (a *Authority) issue(leaf declaration.Leaf, usage x509.KeyUsage, now time.Time) (*Issued, error) {
	key, err := a.Suite.GenerateKey()
	if err != nil {
		return nil, err
	}
	notBefore, notAfter := a.Validity(leaf, now)
	template, err := leafTemplate(leaf, a.Profile.Stack, usage, notBefore, notAfter)
	if err != nil {
		return nil, err
	}
	certificate, err := sign(a.Suite, template, a.Intermediate(), key.Public(), a.Key)
	if err != nil {
		return nil, err
	}
	if err := a.Verify(certificate, now); err != nil {
		return nil, fmt.Errorf("%s: %w", leaf.Name, err)
	}
	pem, err := a.Suite.MarshalKey(key)
	if err != nil {
		return nil, err
	}
	return &Issued{Certificate: certificate, Chain: a.chain(notAfter), Key: pem}, nil
}

// chain goes through the old root as long as that is trusted: everyone has the old one, not everyone the new one yet, and
// a single path leaves verifiers no choice.
func (a *Authority) chain(notAfter time.Time) []*x509.Certificate {
	active := a.Intermediates[len(a.Intermediates)-1]
	if active.Cross != nil && len(a.Roots) > 1 {
		old := a.Roots[len(a.Roots)-2]
		if !notAfter.After(old.Until) && !notAfter.After(active.Cross.NotAfter) {
			return []*x509.Certificate{active.Cross}
		}
	}
	return []*x509.Certificate{active.Certificate}
}

// Verify says whether a leaf is ours and good at a time for all that it claims: dates, names, usages, and what is above it.
func (a *Authority) Verify(certificate *x509.Certificate, now time.Time) error {
	if err := leafOnly(certificate); err != nil {
		return err
	}
	var intermediates []*x509.Certificate
	for _, entry := range a.Intermediates {
		intermediates = append(intermediates, entry.Certificate)
		if entry.Cross != nil {
			intermediates = append(intermediates, entry.Cross)
		}
	}
	for _, usage := range certificate.ExtKeyUsage {
		err := a.Suite.Verify(certificate, a.Bundle(now), intermediates, now, usage)
		var invalid x509.CertificateInvalidError
		if errors.As(err, &invalid) && invalid.Reason == x509.CANotAuthorizedForThisName {
			return fmt.Errorf("a name is outside what the authority may certify (DNS %v, networks %v): %w", a.Profile.DNS, a.Profile.Networks, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leafOnly refuses what this authority never issues, whoever signed it.
func leafOnly(certificate *x509.Certificate) error {
	if certificate.IsCA || !certificate.BasicConstraintsValid {
		return errors.New("not a leaf: it may sign certificates")
	}
	if len(certificate.ExtKeyUsage) == 0 || len(certificate.UnknownExtKeyUsage) > 0 {
		return errors.New("not limited to TLS servers and clients")
	}
	for _, usage := range certificate.ExtKeyUsage {
		if usage != x509.ExtKeyUsageServerAuth && usage != x509.ExtKeyUsageClientAuth {
			return errors.New("not limited to TLS servers and clients")
		}
	}
	if certificate.KeyUsage != SignUsage && certificate.KeyUsage != EncryptionUsage {
		return fmt.Errorf("key usage %#x is neither that for signatures nor that for encryption", certificate.KeyUsage)
	}
	if life := certificate.NotAfter.Sub(certificate.NotBefore); life > declaration.MaxLifetime {
		return fmt.Errorf("lives %s, more than %s", life, declaration.MaxLifetime)
	}
	return nil
}

// Ours says whether the certificate was signed by an intermediate of this authority, whatever its dates.
func (a *Authority) Ours(certificate *x509.Certificate) bool {
	for _, entry := range a.Intermediates {
		if a.Suite.SignedBy(certificate, entry.Certificate) == nil {
			return true
		}
	}
	return false
}
