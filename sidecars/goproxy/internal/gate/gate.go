// Package gate is what clients talk to: it serves whole modules from the disk and lets Athens fetch the others, into the disk or into a bucket.
package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"workstation/sidecars/goproxy/internal/athens"
	"workstation/sidecars/goproxy/internal/explain"
	"workstation/sidecars/goproxy/internal/flight"
	"workstation/sidecars/goproxy/internal/settings"
	"workstation/sidecars/goproxy/internal/store"
)

// MaxWaiting requests for the upstream at once.
const MaxWaiting = 512

// stall is how long one piece of an answer may take to leave; a slow link gets many pieces.
const stall = time.Minute

// Gate answers the go command.
type Gate struct {
	Store    *store.Store
	Athens   *athens.Client
	Sumdb    *Sumdb
	Scrubber *explain.Scrubber
	Log      *slog.Logger
	Metrics  *Metrics
	// FetchTimeout is Athens' own; the gate waits a little longer.
	FetchTimeout time.Duration
	// Probe asks a private module's server what is wrong, where go does not tell. May be nil.
	Probe func(ctx context.Context, modulePath string) string
	// Team is nil where modules are kept on the disk.
	Team Team

	settings atomic.Pointer[settings.Settings]
	password atomic.Pointer[[sha256.Size]byte]
	flights  *flight.Group[answer]
	locks    flight.Locks
}

// answer of a fetch: either found, or a body, or why not.
type answer struct {
	found  *store.Version
	status int
	body   []byte
	kind   string
}

// Waiting callers and running fetches.
func (g *Gate) Waiting() (callers, fetches int) { return g.flights.Waiting() }

// New gate; fetches end with ctx.
func New(ctx context.Context, s *settings.Settings, g *Gate) *Gate {
	g.flights = flight.New[answer](ctx, MaxWaiting)
	g.Use(s)
	return g
}

// Use new settings: the password of clients, and who private servers are.
func (g *Gate) Use(s *settings.Settings) {
	g.Scrubber.Add(s.Secrets()...)
	sum := sha256.Sum256([]byte(s.Auth.User + ":" + s.Auth.Password))
	g.password.Store(&sum)
	g.settings.Store(s)
}

// ServeHTTP is the public side.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &counter{ResponseWriter: w, status: http.StatusOK}
	kind := kindOther
	// Also for answers that are broken off, which panic.
	defer func() { g.Metrics.answered(kind, out.status, out.bytes) }()
	g.route(out, r, &kind)
}

