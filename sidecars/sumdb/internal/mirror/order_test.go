package mirror_test

import (
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"workstation/sidecars/sumdb/internal/standin"
)

// A thousand lookups in random order by clients with empty caches, the upstream cut, the mirror started anew.
func TestColdClientsInAnyOrder(t *testing.T) {
	const modules, clients = 400, 100
	l := newLab(t)
	random := rand.New(rand.NewSource(1))
	l.db.Grow(t, 0, 700)
	filler := 700
	for _, index := range random.Perm(modules) {
		// Between our lookups the world goes on, so that nearly every one comes with another head.
		more := filler + random.Intn(8)
		l.db.Grow(t, filler, more)
		filler = more
		l.warm(t, index, index+1)
	}
	l.db.Cut.Store(true)
	l.open(t, true)
	l.good(t, modules)

	var group sync.WaitGroup
	work := make(chan int64)
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for seed := range work {
				client, order := standin.NewClient(l.url, l.db.Key), rand.New(rand.NewSource(seed))
				for range 1000 / clients {
					ask(t, client, order.Intn(modules))
				}
			}
		}()
	}
	for seed := range clients {
		work <- int64(seed)
	}
	close(work)
	group.Wait()
}

// Clients that stopped at any earlier head of the mirror go on with it.
func TestOlderHeads(t *testing.T) {
	for seed := range int64(3) {
		l := newLab(t)
		random := rand.New(rand.NewSource(seed))
		var clients []*standin.Client
		filler := 0
		for index := range 40 {
			more := filler + random.Intn(1+random.Intn(600))
			l.db.Grow(t, filler, more)
			filler = more
			client := standin.NewClient(l.url, l.db.Key)
			ask(t, client, index)
			clients = append(clients, client)
		}
		l.db.Cut.Store(true)
		l.open(t, true)
		for _, client := range clients {
			client.Forget()
			for range 5 {
				ask(t, client, random.Intn(len(clients)))
			}
		}
	}
}

// At 65,536 records a third level of tiles begins.
func TestATreeThatGetsTaller(t *testing.T) {
	l := newLab(t)
	l.db.Grow(t, 0, 65_500)
	old := standin.NewClient(l.url, l.db.Key)
	ask(t, old, 0)
	for index := range 12 {
		l.db.Grow(t, 65_500+index*10, 65_510+index*10)
		l.warm(t, index, index+1)
	}
	if size := l.mirror.State().Size; size <= 65_536 {
		t.Fatalf("only %d records", size)
	}
	l.db.Cut.Store(true)
	l.open(t, true)
	l.good(t, 12)
	old.Forget()
	for index := range 12 {
		ask(t, old, index)
		ask(t, standin.NewClient(l.url, l.db.Key), index)
	}
}

// A client that has asked the database itself knows a newer head than the mirror.
func TestNewerHeads(t *testing.T) {
	l := newLab(t)
	l.db.Grow(t, 0, 300)
	l.warm(t, 0, 3)
	client := standin.NewClient(l.db.URL, l.db.Key)
	l.db.Grow(t, 300, 900)
	ask(t, client, 3)
	client.Base = l.url
	client.Forget()
	for index := range 4 {
		ask(t, client, index)
	}
	l.db.Cut.Store(true)
	l.open(t, true)
	client.Forget()
	for index := range 4 {
		ask(t, client, index)
	}
	if l.mirror.State().Size < 900 {
		t.Error("the mirror's head stayed behind")
	}
}

// Whatever on disk is damaged is found, healed with an upstream, and refused without one.
func TestDamage(t *testing.T) {
	l := newLab(t)
	// Records in a full tile, and on the right edge.
	l.warm(t, 0, 2)
	l.db.Grow(t, 0, 600)
	l.warm(t, 2, 4)
	var paths []string
	err := filepath.WalkDir(l.folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != "database" && entry.Name() != "lock" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 8 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string][]byte{
			"one bit": append(append([]byte{}, good[:9]...), append([]byte{good[9] ^ 1}, good[10:]...)...),
			"half":    good[:len(good)/2], "empty": {},
		} {
			write := func(text []byte) {
				t.Helper()
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(text)
			if filepath.Base(path) == "latest" {
				if err := reopened(l); err == nil {
					t.Errorf("%s of %s: opens", what, path)
				}
				write(good)
				continue
			}
			l.open(t, true)
			failed := 0
			for index := range 4 {
				// Nothing that it does answer is wrong: the client checks it all.
				client := standin.NewClient(l.url, l.db.Key)
				version := name(index)
				if lines, err := client.Lookup(version.Path, version.Version); err != nil {
					failed++
				} else if len(lines) != 1 {
					t.Errorf("%s of %s: %q", what, path, lines)
				}
				if len(client.Security) > 0 {
					t.Errorf("%s of %s: served to a client: %s", what, path, client.Security)
				}
			}
			if failed == 0 {
				t.Errorf("%s of %s: nobody noticed", what, path)
			}
			l.open(t, false)
			for index := range 4 {
				ask(t, standin.NewClient(l.url, l.db.Key), index)
			}
			l.open(t, true)
			l.good(t, 4)
		}
	}
}
