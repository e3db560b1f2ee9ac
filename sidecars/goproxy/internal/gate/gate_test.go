package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/module"

	"workstation/sidecars/goproxy/internal/settings"
	"workstation/sidecars/goproxy/internal/standin"
)

func TestTwoHundredClientsOneFetch(t *testing.T) {
	l := newLab(t, nil)
	l.order(standin.Orders{Chunks: 10, Pause: 20})
	want := zipOf("example.com/m", "v1.0.0")
	var clients sync.WaitGroup
	for i := range 200 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			kind := []string{"info", "mod", "zip"}[i%3]
			answer, err := l.request(t.Context(), http.MethodGet, "/example.com/m/@v/v1.0.0."+kind, nil)
			if err != nil || answer.status != 200 {
				t.Error(answer.status, answer.body, err)
			} else if kind == "zip" && answer.body != want {
				t.Errorf("a zip of %d bytes instead of %d", len(answer.body), len(want))
			}
		}()
	}
	clients.Wait()
	if fetches := l.fetched(); len(fetches) != 1 {
		t.Errorf("%d fetches", len(fetches))
	}
}

func TestHalfWrittenIsNeverServed(t *testing.T) {
	l := newLab(t, nil)
	l.order(standin.Orders{Chunks: 25, Pause: 10})
	var clients sync.WaitGroup
	for i := range 12 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			// Each begins at another moment of the writing, and some resolve a branch to the same version meanwhile.
			path, version := fmt.Sprintf("example.com/m%d", i%3), "v0.0.0-20240101000000-abcdefabcdef"
			time.Sleep(time.Duration(i) * 15 * time.Millisecond)
			for range 20 {
				if i%4 == 0 {
					if answer, err := l.request(t.Context(), http.MethodGet, "/"+path+"/@v/main.info", nil); err != nil || answer.status != 200 {
						t.Error(answer, err)
					}
				}
				answer, err := l.request(t.Context(), http.MethodGet, "/"+path+"/@v/"+version+".zip", nil)
				if err != nil || answer.status != 200 || answer.body != zipOf(path, version) {
					t.Errorf("%d, %d bytes, %v", answer.status, len(answer.body), err)
				}
			}
		}()
	}
	clients.Wait()
}

func TestBranchAndItsVersionAreNotWrittenAtOnce(t *testing.T) {
	l := newLab(t, nil)
	l.order(standin.Orders{Chunks: 20, Pause: 20})
	m := module.Version{Path: "example.com/m", Version: "v0.0.0-20240101000000-abcdefabcdef"}
	file := filepath.Join(l.gate.Store.Folder(m), "source.zip")
	var clients sync.WaitGroup
	ask := func(version string, then func()) {
		clients.Add(1)
		go func() {
			defer clients.Done()
			if answer, err := l.request(t.Context(), http.MethodGet, "/example.com/m/@v/"+version+".info", nil); err != nil || answer.status != 200 {
				t.Error(version, answer, err)
			}
			then()
		}()
	}
	// When the branch is resolved its version looks whole, and a second writer would have left a hole in the middle of the zip.
	ask("main", func() {
		answer, err := l.request(t.Context(), http.MethodGet, "/example.com/m/@v/"+m.Version+".zip", nil)
		if err != nil || answer.status != 200 || answer.body != zipOf(m.Path, m.Version) {
			t.Errorf("%d, not the zip: %d bytes, %v", answer.status, len(answer.body), err)
		}
	})
	most := int64(len(zipOf(m.Path, m.Version)) * 3 / 4)
	for deadline := time.Now().Add(20 * time.Second); ; {
		if info, err := os.Stat(file); err == nil && info.Size() > most {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is written")
		}
		time.Sleep(time.Millisecond)
	}
	ask(m.Version, func() {})
	clients.Wait()
}

