package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"workstation/sidecars/goproxy/internal/athens"
	"workstation/sidecars/goproxy/internal/explain"
	"workstation/sidecars/goproxy/internal/store"
)

// fetch a version by asking Athens for its .info, which makes it store all three files: on the disk, or in the team's bucket.
func (g *Gate) fetch(ctx context.Context, q question) answer {
	// Several versions at once, but none while a branch is resolved: that may write the same version's files a second time.
	defer g.locks.Shared(q.Path)()
	// It may be whole meanwhile.
	found, err := g.Store.Find(q.Version)
	if err == nil {
		return answer{found: found}
	}
	damaged := errors.Is(err, store.ErrDamaged)
	if !damaged && !errors.Is(err, store.ErrAbsent) {
		return g.broken(q, err)
	}
	now := g.settings.Load()
	if now.Offline && !now.IsShared() {
		if damaged {
			return g.broken(q, err)
		}
		return g.offline(q)
	}
	if damaged {
		// Athens would take it for whole and never fetch it again.
		g.Log.Warn("removed a version that is damaged", "module", q.what(), "problem", err.Error())
		if err := g.Store.Remove(q.Version); err != nil {
			return g.broken(q, err)
		}
	}
	if now.IsShared() {
		return g.pull(ctx, q)
	}
	escaped := q
	escaped.path = q.pathOf(kindInfo)
	reply, err := g.upstream(ctx, escaped)
	if err != nil || reply.Status != http.StatusOK {
		return g.failure(ctx, q, reply, err)
	}
	if err := g.Store.Flush(q.Version); err != nil {
		if errors.Is(err, errNotExist) {
			return g.failure(ctx, q, athens.Reply{Cause: fmt.Sprintf("invalid version: resolves to another one: %s", reply.Body)}, nil)
		}
		return g.broken(q, err)
	}
	if found, err = g.Store.Find(q.Version); err != nil {
		return g.broken(q, fmt.Errorf("what was fetched is not whole: %w", err))
	}
	return answer{found: found}
}

// ask Athens what only it can answer: lists, the newest version, branches and commits.
func (g *Gate) ask(w *counter, r *http.Request, q question) {
	result, good := g.together(w, r, q, func(ctx context.Context) answer {
		offline := g.settings.Load().Offline
		if offline && q.kind != kindList {
			return g.offline(q)
		}
		if q.kind == kindQuery {
			defer g.locks.Alone(q.Path)()
		}
		reply, err := g.upstream(ctx, q)
		if reply.Cause == "EOF" && q.kind != kindQuery {
			// Athens reaps its own children; when that is faster than its wait for go, go's reason is lost. Nothing was stored.
			reply, err = g.upstream(ctx, q)
		}
		if err != nil || reply.Status != http.StatusOK {
			return g.failure(ctx, q, reply, err)
		}
		if offline && len(reply.Body) == 0 {
			return g.offline(q)
		}
		return answer{status: http.StatusOK, body: reply.Body}
	})
	if !good {
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	kind := "application/json"
	if q.kind == kindList {
		kind = "text/plain; charset=utf-8"
	}
	g.sendText(w, r, kind, result.body)
}

// together makes one piece of work of the same question by many. Where it fails, the client has been told already.
func (g *Gate) together(w *counter, r *http.Request, q question, work func(context.Context) answer) (answer, bool) {
	result, err := g.flights.Do(r.Context(), q.kind+" "+q.what(), work)
	if err != nil {
		g.busy(w, r, err)
		return answer{}, false
	}
	if result.status != http.StatusOK {
		g.fail(w, result.status, string(result.body))
		return answer{}, false
	}
	return result, true
}

// patience with Athens: it ends its own work in time; longer means that it hangs itself. With a team it may wait for another's fetch first.
func (g *Gate) patience() time.Duration {
	if g.settings.Load().IsShared() {
		return 2*g.FetchTimeout + 15*time.Second
	}
	return g.FetchTimeout + 15*time.Second
}

// upstream asks Athens, and counts.
func (g *Gate) upstream(ctx context.Context, q question) (athens.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, g.patience())
	defer cancel()
	start := time.Now()
	reply, err := g.Athens.Get(ctx, q.path)
	took := time.Since(start)
	g.Metrics.fetched(err == nil && reply.Status == http.StatusOK, took)
	if err == nil && reply.Status == http.StatusOK {
		g.Log.Info("fetched", "module", q.what(), "kind", q.kind, "milliseconds", took.Milliseconds())
	}
	return reply, err
}

func (g *Gate) failure(ctx context.Context, q question, reply athens.Reply, err error) answer {
	cause := reply.Cause
	if err != nil {
		cause = "the proxy was interrupted, and starts again by itself: try again (" + err.Error() + ")"
		if errors.Is(err, context.DeadlineExceeded) {
			cause = fmt.Sprintf("Athens does not answer: no answer within %s (timeout)", g.patience())
		}
	}
	if cause == "" && reply.Status == http.StatusGatewayTimeout {
		cause = "timeout"
	}
	if told, ours := g.teamTold(q, g.Scrubber.Clean(cause), err); ours {
		return g.told(q, told, cause)
	}
	private := g.settings.Load().PrivateFor(q.Path)
	if private != nil && g.Probe != nil && explain.Vague(cause) {
		cause += "\n" + g.Probe(ctx, q.Path)
	}
	return g.told(q, explain.Failure(q.what(), q.Path, g.Scrubber.Clean(cause), private), cause)
}

func (g *Gate) told(q question, told explain.Answer, cause string) answer {
	g.Metrics.failed(told.Kind)
	g.Log.Warn("not fetched", "module", q.what(), "kind", told.Kind, "status", told.Status, "cause", g.Scrubber.Clean(cause))
	if told.Kind == "disk" {
		g.Metrics.diskFull(true)
	}
	return answer{status: told.Status, kind: told.Kind, body: []byte(told.Text)}
}

func (g *Gate) broken(q question, err error) answer {
	told := explain.Failure(q.what(), q.Path, err.Error(), nil)
	if told.Kind != "disk" {
		told = explain.Answer{Status: http.StatusInternalServerError, Kind: "storage", Text: q.what() + ": the proxy's volume: " + err.Error()}
	}
	g.Metrics.failed(told.Kind)
	g.Log.Error("storage", "module", q.what(), "error", g.Scrubber.Clean(err.Error()))
	return answer{status: told.Status, kind: told.Kind, body: []byte(told.Text)}
}

func (g *Gate) offline(q question) answer {
	g.Metrics.failed("offline")
	return answer{status: http.StatusNotFound, kind: "offline", body: []byte("not found: " + q.what() + " is not held here, and this workstation is offline.\n" +
		"On a machine with a network, add the project that needs it to a bundle (./workstation bundle --projects DIR... --out FILE),\n" +
		"then bring it here: ./workstation up --bundle FILE")}
}
