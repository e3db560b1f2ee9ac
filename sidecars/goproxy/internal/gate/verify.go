package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// speaksOf says that an .info is this version's.
func speaksOf(info []byte, version string) bool {
	var said struct{ Version string }
	return json.Unmarshal(info, &said) == nil && said.Version == version
}

// verify what came out of the bucket: the archive is the version's and can be read to its end, and both are what the checksum database knows.
// Where that is not asked (private modules) or does not answer, go.sum at the client is what tells.
func (g *Gate) verify(ctx context.Context, q question, mod []byte, archive string) *answer {
	checked, err := modzip.CheckZip(q.Version, archive)
	if err == nil {
		err = checked.Err()
	}
	if err != nil {
		return g.damaged(q, kindZip, err)
	}
	zipHash, err := dirhash.HashZip(archive, dirhash.Hash1)
	if err != nil {
		return g.damaged(q, kindZip, err)
	}
	modHash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(mod)), nil })
	if err != nil {
		return g.damaged(q, kindMod, err)
	}
	if !g.isPublic(q.Path) {
		return nil
	}
	known, err := g.Sumdb.hashes(ctx, q.Version)
	if err != nil {
		g.Log.Info("not compared with the checksum database", "module", q.what(), "cause", g.Scrubber.Clean(err.Error()))
		return nil
	}
	for _, part := range []struct{ kind, suffix, hash string }{{kindZip, "", zipHash}, {kindMod, "/go.mod", modHash}} {
		if wanted := known[q.Version.Version+part.suffix]; wanted != "" && wanted != part.hash {
			return g.refuse(q, "checksum", fmt.Sprintf("%s: checksum mismatch\n\t%s: %s\n\t%s: %s\nSECURITY ERROR: the bucket does not hold what the checksum database knows",
				q.what(), g.where(q, part.kind), part.hash, g.Sumdb.Name, wanted))
		}
	}
	return nil
}

// hashes of a version by `VERSION` and `VERSION/go.mod`. The mirror has verified them.
func (s *Sumdb) hashes(ctx context.Context, m module.Version) (map[string]string, error) {
	path, err := module.EscapePath(m.Path)
	if err != nil {
		return nil, err
	}
	version, err := module.EscapeVersion(m.Version)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Address, nil)
	if err != nil {
		return nil, err
	}
	request.URL = &url.URL{Scheme: "http", Host: s.Address, Path: "/sumdb/" + s.Name + "/lookup/" + path + "@" + version}
	response, err := s.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(text))
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == m.Path {
			found[words[1]] = words[2]
		}
	}
	return found, nil
}
