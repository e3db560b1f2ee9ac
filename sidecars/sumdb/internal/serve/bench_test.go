package serve_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/serve"
	"workstation/sidecars/sumdb/internal/standin"
	"workstation/sidecars/sumdb/internal/store"
	"workstation/sidecars/sumdb/internal/upstream"
)

// BenchmarkLookup has as many clients at once as -cpu times 25 says, over loopback, each with a connection of its own.
func BenchmarkLookup(b *testing.B) {
	db := standin.NewDatabase(b, nil)
	db.Grow(b, 0, 300)
	source, err := upstream.New([]string{db.URL}, nil)
	if err != nil {
		b.Fatal(err)
	}
	opened, err := store.Open(b.TempDir(), db.Key, false)
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	m, err := mirror.New(mirror.Options{Store: opened, Upstream: source, Key: db.Key, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	listening := httptest.NewServer((&serve.Server{Mirror: m, Log: quiet}).Handler())
	defer listening.Close()
	if err := m.Refresh(context.Background()); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	var next atomic.Int64
	ask := func() error {
		response, err := client.Get(fmt.Sprintf("%s/lookup/filler.example/m%d@v1.0.0", listening.URL, next.Add(1)%300))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", response.StatusCode)
		}
		return nil
	}
	for range 300 {
		if err := ask(); err != nil {
			b.Fatal(err)
		}
	}
	b.SetParallelism(25)
	b.ResetTimer()
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			if err := ask(); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lookups/s")
}
