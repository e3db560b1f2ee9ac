package issuer

import (
	"path/filepath"
	"time"

	"workstation/sidecars/ca/internal/authority"
	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/publish"
)

// Report is what drift reads: what was decided, and what is not as it was decided.
type Report struct {
	Authority AuthorityReport `json:"authority"`
	Leaves    []LeafReport    `json:"leaves"`
	// Undeclared folders hold certificates that nobody asks for any more.
	Undeclared []string `json:"undeclared"`
	// Problems is empty when all works.
	Problems []string `json:"problems"`
	// Warnings are for a person, before something stops working: a roll-over that is due.
	Warnings []string `json:"warnings"`
}

// AuthorityReport describes the authority without anything that renewing leaves changes.
type AuthorityReport struct {
	Stack       string   `json:"stack"`
	Algorithm   string   `json:"algorithm"`
	Fingerprint string   `json:"sha256"`
	Trusted     []string `json:"trusted"`
	// Bundle is what peers have to trust, as PEM: what bundle.pem holds once serve has run.
	Bundle               string   `json:"bundle"`
	Intermediate         string   `json:"intermediateSha256"`
	DNS                  []string `json:"dns"`
	Networks             []string `json:"networks"`
	RootNotAfter         string   `json:"rootNotAfter"`
	IntermediateNotAfter string   `json:"intermediateNotAfter"`
	// Expiring says that a roll-over is due: less than a tenth of the life is left.
	Expiring bool `json:"expiring"`
}

// LeafReport is one declared certificate against what is there.
type LeafReport struct {
	Name       string   `json:"name"`
	Names      []string `json:"names"`
	Lifetime   string   `json:"lifetime"`
	Fault      Fault    `json:"fault"`
	Detail     string   `json:"detail,omitempty"`
	IssuedByUs bool     `json:"issuedByUs"`
	RightNames bool     `json:"rightNames"`
	AboutToEnd bool     `json:"aboutToExpire"`
	Serial     string   `json:"serial,omitempty"`
	// EncryptionSerial is that of the other half of a TLCP pair.
	EncryptionSerial string `json:"encryptionSerial,omitempty"`
	NotAfter         string `json:"notAfter,omitempty"`
	secondsToEnd     float64
}

// NewReport looks at everything and changes nothing.
func NewReport(ca *authority.Authority, denied []authority.Denied, leaves []declaration.Leaf, out string, now time.Time) Report {
	report := Report{Authority: describe(ca, now), Leaves: []LeafReport{}, Undeclared: []string{}, Problems: []string{}, Warnings: []string{}}
	if err := ca.Usable(now); err != nil {
		report.Problems = append(report.Problems, err.Error())
	} else if report.Authority.Expiring {
		report.Warnings = append(report.Warnings, "the authority expires soon: roll over")
	}
	now = now.UTC()
	declared := map[string]bool{}
	for _, leaf := range leaves {
		declared[leaf.Name] = true
		entry := view{ca, denied, now}.report(leaf, out)
		if entry.Fault != Good && entry.Fault != Renewal {
			report.Problems = append(report.Problems, leaf.Name+": "+string(entry.Fault))
		} else if entry.AboutToEnd {
			report.Problems = append(report.Problems, leaf.Name+": about to expire, and not renewed")
		}
		report.Leaves = append(report.Leaves, entry)
	}
	folders, err := publish.Folders(out)
	if err != nil {
		report.Problems = append(report.Problems, err.Error())
	}
	for _, name := range folders {
		if !declared[name] {
			report.Undeclared = append(report.Undeclared, name)
			report.Problems = append(report.Problems, name+": there, but not declared")
		}
	}
	return report
}

func describe(ca *authority.Authority, now time.Time) AuthorityReport {
	root, intermediate := ca.Root(), ca.Intermediate()
	soon := func(notBefore, notAfter time.Time) bool {
		return !now.Before(notAfter.Add(-notAfter.Sub(notBefore) / 10))
	}
	report := AuthorityReport{
		Stack: ca.Profile.Stack, Algorithm: ca.Profile.Algorithm,
		Fingerprint: authority.Fingerprint(root), Intermediate: authority.Fingerprint(intermediate),
		DNS: ca.Profile.DNS, Networks: ca.Profile.Networks,
		RootNotAfter: root.NotAfter.Format(time.RFC3339), IntermediateNotAfter: intermediate.NotAfter.Format(time.RFC3339),
		Expiring: soon(root.NotBefore, root.NotAfter) || soon(intermediate.NotBefore, intermediate.NotAfter),
	}
	for _, trusted := range ca.Bundle(now) {
		report.Trusted = append(report.Trusted, authority.Fingerprint(trusted))
	}
	report.Bundle = string(authority.EncodePEM(ca.Bundle(now)...))
	return report
}

func (v view) report(leaf declaration.Leaf, out string) LeafReport {
	entry := LeafReport{Name: leaf.Name, Names: leaf.Names(), Lifetime: leaf.Lifetime.String()}
	current, err := publish.Read(v.authority.Suite, filepath.Join(out, leaf.Name))
	entry.Fault, entry.Detail = v.judge(leaf, current, err)
	if current == nil {
		return entry
	}
	entry.IssuedByUs, entry.RightNames = true, true
	for _, one := range halves(current) {
		entry.IssuedByUs = entry.IssuedByUs && v.authority.Ours(one.certificate)
		entry.RightNames = entry.RightNames && sameNames(leaf.Names(), one.certificate)
	}
	if current.Encryption != nil {
		entry.EncryptionSerial = authority.Serial(current.Encryption)
	}
	entry.AboutToEnd = overdue(current.Leaf, v.now)
	entry.Serial = authority.Serial(current.Leaf)
	entry.NotAfter = current.Leaf.NotAfter.Format(time.RFC3339)
	entry.secondsToEnd = current.Leaf.NotAfter.Sub(v.now).Seconds()
	return entry
}
