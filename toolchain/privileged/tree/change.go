package tree

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"workstation/toolchain/privileged/fault"
	"workstation/toolchain/privileged/policy"
)

// Owner that a caller says a file has; nil parts are not said.
type Owner struct{ UID, GID *uint32 }

const folderMode = 0o755

// Write puts a whole file in place: readers see the old content or the new. It keeps the owner of what it replaces.
func (r *Root) Write(at string, content []byte, mode uint32, owner Owner) error {
	return r.put(at, content, mode, owner, false)
}

// Restore is Write for an original: it may also take the place of a symbolic link, such as our own of the time zone.
func (r *Root) Restore(at string, content []byte, mode uint32, owner Owner) error {
	return r.put(at, content, mode, owner, true)
}

func (r *Root) put(at string, content []byte, mode uint32, owner Owner, overLink bool) error {
	dir, name, err := r.parent(at)
	if err != nil {
		return err
	}
	defer dir.Close()
	found, err := replaceable(dir, name, at, overLink)
	if err != nil {
		return err
	}
	if err := errors.Join(policy.Mode(mode, found), policy.Owner(owner.UID, owner.GID, found)); err != nil {
		return err
	}
	return replace(dir, name, func(temporary string) error {
		// 0600 until it is complete: a secret must not be readable for the moment before its mode is set.
		file, err := openAt(dir, temporary, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := file.Write(content); err != nil {
			return err
		}
		if found != nil {
			if err := file.Chown(int(found.UID), int(found.GID)); err != nil {
				return err
			}
		}
		if err := syscall.Fchmod(int(file.Fd()), mode); err != nil {
			return err
		}
		return file.Sync()
	})
}

// replaceable is the plain file that stands there now, nil when nothing does.
func replaceable(dir *os.File, name, at string, overLink bool) (*policy.Found, error) {
	found, err := look(dir, name)
	if err != nil || found == nil || (overLink && found.Kind == Link) {
		return nil, err
	}
	if found.Kind != File {
		return nil, fault.Refuse("%s is a %s: the helper writes plain files only", at, found.Kind)
	}
	return &policy.Found{Mode: found.Mode, UID: found.UID, GID: found.GID}, nil
}

// SetLink puts a symbolic link in place of a link, a plain file or nothing.
func (r *Root) SetLink(at, target string) error {
	dir, name, err := r.parent(at)
	if err != nil {
		return err
	}
	defer dir.Close()
	found, err := look(dir, name)
	if err != nil {
		return err
	}
	if found != nil && found.Kind != File && found.Kind != Link {
		return fault.Refuse("%s is a %s: a link takes the place of plain files and links only", at, found.Kind)
	}
	return replace(dir, name, func(temporary string) error { return symlinkAt(target, dir, temporary) })
}

// The provider names its temporary files the same way, and clears away those of processes that are gone.
func replace(dir *os.File, name string, create func(temporary string) error) error {
	prefix := "." + name + ".go-workstation-"
	if err := clearLeftovers(dir, prefix); err != nil {
		return err
	}
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	temporary := fmt.Sprintf("%s%d-%s", prefix, os.Getpid(), hex.EncodeToString(random))
	if err := create(temporary); err != nil {
		return errors.Join(err, whenMissing(unlinkAt(dir, temporary, 0)))
	}
	if err := syscall.Renameat(int(dir.Fd()), temporary, int(dir.Fd()), name); err != nil {
		return errors.Join(&os.PathError{Op: "rename", Path: name, Err: err}, whenMissing(unlinkAt(dir, temporary, 0)))
	}
	return dir.Sync()
}

func clearLeftovers(dir *os.File, prefix string) error {
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		number, _, ok := strings.Cut(strings.TrimPrefix(name, prefix), "-")
		pid, err := strconv.Atoi(number)
		if !strings.HasPrefix(name, prefix) || !ok || err != nil || pid <= 0 || syscall.Kill(pid, 0) != syscall.ESRCH {
			continue
		}
		if err := whenMissing(unlinkAt(dir, name, 0)); err != nil {
			return err
		}
	}
	return nil
}

