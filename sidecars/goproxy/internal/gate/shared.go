package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"

	"workstation/sidecars/goproxy/internal/athens"
	"workstation/sidecars/goproxy/internal/explain"
)

// Team is what a team of proxies shares. Problems are those of the bucket and of the lock now.
type Team interface{ Problems() []string }

// pull a version out of the bucket into the disk, which is a cache of it: Athens fetches what the bucket lacks, once for all proxies of the
// team. Others write into the bucket too, so it is looked at before it is kept.
func (g *Gate) pull(ctx context.Context, q question) answer {
	info, told := g.object(ctx, q, kindInfo)
	if told != nil {
		return *told
	}
	if !speaksOf(info, q.Version.Version) {
		return g.failure(ctx, q, athens.Reply{Cause: fmt.Sprintf("invalid version: resolves to another one: %s", info)}, nil)
	}
	mod, told := g.object(ctx, q, kindMod)
	if told != nil {
		return *told
	}
	archive, told := g.archive(ctx, q)
	if told != nil {
		return *told
	}
	// After Put it is elsewhere, and there is nothing to remove.
	defer func() { _ = os.Remove(archive) }()
	if told := g.verify(ctx, q, mod, archive); told != nil {
		return *told
	}
	if err := g.Store.Put(q.Version, info, mod, archive); err != nil {
		return g.broken(q, err)
	}
	found, err := g.Store.Find(q.Version)
	if err != nil {
		return g.broken(q, err)
	}
	return answer{found: found}
}

// pathOf another file of the same version.
func (q question) pathOf(kind string) string { return q.path[:len(q.path)-len(q.kind)] + kind }

// object of the bucket that is small.
func (g *Gate) object(ctx context.Context, q question, kind string) ([]byte, *answer) {
	one := q
	one.path = q.pathOf(kind)
	reply, err := g.upstream(ctx, one)
	if err == nil && explain.LockLost(reply.Cause) {
		// Fetched and stored, only later than the lock lasts.
		g.Log.Info("a fetch took longer than its lock lasts", "module", q.what())
		reply, err = g.upstream(ctx, one)
	}
	if err == nil && reply.Status == http.StatusOK {
		return reply.Body, nil
	}
	told := g.unavailable(ctx, q, reply, err)
	return nil, &told
}

func (g *Gate) unavailable(ctx context.Context, q question, reply athens.Reply, err error) answer {
	if err == nil && reply.Status == http.StatusNotFound && g.settings.Load().Offline {
		return g.offline(q)
	}
	return g.failure(ctx, q, reply, err)
}

// archive of a version as a file of its own, flushed.
func (g *Gate) archive(ctx context.Context, q question) (name string, told *answer) {
	ctx, cancel := context.WithTimeout(ctx, g.patience())
	defer cancel()
	failed := func(reply athens.Reply, err error) (string, *answer) {
		told := g.unavailable(ctx, q, reply, err)
		return "", &told
	}
	response, cause, err := g.Athens.Open(ctx, http.MethodGet, q.pathOf(kindZip))
	if err != nil {
		return failed(athens.Reply{}, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return failed(athens.Reply{Status: response.StatusCode, Cause: cause()}, nil)
	}
	file, err := g.Store.Spool()
	if err != nil {
		told := g.broken(q, err)
		return "", &told
	}
	size, readErr := io.Copy(file, io.LimitReader(&tracked{Reader: response.Body}, modzip.MaxZipFile+1))
	err = file.Sync()
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	switch {
	case readErr != nil:
		told = g.cut(ctx, q, readErr)
	case err != nil:
		broken := g.broken(q, err)
		told = &broken
	case size > modzip.MaxZipFile:
		told = g.damaged(q, kindZip, fmt.Errorf("larger than %d bytes", modzip.MaxZipFile))
	default:
		return file.Name(), nil
	}
	// It lies in a folder that is cleared at each start.
	_ = os.Remove(file.Name())
	return "", told
}

// tracked tells a failure to read from one to write.
type tracked struct{ io.Reader }

type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = readError{err}
	}
	return n, err
}

// cut is an archive that did not come to its end: the S3 server's fault, or the volume's.
func (g *Gate) cut(ctx context.Context, q question, err error) *answer {
	var told answer
	if reading := (readError{}); errors.As(err, &reading) {
		told = g.failure(ctx, q, athens.Reply{Cause: "operation error S3: GetObject " + objectOf(q, kindZip) + ": ended in the middle: " + err.Error()}, nil)
	} else {
		told = g.broken(q, err)
	}
	return &told
}

// objectOf a version in the bucket. Athens does not escape capitals there.
func objectOf(q question, kind string) string {
	return q.Path + "/@v/" + q.Version.Version + "." + kind
}

// damaged is an object that this gate can tell to be wrong by itself.
func (g *Gate) damaged(q question, kind string, err error) *answer {
	return g.refuse(q, "storage", fmt.Sprintf("%s: %s is damaged: %v", q.what(), g.where(q, kind), err))
}

// refuse what the bucket holds. Only who owns the bucket can mend it.
func (g *Gate) refuse(q question, kind, text string) *answer {
	text += "\nNothing of it is served. Who owns the bucket: find out who wrote it, and remove the version's objects; then it is fetched again"
	g.Metrics.failed(kind)
	g.Log.Error("refused what the bucket holds", "module", q.what(), "problem", g.Scrubber.Clean(text))
	return &answer{status: http.StatusBadGateway, kind: kind, body: []byte(text)}
}

func (g *Gate) where(q question, kind string) string {
	return "object " + objectOf(q, kind) + " in bucket " + g.settings.Load().Shared.S3.Bucket + " (goProxy.shared.s3)"
}

// isPublic says that the checksum database may be asked about a module.
func (g *Gate) isPublic(path string) bool {
	return g.Sumdb != nil && g.Sumdb.Address != "" && !module.MatchPrefixPatterns(g.settings.Load().NoSumdb(), path)
}

// teamTold is what is wrong with the bucket or the lock, if that is why.
func (g *Gate) teamTold(q question, cause string, err error) (explain.Answer, bool) {
	s := g.settings.Load()
	if !s.IsShared() {
		return explain.Answer{}, false
	}
	if err != nil && g.Team != nil {
		// Athens does not run yet, or waits for one of them.
		if problems := g.Team.Problems(); len(problems) > 0 {
			return explain.Answer{Status: http.StatusBadGateway, Kind: "shared", Text: q.what() + ": " + strings.Join(problems, "\n")}, true
		}
	}
	return explain.Team(q.what(), cause, s.Shared, athens.LockLasts(g.FetchTimeout))
}
