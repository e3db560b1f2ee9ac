package gate

import (
	"context"
	"io"
	"net/http"
	"time"

	"workstation/sidecars/goproxy/internal/athens"
)

// relay answers from a bucket: only Athens can read it. Small answers are shared by those who ask at once.
func (g *Gate) relay(w *counter, r *http.Request, q question) {
	switch q.kind {
	case kindInfo, kindMod:
		g.relayText(w, r, q)
	case kindZip:
		g.relayZip(w, r, q)
	default:
		g.ask(w, r, q)
	}
}

func (g *Gate) relayText(w *counter, r *http.Request, q question) {
	result, good := g.together(w, r, q, func(ctx context.Context) answer { return g.shared(ctx, q) })
	if !good {
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	kind := "text/plain; charset=utf-8"
	if q.kind == kindInfo {
		kind = "application/json"
	}
	g.sendText(w, r, kind, result.body)
}

func (g *Gate) shared(ctx context.Context, q question) answer {
	reply, err := g.upstream(ctx, q)
	if err == nil && reply.Status == http.StatusOK {
		return answer{status: http.StatusOK, body: reply.Body}
	}
	if g.settings.Load().Offline && err == nil {
		return g.offline(q)
	}
	return g.failure(ctx, q, reply, err)
}

// relayZip streams. The .info was asked for first by the go command, so that the fetch is over by now; where it was not, it is made here once.
func (g *Gate) relayZip(w *counter, r *http.Request, q question) {
	info := q
	info.kind, info.path = kindInfo, q.path[:len(q.path)-len(kindZip)]+kindInfo
	if _, good := g.together(w, r, info, func(ctx context.Context) answer { return g.shared(ctx, info) }); !good {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), g.FetchTimeout+15*time.Second)
	defer cancel()
	response, cause, err := g.Athens.Open(ctx, r.Method, q.path)
	if err != nil {
		told := g.failure(ctx, q, athens.Reply{}, err)
		g.fail(w, told.status, string(told.body))
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		told := g.failure(ctx, q, athens.Reply{Status: response.StatusCode, Cause: cause()}, nil)
		g.fail(w, told.status, string(told.body))
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if length := response.Header.Get("Content-Length"); length != "" {
		w.Header().Set("Content-Length", length)
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.pieces(io.Reader(response.Body), max(response.ContentLength, 1<<20), g.Log)
	}
}
