package issuer

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/files"
	"workstation/sidecars/ca/internal/publish"
)

// Fault is why a leaf has to be issued again; empty is a good leaf.
type Fault string

// The faults. What is not Renewal is drift: someone or something made it so.
const (
	Good      Fault = ""
	Missing   Fault = "missing"
	Damaged   Fault = "damaged"
	Foreign   Fault = "not issued by us"
	Names     Fault = "wrong names"
	Profile   Fault = "wrong profile"
	Files     Fault = "wrong owner or mode"
	DeniedNow Fault = "denied"
	Future    Fault = "not valid yet"
	Expired   Fault = "expired"
	Trust     Fault = "old trust bundle"
	Refused   Fault = "refused by a verifier"
	Renewal   Fault = "time to renew"
)

// view is what leaves are judged against.
type view struct {
	authority *authority.Authority
	denied    []authority.Denied
	now       time.Time
}

// half is one certificate of a leaf: the only one, or one of a TLCP pair.
type half struct {
	certificate *x509.Certificate
	usage       x509.KeyUsage
}

func halves(current *publish.Current) []half {
	all := []half{{current.Leaf, authority.SignUsage}}
	if current.Encryption != nil {
		all = append(all, half{current.Encryption, authority.EncryptionUsage})
	}
	return all
}

// judge finds the first fault of either half: what is wrong with one is wrong with both, since they are used together.
func (v view) judge(leaf declaration.Leaf, current *publish.Current, readError error) (Fault, string) {
	switch {
	case errors.Is(readError, publish.ErrNone):
		return Missing, ""
	case readError != nil:
		return Damaged, readError.Error()
	}
	for _, one := range halves(current) {
		if fault, detail := v.judgeContent(leaf, one); fault != Good {
			return fault, detail
		}
	}
	if fault, detail := judgePair(leaf, current); fault != Good {
		return fault, detail
	}
	if fault, detail := judgeFiles(leaf, current); fault != Good {
		return fault, detail
	}
	for _, one := range halves(current) {
		if fault, detail := v.judgeNow(one.certificate); fault != Good {
			return fault, detail
		}
	}
	if !bytes.Equal(current.Bundle, authority.EncodePEM(v.authority.Bundle(v.now)...)) {
		return Trust, ""
	}
	for _, one := range halves(current) {
		if err := v.authority.Verify(one.certificate, v.now); err != nil {
			return Refused, err.Error()
		}
	}
	if !v.now.Before(renewAt(current.Leaf)) {
		return Renewal, ""
	}
	return Good, ""
}

func (v view) judgeContent(leaf declaration.Leaf, one half) (Fault, string) {
	certificate := one.certificate
	switch {
	case !v.authority.Ours(certificate):
		return Foreign, "signed by " + certificate.Issuer.String()
	case !sameNames(leaf.Names(), certificate):
		return Names, fmt.Sprintf("has %s, declared are %s", strings.Join(namesOf(certificate), ", "), strings.Join(leaf.Names(), ", "))
	case !v.sameProfile(leaf, one):
		return Profile, "lifetime or usage differ from the declaration"
	}
	return Good, ""
}

func judgePair(leaf declaration.Leaf, current *publish.Current) (Fault, string) {
	switch {
	case leaf.Pair && current.Encryption == nil:
		return Profile, "a pair is declared, and there is no certificate for encryption"
	case !leaf.Pair && current.Encryption != nil:
		return Profile, "a single certificate is declared, and there is a pair"
	case leaf.Pair && !current.Leaf.NotAfter.Equal(current.Encryption.NotAfter):
		return Profile, "the halves of the pair were not issued together"
	}
	return Good, ""
}

func judgeFiles(leaf declaration.Leaf, current *publish.Current) (Fault, string) {
	for _, key := range current.Keys {
		if key.Mode != leaf.Mode || !sameOwner(leaf, key.Owner) {
			return Files, fmt.Sprintf("%s has mode %04o, owner %d:%d", key.Name, key.Mode, key.Owner.UID, key.Owner.GID)
		}
	}
	return Good, ""
}

func (v view) judgeNow(certificate *x509.Certificate) (Fault, string) {
	switch {
	case authority.IsDenied(v.denied, authority.Serial(certificate)):
		return DeniedNow, ""
	case v.now.Before(certificate.NotBefore):
		return Future, "the clock has gone back"
	case !v.now.Before(certificate.NotAfter):
		return Expired, "on " + certificate.NotAfter.Format(time.RFC3339)
	}
	return Good, ""
}

// renewAt is when a third of the life is left, up to a twentieth of it sooner: leaves issued together are not renewed
// together. The jitter comes from the serial, so that it does not change from one look to the next.
func renewAt(certificate *x509.Certificate) time.Time {
	life := certificate.NotAfter.Sub(certificate.NotBefore)
	digits := certificate.SerialNumber.Bytes()
	spread := time.Duration(digits[len(digits)-1]) * (life / 20) / 256
	return certificate.NotAfter.Add(-life/3 - spread)
}

// overdue: renewal should have happened, and half of the time for it is gone.
func overdue(certificate *x509.Certificate, now time.Time) bool {
	return !now.Before(certificate.NotAfter.Add(-certificate.NotAfter.Sub(certificate.NotBefore) / 6))
}

func namesOf(certificate *x509.Certificate) []string {
	names := append([]string{}, certificate.DNSNames...)
	for _, ip := range certificate.IPAddresses {
		names = append(names, ip.String())
	}
	for _, uri := range certificate.URIs {
		names = append(names, uri.String())
	}
	return names
}

func sameNames(declared []string, certificate *x509.Certificate) bool {
	found := namesOf(certificate)
	wanted := append([]string{}, declared...)
	sort.Strings(found)
	sort.Strings(wanted)
	return strings.Join(found, " ") == strings.Join(wanted, " ")
}

func (v view) sameProfile(leaf declaration.Leaf, one half) bool {
	certificate := one.certificate
	var server, client bool
	for _, usage := range certificate.ExtKeyUsage {
		server = server || usage == x509.ExtKeyUsageServerAuth
		client = client || usage == x509.ExtKeyUsageClientAuth
	}
	life := certificate.NotAfter.Sub(certificate.NotBefore)
	// The end of an intermediate cuts lives short.
	fits := life == leaf.Lifetime || life < leaf.Lifetime && v.endsWithIntermediate(certificate)
	return server == leaf.Server && client == leaf.Client && certificate.KeyUsage == one.usage && fits
}

func (v view) endsWithIntermediate(certificate *x509.Certificate) bool {
	for _, entry := range v.authority.Intermediates {
		if certificate.NotAfter.Equal(entry.Certificate.NotAfter) {
			return true
		}
	}
	return false
}

func sameOwner(leaf declaration.Leaf, owner files.Owner) bool {
	return (leaf.UID < 0 || leaf.UID == owner.UID) && (leaf.GID < 0 || leaf.GID == owner.GID)
}
