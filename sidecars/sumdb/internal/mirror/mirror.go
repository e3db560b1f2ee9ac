// Package mirror is a checksum database that holds what was asked of it. All its answers carry one signed head, the pinned
// one: it moves forward only when it continues the one before and every tile that answers under it need is stored. So any client can ask
// anything that is held in any order, with the upstream gone.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"workstation/sidecars/sumdb/internal/store"
	"workstation/sidecars/sumdb/internal/upstream"
)

// workTimeout of one question to the upstream with all that it takes to check the answer.
const workTimeout = 60 * time.Second

// refreshPause is how often clients can make us ask for a newer head.
const refreshPause = time.Second

// Options of a mirror.
type Options struct {
	Store *store.Store
	// Upstream is nil for offline.
	Upstream *upstream.Upstream
	// Key is the database's verifier key: name+hash+key.
	Key string
	// Private module paths, as in GOPRIVATE.
	Private string
	Log     *slog.Logger
}

// Mirror of one database.
type Mirror struct {
	store    *store.Store
	upstream *upstream.Upstream
	verifier note.Verifier
	private  string
	log      *slog.Logger
	cache    cache
	records  recordCache
	flights  flights
	numbers  numbers

	// advancing is held while the pinned head moves.
	advancing sync.Mutex
	pinned    atomic.Pointer[head]
	// refreshed is when the last fetch of a head ended, in Unix nanoseconds.
	refreshed atomic.Int64
}

// head is a tree with the note that signs it.
type head struct {
	tlog.Tree
	note []byte
}

type numbers struct {
	damaged, refused, fetched, failed, stored, diskFailures atomic.Int64
	diskFailing                                             atomic.Bool
}

// New opens the mirror with the head that is stored, if there is one.
func New(options Options) (*Mirror, error) {
	verifier, err := note.NewVerifier(options.Key)
	if err != nil {
		return nil, fmt.Errorf("--key must be name+hash+key: %w", err)
	}
	m := &Mirror{
		store: options.Store, upstream: options.Upstream, verifier: verifier, private: options.Private, log: options.Log,
		cache: cache{tiles: map[tlog.Tile][]byte{}}, records: recordCache{entries: map[module.Version]record{}},
		flights: flights{running: map[string]*flight{}},
	}
	m.pinned.Store(&head{})
	text, err := m.store.Latest()
	if errors.Is(err, store.ErrNone) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	stored, err := m.openHead(text)
	if err != nil {
		return nil, fmt.Errorf("the stored head is damaged: %w: bring the store back from a backup, or start with an empty one", err)
	}
	m.pinned.Store(stored)
	return m, nil
}

// Name of the database.
func (m *Mirror) Name() string { return m.verifier.Name() }

// openHead reads a note and checks its signature.
func (m *Mirror) openHead(text []byte) (*head, error) {
	opened, err := note.Open(text, note.VerifierList(m.verifier))
	if err != nil {
		return nil, refuse("its head is not signed by %s: %v", m.verifier.Name(), err)
	}
	tree, err := tlog.ParseTree([]byte(opened.Text))
	if err != nil {
		return nil, refuse("its head: %v", err)
	}
	return &head{tree, text}, nil
}

// ask counts and marks what the upstream says.
func (m *Mirror) ask(ctx context.Context, kind, path string) ([]byte, error) {
	body, err := m.upstream.Get(ctx, path)
	m.numbers.fetched.Add(1)
	if err == nil {
		return body, nil
	}
	if !upstream.NotFound(err) {
		m.numbers.failed.Add(1)
	}
	return nil, &fetchError{fmt.Errorf("%s from the upstream: %w", kind, err)}
}

// Latest is the pinned head.
func (m *Mirror) Latest(ctx context.Context) ([]byte, error) {
	if pinned := m.pinned.Load(); pinned.N > 0 {
		return pinned.note, nil
	}
	if m.upstream == nil {
		return nil, &absentError{"any head"}
	}
	if err := m.Refresh(ctx); err != nil {
		return nil, err
	}
	if pinned := m.pinned.Load(); pinned.N > 0 {
		return pinned.note, nil
	}
	return nil, fmt.Errorf("%w: the upstream's tree is empty", errMissing)
}

