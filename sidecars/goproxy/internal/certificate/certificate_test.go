package certificate

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"workstation/sidecars/goproxy/internal/standin"
)

// issue a certificate as the authority does: a new folder, and a link that is swapped.
func issue(t *testing.T, root, name string, text []byte) {
	t.Helper()
	folder := filepath.Join(root, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "tls.pem"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(root, "current")
	if err := os.Symlink(name, link+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+".new", link); err != nil {
		t.Fatal(err)
	}
}

func valid(t *testing.T, serial int64) []byte {
	t.Helper()
	text, err := standin.Certificate(serial, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func open(t *testing.T, root string) *Keeper {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	keeper, err := Open(ctx, filepath.Join(root, "current", "tls.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return keeper
}

func served(t *testing.T, keeper *Keeper) int64 {
	t.Helper()
	// As if a second had passed.
	keeper.checked.Store(0)
	pair, err := keeper.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	return leaf(pair).SerialNumber.Int64()
}

func TestWaitsAndFollowsTheLink(t *testing.T) {
	root := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, filepath.Join(root, "current", "tls.pem")); err == nil || !strings.Contains(err.Error(), "tls.pem") {
		t.Fatal(err)
	}
	opened := make(chan *Keeper)
	go func() { opened <- open(t, root) }()
	issue(t, root, "1", valid(t, 1))
	keeper := <-opened
	issue(t, root, "2", valid(t, 2))
	if got := served(t, keeper); got != 2 {
		t.Errorf("serves %d", got)
	}
	if problems := keeper.Problems(time.Now()); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestBrokenOneKeepsTheOldAndIsReported(t *testing.T) {
	root := t.TempDir()
	issue(t, root, "1", valid(t, 1))
	keeper := open(t, root)
	mixed := append(append([]byte{}, valid(t, 2)[:200]...), valid(t, 3)...)
	for name, text := range map[string][]byte{"empty": {}, "half": valid(t, 2)[:300], "mixed": mixed} {
		issue(t, root, name, text)
		if got := served(t, keeper); got != 1 {
			t.Errorf("%s: serves %d", name, got)
		}
		if problems := keeper.Problems(time.Now()); len(problems) != 1 || !strings.Contains(problems[0], "cannot be used") {
			t.Errorf("%s: %v", name, problems)
		}
	}
	issue(t, root, "4", valid(t, 4))
	if got := served(t, keeper); got != 4 || len(keeper.Problems(time.Now())) > 0 {
		t.Errorf("serves %d, %v", got, keeper.Problems(time.Now()))
	}
}

func TestExpiredAndNotYetValid(t *testing.T) {
	root := t.TempDir()
	issue(t, root, "1", valid(t, 1))
	keeper := open(t, root)
	for at, want := range map[time.Time]string{time.Now().Add(2 * time.Hour): "expired", time.Now().Add(-2 * time.Hour): "clock"} {
		if problems := keeper.Problems(at); len(problems) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("%v", problems)
		}
	}
}

func TestRenewalUnderLoad(t *testing.T) {
	root := t.TempDir()
	issue(t, root, "1", valid(t, 1))
	keeper := open(t, root)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", keeper.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func(c net.Conn) {
				defer c.Close()
				if err := c.(*tls.Conn).Handshake(); err != nil {
					t.Error(err)
				}
			}(connection)
		}
	}()
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var mu sync.Mutex
	seen := map[int64]int{}
	for range 8 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				connection, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64()]++
				mu.Unlock()
				connection.Close()
			}
		}()
	}
	for serial := int64(2); serial <= 4; serial++ {
		issue(t, root, string(rune('0'+serial)), valid(t, serial))
		for deadline := time.Now().Add(20 * time.Second); ; {
			mu.Lock()
			arrived := seen[serial] > 0
			mu.Unlock()
			if arrived {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("certificate %d is not served", serial)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	close(stop)
	clients.Wait()
}

func TestPinned(t *testing.T) {
	root := t.TempDir()
	issue(t, root, "1", valid(t, 1))
	keeper := open(t, root)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", keeper.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			// Whether the client likes it is what is tested, on its side.
			_ = connection.(*tls.Conn).Handshake()
			connection.Close()
		}
	}()
	if connection, err := tls.Dial("tcp", listener.Addr().String(), Pinned(filepath.Join(root, "current", "tls.pem"))); err != nil {
		t.Error(err)
	} else {
		connection.Close()
	}
	other := t.TempDir()
	issue(t, other, "9", valid(t, 9))
	if _, err := tls.Dial("tcp", listener.Addr().String(), Pinned(filepath.Join(other, "current", "tls.pem"))); err == nil {
		t.Error("a stranger is trusted")
	}
}
