package gate

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// kinds of questions, as in metrics.
const (
	kindInfo   = "info"
	kindMod    = "mod"
	kindZip    = "zip"
	kindList   = "list"
	kindLatest = "latest"
	kindQuery  = "query"
	kindSumdb  = "sumdb"
	kindOther  = "other"
)

// maxPath of a question, in bytes. The go command's longest are far below.
const maxPath = 2048

// question of the download protocol.
type question struct {
	kind string
	// module and its version as the developer writes them; a branch or commit for kindQuery, "" for lists.
	module.Version
	// path as the download protocol has it, capitals escaped.
	path string
}

func (q question) what() string {
	if q.Version.Version == "" {
		return q.Path
	}
	return q.Path + "@" + q.Version.Version
}

// parse a decoded URL path. An error is something that no module can be.
func parse(path string) (question, error) {
	if len(path) > maxPath {
		return question{}, fmt.Errorf("the path is longer than %d bytes", maxPath)
	}
	rest, found := strings.CutPrefix(path, "/")
	if !found {
		return question{}, errors.New("the path must begin with /")
	}
	if escaped, found := strings.CutSuffix(rest, "/@latest"); found {
		return about(kindLatest, escaped, "", path)
	}
	escaped, file, found := cutLast(rest, "/@v/")
	if !found {
		return question{}, errors.New("not a path of the module download protocol")
	}
	if file == "list" {
		return about(kindList, escaped, "", path)
	}
	for _, kind := range []string{kindInfo, kindMod, kindZip} {
		if version, found := strings.CutSuffix(file, "."+kind); found {
			return about(kind, escaped, version, path)
		}
	}
	return question{}, errors.New("not a path of the module download protocol")
}

func about(kind, escapedPath, escapedVersion, path string) (question, error) {
	q := question{kind: kind, path: path}
	var err error
	if q.Path, err = module.UnescapePath(escapedPath); err != nil {
		return question{}, err
	}
	if escapedVersion == "" && (kind == kindList || kind == kindLatest) {
		return q, nil
	}
	if q.Version.Version, err = module.UnescapeVersion(escapedVersion); err != nil {
		return question{}, err
	}
	if isCanonical(q.Version.Version) {
		return q, nil
	}
	if kind != kindInfo {
		return question{}, fmt.Errorf("%q is not a version: only .info is answered for branches and commits", q.Version.Version)
	}
	// What go would take for a flag or another request of its own.
	if strings.HasPrefix(q.Version.Version, "-") || strings.ContainsAny(q.Version.Version, "<>= @") {
		return question{}, fmt.Errorf("%q is not a version, branch or commit", q.Version.Version)
	}
	q.kind = kindQuery
	return q, nil
}

func isCanonical(version string) bool {
	canonical := semver.Canonical(version)
	return canonical != "" && (version == canonical || version == canonical+"+incompatible")
}

func cutLast(text, separator string) (before, after string, found bool) {
	if at := strings.LastIndex(text, separator); at >= 0 {
		return text[:at], text[at+len(separator):], true
	}
	return text, "", false
}
