package authority

import (
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/suite"
	"workstation/sidecars/ca/internal/testpeer"
)

var (
	start      = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	passphrase = []byte("a passphrase of the test")
)

const (
	day  = 24 * time.Hour
	cost = 10
)

func made(t *testing.T, algorithm string) (*Authority, string) {
	t.Helper()
	profile, err := NewProfile("dev", algorithm, nil, []string{"172.30.0.0/24"}, DefaultRootLifetime, DefaultIntermediateLifetime)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "state")
	ca, err := Init(folder, profile, passphrase, cost, start)
	if err != nil {
		t.Fatal(err)
	}
	return ca, folder
}

func leaf(names ...string) declaration.Leaf {
	wanted := declaration.Leaf{Name: "goproxy", Lifetime: day, UID: -1, GID: -1, Mode: 0o600, Server: true}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			wanted.IPs = append(wanted.IPs, ip)
		} else if uri, err := url.Parse(name); err == nil && uri.Scheme != "" {
			wanted.URIs = append(wanted.URIs, uri)
		} else {
			wanted.DNS = append(wanted.DNS, name)
		}
	}
	return wanted
}

// each runs a test for every algorithm.
func each(t *testing.T, test func(t *testing.T, algorithm string)) {
	for _, name := range suite.Names() {
		t.Run(name, func(t *testing.T) { test(t, name) })
	}
}

// peer verifies as a TLS client with nothing but a bundle does: with Go's x509 where that knows the curve, else with the library
// that issued and with openssl, which have to agree.
func peer(t *testing.T, issued *Issued, roots []*x509.Certificate, name string, at time.Time) error {
	t.Helper()
	if issued.Certificate.SignatureAlgorithm == smx509.SM2WithSM3 {
		library := peerSM2(issued, roots, name, at)
		independent := testpeer.Verify(t, testpeer.Question{
			Leaf: EncodePEM(issued.Certificate), Issuer: EncodePEM(issued.Chain[0]), Roots: EncodePEM(roots...),
			Name: name, Purpose: "sslserver", At: at,
		})
		if (library == nil) != (independent == nil) {
			t.Errorf("%s: the library says %v, openssl %v", name, library, independent)
		}
		return library
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), DNSName: name, CurrentTime: at}
	for _, root := range roots {
		options.Roots.AddCert(root)
	}
	for _, certificate := range issued.Chain {
		options.Intermediates.AddCert(certificate)
	}
	_, err := issued.Certificate.Verify(options)
	return err
}

func peerSM2(issued *Issued, roots []*x509.Certificate, name string, at time.Time) error {
	options := smx509.VerifyOptions{Roots: smx509.NewCertPool(), Intermediates: smx509.NewCertPool(), DNSName: name, CurrentTime: at}
	for _, root := range roots {
		options.Roots.AddCert((*smx509.Certificate)(root))
	}
	for _, certificate := range issued.Chain {
		options.Intermediates.AddCert((*smx509.Certificate)(certificate))
	}
	_, err := (*smx509.Certificate)(issued.Certificate).Verify(options)
	return err
}

func TestIssue(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		ca, _ := made(t, algorithm)
		issued, err := ca.Issue(leaf("goproxy.gows-dev.internal", "*.gows-dev.internal", "localhost", "127.0.0.1", "::1", "172.30.0.9", "spiffe://gows-dev.internal/x"), start)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"goproxy.gows-dev.internal", "other.gows-dev.internal", "localhost", "127.0.0.1", "172.30.0.9"} {
			if err := peer(t, issued, ca.Bundle(start), name, start); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := peer(t, issued, ca.Bundle(start), "172.30.0.10", start); err == nil {
			t.Error("good for an address that it does not carry")
		}
		certificate := issued.Certificate
		if life := certificate.NotAfter.Sub(certificate.NotBefore); life != day || !certificate.NotBefore.Equal(start.Add(-LeafBackdate)) {
			t.Errorf("lives %s from %s: back-dating must be part of the life", life, certificate.NotBefore)
		}
	})
}

func TestNamesOutsideAreRefused(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		ca, _ := made(t, algorithm)
		for _, name := range []string{"example.org", "internal", "gows-other.internal", "evilgows-dev.internal", "10.0.0.1", "172.30.1.1", "2001:db8::1", "https://example.org/"} {
			if _, err := ca.Issue(leaf(name), start); err == nil || !strings.Contains(err.Error(), "outside what the authority may certify") {
				t.Errorf("%s: %v", name, err)
			}
			// Even with the key in hand: the refusal is the verifier's.
			template, err := leafTemplate(leaf(name), "dev", SignUsage, start, start.Add(day))
			if err != nil {
				t.Fatal(err)
			}
			for _, parent := range []string{"intermediate", "email"} {
				if parent == "email" {
					template.DNSNames, template.IPAddresses, template.URIs, template.EmailAddresses = nil, nil, nil, []string{"a@example.org"}
				}
				forged, err := sign(ca.Suite, template, ca.Intermediate(), ca.Key.Public(), ca.Key)
				if err != nil {
					t.Fatal(err)
				}
				if err := peer(t, &Issued{Certificate: forged, Chain: ca.chain(start)}, ca.Bundle(start), "", start); err == nil {
					t.Errorf("%s (%s): a forged certificate passes", name, parent)
				}
			}
		}
	})
}

