// Package policy decides what may be touched. It knows names only and never looks at the disk.
package policy

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"workstation/toolchain/privileged/fault"
)

// The list is compiled in: nothing that a run brings along can make it longer. The command line reads the same file.
//
//go:embed allowed.json
var allowed []byte

const (
	localtime = "/etc/localtime"
	unitRoot  = "/etc/systemd/system/"
)

// A star stands for a part of one name, without a slash, a space or anything beyond ASCII.
const star = `[A-Za-z0-9_-][A-Za-z0-9._@-]{0,99}`

var (
	// What a managed file's hand edit is moved to before the original comes back.
	kept = regexp.MustCompile(`^(.+)\.go-workstation-kept(-[0-9]{1,4})?$`)
	zone = regexp.MustCompile(`^(/|\.\./)usr/share/zoneinfo/[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$`)
	unit = regexp.MustCompile(`^go-workstation-[a-z0-9-]{1,60}\.(service|timer)$`)
)

type pattern struct {
	text        string
	match       *regexp.Regexp
	certificate bool
}

// Policy is the compiled-in list, or the part of it that one run asked for.
type Policy struct {
	patterns []pattern
	folders  []string
	// Empty: all that the patterns match.
	granted  []string
	narrowed bool
}

// Load reads the compiled-in list.
func Load() (*Policy, error) {
	var list struct{ Files, Certificates, Folders []string }
	if err := json.Unmarshal(allowed, &list); err != nil {
		return nil, err
	}
	policy := &Policy{folders: list.Folders}
	for _, text := range list.Files {
		policy.patterns = append(policy.patterns, pattern{text: text, match: compile(text)})
	}
	for _, text := range list.Certificates {
		policy.patterns = append(policy.patterns, pattern{text: text, match: compile(text), certificate: true})
	}
	return policy, nil
}

func compile(text string) *regexp.Regexp {
	return regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, star) + `$`)
}

// Narrow leaves only `paths`: each a path that the list allows, or a whole entry of the list.
func (p *Policy) Narrow(paths []string) error {
	for _, path := range paths {
		if p.entry(path) == nil {
			return fault.Refuse("the run asks for %q, which is not on the helper's list", path)
		}
	}
	p.granted, p.narrowed = paths, true
	return nil
}

// entry is the one that a path, or an entry's own text, belongs to.
func (p *Policy) entry(path string) *pattern {
	for index := range p.patterns {
		if one := &p.patterns[index]; one.text == path || one.match.MatchString(path) {
			return one
		}
	}
	return nil
}

// File says whether the file at this path may be written and removed.
func (p *Policy) File(path string) error {
	base := path
	if parts := kept.FindStringSubmatch(path); parts != nil {
		base = parts[1]
	}
	one := p.entry(base)
	// A star in a path is an entry's text, not a name.
	if one == nil || strings.Contains(path, "*") {
		return fault.Refuse("%q is not a path that the helper touches", path)
	}
	if p.narrowed && !slices.Contains(p.granted, base) && !slices.Contains(p.granted, one.text) {
		return fault.Refuse("%q is not among the files that this run asked for", path)
	}
	return nil
}

// Folder says whether this folder may be made, and removed when it is empty.
func (p *Policy) Folder(path string) error {
	if !slices.Contains(p.folders, path) {
		return fault.Refuse("%q is not a folder that the helper makes or removes", path)
	}
	if p.narrowed && !slices.ContainsFunc(p.granted, func(one string) bool { return strings.HasPrefix(one, path+"/") }) {
		return fault.Refuse("%q holds no file that this run asked for", path)
	}
	return nil
}

// Link says whether a symbolic link with this target may stand at path: only the time zone's may.
func (p *Policy) Link(path, target string) error {
	if path != localtime {
		return fault.Refuse("%q is not a symbolic link that the helper makes", path)
	}
	if !zone.MatchString(target) {
		return fault.Refuse("%q is not a time zone below /usr/share/zoneinfo", target)
	}
	return p.File(path)
}

// Trust says whether the store of root certificates may be refreshed: whoever may change a certificate may.
func (p *Policy) Trust() error {
	return p.any("refresh the trust store", func(path string) bool { return p.entry(path).certificate })
}

// Daemon says whether Docker may be restarted: whoever may change what it reads at its start may.
func (p *Policy) Daemon() error {
	return p.any("restart Docker", func(path string) bool {
		return p.entry(path).certificate || strings.HasPrefix(path, "/etc/docker/") || isDropIn(path)
	})
}

// Units says whether systemd may read its units again.
func (p *Policy) Units() error {
	return p.any("reload units", func(path string) bool { return strings.HasPrefix(path, unitRoot) })
}

// Unit says whether the unit of this name may be enabled and disabled.
func (p *Policy) Unit(name string) error {
	if !unit.MatchString(name) {
		return fault.Refuse("%q is not a unit of this program", name)
	}
	return p.File(unitRoot + name)
}

func isDropIn(path string) bool { return strings.HasPrefix(path, unitRoot+"docker.service.d/") }

func (p *Policy) any(what string, holds func(path string) bool) error {
	if p.narrowed && !slices.ContainsFunc(p.granted, holds) {
		return fault.Refuse("this run did not ask for a file for which one would %s", what)
	}
	return nil
}
