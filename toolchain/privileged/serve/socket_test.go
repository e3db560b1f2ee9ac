package serve

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func private(t *testing.T, uid int) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "privileged-socket-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if os.Geteuid() == 0 {
		if err := os.Chown(folder, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// owner is the user that the helper works for: an ordinary one where the test can have one.
func owner() int {
	if os.Geteuid() == 0 {
		return 12345
	}
	return os.Geteuid()
}

func TestSocket(t *testing.T) {
	folder := private(t, owner())
	socket := filepath.Join(folder, "s")
	listener, remove, err := Listen(socket, owner(), owner())
	if err != nil {
		t.Fatal(err)
	}
	found, err := os.Lstat(socket)
	if err != nil {
		t.Fatal(err)
	}
	if who := found.Sys().(*syscall.Stat_t); found.Mode().Perm() != 0o600 || int(who.Uid) != owner() || int(who.Gid) != owner() && os.Geteuid() == 0 {
		t.Errorf("%v, owner %d:%d", found.Mode(), who.Uid, who.Gid)
	}
	if os.Geteuid() == 0 {
		if got := asStranger(t, socket); !strings.Contains(got, "permission denied") {
			t.Error(got)
		}
	}
	if _, _, err := Listen(socket, owner(), owner()); err == nil {
		t.Error("a socket that is there was taken over")
	}
	listener.Close()
	remove()
	if _, err := os.Lstat(folder); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}

func TestSocketFolders(t *testing.T) {
	cases := map[string]func(t *testing.T) string{
		"others may enter": func(t *testing.T) string {
			folder := private(t, owner())
			if err := os.Chmod(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			return folder + "/s"
		},
		"a link to it": func(t *testing.T) string {
			folder := private(t, owner())
			if err := os.Symlink(folder, folder+"-link"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(folder + "-link") })
			return folder + "-link/s"
		},
		"a file in its place": func(t *testing.T) string {
			folder := private(t, owner())
			if err := os.WriteFile(folder+"/s", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return folder + "/s"
		},
		"a link in its place": func(t *testing.T) string {
			folder := private(t, owner())
			if err := os.Symlink("/tmp/privileged-elsewhere", folder+"/s"); err != nil {
				t.Fatal(err)
			}
			return folder + "/s"
		},
		"somebody else's":  func(t *testing.T) string { return "/etc/s" },
		"not there":        func(t *testing.T) string { return private(t, owner()) + "/no/s" },
		"relative":         func(t *testing.T) string { return "s" },
		"not plain":        func(t *testing.T) string { return private(t, owner()) + "/../s" },
		"a hidden name":    func(t *testing.T) string { return private(t, owner()) + "/.s" },
		"a name too long":  func(t *testing.T) string { return private(t, owner()) + "/" + strings.Repeat("s", 65) },
		"nothing":          func(t *testing.T) string { return "" },
		"no name":          func(t *testing.T) string { return private(t, owner()) + "/" },
		"an abstract name": func(t *testing.T) string { return "@abstract" },
	}
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			path := make(t)
			listener, _, err := Listen(path, owner(), owner())
			if err == nil {
				listener.Close()
				t.Errorf("listens at %s", path)
			}
			if _, err := os.Lstat("/etc/s"); !os.IsNotExist(err) {
				t.Error("a socket was made outside")
			}
		})
	}
}

// The user's own rights decide where a socket is made: root's are not lent out.
func TestSocketWithTheUsersRights(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("an ordinary user has no other rights to lend")
	}
	folder := private(t, owner())
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if listener, _, err := Listen(folder+"/s", owner(), owner()); err == nil {
		listener.Close()
		t.Error("a socket was made where the user may make none")
	}
	if os.Geteuid() == 0 {
		// And root is root again afterwards.
		if err := os.WriteFile(folder+"/root", nil, 0o600); err != nil {
			t.Error(err)
		}
	}
}
