// Package tree touches files below one folder and never leaves it: each part of a path is opened by itself, from the folder
// before it, and a symbolic link on the way ends the walk.
package tree

import (
	"os"
	"syscall"
	"unsafe"
)

// What the standard library's syscall package leaves out; the numbers are Linux's on every processor that Go builds this for.
const (
	oPath       = 0x200000
	atRemoveDir = 0x200
)

func openAt(dir *os.File, name string, flags int, mode uint32) (*os.File, error) {
	for {
		fd, err := syscall.Openat(int(dir.Fd()), name, flags|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, mode)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: name, Err: err}
		}
		return os.NewFile(uintptr(fd), name), nil
	}
}

func unlinkAt(dir *os.File, name string, flags uintptr) error {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, number := syscall.Syscall(syscall.SYS_UNLINKAT, dir.Fd(), uintptr(unsafe.Pointer(text)), flags)
	return wrap("remove", name, number)
}

func symlinkAt(target string, dir *os.File, name string) error {
	to, err := syscall.BytePtrFromString(target)
	if err != nil {
		return err
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, number := syscall.Syscall(syscall.SYS_SYMLINKAT, uintptr(unsafe.Pointer(to)), dir.Fd(), uintptr(unsafe.Pointer(text)))
	return wrap("link", name, number)
}

func wrap(what, name string, number syscall.Errno) error {
	if number == 0 {
		return nil
	}
	return &os.PathError{Op: what, Path: name, Err: number}
}
