package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/hello/server"
)

func newServer() *server.Server {
	return server.New(slog.New(slog.NewTextHandler(io.Discard, nil)), 5*time.Second)
}

func get[T any](t *testing.T, url string, header map[string]string) T {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s", url, res.Status)
	}
	var body T
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestHello(t *testing.T) {
	ts := httptest.NewServer(newServer().Handler())
	defer ts.Close()
	const known = "5f0c6f2e-6d0b-4b2b-9f7a-0a1c5d2e3f40"
	tests := map[string]struct {
		query  string
		header map[string]string
		want   string
		wantID string
	}{
		"plain":               {"?name=Ada", nil, "Hello, Ada!", ""},
		"language":            {"?name=Ada", map[string]string{"Accept-Language": "de"}, "Hallo, Ada!", ""},
		"id is kept":          {"", map[string]string{"X-Request-Id": known}, "Hello, gopher!", known},
		"other ids are not":   {"", map[string]string{"X-Request-Id": "42"}, "Hello, gopher!", ""},
		"name is only quoted": {"?name=%3Cb%3E", nil, "Hello, <b>!", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := get[server.Greeting](t, ts.URL+"/hello"+tt.query, tt.header)
			if got.Message != tt.want {
				t.Errorf("message = %q, want %q", got.Message, tt.want)
			}
			if _, err := uuid.Parse(got.RequestID); err != nil {
				t.Errorf("request id %q: %v", got.RequestID, err)
			}
			if tt.wantID != "" && got.RequestID != tt.wantID {
				t.Errorf("request id = %q, want %q", got.RequestID, tt.wantID)
			}
		})
	}
}

func TestOtherMethodsAndPaths(t *testing.T) {
	tests := map[string]struct {
		method, path string
		want         int
	}{
		"wrong method": {http.MethodPost, "/hello", http.StatusMethodNotAllowed},
		"wrong path":   {http.MethodGet, "/bye", http.StatusNotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			newServer().Handler().ServeHTTP(rec, httptest.NewRequest(tt.method, tt.path, nil))
			if rec.Code != tt.want {
				t.Errorf("%s %s = %d, want %d", tt.method, tt.path, rec.Code, tt.want)
			}
		})
	}
}

func TestHealthzCountsUnderLoad(t *testing.T) {
	ts := httptest.NewServer(newServer().Handler())
	defer ts.Close()
	const clients = 20
	var wg sync.WaitGroup
	for range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			res, err := http.Get(ts.URL + "/hello")
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
		}()
	}
	wg.Wait()
	got := get[server.Health](t, ts.URL+"/healthz", nil)
	if got.Status != "ok" || got.Greeted != clients {
		t.Errorf("health = %+v, want ok and %d", got, clients)
	}
}

func TestServeStopsWhenAskedTo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- newServer().Serve(ctx, l) }()

	url := "http://" + l.Addr().String()
	if got := get[server.Health](t, url+"/healthz", nil); got.Status != "ok" {
		t.Errorf("status = %q, want ok", got.Status)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Serve did not return after its context ended")
	}
	if res, err := http.Get(url + "/healthz"); err == nil {
		res.Body.Close()
		t.Error("the server still answers after Serve returned")
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := newServer().Serve(context.Background(), l); err == nil {
		t.Error("Serve on a closed listener = nil, want an error")
	}
}
