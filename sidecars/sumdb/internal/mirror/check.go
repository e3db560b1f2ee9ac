package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/module"

	"workstation/sidecars/sumdb/internal/store"
)

// State for health and metrics.
type State struct {
	Size                                               int64
	Damaged, Refused, Fetched, Failed, Stored, DiskBad int64
	DiskFailing, Offline                               bool
}

// State of the mirror now.
func (m *Mirror) State() State {
	n := &m.numbers
	return State{
		Size: m.pinned.Load().N, Damaged: n.damaged.Load(), Refused: n.refused.Load(), Fetched: n.fetched.Load(),
		Failed: n.failed.Load(), Stored: n.stored.Load(), DiskBad: n.diskFailures.Load(),
		DiskFailing: n.diskFailing.Load(), Offline: m.upstream == nil,
	}
}

// Check proves every stored record against the head, from the disk. It returns how many there are and what is wrong.
func (m *Mirror) Check(ctx context.Context) (records int, problems []error, err error) {
	err = m.store.Records(func(version module.Version) error {
		records++
		if _, err := m.stored(ctx, version); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", version, err))
		}
		return ctx.Err()
	})
	return records, problems, err
}

// Sum is one line of a go.sum file.
type Sum struct {
	Version module.Version
	// GoMod says that the hash is that of go.mod alone.
	GoMod bool
	Hash  string
}

// ParseSums reads a go.sum file.
func ParseSums(text string) ([]Sum, error) {
	var sums []Sum
	for number, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("line %d is not one of go.sum: %q", number+1, line)
		}
		version, goMod := strings.CutSuffix(fields[1], "/go.mod")
		sums = append(sums, Sum{module.Version{Path: fields[0], Version: version}, goMod, fields[2]})
	}
	return sums, nil
}

// Verify looks a line of go.sum up and compares the hashes. Private modules are passed over.
func (m *Mirror) Verify(ctx context.Context, sum Sum) (held bool, err error) {
	if m.isPrivate(sum.Version.Path) {
		return false, nil
	}
	found, err := m.Lookup(ctx, sum.Version)
	if err != nil {
		return false, fmt.Errorf("%s: %w", sum.Version, err)
	}
	name := sum.Version.Path + " " + sum.Version.Version
	if sum.GoMod {
		name += "/go.mod"
	}
	for _, line := range strings.Split(string(found), "\n") {
		if hash, ok := strings.CutPrefix(line, name+" "); ok {
			if hash != sum.Hash {
				return false, fmt.Errorf("%s: go.sum has %s, the checksum database has %s", name, sum.Hash, hash)
			}
			return true, nil
		}
	}
	return false, errors.Join(store.ErrNone, fmt.Errorf("%s: the checksum database has no such line", name))
}