// Refresh moves the pinned head to the upstream's latest.
func (m *Mirror) Refresh(ctx context.Context) error {
	_, err := m.flights.do(ctx, "latest", func(ctx context.Context) ([]byte, error) {
		text, err := m.ask(ctx, "latest head", "latest")
		if err != nil {
			return nil, err
		}
		fresh, err := m.openHead(text)
		if err != nil {
			return nil, err
		}
		if err := m.advance(ctx, fresh); err != nil {
			return nil, err
		}
		m.refreshed.Store(time.Now().UnixNano())
		return nil, nil
	})
	return m.count(err)
}

// advance pins a head, if it is newer and continues the pinned one.
//
// Which tiles have to be there first: those on the right edge of the old head, as wide as the new head makes them, because
// under the old one only they were not full; and the right edge of the new head. The proof that the one continues the other
// reads just these, and reading stores them. All others are full already, and full tiles never change.
func (m *Mirror) advance(ctx context.Context, fresh *head) error {
	m.advancing.Lock()
	defer m.advancing.Unlock()
	pinned := m.pinned.Load()
	if fresh.N == 0 {
		return nil
	}
	if fresh.N == pinned.N && fresh.Hash != pinned.Hash {
		return refuse("it signs two different trees of %d records: this database cannot be trusted", fresh.N)
	}
	if fresh.N <= pinned.N {
		return nil
	}
	proof := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return m.hashes(ctx, fresh.Tree, indexes) })
	if pinned.N > 0 {
		before, err := tlog.TreeHash(pinned.N, proof)
		if err != nil {
			return err
		}
		if before != pinned.Hash {
			return refuse("its tree of %d records does not continue the one of %d: this database cannot be trusted", fresh.N, pinned.N)
		}
	}
	if _, err := proof.ReadHashes([]int64{tlog.StoredHashIndex(0, fresh.N-1)}); err != nil {
		return err
	}
	if err := m.store.SetLatest(fresh.note); err != nil {
		return &diskError{err}
	}
	m.pinned.Store(fresh)
	return nil
}

// Tile is checked against the pinned head, and as wide as asked for.
func (m *Mirror) Tile(ctx context.Context, tile tlog.Tile) ([]byte, error) {
	// The bounds are far above any tree, and keep the sums below within 63 bits.
	if tile.H != Height || tile.L < 0 || tile.L > 5 || tile.N>>40 != 0 {
		return nil, &absentError{"such tiles (hash tiles of height 8 are served)"}
	}
	if tile.W > m.width(tile) {
		if err := m.reach(ctx, tile); err != nil {
			return nil, m.count(err)
		}
	}
	if cached := m.cache.get(tile); cached != nil {
		return cached, nil
	}
	work, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	pinned := m.pinned.Load()
	if _, err := m.hashes(work, pinned.Tree, []int64{tlog.StoredHashIndex(tile.L*Height, tile.N<<Height)}); err != nil {
		return nil, m.count(err)
	}
	if cached := m.cache.get(tile); cached != nil {
		return cached, nil
	}
	// Pushed out of the cache between the two lines above; what is on disk was checked just now.
	return m.store.Tile(tile)
}

// width that a tile has under the pinned head.
func (m *Mirror) width(tile tlog.Tile) int {
	return int(min(max(m.pinned.Load().N>>uint(tile.L*Height)-tile.N<<Height, 0), fullWidth))
}

// reach asks for a newer head for a client that knows one.
func (m *Mirror) reach(ctx context.Context, tile tlog.Tile) error {
	// Who comes while one is being fetched waits for that one.
	if since := time.Since(time.Unix(0, m.refreshed.Load())); m.upstream != nil && (since < 0 || since >= refreshPause) {
		if err := m.Refresh(ctx); err != nil {
			return err
		}
	}
	switch {
	case tile.W <= m.width(tile):
		return nil
	case m.upstream == nil:
		return &absentError{tile.Path() + ", which is newer than its head"}
	}
	return fmt.Errorf("%w: %s is not in the upstream's tree either", errMissing, tile.Path())
}

// count keeps the numbers of what went wrong.
func (m *Mirror) count(err error) error {
	var refused *refusedError
	var disk *diskError
	switch {
	case errors.As(err, &refused):
		m.numbers.refused.Add(1)
		m.log.Error("refused", "error", err)
	case errors.As(err, &disk):
		m.numbers.diskFailures.Add(1)
		m.numbers.diskFailing.Store(true)
		m.log.Error("store", "error", err)
	}
	return err
}