func TestIntermediateMakesNoAuthorities(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		ca, _ := made(t, algorithm)
		template, err := ca.Profile.caTemplate("rogue", 0, start, start.Add(day))
		if err != nil {
			t.Fatal(err)
		}
		key, err := ca.Suite.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		rogue, err := sign(ca.Suite, template, ca.Intermediate(), key.Public(), ca.Key)
		if err != nil {
			t.Fatal(err)
		}
		below, err := leafTemplate(leaf("localhost"), "dev", SignUsage, start, start.Add(day))
		if err != nil {
			t.Fatal(err)
		}
		forged, err := sign(ca.Suite, below, rogue, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := peer(t, &Issued{Certificate: forged, Chain: []*x509.Certificate{rogue, ca.Intermediate()}}, ca.Bundle(start), "localhost", start); err == nil {
			t.Fatal("an authority below the intermediate passes")
		}
	})
}

func TestUsable(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		ca, _ := made(t, algorithm)
		if err := ca.Usable(start.Add(-2 * time.Hour)); err == nil || !strings.Contains(err.Error(), "set the clock") {
			t.Error(err)
		}
		if err := ca.Usable(start.Add(400 * day)); err == nil || !strings.Contains(err.Error(), "roll over") {
			t.Error(err)
		}
		end := ca.Intermediate().NotAfter
		issued, err := ca.Issue(leaf("localhost"), end.Add(-time.Hour))
		if err != nil || !issued.Certificate.NotAfter.Equal(end) {
			t.Errorf("a leaf outlives its intermediate: %v", err)
		}
	})
}

func TestProfileRefuses(t *testing.T) {
	for _, wrong := range []struct {
		stack         string
		dns, networks []string
		root, inter   time.Duration
		wanted        string
	}{
		{"Dev", nil, nil, 100 * day, 10 * day, "--stack"},
		{"dev", []string{"com"}, nil, 100 * day, 10 * day, "one label"},
		{"dev", []string{"*.a.b"}, nil, 100 * day, 10 * day, "--permit-dns"},
		{"dev", nil, []string{"0.0.0.0/0"}, 100 * day, 10 * day, "too wide"},
		{"dev", nil, []string{"172.30.0.0"}, 100 * day, 10 * day, "--network"},
		{"dev", nil, nil, 5 * day, 10 * day, "lifetimes"},
		{"dev", nil, nil, 10 * day, day, "lifetimes"},
	} {
		if _, err := NewProfile(wrong.stack, "p256", wrong.dns, wrong.networks, wrong.root, wrong.inter); err == nil || !strings.Contains(err.Error(), wrong.wanted) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if _, err := NewProfile("dev", "rsa", nil, nil, 100*day, 10*day); err == nil || !strings.Contains(err.Error(), "p256") {
		t.Error("the error does not say what is allowed:", err)
	}
}

func TestDamagedState(t *testing.T) {
	each(t, func(t *testing.T, algorithm string) {
		_, folder := made(t, algorithm)
		path := filepath.Join(folder, stateFile)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		put := func(path string, text []byte) {
			t.Helper()
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		refused := func(what, wanted string) {
			t.Helper()
			if _, err := Load(folder); err == nil || !strings.Contains(err.Error(), wanted) {
				t.Errorf("%s: %v", what, err)
			}
		}
		for name, text := range map[string]string{
			"empty": "", "half": string(good[:len(good)/2]), "no roots": `{"format":"workstation-ca/1"}`,
			"other format": strings.Replace(string(good), stateFormat, "workstation-ca/9", 1),
			"certificate":  strings.Replace(string(good), "MII", "MIX", 1),
		} {
			put(path, []byte(text))
			refused(name, "damaged")
		}
		other, otherFolder := made(t, algorithm)
		put(path, []byte(strings.Replace(string(good), `"intermediates": [`, `"intermediates": [{"certificate": "`+
			strings.ReplaceAll(string(EncodePEM(other.Intermediate())), "\n", `\n`)+`"},`, 1)))
		refused("foreign intermediate", "does not belong to the roots")
		put(path, good)

		keys, err := filepath.Glob(filepath.Join(folder, "key-intermediate-*"))
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		key, err := os.ReadFile(keys[0])
		if err != nil {
			t.Fatal(err)
		}
		put(keys[0], key[:40])
		refused("half a key", "damaged")
		foreign, err := filepath.Glob(filepath.Join(otherFolder, "key-intermediate-*"))
		if err != nil {
			t.Fatal(err)
		}
		foreignKey, err := os.ReadFile(foreign[0])
		if err != nil {
			t.Fatal(err)
		}
		put(keys[0], foreignKey)
		refused("another key", "is not the intermediate's key")
		put(keys[0], key)
		if err := os.Chmod(keys[0], 0o644); err != nil {
			t.Fatal(err)
		}
		refused("open key", "0644")
		if err := os.Chmod(keys[0], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		refused("open folder", "chmod 700")
		if err := os.Chmod(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(folder); err != nil {
			t.Fatal("all put back:", err)
		}
	})
}