func TestNames(t *testing.T) {
	l := newLab(t, nil)
	for path, what := range map[string]string{
		"/github.com/!burnt!sushi/toml/@v/v0.3.1":                             "github.com/BurntSushi/toml@v0.3.1",
		"/example.com/old/@v/v2.0.0+incompatible":                             "example.com/old@v2.0.0+incompatible",
		"/example.com/p/@v/v0.0.0-20240101000000-abcdefabcdef":                "example.com/p@v0.0.0-20240101000000-abcdefabcdef",
		"/example.com/pre/v3/@v/v3.0.0-!r!c.1":                                "example.com/pre/v3@v3.0.0-RC.1",
		"/golang.org/toolchain/@v/v0.0.1-go1.26.8.linux-amd64":                "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64",
		"/example.com/retracted/@v/v1.0.1":                                    "example.com/retracted@v1.0.1",
		"/example.com/a/@v/v1.0.0":                                            "example.com/a@v1.0.0",
		"/gopkg.in/yaml.v3/@v/v3.0.1":                                         "gopkg.in/yaml.v3@v3.0.1",
		"/example.com/m/@v/v1.2.4-0.20240101000000-abcdefabcdef":              "example.com/m@v1.2.4-0.20240101000000-abcdefabcdef",
		"/example.com/under_score/x~y/@v/v0.1.0":                              "example.com/under_score/x~y@v0.1.0",
		"/example.com/q/@v/v2.0.1-0.20240101000000-abcdefabcdef+incompatible": "example.com/q@v2.0.1-0.20240101000000-abcdefabcdef+incompatible",
	} {
		name, version, _ := strings.Cut(what, "@")
		info := l.get(path + ".info")
		var said struct{ Version string }
		if err := json.Unmarshal([]byte(info.body), &said); err != nil || info.status != 200 || said.Version != version {
			t.Errorf("%s: %+v %v", path, info, err)
		}
		if answer := l.get(path + ".zip"); answer.body != zipOf(name, version) {
			t.Errorf("%s: another zip, %d", path, answer.status)
		}
		if answer := l.get(path + ".mod"); answer.body != "module "+name+"\n" {
			t.Errorf("%s: %q", path, answer.body)
		}
	}
	if fetches := l.fetched(); len(fetches) != 11 {
		t.Errorf("%d fetches", len(fetches))
	}
}

func TestWhatIsNoModule(t *testing.T) {
	l := newLab(t, nil)
	for _, path := range []string{
		"/", "/x", "/../../etc/passwd/@v/v1.0.0.info", "/example.com/../m/@v/v1.0.0.info", "/example.com/m/@v/../../v1.0.0.info", "/example.com/m/@v/v1.0.0.info/",
		"/example.com//m/@v/list", "/example.com/M/@v/list", "/example.com/!m!/@v/list", "/example.com/m/@v/v1.0.0.exe", "/example.com/m/@v/.info",
		"/example.com/m/@v/main.zip", "/example.com/m/@v/-flag.info", "/example.com/m/@v/a@b.info", "/nodots/m/@v/list", "/example.com/m\x00/@v/list",
		"/example.com/m\n/@v/list", "/example.com/" + strings.Repeat("a/", 1500) + "@v/list", "/example.com/ä/@v/list", "/healthz", "/catalog",
		"/sumdb/sum.golang.org/supported", "/example.com/m/@v/>=v1.info",
	} {
		if answer := l.get(path); answer.status != 404 && answer.status != 400 {
			t.Errorf("%.60q: %d %s", path, answer.status, answer.body)
		}
	}
	if fetches := l.fetched(); len(fetches) > 0 {
		t.Errorf("Athens was asked: %v", fetches)
	}
}

func TestOnlyWithPassword(t *testing.T) {
	l := newLab(t, nil)
	l.get("/example.com/m/@v/v1.0.0.info")
	for name, edit := range map[string]func(*http.Request){
		"nothing": func(r *http.Request) { r.Header.Del("Authorization") },
		"wrong":   func(r *http.Request) { r.SetBasicAuth("go", "wrong") },
		"user":    func(r *http.Request) { r.SetBasicAuth("og", password) },
		"both":    func(r *http.Request) { r.SetBasicAuth("", "go:"+password) },
		"bearer":  func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+password) },
	} {
		for _, path := range []string{"/example.com/m/@v/v1.0.0.info", "/metrics", "/sumdb/x/supported", "/", "/healthz"} {
			answer, err := l.request(t.Context(), http.MethodGet, path, edit)
			if err != nil || answer.status != 401 || answer.header.Get("WWW-Authenticate") == "" || !strings.Contains(answer.body, "netrc") {
				t.Errorf("%s %s: %+v %v", name, path, answer, err)
			}
		}
	}
	// A new password takes effect at once, and the old one no longer works.
	changed := l.settings
	changed.Auth.Password = "another-password"
	l.gate.Use(&changed)
	if answer := l.get("/example.com/m/@v/v1.0.0.info"); answer.status != 401 {
		t.Error(answer)
	}
}

