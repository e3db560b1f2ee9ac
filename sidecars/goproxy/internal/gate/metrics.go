package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"workstation/sidecars/goproxy/internal/athens"
)

var errNotExist = fs.ErrNotExist

func readFull(r io.Reader, into []byte) (int, error) {
	n, err := io.ReadFull(r, into)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

var kinds = []string{kindInfo, kindMod, kindZip, kindList, kindLatest, kindQuery, kindSumdb, kindOther}
var failures = []string{"missing", "refused", "checksum", "disk", "upstream", "storage", "offline", "shared"}

// bounds of the durations of fetches, in seconds.
var bounds = []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

// Sources of what is not counted here.
type Sources struct {
	// Athens adds its own metrics, Expires is the certificate's end.
	Athens  *athens.Client
	Expires func() time.Time
	// Waiting callers and fetches.
	Waiting func() (int, int)
}

// Connect the sources, once they are there.
func (m *Metrics) Connect(sources Sources) { m.sources.Store(&sources) }

// Metrics are counted without locks.
type Metrics struct {
	sources atomic.Pointer[Sources]

	answers      [8][6]atomic.Int64
	bytes        [8]atomic.Int64
	hits, misses atomic.Int64
	failuresBy   [8]atomic.Int64
	fetches      [2]atomic.Int64
	buckets      [11]atomic.Int64
	nanoseconds  atomic.Int64
	full         atomic.Bool
}

func index(names []string, name string) int {
	for i, known := range names {
		if known == name {
			return i
		}
	}
	return len(names) - 1
}

func (m *Metrics) answered(kind string, status int, bytes int64) {
	at := index(kinds, kind)
	m.answers[at][min(max(status/100, 0), 5)].Add(1)
	m.bytes[at].Add(bytes)
}

func (m *Metrics) looked(hit bool) {
	if hit {
		m.hits.Add(1)
	} else {
		m.misses.Add(1)
	}
}

func (m *Metrics) failed(kind string) { m.failuresBy[index(failures, kind)].Add(1) }

func (m *Metrics) diskFull(full bool) { m.full.Store(full) }

func (m *Metrics) fetched(good bool, took time.Duration) {
	if good {
		m.fetches[0].Add(1)
		m.full.Store(false)
	} else {
		m.fetches[1].Add(1)
	}
	m.buckets[sort.SearchFloat64s(bounds, took.Seconds())].Add(1)
	m.nanoseconds.Add(int64(took))
}

func (m *Metrics) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	text := m.text(time.Now()) + m.others(r.Context())
	// The client may be gone; there is nobody to tell.
	_, _ = io.WriteString(w, text)
}

const prefix = "workstation_goproxy_"

func head(text *strings.Builder, name, kind, help string) {
	fmt.Fprintf(text, "# HELP %s%s %s\n# TYPE %s%s %s\n", prefix, name, help, prefix, name, kind)
}

func (m *Metrics) text(now time.Time) string {
	text := &strings.Builder{}
	head(text, "requests_total", "counter", "Answers to clients by kind of question and class of status.")
	for i, kind := range kinds {
		for class := 2; class < 6; class++ {
			if count := m.answers[i][class].Load(); count > 0 || class == 2 {
				fmt.Fprintf(text, "%srequests_total{kind=%q,status=\"%dxx\"} %d\n", prefix, kind, class, count)
			}
		}
	}
	head(text, "bytes_total", "counter", "Bytes of answers to clients.")
	for i, kind := range kinds {
		fmt.Fprintf(text, "%sbytes_total{kind=%q} %d\n", prefix, kind, m.bytes[i].Load())
	}
	head(text, "cache_total", "counter", "Questions for a version by whether it was whole on the disk.")
	fmt.Fprintf(text, "%scache_total{result=\"hit\"} %d\n%scache_total{result=\"miss\"} %d\n", prefix, m.hits.Load(), prefix, m.misses.Load())
	head(text, "failures_total", "counter", "What could not be had, by reason.")
	for i, kind := range failures {
		fmt.Fprintf(text, "%sfailures_total{reason=%q} %d\n", prefix, kind, m.failuresBy[i].Load())
	}
	head(text, "upstream_fetches_total", "counter", "Questions to Athens that need the upstream.")
	fmt.Fprintf(text, "%supstream_fetches_total{result=\"good\"} %d\n%supstream_fetches_total{result=\"failed\"} %d\n", prefix, m.fetches[0].Load(), prefix, m.fetches[1].Load())
	head(text, "upstream_seconds", "histogram", "How long they took.")
	total := int64(0)
	for i := range m.buckets {
		total += m.buckets[i].Load()
		bound := "+Inf"
		if i < len(bounds) {
			bound = fmt.Sprint(bounds[i])
		}
		fmt.Fprintf(text, "%supstream_seconds_bucket{le=%q} %d\n", prefix, bound, total)
	}
	fmt.Fprintf(text, "%supstream_seconds_sum %g\n%supstream_seconds_count %d\n", prefix, time.Duration(m.nanoseconds.Load()).Seconds(), prefix, total)
	if sources := m.sources.Load(); sources != nil {
		callers, running := sources.Waiting()
		head(text, "waiting", "gauge", "Requests that wait for a fetch.")
		fmt.Fprintf(text, "%swaiting %d\n", prefix, callers)
		head(text, "fetching", "gauge", "Fetches under way.")
		fmt.Fprintf(text, "%sfetching %d\n", prefix, running)
		head(text, "certificate_expires_seconds", "gauge", "Seconds until the certificate in use ends; negative after that.")
		fmt.Fprintf(text, "%scertificate_expires_seconds %.0f\n", prefix, sources.Expires().Sub(now).Seconds())
	}
	return text.String()
}

// others are Athens' own metrics, without names of ours.
func (m *Metrics) others(ctx context.Context) string {
	sources := m.sources.Load()
	if sources == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	reply, err := sources.Athens.Get(ctx, "/metrics")
	if err != nil || reply.Status != http.StatusOK {
		return "# Athens gave no metrics\n"
	}
	var text strings.Builder
	for line := range strings.Lines(string(reply.Body)) {
		if !strings.Contains(line, prefix) {
			text.WriteString(line)
		}
	}
	return sources.Athens.Clean(text.String())
}
