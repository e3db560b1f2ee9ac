// Package files writes so that a reader, or this program after a crash, finds the old content or the new one.
package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// TempPrefix marks what an interrupted write left behind; such names are never read and may be removed.
const TempPrefix = ".tmp-"

// Owner of what is written; -1 leaves the process's own.
type Owner struct{ UID, GID int }

// Self leaves the owner as the process makes it.
var Self = Owner{-1, -1}

// Crash lets a test stop a write at a named point. It is nil outside tests.
var Crash func(point string) error

// At is a point at which a test may stop the program.
func At(point string) error {
	if Crash == nil {
		return nil
	}
	return Crash(point)
}

// WriteAtomic replaces path with content: a temporary file beside it, flushed, then renamed.
func WriteAtomic(path string, content []byte, mode os.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), TempPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := fill(temp, content, mode, Self); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := At("write:" + filepath.Base(path)); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// WriteNew writes a file that is not there yet, flushed.
func WriteNew(path string, content []byte, mode os.FileMode, owner Owner) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := fill(file, content, mode, owner); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func fill(file *os.File, content []byte, mode os.FileMode, owner Owner) error {
	_, err := file.Write(content)
	if err == nil && owner != Self {
		err = file.Chown(owner.UID, owner.GID)
	}
	// After chown, which may clear bits.
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// SwapLink points link at target in one step.
func SwapLink(target, link string) error {
	temp := filepath.Join(filepath.Dir(link), TempPrefix+"link")
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, temp); err != nil {
		return err
	}
	if err := At("link"); err != nil {
		return err
	}
	if err := os.Rename(temp, link); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(link))
}

// SyncFolder makes renames in a folder last through a power cut.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Sweep removes what interrupted writes left in a folder.
func Sweep(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), TempPrefix) {
			if err := os.RemoveAll(filepath.Join(folder, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock holds a lock file until the returned function is called or the process ends, however it ends.
func Lock(path string) (release func(), err error) {
	return flock(path, syscall.LOCK_EX|syscall.LOCK_NB)
}

// LockWait is Lock, but waits for a holder that is quick.
func LockWait(path string) (release func(), err error) {
	return flock(path, syscall.LOCK_EX)
}

func flock(path string, how int) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case err == nil:
		return func() { file.Close() }, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = ErrLocked
	default:
		err = fmt.Errorf("locking %s: %w", path, err)
	}
	file.Close()
	return nil, err
}
