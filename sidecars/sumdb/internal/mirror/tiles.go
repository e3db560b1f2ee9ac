package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"workstation/sidecars/sumdb/internal/store"
	"workstation/sidecars/sumdb/internal/upstream"
)

// Height of tiles: the only one that the go command and the public database use.
const Height = 8

const fullWidth = 1 << Height

// errMissing says that a tile is neither stored nor to be had.
var errMissing = errors.New("not to be had")

// reader gives tiles to tlog, which checks them against a head before it takes anything from them.
type reader struct {
	mirror *Mirror
	ctx    context.Context
	// distrust leaves the disk out: something on it did not belong to the head.
	distrust bool

	fromDisk, fromUpstream map[tlog.Tile]bool
	saveError              error
}

func (r *reader) Height() int { return Height }

func (r *reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	var missing []int
	for index, tile := range tiles {
		if cached := r.mirror.cache.get(tile); cached != nil {
			data[index] = cached
			continue
		}
		if !r.distrust {
			stored, err := r.mirror.store.Tile(tile)
			if err == nil {
				r.fromDisk[tile], data[index] = true, stored
				continue
			}
			if !errors.Is(err, store.ErrNone) {
				return nil, &diskError{err}
			}
		}
		missing = append(missing, index)
	}
	return data, r.fetch(tiles, data, missing)
}

func (r *reader) fetch(tiles []tlog.Tile, data [][]byte, missing []int) error {
	if len(missing) > 0 && r.mirror.upstream == nil {
		return fmt.Errorf("%w: this mirror is offline and does not hold %s", errMissing, tiles[missing[0]].Path())
	}
	failures := make([]error, len(missing))
	var group sync.WaitGroup
	for position, index := range missing {
		group.Add(1)
		go func() {
			defer group.Done()
			data[index], failures[position] = r.mirror.fetchTile(r.ctx, tiles[index])
		}()
	}
	group.Wait()
	for _, index := range missing {
		r.fromUpstream[tiles[index]] = true
	}
	return errors.Join(failures...)
}

// fetchTile asks for the full tile where the narrow one is gone: servers need not keep those once the full one is there.
func (m *Mirror) fetchTile(ctx context.Context, tile tlog.Tile) ([]byte, error) {
	body, err := m.ask(ctx, "tile", tile.Path())
	if upstream.NotFound(err) && tile.W < fullWidth {
		full := tile
		full.W = fullWidth
		body, err = m.ask(ctx, "tile", full.Path())
	}
	if err != nil {
		return nil, err
	}
	if len(body) < tile.W*tlog.HashSize || len(body) > fullWidth*tlog.HashSize {
		return nil, refuse("%s has %d bytes", tile.Path(), len(body))
	}
	return body[:tile.W*tlog.HashSize], nil
}

// SaveTiles gets only tiles that belong to the head.
func (r *reader) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for index, tile := range tiles {
		if r.fromUpstream[tile] {
			if err := r.mirror.store.SaveTile(tile, data[index]); err != nil {
				r.saveError = errors.Join(r.saveError, &diskError{err})
				continue
			}
		}
		r.mirror.cache.put(tile, data[index])
	}
}

// hashes reads hashes of a tree that are proven to be in it. Damage on disk is healed from upstream where there is one.
func (m *Mirror) hashes(ctx context.Context, tree tlog.Tree, indexes []int64) ([]tlog.Hash, error) {
	attempt := func(distrust bool) ([]tlog.Hash, *reader, error) {
		r := &reader{mirror: m, ctx: ctx, distrust: distrust, fromDisk: map[tlog.Tile]bool{}, fromUpstream: map[tlog.Tile]bool{}}
		found, err := tlog.TileHashReader(tree, r).ReadHashes(indexes)
		if err == nil {
			err = r.saveError
		}
		return found, r, err
	}
	found, r, err := attempt(false)
	if err == nil || ours(err) {
		return found, err
	}
	// From here on tiles were there and did not belong to the head.
	if len(r.fromDisk) > 0 {
		if m.upstream == nil {
			m.numbers.damaged.Add(1)
			return nil, &damageError{fmt.Errorf("stored tiles do not belong to the head: %w", err)}
		}
		if found, _, err = attempt(true); err == nil {
			m.numbers.damaged.Add(1)
			m.log.Warn("a stored tile was damaged and has been fetched again")
		}
		if err == nil || ours(err) {
			return found, err
		}
	}
	return nil, refuse("tiles do not belong to the signed head: %v", err)
}

// ours are errors with a meaning of their own; what is left comes from tlog, which found a contradiction.
func ours(err error) bool {
	var disk *diskError
	var refused *refusedError
	var fetch *fetchError
	return errors.Is(err, errMissing) || errors.As(err, &disk) || errors.As(err, &refused) || errors.As(err, &fetch)
}

// cache of tiles that were checked. Any entry may go: it is only there to save reading and hashing.
type cache struct {
	mu    sync.RWMutex
	tiles map[tlog.Tile][]byte
}

// cacheTiles of 8 KiB are 32 MiB.
const cacheTiles = 4096

func key(tile tlog.Tile) tlog.Tile {
	tile.W = fullWidth
	return tile
}

func (c *cache) get(tile tlog.Tile) []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	data := c.tiles[key(tile)]
	if len(data) < tile.W*tlog.HashSize {
		return nil
	}
	return data[:tile.W*tlog.HashSize]
}

func (c *cache) put(tile tlog.Tile, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tiles[key(tile)]) >= len(data) {
		return
	}
	if len(c.tiles) >= cacheTiles {
		for any := range c.tiles {
			delete(c.tiles, any)
			break
		}
	}
	c.tiles[key(tile)] = data
}
