package issuer

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDamagedLogStopsTheStart(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		look(t, k, start)
		if err := os.WriteFile(filepath.Join(k.State, "issuer.log"), []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		restarted := &Keeper{State: k.State, Out: k.Out, Declaration: k.Declaration, Log: k.Log}
		if err := restarted.Open(); err == nil || !strings.Contains(err.Error(), "log-restart") {
			t.Error(err)
		}
	})
}

func TestRunSeesClockJumps(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		ctx, stop := context.WithCancel(context.Background())
		ticks, hangups, done := make(chan time.Time), make(chan os.Signal), make(chan struct{})
		// time.Now carries running time; adding days to it moves both. Only Round(0) has none, as after a jump.
		clock := make(chan time.Time, 1)
		real := time.Now()
		clock <- real
		go func() {
			defer close(done)
			k.Run(ctx, ticks, hangups, func() time.Time { return <-clock })
		}()
		clock <- real.Add(15 * time.Second)
		ticks <- time.Time{}
		declare(t, k, `{"leaves":[{"name":"b","ips":["127.0.0.1"]}]}`)
		clock <- real.Add(16 * time.Second)
		hangups <- os.Interrupt
		stop()
		<-done
		if _, numbers := k.Last(); numbers.ClockJumps != 0 {
			t.Error("a jump was seen where there was none")
		}
		if _, err := os.Stat(filepath.Join(k.Out, "b", "current")); err != nil {
			t.Error("a hangup does not read the declaration again:", err)
		}
		if by := jumped(real, real.Add(15*time.Second), 15*time.Second); by != 0 {
			t.Error(by)
		}
		for _, slept := range []time.Duration{8 * time.Hour, -8 * time.Hour} {
			if by := jumped(real, real.Add(15*time.Second+slept), 15*time.Second); by != slept {
				t.Errorf("%s: %s", slept, by)
			}
		}
	})
}

func TestHealthAndMetrics(t *testing.T) {
	each(t, func(t *testing.T, kind kind) {
		k := keeper(t, kind, one)
		server := httptest.NewServer(k.Handler())
		defer server.Close()
		get := func(path string) (int, string) {
			t.Helper()
			response, err := http.Get(server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			return response.StatusCode, string(body)
		}
		if status, _ := get("/healthz"); status != http.StatusServiceUnavailable {
			t.Error("healthy before the first look")
		}
		look(t, k, start)
		if status, body := get("/healthz"); status != http.StatusOK || !strings.Contains(body, `"ok":true`) {
			t.Error(status, body)
		}
		if _, body := get("/metrics"); !strings.Contains(body, "workstation_ca_issued_total 1") || !strings.Contains(body, `expires_in_seconds{name="a"} 86100`) {
			t.Error(body)
		}
		k.Look(start.Add(350 * day))
		if status, body := get("/healthz"); status != http.StatusOK || !strings.Contains(body, "expires soon") {
			t.Error("a roll-over that is due must be told, and nothing has stopped working:", status, body)
		}
		k.Look(start.Add(400 * day))
		if status, body := get("/healthz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "roll over") {
			t.Error(status, body)
		}
		if _, err := Listen("0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Error(err)
		}
	})
}