func TestHeadersAndHead(t *testing.T) {
	l := newLab(t, nil)
	for _, kind := range []string{"info", "mod", "zip"} {
		path := "/example.com/m/@v/v1.0.0." + kind
		full := l.get(path)
		head, err := l.request(t.Context(), http.MethodHead, path, nil)
		if err != nil || head.status != 200 || head.body != "" || head.header.Get("Content-Length") != fmt.Sprint(len(full.body)) {
			t.Errorf("%s: %+v %v", kind, head, err)
		}
		if !strings.Contains(full.header.Get("Cache-Control"), "immutable") || full.header.Get("Content-Length") != fmt.Sprint(len(full.body)) {
			t.Errorf("%s: %v", kind, full.header)
		}
		same, err := l.request(t.Context(), http.MethodGet, path, func(r *http.Request) { r.Header.Set("If-None-Match", full.header.Get("ETag")) })
		if err != nil || same.status != 304 {
			t.Errorf("%s: %+v %v", kind, same, err)
		}
	}
	if answer, err := l.request(t.Context(), http.MethodPost, "/example.com/m/@v/list", nil); err != nil || answer.status != 405 {
		t.Error(answer, err)
	}
	for _, path := range []string{"/example.com/m/@v/list", "/example.com/m/@latest", "/example.com/m/@v/main.info", "/example.com/none/@v/x"} {
		if cache := l.get(path).header.Get("Cache-Control"); cache != "no-store" {
			t.Errorf("%s: %q", path, cache)
		}
	}
}

func TestOffline(t *testing.T) {
	l := newLab(t, func(s *settings.Settings) { s.Offline = true })
	for _, path := range []string{"/example.com/m/@v/v1.0.0.zip", "/example.com/m/@latest", "/example.com/m/@v/main.info"} {
		if answer := l.get(path); answer.status != 404 || !strings.Contains(answer.body, "offline") || !strings.Contains(answer.body, "bundle") {
			t.Errorf("%s: %+v", path, answer)
		}
	}
	if fetches := l.fetched(); len(fetches) > 0 {
		t.Errorf("the upstream was asked: %v", fetches)
	}
}

func TestClientGoesAwayAndTheFetchGoesOn(t *testing.T) {
	l := newLab(t, nil)
	l.order(standin.Orders{Hang: 300})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.request(ctx, http.MethodGet, "/example.com/m/@v/v1.0.0.info", nil); err == nil {
		t.Fatal("it did not hang")
	}
	if answer := l.get("/example.com/m/@v/v1.0.0.zip"); answer.status != 200 {
		t.Error(answer.status, answer.body)
	}
	if fetches := l.fetched(); len(fetches) != 1 {
		t.Errorf("%v", fetches)
	}
}

func TestChecksumDatabaseIsPassedOn(t *testing.T) {
	l := newLab(t, nil)
	database := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "none") {
			http.Error(w, "not found: unknown", http.StatusNotFound)
			return
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	defer database.Close()
	l.gate.Sumdb = NewSumdb("sum.example", strings.TrimPrefix(database.URL, "http://"))
	for path, want := range map[string]string{
		"/sumdb/sum.example/supported":                  "200 ",
		"/sumdb/sum.example/lookup/m.example/!m@v1.0.0": "200 /sumdb/sum.example/lookup/m.example/!m@v1.0.0",
		"/sumdb/sum.example/tile/8/0/x001/067":          "200 /sumdb/sum.example/tile/8/0/x001/067",
		"/sumdb/sum.example/lookup/none@v1":             "404 not found: unknown\n",
		"/sumdb/other.example/supported":                "404 not found: this proxy serves only the checksum database sum.example\n",
		"/sumdb/sum.example/../x":                       "400 not a path of the checksum database\n",
	} {
		answer := l.get(path)
		if got := fmt.Sprint(answer.status, " ", answer.body); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	database.Close()
	if answer := l.get("/sumdb/sum.example/latest"); answer.status != 502 {
		t.Error(answer)
	}
}

func TestMetrics(t *testing.T) {
	l := newLab(t, nil)
	l.get("/example.com/m/@v/v1.0.0.zip")
	l.get("/example.com/m/@v/v1.0.0.zip")
	l.get("/example.com/m/@v/list")
	metrics := l.get("/metrics")
	for _, want := range []string{
		`workstation_goproxy_requests_total{kind="zip",status="2xx"} 2`, `workstation_goproxy_cache_total{result="hit"} 1`,
		`workstation_goproxy_cache_total{result="miss"} 1`, `workstation_goproxy_upstream_fetches_total{result="good"} 2`,
		`workstation_goproxy_upstream_seconds_count 2`, "workstation_goproxy_certificate_expires_seconds 3", "proxy_standin 1",
		fmt.Sprintf(`workstation_goproxy_bytes_total{kind="zip"} %d`, 2*len(zipOf("example.com/m", "v1.0.0"))),
	} {
		if !strings.Contains(metrics.body, want) {
			t.Errorf("%q is missing in\n%s", want, metrics.body)
		}
	}
}
