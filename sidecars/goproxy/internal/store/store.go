// Package store reads the folder that Athens writes modules to, and tells whole versions from half-written ones.
package store

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/mod/module"
)

// Errors of Find.
var (
	// ErrAbsent: nothing, or only the beginning of a version. Athens writes go.mod, source.zip and the .info file in this order.
	ErrAbsent = errors.New("not held")
	// ErrDamaged: all files are there, but they are not what they should be.
	ErrDamaged = errors.New("damaged")
)

const (
	goMod  = "go.mod"
	zipped = "source.zip"
	// budget of answers kept in memory, in bytes. When it is used up all are forgotten: looking again costs three opens.
	budget = 16 << 20
	// perEntry is roughly what an entry costs beside its texts.
	perEntry = 300
)

// Version is a whole one.
type Version struct {
	Info, Mod []byte
	// ZipSize in bytes; Tag differs when the file was replaced.
	ZipSize int64
	Tag     string
}

// Store is a folder in the layout of Athens' disk storage: <module path>/<version>/{go.mod,source.zip,<version>.info}, paths unescaped.
type Store struct {
	Root string
	// Temporary is where Put's files grow; it is on the same volume.
	Temporary string

	mu    sync.RWMutex
	known map[module.Version]*Version
	used  int
}

// Folder of a version.
func (s *Store) Folder(m module.Version) string {
	return filepath.Join(s.Root, filepath.FromSlash(m.Path), m.Version)
}

// Find a whole version; else an error that is ErrAbsent, ErrDamaged, or the disk's.
func (s *Store) Find(m module.Version) (*Version, error) {
	s.mu.RLock()
	found := s.known[m]
	s.mu.RUnlock()
	if found != nil {
		return found, nil
	}
	found, err := readFolder(s.Folder(m), m.Version)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cost := len(found.Info) + len(found.Mod) + len(m.Path) + perEntry
	if s.known == nil || s.used+cost > budget {
		s.known, s.used = map[module.Version]*Version{}, 0
	}
	s.known[m] = found
	s.used += cost
	return found, nil
}

// Forget what is known about a version: its files are not as they were.
func (s *Store) Forget(m module.Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.known[m]; found != nil {
		s.used -= len(found.Info) + len(found.Mod) + len(m.Path) + perEntry
		delete(s.known, m)
	}
}

func readFolder(folder, version string) (*Version, error) {
	info, err := os.ReadFile(filepath.Join(folder, version+".info"))
	if err != nil {
		return nil, absent(err)
	}
	// The .info file comes last: without the others it is no beginning.
	mod, err := os.ReadFile(filepath.Join(folder, goMod))
	if err != nil {
		return nil, lacking(err)
	}
	size, tag, err := checkZip(filepath.Join(folder, zipped))
	if err != nil {
		return nil, lacking(err)
	}
	if err := checkInfo(info, version); err != nil {
		return nil, err
	}
	return &Version{Info: info, Mod: mod, ZipSize: size, Tag: tag}, nil
}

func absent(err error) error {
	// A file where a folder should be is as good as nothing.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return err
}

func lacking(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func checkInfo(text []byte, version string) error {
	var info struct{ Version string }
	if err := json.Unmarshal(text, &info); err != nil {
		return fmt.Errorf("%w: %s.info: %w", ErrDamaged, version, err)
	}
	if info.Version != version {
		return fmt.Errorf("%w: %s.info speaks of %q", ErrDamaged, version, info.Version)
	}
	return nil
}

func checkZip(file string) (int64, string, error) {
	opened, err := os.Open(file)
	if err != nil {
		return 0, "", err
	}
	defer opened.Close()
	status, err := opened.Stat()
	if err != nil {
		return 0, "", err
	}
	if _, err := zip.NewReader(opened, status.Size()); err != nil {
		return 0, "", fmt.Errorf("%w: %s: %w", ErrDamaged, zipped, err)
	}
	return status.Size(), fmt.Sprintf("%x-%x", status.Size(), status.ModTime().UnixNano()), nil
}

// Zip opens the version's archive. When it is not the one that Find saw, the version is forgotten and the error is ErrAbsent.
func (s *Store) Zip(m module.Version, seen *Version) (*os.File, error) {
	opened, err := os.Open(filepath.Join(s.Folder(m), zipped))
	if err != nil {
		s.Forget(m)
		return nil, absent(err)
	}
	status, err := opened.Stat()
	if err == nil && status.Size() != seen.ZipSize {
		s.Forget(m)
		err = fmt.Errorf("%w: %s changed its size", ErrAbsent, zipped)
	}
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// Flush makes a version that Athens has just written last through a power cut: Athens itself flushes nothing.
func (s *Store) Flush(m module.Version) error {
	folder := s.Folder(m)
	for _, name := range []string{goMod, zipped, m.Version + ".info", "."} {
		if err := flush(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	// The folders above are new with a module's first version.
	for above := filepath.Dir(folder); len(above) >= len(s.Root); above = filepath.Dir(above) {
		if err := flush(above); err != nil {
			return err
		}
	}
	return nil
}

func flush(file string) error {
	opened, err := os.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}

// Remove what is there of a version, only its own files: another module may live below its folder.
func (s *Store) Remove(m module.Version) error {
	s.Forget(m)
	return removeFiles(s.Folder(m), m.Version)
}

func removeFiles(folder, version string) error {
	for _, name := range []string{version + ".info", zipped, goMod} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if rest, readErr := os.ReadDir(folder); readErr != nil || len(rest) == 0 {
			return errors.Join(err, readErr)
		}
	}
	return nil
}

// Copy the archive into w, with a step before each chunk.
func Copy(w io.Writer, file io.Reader, step func() error) (int64, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	var total int64
	for {
		n, err := file.Read(*buffer)
		if n > 0 {
			if stepErr := step(); stepErr != nil {
				return total, stepErr
			}
			written, writeErr := w.Write((*buffer)[:n])
			total += int64(written)
			if writeErr != nil {
				return total, writeErr
			}
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

var buffers = sync.Pool{New: func() any { buffer := make([]byte, 64<<10); return &buffer }}
