package mirror

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/tlog"

	"workstation/sidecars/sumdb/internal/store"
)

// record as tlog formats it, checked, with its number.
type record struct {
	id   int64
	text []byte
}

// Lookup is the record of a module version under the pinned head.
func (m *Mirror) Lookup(ctx context.Context, version module.Version) ([]byte, error) {
	if m.isPrivate(version.Path) {
		return nil, &privateError{version}
	}
	found, ok := m.records.get(version)
	if !ok {
		var err error
		if found, err = m.find(ctx, version); err != nil {
			return nil, m.count(err)
		}
	}
	// The head only moves forward: it always covers what was checked against an earlier one.
	return append(bytes.Clone(found.text), m.pinned.Load().note...), nil
}

// isPrivate matches as GOPRIVATE does, but whatever the case: a name is not to leak because of a capital.
func (m *Mirror) isPrivate(path string) bool {
	return module.MatchPrefixPatterns(m.private, path) ||
		module.MatchPrefixPatterns(strings.ToLower(m.private), strings.ToLower(path))
}

func (m *Mirror) find(ctx context.Context, version module.Version) (record, error) {
	found, err := m.stored(ctx, version)
	if err == nil || m.upstream == nil && !errors.Is(err, store.ErrNone) {
		return found, err
	}
	if m.upstream == nil {
		return record{}, &absentError{version.Path + "@" + version.Version}
	}
	if !errors.Is(err, store.ErrNone) {
		m.log.Warn("a stored record cannot be used: asking for it again", "module", version.String(), "error", err)
	}
	_, err = m.flights.do(ctx, "lookup "+version.String(), func(ctx context.Context) ([]byte, error) {
		return nil, m.fetch(ctx, version)
	})
	if err != nil {
		return record{}, err
	}
	found, ok := m.records.get(version)
	if !ok {
		return m.stored(ctx, version)
	}
	return found, nil
}

// stored reads a record from disk and checks it against the pinned head.
func (m *Mirror) stored(ctx context.Context, version module.Version) (record, error) {
	text, err := m.store.Record(version)
	if err != nil {
		if !errors.Is(err, store.ErrNone) {
			err = &diskError{err}
		}
		return record{}, err
	}
	found, rest, err := parseRecord(version, text)
	if err != nil || len(rest) > 0 {
		m.numbers.damaged.Add(1)
		return record{}, &damageError{errors.New("the stored record of " + version.String() + " is damaged")}
	}
	if err := m.checkRecord(ctx, found); err != nil {
		var refused *refusedError
		if errors.As(err, &refused) {
			m.numbers.damaged.Add(1)
			err = &damageError{errors.New("the stored record of " + version.String() + " does not belong to the head")}
		}
		return record{}, err
	}
	m.records.put(version, found)
	return found, nil
}

// fetch asks the upstream, checks its answer and keeps it. Tiles first, then the head, then the record: whatever is stored
// can be answered.
func (m *Mirror) fetch(ctx context.Context, version module.Version) error {
	path, err := module.EscapePath(version.Path)
	if err != nil {
		return err
	}
	escaped, err := module.EscapeVersion(version.Version)
	if err != nil {
		return err
	}
	body, err := m.ask(ctx, "lookup", "lookup/"+path+"@"+escaped)
	if err != nil {
		return err
	}
	found, rest, err := parseRecord(version, body)
	if err != nil {
		return err
	}
	fresh, err := m.openHead(rest)
	if err != nil {
		return err
	}
	if found.id >= fresh.N {
		return refuse("record %d of a tree of %d", found.id, fresh.N)
	}
	if pinned := m.pinned.Load(); found.id >= pinned.N || fresh.N == pinned.N && fresh.Hash != pinned.Hash {
		if err := m.advance(ctx, fresh); err != nil {
			return err
		}
	}
	if err := m.checkRecord(ctx, found); err != nil {
		return err
	}
	if err := m.store.SaveRecord(version, found.text); err != nil {
		return &diskError{err}
	}
	m.numbers.diskFailing.Store(false)
	m.numbers.stored.Add(1)
	m.records.put(version, found)
	return nil
}

// parseRecord also checks that the record is about the version asked for.
func parseRecord(version module.Version, body []byte) (found record, rest []byte, err error) {
	id, text, rest, err := tlog.ParseRecord(body)
	if err != nil {
		return record{}, nil, refuse("%s: %v", version, err)
	}
	for _, wanted := range []string{version.Path + " " + version.Version + " ", version.Path + " " + version.Version + "/go.mod "} {
		if !strings.Contains("\n"+string(text), "\n"+wanted) {
			return record{}, nil, refuse("the record has no line for %s", strings.TrimSpace(wanted))
		}
	}
	formatted, err := tlog.FormatRecord(id, text)
	if err != nil {
		return record{}, nil, refuse("%s: %v", version, err)
	}
	return record{id, formatted}, rest, nil
}

// checkRecord proves that a record is in the pinned tree.
func (m *Mirror) checkRecord(ctx context.Context, found record) error {
	pinned := m.pinned.Load()
	if found.id >= pinned.N {
		return refuse("record %d is not in the tree of %d", found.id, pinned.N)
	}
	hashes, err := m.hashes(ctx, pinned.Tree, []int64{tlog.StoredHashIndex(0, found.id)})
	if err != nil {
		return err
	}
	_, text, _, err := tlog.ParseRecord(found.text)
	if err != nil {
		return err
	}
	if hashes[0] != tlog.RecordHash(text) {
		return refuse("record %d is not the one in the tree", found.id)
	}
	return nil
}

// recordCache of records that were checked; any entry may go.
type recordCache struct {
	mu      sync.RWMutex
	entries map[module.Version]record
}

// cacheRecords of about 300 bytes are 10 MB.
const cacheRecords = 32768

func (c *recordCache) get(version module.Version) (record, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.entries[version]
	return found, ok
}

func (c *recordCache) put(version module.Version, found record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= cacheRecords {
		for any := range c.entries {
			delete(c.entries, any)
			break
		}
	}
	c.entries[version] = found
}

// flights lets many who ask the same at once share one question.
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

type flight struct {
	done chan struct{}
	body []byte
	err  error
}

// do runs work once for all who come while it runs. It goes on when the one who started it goes away.
func (f *flights) do(ctx context.Context, name string, work func(context.Context) ([]byte, error)) ([]byte, error) {
	f.mu.Lock()
	current, ok := f.running[name]
	if !ok {
		current = &flight{done: make(chan struct{})}
		f.running[name] = current
		go func() {
			own, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTimeout)
			defer cancel()
			current.body, current.err = work(own)
			f.mu.Lock()
			delete(f.running, name)
			f.mu.Unlock()
			close(current.done)
		}()
	}
	f.mu.Unlock()
	select {
	case <-current.done:
		return current.body, current.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
