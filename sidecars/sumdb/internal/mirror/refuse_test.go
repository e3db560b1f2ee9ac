package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/module"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/standin"
	"workstation/sidecars/sumdb/internal/store"
	"workstation/sidecars/sumdb/internal/upstream"
)

// reopened tries what is stored without an upstream.
func reopened(l *lab) error {
	opened, err := store.Open(l.folder, l.db.Key, true)
	if err == nil {
		_, err = mirror.New(mirror.Options{Store: opened, Key: l.db.Key, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	}
	return err
}

func TestLiesAreRefused(t *testing.T) {
	other := standin.NewDatabase(t, nil)
	foreign, err := http.Get(other.URL + "/lookup/example.com/m9@v1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	foreignBody, err := io.ReadAll(foreign.Body)
	if err = errors.Join(err, foreign.Body.Close()); err != nil {
		t.Fatal(err)
	}
	on := func(prefix string, change func([]byte) []byte) func(string, []byte) []byte {
		return func(path string, body []byte) []byte {
			if strings.HasPrefix(path, prefix) {
				return change(bytes.Clone(body))
			}
			return body
		}
	}
	for name, lie := range map[string]func(string, []byte) []byte{
		"garbage":         on("/lookup/", func([]byte) []byte { return []byte("<html>welcome to the hotel</html>") }),
		"nothing":         on("/lookup/", func([]byte) []byte { return nil }),
		"another key":     on("/lookup/", func([]byte) []byte { return foreignBody }),
		"changed hash":    on("/lookup/", func(body []byte) []byte { return bytes.Replace(body, []byte("h1:0"), []byte("h1:1"), 1) }),
		"another module":  on("/lookup/", func(body []byte) []byte { return bytes.ReplaceAll(body, []byte("/m9 "), []byte("/m8 ")) }),
		"another number":  on("/lookup/", func(body []byte) []byte { return append([]byte("1"), body...) }),
		"no signature":    on("/lookup/", func(body []byte) []byte { return body[:bytes.LastIndex(body, []byte("—"))] }),
		"broken tile":     on("/tile/", func(body []byte) []byte { body[40] ^= 1; return body }),
		"short tile":      on("/tile/", func(body []byte) []byte { return body[:len(body)-1] }),
		"tile of garbage": on("/tile/", func([]byte) []byte { return []byte("no") }),
		"too much":        on("/lookup/", func([]byte) []byte { return make([]byte, 2<<20) }),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.db.Grow(t, 0, 300)
			l.warm(t, 0, 3)
			before := l.mirror.State()
			l.db.Grow(t, 300, 900)
			l.db.Lie(lie)
			err := l.lookup(9)
			if err == nil || mirror.Status(err) != http.StatusBadGateway {
				t.Fatal(err)
			}
			if after := l.mirror.State(); after.Stored != before.Stored {
				t.Fatal("a lie was stored")
			}
			l.open(t, true)
			l.good(t, 3)
			l.open(t, false)
			l.db.Lie(nil)
			l.warm(t, 0, 12)
			l.db.Cut.Store(true)
			l.open(t, true)
			l.good(t, 12)
		})
	}
}

// The worst that a database can do: sign two histories.
func TestForkIsRefused(t *testing.T) {
	l := newLab(t)
	l.db.Grow(t, 0, 300)
	l.warm(t, 0, 3)
	size := l.mirror.State().Size
	l.db.Fork()
	l.db.Grow(t, 0, 800)
	for _, err := range []error{l.lookup(50), l.mirror.Refresh(context.Background())} {
		if err == nil || !strings.Contains(err.Error(), "does not continue") && !strings.Contains(err.Error(), "do not belong") {
			t.Error(err)
		}
	}
	if state := l.mirror.State(); state.Size != size || state.Refused != 2 {
		t.Errorf("%+v", state)
	}
	l.warm(t, 0, 3)
}

func TestManyAskForOne(t *testing.T) {
	l := newLab(t)
	l.db.Grow(t, 0, 300)
	var group sync.WaitGroup
	for range 200 {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := l.lookup(7); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	if asked := l.db.Lookups.Load(); asked != 1 {
		t.Errorf("the upstream was asked %d times", asked)
	}
}

func TestManyAskForMany(t *testing.T) {
	l := newLab(t)
	l.db.Grow(t, 0, 300)
	var group sync.WaitGroup
	for index := range 100 {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := l.lookup(index); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	l.open(t, true)
	l.good(t, 100)
}

func TestPrivateNamesStayHere(t *testing.T) {
	l := newLab(t)
	for _, path := range []string{"private.example/secret", "git.corp.example/team/x", "private.example/Secret"} {
		_, err := l.mirror.Lookup(context.Background(), module.Version{Path: path, Version: "v1.0.0"})
		if mirror.Status(err) != http.StatusForbidden || !strings.Contains(err.Error(), "GONOSUMDB") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if asked := l.db.Requests.Load(); asked != 0 {
		t.Errorf("the upstream was asked %d times", asked)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	l := newLab(t)
	l.warm(t, 0, 1)
	missing := module.Version{Path: "missing.example", Version: "v1.0.0"}
	if _, err := l.mirror.Lookup(context.Background(), missing); mirror.Status(err) != http.StatusNotFound || !strings.Contains(err.Error(), "does not exist") {
		t.Error("what the upstream says is lost:", err)
	}
	l.db.Cut.Store(true)
	if err := l.lookup(1); mirror.Status(err) != http.StatusBadGateway {
		t.Error(err)
	}
	if err := l.lookup(0); err != nil {
		t.Error("what is stored needs no upstream:", err)
	}
	l.open(t, true)
	if err := l.lookup(1); mirror.Status(err) != http.StatusNotFound || !strings.Contains(err.Error(), "offline") {
		t.Error(err)
	}
	empty := &lab{db: l.db, folder: t.TempDir()}
	if err := reopened(empty); !errors.Is(err, store.ErrNone) {
		t.Error("offline with an empty folder:", err)
	}
	if _, err := store.Open(l.folder, "other.example+aaaa+bbbb", true); err == nil || !strings.Contains(err.Error(), "is of the database") {
		t.Error(err)
	}
	l.open(t, false)
	if _, err := store.Open(l.folder, l.db.Key, false); err == nil || !strings.Contains(err.Error(), "another mirror") {
		t.Error(err)
	}
}

// Wherever the disk is full, the one who asks is told, and what was there before is still good.
func TestDiskFull(t *testing.T) {
	for room := 0; ; room++ {
		l := newLab(t)
		l.db.Grow(t, 0, 700)
		l.warm(t, 0, 2)
		l.db.Grow(t, 700, 1400)
		write, left := l.store.Write, room
		l.store.Write = func(path string, content []byte) error {
			if left--; left < 0 {
				return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
			}
			return write(path, content)
		}
		err := l.lookup(2)
		if err == nil {
			if room < 4 {
				t.Fatalf("only %d writes", room)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) || mirror.Status(err) != http.StatusInternalServerError || !l.mirror.State().DiskFailing {
			t.Fatalf("after %d writes: %v", room, err)
		}
		if err := reopened(l); err != nil {
			t.Fatal(err)
		}
		l.store.Write = write
		l.warm(t, 2, 3)
		if l.mirror.State().DiskFailing {
			t.Error("still said to be full")
		}
		l.open(t, true)
		l.good(t, 3)
	}
}

// TestKilled ends a mirror with SIGKILL while it takes in one record after another.
func TestKilled(t *testing.T) {
	if folder := os.Getenv("SUMDB_UNTIL_KILLED"); folder != "" {
		source, err := upstream.New([]string{os.Getenv("SUMDB_URL")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := store.Open(folder, os.Getenv("SUMDB_KEY"), false)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mirror.New(mirror.Options{Store: opened, Upstream: source, Key: os.Getenv("SUMDB_KEY"), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("ready\n")
		for index := int(time.Now().UnixNano() % 1_000_000_000); ; index++ {
			if _, err := m.Lookup(context.Background(), name(index)); err != nil {
				t.Fatal(err)
			}
		}
	}
	l := newLab(t)
	l.store.Close()
	l.db.Grow(t, 0, 500)
	for round := range 8 {
		l.db.Grow(t, 500+round*100, 600+round*100)
		worker := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		worker.Env = append(os.Environ(), "SUMDB_UNTIL_KILLED="+l.folder, "SUMDB_URL="+l.db.URL, "SUMDB_KEY="+l.db.Key)
		out, err := worker.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := worker.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		// In the middle of its work, at another place each round.
		asked := l.db.Lookups.Load()
		for l.db.Lookups.Load() < asked+3+int64(round) {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(round) * 300 * time.Microsecond)
		if err := worker.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := worker.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatal("not killed:", err)
		}
		l.open(t, true)
		l.good(t, 1)
	}
	l.open(t, false)
	if left, err := filepath.Glob(filepath.Join(l.folder, "*", "*", ".tmp-*")); err != nil || len(left) > 0 {
		t.Error("left behind:", left, err)
	}
	l.warm(t, 0, 3)
}
