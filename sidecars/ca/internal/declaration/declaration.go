// Package declaration reads what certificates are wanted. It takes nothing on trust: unknown keys, doubles and names that
// no certificate may carry are refused with the key that is wrong.
package declaration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// MaxLifetime of a leaf, the time that it is back-dated included.
	MaxLifetime = 72 * time.Hour
	// MinLifetime leaves room for back-dating and a renewal.
	MinLifetime     = 15 * time.Minute
	defaultLifetime = 24 * time.Hour
	maxBytes        = 1 << 20
	maxLeaves       = 1000
	maxNames        = 100
)

// Leaf is one certificate that is kept fresh.
type Leaf struct {
	Name     string
	DNS      []string
	IPs      []net.IP
	URIs     []*url.URL
	Lifetime time.Duration
	// UID and GID own the files; -1 leaves the owner of the process.
	UID, GID int
	// Mode of the key's file.
	Mode           os.FileMode
	Server, Client bool
	// Pair asks for two certificates, one for signatures and one for encryption, as TLCP wants them.
	Pair bool
}

// NoPairs is why an authority refuses Pair.
const NoPairs = "true needs an authority that was made with --algorithm sm2"

// Names of all kinds, as text, in the order declared.
func (l Leaf) Names() []string {
	names := append([]string{}, l.DNS...)
	for _, ip := range l.IPs {
		names = append(names, ip.String())
	}
	for _, uri := range l.URIs {
		names = append(names, uri.String())
	}
	return names
}

type wireLeaf struct {
	Name     string   `json:"name"`
	DNS      []string `json:"dns"`
	IPs      []string `json:"ips"`
	URIs     []string `json:"uris"`
	Lifetime string   `json:"lifetime"`
	UID      *int     `json:"uid"`
	GID      *int     `json:"gid"`
	Mode     string   `json:"mode"`
	Usage    string   `json:"usage"`
	Pair     bool     `json:"pair"`
}

// Read parses the declaration in a file. pairs says whether the authority can make them.
func Read(path string, pairs bool) ([]Leaf, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("declaration: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("declaration: %w", err)
	}
	leaves, err := Parse(text, pairs)
	if err != nil {
		return nil, fmt.Errorf("declaration %s: %w", path, err)
	}
	return leaves, nil
}

// Parse reads `{"leaves": [...]}`.
func Parse(text []byte, pairs bool) ([]Leaf, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("larger than %d bytes", maxBytes)
	}
	var document struct {
		Leaves *[]wireLeaf `json:"leaves"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("not valid: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the closing brace")
	}
	if document.Leaves == nil {
		return nil, errors.New(`"leaves" is missing`)
	}
	if len(*document.Leaves) > maxLeaves {
		return nil, fmt.Errorf("leaves: %d, at most %d are allowed", len(*document.Leaves), maxLeaves)
	}
	leaves := make([]Leaf, 0, len(*document.Leaves))
	seen := map[string]bool{}
	for index, wire := range *document.Leaves {
		leaf, err := wire.check()
		if err == nil && seen[leaf.Name] {
			err = fmt.Errorf("name: %q is declared twice", leaf.Name)
		}
		if err == nil && leaf.Pair && !pairs {
			err = errors.New("pair: " + NoPairs)
		}
		if err != nil {
			return nil, fmt.Errorf("leaves[%d].%w", index, err)
		}
		seen[leaf.Name] = true
		leaves = append(leaves, leaf)
	}
	return leaves, nil
}

var leafName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (w wireLeaf) check() (Leaf, error) {
	leaf := Leaf{Name: w.Name, Pair: w.Pair, UID: -1, GID: -1, Mode: 0o600, Lifetime: defaultLifetime}
	if !leafName.MatchString(w.Name) {
		return leaf, fmt.Errorf("name: %q must be lower case letters, digits and dashes, at most 63", w.Name)
	}
	if err := leaf.names(w); err != nil {
		return leaf, err
	}
	if w.Lifetime != "" {
		lifetime, err := time.ParseDuration(w.Lifetime)
		if err != nil || lifetime < MinLifetime || lifetime > MaxLifetime {
			return leaf, fmt.Errorf("lifetime: %q must be a duration from %s to %s, such as 24h", w.Lifetime, MinLifetime, MaxLifetime)
		}
		leaf.Lifetime = lifetime
	}
	for key, id := range map[string]*int{"uid": w.UID, "gid": w.GID} {
		if id != nil && (*id < 0 || *id > 1<<31-1) {
			return leaf, fmt.Errorf("%s: %d is not an id", key, *id)
		}
	}
	if w.UID != nil {
		leaf.UID = *w.UID
	}
	if w.GID != nil {
		leaf.GID = *w.GID
	}
	if w.Mode != "" {
		mode, err := strconv.ParseUint(w.Mode, 8, 32)
		// A key that the world can read, or that anyone but the owner can write, is no key.
		if err != nil || mode&^0o640 != 0 || mode&0o400 == 0 {
			return leaf, fmt.Errorf("mode: %q must be one of 0400, 0440, 0600, 0640", w.Mode)
		}
		leaf.Mode = os.FileMode(mode)
	}
	switch w.Usage {
	case "", "server":
		leaf.Server = true
	case "client":
		leaf.Client = true
	case "both":
		leaf.Server, leaf.Client = true, true
	default:
		return leaf, fmt.Errorf("usage: %q must be one of server, client, both", w.Usage)
	}
	return leaf, nil
}

func (l *Leaf) names(w wireLeaf) error {
	count := len(w.DNS) + len(w.IPs) + len(w.URIs)
	if count == 0 || count > maxNames {
		return fmt.Errorf("dns, ips, uris: %d names, from 1 to %d are allowed", count, maxNames)
	}
	seen := map[string]bool{}
	for index, name := range w.DNS {
		if err := CheckHost(name, true); err != nil {
			return fmt.Errorf("dns[%d]: %w", index, err)
		}
		l.DNS = append(l.DNS, name)
	}
	for index, text := range w.IPs {
		ip := net.ParseIP(text)
		if ip == nil {
			return fmt.Errorf("ips[%d]: %q is not an IP address", index, text)
		}
		l.IPs = append(l.IPs, ip)
	}
	for index, text := range w.URIs {
		uri, err := url.Parse(text)
		if err != nil || uri.Scheme == "" || uri.User != nil || uri.Port() != "" || CheckHost(uri.Hostname(), false) != nil {
			return fmt.Errorf("uris[%d]: %q must be a URI with a host name, such as spiffe://stack.internal/name", index, text)
		}
		l.URIs = append(l.URIs, uri)
	}
	for _, name := range l.Names() {
		if seen[name] {
			return fmt.Errorf("dns, ips, uris: %q is there twice", name)
		}
		seen[name] = true
	}
	return nil
}

var label = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// CheckHost refuses what is not a lower case host name; a first label `*` only where wildcard says so.
func CheckHost(name string, wildcard bool) error {
	wrong := fmt.Errorf("%q is not a host name in lower case", name)
	if len(name) > 253 || net.ParseIP(name) != nil {
		return wrong
	}
	labels := strings.Split(name, ".")
	if wildcard && len(labels) > 1 && labels[0] == "*" {
		labels = labels[1:]
	}
	for _, part := range labels {
		if !label.MatchString(part) {
			return wrong
		}
	}
	return nil
}
