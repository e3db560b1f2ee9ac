package gate

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/module"

	"workstation/sidecars/goproxy/internal/athens"
	"workstation/sidecars/goproxy/internal/explain"
	"workstation/sidecars/goproxy/internal/settings"
	"workstation/sidecars/goproxy/internal/standin"
	"workstation/sidecars/goproxy/internal/store"
)

const password = "password-of-clients"

// lab is a gate with a stand-in for Athens behind a real socket.
type lab struct {
	t        *testing.T
	gate     *Gate
	public   *httptest.Server
	settings settings.Settings
	log      *text

	mu      sync.Mutex
	orders  standin.Orders
	fetches []string
}

// text that several write.
type text struct {
	mu   sync.Mutex
	text []byte
}

func (b *text) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}

func (b *text) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}

// lines hands on each whole line, as the pump of a child's output does.
type lines struct{ use func(string) }

func (l lines) Write(p []byte) (int, error) {
	l.use(string(p))
	return len(p), nil
}

func newLab(t *testing.T, edit func(*settings.Settings)) *lab {
	t.Helper()
	l := &lab{t: t, log: &text{}}
	l.settings = settings.Settings{Auth: settings.Auth{User: "go", Password: password}}
	if edit != nil {
		edit(&l.settings)
	}
	root := t.TempDir()
	socketFolder, err := os.MkdirTemp("", "gate-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(socketFolder) })
	socket := filepath.Join(socketFolder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(l.log, nil))
	scrubber := explain.NewScrubber()
	client := athens.NewClient(socket, scrubber.Clean, log)
	behind := &http.Server{Handler: &standin.Athens{
		Root: root, Log: lines{client.Line},
		Orders: func() standin.Orders { l.mu.Lock(); defer l.mu.Unlock(); return l.orders },
		Fetched: func(what string) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.fetches = append(l.fetches, what)
		},
	}}
	go func() {
		if err := behind.Serve(listener); err != http.ErrServerClosed {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { behind.Close() })
	metrics := &Metrics{}
	l.gate = New(t.Context(), &l.settings, &Gate{
		Store: &store.Store{Root: root}, Athens: client, Scrubber: scrubber, Log: log, Metrics: metrics, FetchTimeout: 20 * time.Second,
	})
	metrics.Connect(Sources{Athens: client, Expires: func() time.Time { return time.Now().Add(time.Hour) }, Waiting: l.gate.Waiting})
	l.public = httptest.NewUnstartedServer(l.gate)
	l.public.EnableHTTP2 = true
	l.public.StartTLS()
	t.Cleanup(l.public.Close)
	return l
}

func (l *lab) order(orders standin.Orders) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.orders = orders
}

func (l *lab) fetched() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.fetches...)
}

type got struct {
	status int
	body   string
	header http.Header
}

func (l *lab) request(ctx context.Context, method, path string, edit func(*http.Request)) (got, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.public.URL, nil)
	if err != nil {
		return got{}, err
	}
	request.URL.Path = path
	request.SetBasicAuth("go", password)
	if edit != nil {
		edit(request)
	}
	response, err := l.public.Client().Do(request)
	if err != nil {
		return got{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return got{response.StatusCode, string(body), response.Header}, err
}

func (l *lab) get(path string) got {
	l.t.Helper()
	answer, err := l.request(l.t.Context(), http.MethodGet, path, nil)
	if err != nil {
		l.t.Fatalf("%s: %v", path, err)
	}
	return answer
}

func zipOf(path, version string) string {
	return string(standin.ModuleZip(module.Version{Path: path, Version: version}))
}
