// Package store keeps the part of a checksum database that was asked for in a folder: tiles, records and one signed head.
// Every file is written beside and renamed, so that a crash leaves the old content or the new. Nothing read here is trusted:
// the mirror checks it against the head.
package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	databaseFile = "database"
	latestFile   = "latest"
	lockFile     = "lock"
	tempPrefix   = ".tmp-"
	recordRoot   = "lookup"
)

// ErrNone says that the store does not have it.
var ErrNone = errors.New("not stored")

// Store in a folder. Only one process may write to it.
type Store struct {
	// Write replaces a file; tests put failing ones in its place.
	Write func(path string, content []byte) error

	folder string
	lock   *os.File
	tiles  sync.Mutex
}

// Open takes the folder for the database with that verifier key. With readOnly nothing in it is touched and it need not be
// writable.
func Open(folder, verifierKey string, readOnly bool) (*Store, error) {
	if folder == "" {
		return nil, errors.New("--store is missing: the folder that keeps the database")
	}
	store := &Store{Write: writeAtomic, folder: folder}
	if readOnly {
		return store, store.sameDatabase(verifierKey)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	var err error
	if store.lock, err = os.OpenFile(filepath.Join(folder, lockFile), os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(store.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		store.Close()
		return nil, fmt.Errorf("--store %s: another mirror is at work there (%w)", folder, err)
	}
	err = store.sameDatabase(verifierKey)
	if errors.Is(err, ErrNone) {
		err = store.Write(filepath.Join(folder, databaseFile), []byte(verifierKey+"\n"))
	}
	if err == nil {
		err = sweep(folder)
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

// Close gives the folder back.
func (s *Store) Close() {
	if s.lock != nil {
		s.lock.Close()
	}
}

func (s *Store) sameDatabase(verifierKey string) error {
	text, err := s.read(databaseFile)
	if errors.Is(err, ErrNone) {
		return fmt.Errorf("--store %s holds no database yet: %w", s.folder, ErrNone)
	}
	if err == nil && strings.TrimSpace(string(text)) != verifierKey {
		err = fmt.Errorf("--store %s is of the database %q, not %q: name another folder", s.folder, strings.TrimSpace(string(text)), verifierKey)
	}
	return err
}

func (s *Store) read(parts ...string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(append([]string{s.folder}, parts...)...))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	return text, err
}

// Latest is the signed head that counts.
func (s *Store) Latest() ([]byte, error) { return s.read(latestFile) }

// SetLatest makes a head the one that counts.
func (s *Store) SetLatest(note []byte) error {
	return s.Write(filepath.Join(s.folder, latestFile), note)
}

func (s *Store) tilePath(tile tlog.Tile) string {
	// One file whatever the width: narrower tiles are the beginnings of wider ones.
	tile.W = 1 << uint(tile.H)
	return filepath.Join(s.folder, filepath.FromSlash(tile.Path()))
}

// Tile has at least the width asked for, or is ErrNone.
func (s *Store) Tile(tile tlog.Tile) ([]byte, error) {
	data, err := os.ReadFile(s.tilePath(tile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(data) < tile.W*tlog.HashSize {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	return data[:tile.W*tlog.HashSize], nil
}

// SaveTile keeps a tile that was checked. A wider one that is there stays, unless the two differ: then it is damaged.
func (s *Store) SaveTile(tile tlog.Tile, data []byte) error {
	s.tiles.Lock()
	defer s.tiles.Unlock()
	path := s.tilePath(tile)
	old, err := os.ReadFile(path)
	if err == nil && len(old)%tlog.HashSize == 0 && bytes.HasPrefix(old, data) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.Write(path, data)
}

func recordPath(version module.Version) (string, error) {
	path, err := module.EscapePath(version.Path)
	if err != nil {
		return "", err
	}
	escaped, err := module.EscapeVersion(version.Version)
	if err != nil {
		return "", err
	}
	return filepath.FromSlash(path) + "@" + escaped, nil
}

// Record is the text of a lookup, without the head.
func (s *Store) Record(version module.Version) ([]byte, error) {
	path, err := recordPath(version)
	if err != nil {
		return nil, err
	}
	return s.read(recordRoot, path)
}

// SaveRecord keeps a record that was checked.
func (s *Store) SaveRecord(version module.Version, record []byte) error {
	path, err := recordPath(version)
	if err != nil {
		return err
	}
	return s.Write(filepath.Join(s.folder, recordRoot, path), record)
}

// Records calls visit for each module version that there is a record of.
func (s *Store) Records(visit func(module.Version) error) error {
	root := filepath.Join(s.folder, recordRoot)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), tempPrefix) {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		version, err := ParseVersion(filepath.ToSlash(name))
		if err != nil {
			return fmt.Errorf("%s is not the name of a record: %w", path, err)
		}
		return visit(version)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ParseVersion reads module@version as it is in paths, with capitals escaped.
func ParseVersion(escaped string) (module.Version, error) {
	path, version, ok := strings.Cut(escaped, "@")
	if !ok {
		return module.Version{}, fmt.Errorf("%q has no @version", escaped)
	}
	var parsed module.Version
	var err error
	if parsed.Path, err = module.UnescapePath(path); err != nil {
		return parsed, err
	}
	if parsed.Version, err = module.UnescapeVersion(version); err != nil {
		return parsed, err
	}
	if module.CanonicalVersion(parsed.Version) != parsed.Version {
		return parsed, fmt.Errorf("%q is not a full version such as v1.2.3", parsed.Version)
	}
	return parsed, nil
}

func writeAtomic(path string, content []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(folder, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(content)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	// The head must not outlive, in a power cut, the tiles that were renamed before it.
	directory, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// sweep removes what a killed process left half-written.
func sweep(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasPrefix(entry.Name(), tempPrefix) {
			return os.Remove(path)
		}
		return err
	})
}