// Remove takes a plain file or a symbolic link away; nothing there is fine.
func (r *Root) Remove(at string) error {
	dir, name, err := r.parent(at)
	if err != nil {
		return whenMissing(err)
	}
	defer dir.Close()
	found, err := look(dir, name)
	if err != nil || found == nil {
		return err
	}
	if found.Kind != File && found.Kind != Link {
		return fault.Refuse("%s is a %s: the helper removes plain files and links only", at, found.Kind)
	}
	if err := whenMissing(unlinkAt(dir, name, 0)); err != nil {
		return err
	}
	return dir.Sync()
}

// MakeFolder makes one folder, 0755; one that is there stays as it is. It says whether it made it.
func (r *Root) MakeFolder(at string) (bool, error) {
	dir, name, err := r.parent(at)
	if err != nil {
		return false, err
	}
	defer dir.Close()
	if err := syscall.Mkdirat(int(dir.Fd()), name, folderMode); err != nil {
		if !errors.Is(err, syscall.EEXIST) {
			return false, &os.PathError{Op: "make", Path: at, Err: err}
		}
		made, err := r.step(dir, name, at)
		if err != nil {
			return false, err
		}
		return false, made.Close()
	}
	made, err := r.step(dir, name, at)
	if err != nil {
		return false, err
	}
	defer made.Close()
	// The process's umask is not what a folder of the system has.
	return true, errors.Join(syscall.Fchmod(int(made.Fd()), folderMode), dir.Sync())
}

// RemoveFolder takes an empty folder away, and says whether it went.
func (r *Root) RemoveFolder(at string) (bool, error) {
	dir, name, err := r.parent(at)
	if err != nil {
		return false, whenMissing(err)
	}
	defer dir.Close()
	err = unlinkAt(dir, name, atRemoveDir)
	for _, fine := range []error{syscall.ENOTEMPTY, syscall.EEXIST, syscall.ENOENT, syscall.EBUSY} {
		if errors.Is(err, fine) {
			return false, nil
		}
	}
	return err == nil, err
}

// SetMode changes the permissions of a plain file that has no second name.
func (r *Root) SetMode(at string, mode uint32) error {
	file, found, err := r.openFile(at)
	if err != nil {
		return err
	}
	defer file.Close()
	if found.links != 1 {
		return fault.Refuse("%s has %d names: the helper changes none of them", at, found.links)
	}
	if err := policy.Mode(mode, &policy.Found{Mode: found.Mode, UID: found.UID, GID: found.GID}); err != nil {
		return err
	}
	return syscall.Fchmod(int(file.Fd()), mode)
}

// Read is the content of a plain file; nil when nothing is there.
func (r *Root) Read(at string, most int64) ([]byte, error) {
	file, found, err := r.openFile(at)
	if err != nil {
		return nil, whenMissing(err)
	}
	defer file.Close()
	if found.Size > most {
		return nil, fault.Refuse("%s is larger than %d bytes", at, most)
	}
	content := make([]byte, found.Size)
	length, err := file.ReadAt(content, 0)
	if err != nil && int64(length) < found.Size {
		return nil, fault.Failed("%s changed while it was read", at)
	}
	return content, nil
}

func (r *Root) openFile(at string) (*os.File, *Stat, error) {
	dir, name, err := r.parent(at)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	// Without waiting: a pipe there would hold the helper up for ever.
	file, err := openAt(dir, name, syscall.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, nil, fault.Refuse("%s is a symbolic link", at)
	}
	if err != nil {
		return nil, nil, err
	}
	found, err := statOf(file)
	if err == nil && found.Kind != File {
		err = fault.Refuse("%s is a %s, not a plain file", at, found.Kind)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, found, nil
}
