package tree

import (
	"syscall"
	"unsafe"
)

// exchange is renameat2 with RENAME_EXCHANGE; the number differs by processor, and the tests run where it is known.
func exchange(one, other string) {
	a, _ := syscall.BytePtrFromString(one)
	b, _ := syscall.BytePtrFromString(other)
	const here, both = -100, 2
	at := here
	syscall.Syscall6(renameAt2, uintptr(at), uintptr(unsafe.Pointer(a)), uintptr(at), uintptr(unsafe.Pointer(b)), both, 0)
}
