package tree

import (
	"errors"
	"os"
	"path"
	"strings"
	"syscall"

	"workstation/toolchain/privileged/fault"
)

// Root is the folder below which everything happens.
type Root struct {
	dir *os.File
	// Who has to own each folder on the way: root, because the helper runs as root.
	owner uint32
}

// Open takes the folder that paths are below: `/`, or a test's own.
func Open(folder string) (*Root, error) {
	fd, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: folder, Err: err}
	}
	return &Root{dir: os.NewFile(uintptr(fd), folder), owner: uint32(os.Geteuid())}, nil
}

// Kinds of what stands at a path.
const (
	File   = "file"
	Folder = "folder"
	Link   = "link"
	Other  = "other"
)

// Stat is what stands at a path; symbolic links are not followed.
type Stat struct {
	Kind  string `json:"kind"`
	Mode  uint32 `json:"mode"`
	UID   uint32 `json:"uid"`
	GID   uint32 `json:"gid"`
	Size  int64  `json:"size"`
	links uint64
}

// Stat is nil where nothing stands.
func (r *Root) Stat(at string) (*Stat, error) {
	dir, name, err := r.parent(at)
	if err != nil {
		return nil, whenMissing(err)
	}
	defer dir.Close()
	return look(dir, name)
}

// parent is the open folder that a path's last part is in.
func (r *Root) parent(at string) (*os.File, string, error) {
	dir, err := openAt(r.dir, ".", syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, "", err
	}
	parts := strings.Split(strings.TrimPrefix(path.Dir(at), "/"), "/")
	for index, part := range parts {
		if part == "" {
			continue
		}
		next, err := r.step(dir, part, "/"+strings.Join(parts[:index+1], "/"))
		dir.Close()
		if err != nil {
			return nil, "", err
		}
		dir = next
	}
	return dir, path.Base(at), nil
}

// step goes into a folder of `dir`. One that somebody else owns, or that everybody may write, could be exchanged under us.
func (r *Root) step(dir *os.File, name, shown string) (*os.File, error) {
	next, err := openAt(dir, name, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fault.Refuse("%s is a symbolic link or a file: the helper goes through folders only", shown)
	}
	if err != nil {
		return nil, err
	}
	found, err := statOf(next)
	if err != nil {
		next.Close()
		return nil, err
	}
	// Group-writable is common: /usr/local is root:staff, 2775, on Debian.
	if found.UID != r.owner || found.Mode&0o002 != 0 {
		next.Close()
		return nil, fault.Refuse("%s (owner %d, permissions %#o) is not root's alone: others could exchange what is in it", shown, found.UID, found.Mode)
	}
	return next, nil
}

func look(dir *os.File, name string) (*Stat, error) {
	file, err := openAt(dir, name, oPath, 0)
	if err != nil {
		return nil, whenMissing(err)
	}
	defer file.Close()
	return statOf(file)
}

func statOf(file *os.File) (*Stat, error) {
	var raw syscall.Stat_t
	if err := syscall.Fstat(int(file.Fd()), &raw); err != nil {
		return nil, err
	}
	kinds := map[uint32]string{syscall.S_IFREG: File, syscall.S_IFDIR: Folder, syscall.S_IFLNK: Link}
	kind, ok := kinds[raw.Mode&syscall.S_IFMT]
	if !ok {
		kind = Other
	}
	return &Stat{Kind: kind, Mode: raw.Mode & 0o7777, UID: raw.Uid, GID: raw.Gid, Size: raw.Size, links: uint64(raw.Nlink)}, nil
}

// whenMissing drops the error that says that nothing is there.
func whenMissing(err error) error {
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	return err
}

// Booted says whether systemd runs the machine, by the folder that its own sd_booted looks at.
func (r *Root) Booted() (bool, error) {
	found, err := r.Stat("/run/systemd/system")
	return found != nil && found.Kind == Folder, err
}
