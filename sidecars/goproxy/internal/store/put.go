package store

import (
	"os"
	"path/filepath"

	"golang.org/x/mod/module"
)

// Spool is a new file for an archive on its way to Put. Close and remove it where it does not get there.
func (s *Store) Spool() (*os.File, error) { return os.CreateTemp(s.Temporary, "spool-*.zip") }

// Put a version there: each file appears whole, and the .info last. The archive is a file of Spool, flushed; it is moved.
func (s *Store) Put(m module.Version, info, mod []byte, archive string) error {
	s.Forget(m)
	folder := s.Folder(m)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := s.write(mod, filepath.Join(folder, goMod)); err != nil {
		return err
	}
	if err := os.Rename(archive, filepath.Join(folder, zipped)); err != nil {
		return err
	}
	if err := s.write(info, filepath.Join(folder, m.Version+".info")); err != nil {
		return err
	}
	return s.Flush(m)
}

func (s *Store) write(text []byte, name string) (err error) {
	file, err := os.CreateTemp(s.Temporary, "spool-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// It lies in a folder that is cleared at each start.
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
