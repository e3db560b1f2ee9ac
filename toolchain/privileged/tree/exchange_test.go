package tree

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"workstation/toolchain/privileged/fault"
)

// exchange is renameat2 with RENAME_EXCHANGE; the number differs by processor, and the tests run where it is known.
func exchange(one, other string) {
	a, _ := syscall.BytePtrFromString(one)
	b, _ := syscall.BytePtrFromString(other)
	const here, both = -100, 2
	at := here
	syscall.Syscall6(renameAt2, uintptr(at), uintptr(unsafe.Pointer(a)), uintptr(at), uintptr(unsafe.Pointer(b)), both, 0)
}

// Somebody exchanges the folder for a link to elsewhere, over and over, while files are written, read and removed.
func TestExchangedParent(t *testing.T) {
	m := newMachine(t)
	victim := filepath.Join(m.outside(), "daemon.json")
	m.must(os.WriteFile(victim, []byte("victim"), 0o600))
	m.must(os.Symlink(m.outside(), m.real("/etc/link")))
	stop := make(chan struct{})
	var attacker sync.WaitGroup
	attacker.Add(1)
	go func() {
		defer attacker.Done()
		for {
			select {
			case <-stop:
				return
			default:
				// Exchanged in one step: there is always something of this name.
				exchange(m.real("/etc/docker"), m.real("/etc/link"))
			}
		}
	}()
	var wrote, refused int
	for range 3000 {
		err := m.write("/etc/docker/daemon.json", "ours")
		switch {
		case err == nil:
			wrote++
		case fault.Of(err).Code == fault.Refused:
			refused++
		default:
			t.Fatal(err)
		}
		if content, err := m.root.Read("/etc/docker/daemon.json", 100); err == nil && bytes.Equal(content, []byte("victim")) {
			t.Fatal("read outside")
		}
		_ = m.root.SetMode("/etc/docker/daemon.json", 0o644)
		_ = m.root.Remove("/etc/docker/daemon.json")
	}
	close(stop)
	attacker.Wait()
	t.Logf("%d written, %d refused", wrote, refused)
	if wrote == 0 || refused == 0 {
		t.Errorf("%d written, %d refused: the race did not happen", wrote, refused)
	}
	if content, err := os.ReadFile(victim); err != nil || string(content) != "victim" {
		t.Errorf("outside has %q, %v", content, err)
	}
	if found, err := os.Stat(victim); err != nil || found.Mode() != 0o600 {
		t.Errorf("%v, %v", found, err)
	}
	if names := m.names(m.outside()); strings.Join(names, " ") != "daemon.json" {
		t.Errorf("outside: %v", names)
	}
}
