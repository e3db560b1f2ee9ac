package tree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"workstation/toolchain/privileged/fault"
)

type machine struct {
	*testing.T
	root *Root
	at   string
}

// newMachine is a root with /etc/docker in it, and a folder beside it that nothing may reach.
func newMachine(t *testing.T) machine {
	t.Helper()
	at := filepath.Join(t.TempDir(), "root")
	for _, folder := range []string{at + "/etc/docker", filepath.Dir(at) + "/outside"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	root, err := Open(at)
	if err != nil {
		t.Fatal(err)
	}
	return machine{T: t, root: root, at: at}
}

func (m machine) real(path string) string { return filepath.Join(m.at, path) }
func (m machine) outside() string         { return filepath.Join(filepath.Dir(m.at), "outside") }

func (m machine) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m machine) refused(err error) {
	m.Helper()
	if err == nil || fault.Of(err).Code != fault.Refused {
		m.Errorf("not refused: %v", err)
	}
}

func (m machine) content(path string) string {
	m.Helper()
	content, err := os.ReadFile(m.real(path))
	m.must(err)
	return string(content)
}

func (m machine) write(path, content string) error {
	return m.root.Write(path, []byte(content), 0o644, Owner{})
}

func (m machine) names(folder string) []string {
	m.Helper()
	entries, err := os.ReadDir(folder)
	m.must(err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

const conf = "/etc/wsl.conf"

func TestWrite(t *testing.T) {
	m := newMachine(t)
	m.must(m.write(conf, "one"))
	m.must(os.Chmod(m.real(conf), 0o640))
	m.must(m.root.Write(conf, []byte("two"), 0o640, Owner{}))
	if m.content(conf) != "two" {
		t.Error(m.content(conf))
	}
	if found, err := m.root.Stat(conf); err != nil || found.Mode != 0o640 || found.Kind != File || found.Size != 3 {
		t.Errorf("%+v, %v", found, err)
	}
	if content, err := m.root.Read(conf, 10); err != nil || string(content) != "two" {
		t.Errorf("%q, %v", content, err)
	}
	_, err := m.root.Read(conf, 2)
	m.refused(err)
	m.must(m.root.Remove(conf))
	m.must(m.root.Remove(conf))
	if found, err := m.root.Stat(conf); found != nil || err != nil {
		t.Errorf("%+v, %v", found, err)
	}
	if names := m.names(m.real("/etc")); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestWriteKeepsTheOwner(t *testing.T) {
	m := newMachine(t)
	m.must(m.write(conf, "one"))
	uid := uint32(os.Geteuid())
	if os.Geteuid() == 0 {
		uid = 1234
		m.must(os.Chown(m.real(conf), int(uid), int(uid)))
	}
	m.must(m.write(conf, "two"))
	if found, err := m.root.Stat(conf); err != nil || found.UID != uid {
		t.Errorf("%+v, %v", found, err)
	}
	other := uid + 1
	m.refused(m.root.Write(conf, []byte("three"), 0o644, Owner{UID: &other}))
	m.refused(m.root.Write("/etc/timezone", []byte("x"), 0o644, Owner{UID: &other}))
	m.refused(m.root.Write("/etc/timezone", []byte("x"), 0o4755, Owner{}))
	if m.content(conf) != "two" {
		t.Error("a refused write changed the file")
	}
}

func TestNothingThroughLinks(t *testing.T) {
	cases := map[string]func(m machine) error{
		"parent": func(m machine) error {
			m.must(os.Remove(m.real("/etc/docker")))
			m.must(os.Symlink(m.outside(), m.real("/etc/docker")))
			return m.write("/etc/docker/daemon.json", "x")
		},
		"parent of a parent": func(m machine) error {
			m.must(os.Mkdir(filepath.Join(m.outside(), "docker"), 0o755))
			m.must(os.RemoveAll(m.real("/etc")))
			m.must(os.Symlink(m.outside(), m.real("/etc")))
			return m.write("/etc/docker/daemon.json", "x")
		},
		"relative parent": func(m machine) error {
			m.must(os.Remove(m.real("/etc/docker")))
			m.must(os.Symlink("../../outside", m.real("/etc/docker")))
			return m.write("/etc/docker/daemon.json", "x")
		},
		"file": func(m machine) error {
			m.must(os.Symlink(filepath.Join(m.outside(), "new"), m.real(conf)))
			return m.write(conf, "x")
		},
		"read": func(m machine) error {
			m.must(os.Symlink("/etc/hostname", m.real(conf)))
			_, err := m.root.Read(conf, 1000)
			return err
		},
		"permissions": func(m machine) error {
			target := filepath.Join(m.outside(), "new")
			m.must(os.WriteFile(target, nil, 0o600))
			m.must(os.Symlink(target, m.real(conf)))
			err := m.root.SetMode(conf, 0o644)
			m.must(os.Remove(target))
			return err
		},
		"folder": func(m machine) error {
			m.must(os.Symlink(m.outside(), m.real("/etc/workstation")))
			_, err := m.root.MakeFolder("/etc/workstation")
			return err
		},
		"folder under a link": func(m machine) error {
			m.must(os.Remove(m.real("/etc/docker")))
			m.must(os.Symlink(m.outside(), m.real("/etc/docker")))
			_, err := m.root.MakeFolder("/etc/docker/x")
			return err
		},
		"remove under a link": func(m machine) error {
			m.must(os.RemoveAll(m.real("/etc")))
			m.must(os.Symlink(filepath.Dir(m.outside()), m.real("/etc")))
			_, err := m.root.RemoveFolder("/etc/outside")
			return err
		},
		"a file for a folder": func(m machine) error {
			m.must(os.WriteFile(m.real("/etc/file"), nil, 0o644))
			return m.write("/etc/file/x", "x")
		},
	}
	for name, attempt := range cases {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.refused(attempt(m))
			for _, name := range m.names(m.outside()) {
				if name != "docker" {
					t.Errorf("reached outside: %s", name)
				}
			}
		})
	}
}

func TestWhatIsNotAFile(t *testing.T) {
	m := newMachine(t)
	m.must(syscall.Mkfifo(m.real(conf), 0o600))
	m.refused(m.write(conf, "x"))
	m.refused(m.root.Remove(conf))
	m.refused(m.root.SetLink(conf, "/usr/share/zoneinfo/UTC"))
	_, err := m.root.Read(conf, 10)
	m.refused(err)
	m.refused(m.write("/etc/docker", "x"))
	m.refused(m.root.Remove("/etc/docker"))
}

func TestSecondNames(t *testing.T) {
	m := newMachine(t)
	second := filepath.Join(m.outside(), "second")
	m.must(m.write(conf, "one"))
	m.must(os.Link(m.real(conf), second))
	m.refused(m.root.SetMode(conf, 0o600))
	m.must(m.write(conf, "two"))
	if content, err := os.ReadFile(second); err != nil || string(content) != "one" {
		t.Errorf("the other name has %q, %v", content, err)
	}
	m.must(m.root.SetMode(conf, 0o600))
	m.refused(m.root.SetMode(conf, 0o666))
}

func TestFoldersOfOthers(t *testing.T) {
	m := newMachine(t)
	m.must(os.Chmod(m.real("/etc/docker"), 0o777))
	m.refused(m.write("/etc/docker/daemon.json", "x"))
	m.must(os.Chmod(m.real("/etc/docker"), 0o2775))
	m.must(m.write("/etc/docker/daemon.json", "x"))
	m.root.owner++
	m.refused(m.write("/etc/docker/daemon.json", "y"))
}

func TestFolders(t *testing.T) {
	m := newMachine(t)
	for _, want := range []bool{true, false} {
		if made, err := m.root.MakeFolder("/etc/workstation"); err != nil || made != want {
			t.Errorf("%v, %v", made, err)
		}
	}
	if found, err := m.root.Stat("/etc/workstation"); err != nil || found.Mode != 0o755 {
		t.Errorf("%+v, %v", found, err)
	}
	m.must(m.write("/etc/workstation/proxy.env", "x"))
	for _, want := range []bool{false, true, false} {
		if gone, err := m.root.RemoveFolder("/etc/workstation"); err != nil || gone != want {
			t.Errorf("%v, %v", gone, err)
		}
		m.must(m.root.Remove("/etc/workstation/proxy.env"))
	}
	if _, err := m.root.MakeFolder("/nowhere/x"); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
}

func TestLinkOfTheTimeZone(t *testing.T) {
	m := newMachine(t)
	const at = "/etc/localtime"
	for _, target := range []string{"/usr/share/zoneinfo/UTC", "../usr/share/zoneinfo/Europe/Berlin"} {
		m.must(m.root.SetLink(at, target))
		if got, err := os.Readlink(m.real(at)); err != nil || got != target {
			t.Errorf("%q, %v", got, err)
		}
	}
	m.refused(m.write(at, "x"))
	m.must(m.root.Restore(at, []byte("TZif"), 0o644, Owner{}))
	if m.content(at) != "TZif" {
		t.Error(m.content(at))
	}
	m.must(m.root.SetLink(at, "/usr/share/zoneinfo/UTC"))
	m.must(m.root.Remove(at))
}

func TestLeftovers(t *testing.T) {
	m := newMachine(t)
	dead := m.real(fmt.Sprintf("/etc/.wsl.conf.go-workstation-%d-abcd", 1<<22-1))
	alive := m.real(fmt.Sprintf("/etc/.wsl.conf.go-workstation-%d-abcd", os.Getpid()))
	other := m.real("/etc/.wsl.conf.swp")
	for _, name := range []string{dead, alive, other} {
		m.must(os.WriteFile(name, nil, 0o600))
	}
	m.must(m.write(conf, "x"))
	if _, err := os.Lstat(dead); !os.IsNotExist(err) {
		t.Errorf("a dead process's file is still there: %v", err)
	}
	for _, name := range []string{alive, other} {
		if _, err := os.Lstat(name); err != nil {
			t.Error(err)
		}
	}
}
