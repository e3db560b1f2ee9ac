package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"workstation/sidecars/ca/internal/files"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func filled(t *testing.T, lines int) (folder, path string) {
	t.Helper()
	folder = t.TempDir()
	for index := range lines {
		if err := Append(folder, Entry{Time: noon, Event: "issued", Serial: fmt.Sprintf("%x", index+1)}); err != nil {
			t.Fatal(err)
		}
	}
	return folder, filepath.Join(folder, logName)
}

func TestEveryChangeIsSeen(t *testing.T) {
	folder, path := filled(t, 5)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := Verify(folder)
	if err != nil || len(entries) != 5 || entries[4].Sequence != 5 || entries[1].Previous != hashOf(bytes.Split(good, []byte("\n"))[0]) {
		t.Fatal(entries, err)
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	changes := map[string][]byte{
		"line taken out":   bytes.Join([][]byte{lines[0], lines[2], lines[3], lines[4]}, nil),
		"lines swapped":    bytes.Join([][]byte{lines[0], lines[2], lines[1], lines[3], lines[4]}, nil),
		"end cut off":      bytes.Join(lines[:4], nil),
		"all taken out":    nil,
		"serial changed":   bytes.Replace(good, []byte(`"serial":"3"`), []byte(`"serial":"9"`), 1),
		"last one changed": bytes.Replace(good, []byte(`"serial":"5"`), []byte(`"serial":"9"`), 1),
		"garbage":          append([]byte("{}\n"), good...),
	}
	for name, text := range changes {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(folder); err == nil || !strings.Contains(err.Error(), "log-restart") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, changes["end cut off"], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Append(folder, Entry{Time: noon, Event: "issued"}); err == nil {
		t.Error("appended to a log that was cut")
	}
	aside, err := Restart(folder, noon)
	if err != nil {
		t.Fatal(err)
	}
	entries, err = Verify(folder)
	if err != nil || len(entries) != 1 || !strings.Contains(entries[0].Note, hashOf(changes["end cut off"])) {
		t.Error(entries, err)
	}
	if kept, err := os.ReadFile(aside); err != nil || !bytes.Equal(kept, changes["end cut off"]) {
		t.Error("the damaged log was not kept", err)
	}
}

func TestHalfALine(t *testing.T) {
	folder, path := filled(t, 2)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(`{"sequence":3,"ti`)
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if entries, err := Verify(folder); err != nil || len(entries) != 2 {
		t.Fatal("half a line is a crash, not damage:", err)
	}
	if err := Append(folder, Entry{Time: noon, Event: "issued", Serial: "3"}); err != nil {
		t.Fatal(err)
	}
	entries, err := Verify(folder)
	if err != nil || len(entries) != 4 || entries[2].Event != "recovered" || entries[3].Serial != "3" {
		t.Fatal(entries, err)
	}
}

func TestStoppedBetweenLineAndHead(t *testing.T) {
	folder, _ := filled(t, 2)
	files.Crash = func(point string) error {
		if point == "logged" {
			return errors.New("stopped by the test")
		}
		return nil
	}
	err := Append(folder, Entry{Time: noon, Event: "issued", Serial: "3"})
	files.Crash = nil
	if err == nil {
		t.Fatal("not stopped")
	}
	if err := Append(folder, Entry{Time: noon, Event: "issued", Serial: "4"}); err != nil {
		t.Fatal(err)
	}
	if entries, err := Verify(folder); err != nil || len(entries) != 4 || entries[2].Serial != "3" {
		t.Fatal(entries, err)
	}
}

func TestManyWriters(t *testing.T) {
	folder := t.TempDir()
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 10 {
				if err := Append(folder, Entry{Time: noon, Event: "issued"}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	if entries, err := Verify(folder); err != nil || len(entries) != 80 {
		t.Fatal(len(entries), err)
	}
}
