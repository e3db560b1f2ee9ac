package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/module"

	"workstation/sidecars/goproxy/internal/standin"
)

func write(t *testing.T, s *Store, m module.Version, names ...string) {
	t.Helper()
	texts := map[string][]byte{
		"go.mod": []byte("module " + m.Path + "\n"), "source.zip": standin.ModuleZip(m),
		m.Version + ".info": []byte(fmt.Sprintf(`{"Version":%q}`, m.Version)),
	}
	if len(names) == 0 {
		names = []string{"go.mod", "source.zip", m.Version + ".info"}
	}
	if err := os.MkdirAll(s.Folder(m), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(s.Folder(m), name), texts[name], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSweepRemovesOnlyWhatIsNotWhole(t *testing.T) {
	s := &Store{Root: t.TempDir()}
	at := func(path string) module.Version { return module.Version{Path: path, Version: "v1.0.0"} }
	whole, below := at("example.com/Whole"), at("example.com/half/v1.0.0/inner")
	write(t, s, whole)
	write(t, s, below)
	for i, names := range [][]string{{"go.mod"}, {"go.mod", "source.zip"}, {"source.zip", "v1.0.0.info"}, {"v1.0.0.info"}} {
		write(t, s, at(fmt.Sprintf("example.com/part%d", i)), names...)
	}
	write(t, s, at("example.com/half"), "go.mod", "source.zip")
	for name, text := range map[string]string{"v1.0.0.info": `{"Ver`, "source.zip": "PK"} {
		bad := at("example.com/bad" + name[:1])
		write(t, s, bad)
		if err := os.WriteFile(filepath.Join(s.Folder(bad), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(s.Folder(at("example.com/empty")), 0o755); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	kept, removed, err := s.Sweep(slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if kept != 2 || removed != 8 {
		t.Errorf("%d whole, %d removed: %s", kept, removed, log.String())
	}
	for _, m := range []module.Version{whole, below} {
		if _, err := s.Find(m); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Root, "example.com/half/v1.0.0/go.mod")); !errors.Is(err, os.ErrNotExist) {
		t.Error("half of a version stays when another module lives below its folder")
	}
	if kept, removed, err = s.Sweep(slog.New(slog.DiscardHandler)); kept != 2 || removed != 0 || err != nil {
		t.Errorf("again: %d %d %v", kept, removed, err)
	}
}

func TestFindTellsBeginningsFromDamage(t *testing.T) {
	s := &Store{Root: t.TempDir()}
	m := module.Version{Path: "example.com/m", Version: "v1.0.0"}
	if _, err := s.Find(m); !errors.Is(err, ErrAbsent) {
		t.Error(err)
	}
	write(t, s, m, "go.mod", "source.zip")
	if _, err := s.Find(m); !errors.Is(err, ErrAbsent) {
		t.Error(err)
	}
	write(t, s, m, "v1.0.0.info")
	found, err := s.Find(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(s.Folder(m), "source.zip"), 100); err != nil {
		t.Fatal(err)
	}
	// What is remembered must not let a damaged file through.
	if _, err := s.Zip(m, found); !errors.Is(err, ErrAbsent) {
		t.Error(err)
	}
	if _, err := s.Find(m); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if err := s.Remove(m); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find(m); !errors.Is(err, ErrAbsent) {
		t.Error(err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := &Store{Root: t.TempDir()}
	big := bytes.Repeat([]byte("// long\n"), 600<<10/8)
	for i := range 40 {
		m := module.Version{Path: fmt.Sprintf("example.com/m%d", i), Version: "v1.0.0"}
		write(t, s, m)
		if err := os.WriteFile(filepath.Join(s.Folder(m), "go.mod"), big, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Find(m); err != nil {
			t.Fatal(err)
		}
		if s.used > budget {
			t.Fatalf("%d bytes are remembered", s.used)
		}
	}
	if len(s.known) == 0 || len(s.known) >= 40 {
		t.Errorf("%d versions are remembered", len(s.known))
	}
}

func TestPutIsWholeOrNothing(t *testing.T) {
	root := t.TempDir()
	s := &Store{Root: filepath.Join(root, "modules"), Temporary: filepath.Join(root, "tmp")}
	for _, folder := range []string{s.Root, s.Temporary} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m := module.Version{Path: "example.com/Put", Version: "v1.0.0"}
	info, mod := []byte(`{"Version":"v1.0.0"}`), []byte("module example.com/Put\n")
	// Without its archive the version must not be there.
	if err := s.Put(m, info, mod, filepath.Join(s.Temporary, "missing.zip")); err == nil {
		t.Fatal("an archive that is not there was put")
	}
	if _, err := s.Find(m); !errors.Is(err, ErrAbsent) {
		t.Fatalf("half a version: %v", err)
	}
	file, err := s.Spool()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(standin.ModuleZip(m)); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(m, info, mod, file.Name()); err != nil {
		t.Fatal(err)
	}
	found, err := s.Find(m)
	if err != nil || !bytes.Equal(found.Info, info) || !bytes.Equal(found.Mod, mod) || found.ZipSize != int64(len(standin.ModuleZip(m))) {
		t.Fatalf("found %+v, %v", found, err)
	}
	if left, err := os.ReadDir(s.Temporary); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}
