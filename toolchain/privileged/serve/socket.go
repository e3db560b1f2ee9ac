// Package serve listens on a socket that only one user can open, and answers nobody else.
package serve

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"workstation/toolchain/privileged/fault"
)

const (
	maxName      = 64
	privateUmask = 0o177
)

// asUser touches files with the user's rights and not with root's: where the user may make a socket is the system's
// question, and what is made is the user's own. Nothing has to be given away afterwards by a name that could be exchanged.
func asUser(uid, gid int, work func() error) error {
	if os.Geteuid() != 0 {
		return work()
	}
	// These identities belong to a thread.
	runtime.LockOSThread()
	if err := setFilesystemUser(uid, gid); err != nil {
		// The thread ends with its goroutine: it must serve nobody else.
		return err
	}
	defer runtime.UnlockOSThread()
	err := work()
	if back := setFilesystemUser(0, 0); back != nil {
		panic(back)
	}
	return err
}

func setFilesystemUser(uid, gid int) error {
	if err := syscall.Setfsgid(gid); err != nil {
		return err
	}
	return syscall.Setfsuid(uid)
}

// Listen makes the socket `path`, 0600, in a folder that the user owns and only the user can enter. The returned function
// takes socket and folder away.
func Listen(path string, uid, gid int) (*net.UnixListener, func(), error) {
	folder, name := filepath.Split(path)
	folder = filepath.Clean(folder)
	if !filepath.IsAbs(path) || filepath.Clean(path) != path || len(name) > maxName || strings.HasPrefix(name, ".") {
		return nil, nil, fault.Refuse("%q is not a plain absolute path of a socket", path)
	}
	var listener *net.UnixListener
	err := asUser(uid, gid, func() error {
		dir, err := openPrivate(folder, uid)
		if err != nil {
			return err
		}
		defer dir.Close()
		before := syscall.Umask(privateUmask)
		defer syscall.Umask(before)
		// Through the open folder: whatever becomes of its name meanwhile, the socket is made where we looked.
		address := &net.UnixAddr{Net: "unix", Name: fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name)}
		listener, err = net.ListenUnix("unix", address)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	listener.SetUnlinkOnClose(false)
	remove := func() {
		_ = asUser(uid, gid, func() error {
			_ = os.Remove(path)
			return os.Remove(folder)
		})
	}
	return listener, remove, nil
}

func openPrivate(folder string, uid int) (*os.File, error) {
	fd, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: folder, Err: err}
	}
	dir := os.NewFile(uintptr(fd), folder)
	var found syscall.Stat_t
	if err := syscall.Fstat(fd, &found); err != nil {
		dir.Close()
		return nil, err
	}
	if int(found.Uid) != uid || found.Mode&0o077 != 0 {
		dir.Close()
		return nil, fault.Refuse("%s (owner %d, permissions %#o) has to be user %d's alone: chmod 0700", folder, found.Uid, found.Mode&0o7777, uid)
	}
	return dir, nil
}