func (g *Gate) route(w *counter, r *http.Request, kind *string) {
	if !g.allowed(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="go-workstation module proxy", charset="UTF-8"`)
		g.fail(w, http.StatusUnauthorized, "the module proxy of this workstation wants a user and a password.\n"+
			"The go command reads them from the netrc file that the variable NETRC names; in the workstation's containers that is /etc/workstation-secrets/netrc.\n"+
			"Is NETRC set, and does its machine line have this proxy's HOST:PORT?")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		g.fail(w, http.StatusMethodNotAllowed, "only GET and HEAD are answered")
		return
	}
	switch {
	case r.URL.Path == "/metrics":
		g.Metrics.write(w, r)
		return
	case strings.HasPrefix(r.URL.Path, "/sumdb/"):
		*kind = kindSumdb
		g.Sumdb.serve(g, w, r)
		return
	}
	q, err := parse(r.URL.Path)
	if err != nil {
		status := http.StatusNotFound
		if len(r.URL.Path) > maxPath || strings.ContainsFunc(r.URL.Path, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			status = http.StatusBadRequest
		}
		g.fail(w, status, "not found: "+err.Error())
		return
	}
	*kind = q.kind
	switch q.kind {
	case kindInfo, kindMod, kindZip:
		g.version(w, r, q)
	default:
		g.ask(w, r, q)
	}
}

func (g *Gate) allowed(r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	given := sha256.Sum256([]byte(user + ":" + password))
	return subtle.ConstantTimeCompare(given[:], g.password.Load()[:]) == 1
}

// version answers .info, .mod and .zip: from the disk, after a fetch where it is not whole there.
func (g *Gate) version(w *counter, r *http.Request, q question) {
	found, err := g.Store.Find(q.Version)
	hit := err == nil
	g.Metrics.looked(hit)
	// Twice: what was seen may have been taken away until it is opened.
	for range 2 {
		if err != nil {
			result, waited := g.flights.Do(r.Context(), "version "+q.what(), func(ctx context.Context) answer { return g.fetch(ctx, q) })
			if waited != nil {
				g.busy(w, r, waited)
				return
			}
			if result.found == nil {
				g.fail(w, result.status, string(result.body))
				return
			}
			found = result.found
		}
		if err = g.send(w, r, q, found); err == nil {
			return
		}
		if !errors.Is(err, store.ErrAbsent) {
			g.fail(w, http.StatusInternalServerError, q.what()+": the proxy's volume cannot be read: "+err.Error())
			return
		}
	}
	g.fail(w, http.StatusInternalServerError, q.what()+": the proxy's volume changes while it is read")
}

func (g *Gate) busy(w *counter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		// Nobody reads this any more; the status is for the metrics.
		g.fail(w, 499, "the client went away")
		return
	}
	w.Header().Set("Retry-After", "5")
	g.fail(w, http.StatusServiceUnavailable, "busy: "+err.Error()+"; try again")
}

// send what is whole. An error means that nothing was sent yet.
func (g *Gate) send(w *counter, r *http.Request, q question, found *store.Version) error {
	header := w.Header()
	etag := `"` + q.kind + "-" + found.Tag + `"`
	header.Set("ETag", etag)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	switch q.kind {
	case kindInfo:
		g.sendText(w, r, "application/json", found.Info)
		return nil
	case kindMod:
		g.sendText(w, r, "text/plain; charset=utf-8", found.Mod)
		return nil
	}
	file, err := g.Store.Zip(q.Version, found)
	if err != nil {
		return err
	}
	defer file.Close()
	header.Set("Content-Type", "application/zip")
	header.Set("Content-Length", strconv.FormatInt(found.ZipSize, 10))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	w.pieces(file, found.ZipSize, g.Log)
	return nil
}

func (g *Gate) sendText(w *counter, r *http.Request, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.pieces(bytes.NewReader(text), int64(len(text)), g.Log)
	}
}

// fail answers with a text that the go command prints. No secret leaves.
func (g *Gate) fail(w http.ResponseWriter, status int, text string) {
	for _, name := range []string{"ETag", "Content-Length"} {
		w.Header().Del(name)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := io.WriteString(w, g.Scrubber.Clean(text)+"\n"); err != nil {
		g.Log.Debug("answer", "error", err.Error())
	}
}

// counter of what is answered.
type counter struct {
	http.ResponseWriter
	status  int
	bytes   int64
	started bool
}

func (c *counter) WriteHeader(status int) {
	if !c.started {
		c.started, c.status = true, status
		if status == 499 {
			status = http.StatusServiceUnavailable
		}
		c.ResponseWriter.WriteHeader(status)
	}
}

func (c *counter) Write(text []byte) (int, error) {
	c.started = true
	n, err := c.ResponseWriter.Write(text)
	c.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// pieces sends size bytes; each piece has its own deadline, so that a dead client is given up and a slow one is not.
func (c *counter) pieces(from io.Reader, size int64, log *slog.Logger) {
	controller := http.NewResponseController(c.ResponseWriter)
	step := func() error { return nil }
	if size > 64<<10 {
		step = func() error { return controller.SetWriteDeadline(time.Now().Add(stall)) }
		defer func() {
			if err := controller.SetWriteDeadline(time.Time{}); err != nil {
				log.Debug("answer", "error", err.Error())
			}
		}()
	}
	if _, err := store.Copy(c, from, step); err != nil {
		log.Debug("answer", "error", err.Error())
		// The client must not take a part for the whole.
		panic(http.ErrAbortHandler)
	}
}
