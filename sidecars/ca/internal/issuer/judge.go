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

func (v view) judge(leaf declaration.Leaf, current *publish.Current, readError error) (Fault, string) {
	switch {
	case errors.Is(readError, publish.ErrNone):
		return Missing, ""
	case readError != nil:
		return Damaged, readError.Error()
	}
	certificate := current.Leaf
	switch {
	case !v.authority.Ours(certificate):
		return Foreign, "signed by " + certificate.Issuer.String()
	case !sameNames(leaf.Names(), certificate):
		return Names, fmt.Sprintf("has %s, declared are %s", strings.Join(namesOf(certificate), ", "), strings.Join(leaf.Names(), ", "))
	case !v.sameProfile(leaf, certificate):
		return Profile, "lifetime or usage differ from the declaration"
	case current.KeyMode != leaf.Mode || !sameOwner(leaf, current.Owner):
		return Files, fmt.Sprintf("key has mode %04o, owner %d:%d", current.KeyMode, current.Owner.UID, current.Owner.GID)
	case authority.IsDenied(v.denied, authority.Serial(certificate)):
		return DeniedNow, ""
	case v.now.Before(certificate.NotBefore):
		return Future, "the clock has gone back"
	case !v.now.Before(certificate.NotAfter):
		return Expired, "on " + certificate.NotAfter.Format(time.RFC3339)
	case !bytes.Equal(current.Bundle, authority.EncodePEM(v.authority.Bundle(v.now)...)):
		return Trust, ""
	}
	if err := v.authority.Verify(certificate, v.now); err != nil {
		return Refused, err.Error()
	}
	if !v.now.Before(renewAt(certificate)) {
		return Renewal, ""
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

func (v view) sameProfile(leaf declaration.Leaf, certificate *x509.Certificate) bool {
	var server, client bool
	for _, usage := range certificate.ExtKeyUsage {
		server = server || usage == x509.ExtKeyUsageServerAuth
		client = client || usage == x509.ExtKeyUsageClientAuth
	}
	life := certificate.NotAfter.Sub(certificate.NotBefore)
	// The end of an intermediate cuts lives short.
	fits := life == leaf.Lifetime || life < leaf.Lifetime && v.endsWithIntermediate(certificate)
	return server == leaf.Server && client == leaf.Client && fits
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
