package store

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/mod/semver"
)

var errNotFolder = syscall.ENOTDIR

// Sweep removes what a killed Athens or a full disk left half-written. Call it while nobody writes. It returns how many versions are whole,
// and how many were removed.
func (s *Store) Sweep(log *slog.Logger) (whole, removed int, err error) {
	err = filepath.WalkDir(s.Root, func(folder string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() || folder == s.Root || semver.Canonical(entry.Name()) == "" {
			return nil
		}
		version := entry.Name()
		names, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		if !looksLikeVersion(names, version) {
			return nil
		}
		_, problem := readFolder(folder, version)
		if problem == nil {
			whole++
			return nil
		}
		if !errors.Is(problem, ErrAbsent) && !errors.Is(problem, ErrDamaged) {
			return problem
		}
		log.Warn("removed a version that is not whole", "folder", folder, "problem", problem.Error())
		removed++
		if err := removeFiles(folder, version); err != nil {
			return err
		}
		if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
			return filepath.SkipDir
		}
		return nil
	})
	return whole, removed, err
}

// looksLikeVersion is also true for an empty folder: Athens would list it as a version.
func looksLikeVersion(names []fs.DirEntry, version string) bool {
	for _, name := range names {
		if !name.IsDir() && (name.Name() == goMod || name.Name() == zipped || strings.TrimSuffix(name.Name(), ".info") == version) {
			return true
		}
	}
	return len(names) == 0
}
