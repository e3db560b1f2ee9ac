package authority

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"workstation/sidecars/ca/internal/declaration"
	"workstation/sidecars/ca/internal/suite"
)

// Profile is what was decided about the authority once: whom it may name, with what keys, and for how long.
type Profile struct {
	Stack     string `json:"stack"`
	Algorithm string `json:"algorithm"`
	// DNS names permitted, each with all names below it.
	DNS []string `json:"dns"`
	// Networks permitted, as CIDR.
	Networks             []string `json:"networks"`
	RootLifetime         Duration `json:"rootLifetime"`
	IntermediateLifetime Duration `json:"intermediateLifetime"`
}

// Duration is text such as 8760h in JSON.
type Duration time.Duration

// MarshalText and UnmarshalText keep the text of time.Duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads text such as 8760h.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// Bounds of the authority's own certificates.
const (
	DefaultRootLifetime         = 10 * 365 * 24 * time.Hour
	DefaultIntermediateLifetime = 365 * 24 * time.Hour
	maxRootLifetime             = 20 * 365 * 24 * time.Hour
	minIntermediateLifetime     = 7 * 24 * time.Hour
)

var stackName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// NewProfile checks what init was asked for. Loopback and the stack's own domain are always permitted.
func NewProfile(stack, algorithm string, dns, networks []string, root, intermediate time.Duration) (Profile, error) {
	profile := Profile{Stack: stack, Algorithm: algorithm, RootLifetime: Duration(root), IntermediateLifetime: Duration(intermediate)}
	if !stackName.MatchString(stack) {
		return profile, fmt.Errorf("--stack %q must be lower case letters, digits and dashes, at most 40", stack)
	}
	if intermediate < minIntermediateLifetime || intermediate > root || root > maxRootLifetime {
		return profile, fmt.Errorf("lifetimes: --intermediate-lifetime must be from %s to --root-lifetime, and that at most %s",
			minIntermediateLifetime, maxRootLifetime)
	}
	for _, name := range append([]string{"gows-" + stack + ".internal", "localhost"}, dns...) {
		// RFC 5280 has no leading dot here: a name permits itself and everything below it.
		name = strings.TrimPrefix(name, ".")
		if !contains(profile.DNS, name) {
			profile.DNS = append(profile.DNS, name)
		}
	}
	for _, network := range append([]string{"127.0.0.0/8", "::1/128"}, networks...) {
		if !contains(profile.Networks, network) {
			profile.Networks = append(profile.Networks, network)
		}
	}
	return profile, profile.check()
}

// check also judges a profile that was read from disk.
func (p Profile) check() error {
	if _, err := suite.ByName(p.Algorithm); err != nil {
		return err
	}
	for _, name := range p.DNS {
		if err := declaration.CheckHost(name, false); err != nil {
			return fmt.Errorf("--permit-dns: %w", err)
		}
		// A top-level domain would permit half the internet.
		if !strings.Contains(name, ".") && name != "localhost" && !strings.HasPrefix(name, "gows-") {
			return fmt.Errorf("--permit-dns: %q has one label: only localhost and names that start with gows- may", name)
		}
	}
	for _, text := range p.Networks {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			return fmt.Errorf("--network: %q must be a network such as 172.30.0.0/24", text)
		}
		if ones, bits := network.Mask.Size(); ones < bits/4 {
			return fmt.Errorf("--network: %q is too wide: at least /%d", text, bits/4)
		}
	}
	if len(p.DNS) == 0 || len(p.Networks) == 0 {
		return errors.New("the authority must be limited to DNS names and networks, and one of them is empty")
	}
	return nil
}

func (p Profile) networks() []*net.IPNet {
	var networks []*net.IPNet
	for _, text := range p.Networks {
		if _, network, err := net.ParseCIDR(text); err == nil {
			networks = append(networks, network)
		}
	}
	return networks
}

// uriDomains: in URI constraints, other than in DNS ones, a name stands for itself and a leading dot for what is below.
func (p Profile) uriDomains() []string {
	var domains []string
	for _, name := range p.DNS {
		domains = append(domains, name, "."+name)
	}
	return domains
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}
