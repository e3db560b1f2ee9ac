// Package fault names what went wrong in a form that travels to the client: a short code and one sentence.
package fault

import (
	"errors"
	"fmt"
	"syscall"
)

// Refused is the code of everything that the helper does not do for anybody.
const Refused = "REFUSED"

// Fault is an error with a code: REFUSED, FAILED, or the name of a system error such as ENOSPC.
type Fault struct {
	Code    string
	Message string
}

func (f *Fault) Error() string { return f.Message }

// Refuse says no, and why.
func Refuse(format string, args ...any) error {
	return &Fault{Code: Refused, Message: fmt.Sprintf(format, args...)}
}

// Failed is for a program that did not do its work.
func Failed(format string, args ...any) error {
	return &Fault{Code: "FAILED", Message: fmt.Sprintf(format, args...)}
}

var names = map[syscall.Errno]string{
	syscall.EACCES: "EACCES", syscall.EBUSY: "EBUSY", syscall.EDQUOT: "EDQUOT", syscall.EEXIST: "EEXIST",
	syscall.EFBIG: "EFBIG", syscall.EIO: "EIO", syscall.EISDIR: "EISDIR", syscall.ELOOP: "ELOOP",
	syscall.ENAMETOOLONG: "ENAMETOOLONG", syscall.ENOENT: "ENOENT", syscall.ENOSPC: "ENOSPC",
	syscall.ENOTDIR: "ENOTDIR", syscall.ENOTEMPTY: "ENOTEMPTY", syscall.EPERM: "EPERM", syscall.EROFS: "EROFS",
}

// Of gives any error a code: its own, that of the system error inside, or FAILED.
func Of(err error) *Fault {
	var known *Fault
	if errors.As(err, &known) {
		return known
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		if name, ok := names[number]; ok {
			return &Fault{Code: name, Message: err.Error()}
		}
	}
	return &Fault{Code: "FAILED", Message: err.Error()}
}
