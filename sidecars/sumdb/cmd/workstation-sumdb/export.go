package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/tlog"

	"workstation/sidecars/sumdb/internal/mirror"
	"workstation/sidecars/sumdb/internal/store"
)

// runExport writes what a client asks for as plain files, so that GOPROXY=file:// serves them without any server. All are
// under the one head of the store: the same store and the same go.sum files give the same files.
func runExport(ctx context.Context, flags *flag.FlagSet, arguments []string, out io.Writer) error {
	options := common{}
	options.declare(flags)
	folder := flags.String("out", "", "folder to write to: the root of a file:// module proxy")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() == 0 || *folder == "" {
		return errors.New("--out and at least one go.sum file have to be named")
	}
	options.offline = true
	opened, done, err := options.open(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer done()
	versions, err := versionsIn(flags.Args())
	if err != nil {
		return err
	}
	files := &exporter{ctx: ctx, mirror: opened, key: options.key, root: filepath.Join(*folder, "sumdb", opened.Name())}
	latest, err := opened.Latest(ctx)
	if err != nil {
		return err
	}
	// The go command asks for the first to see whether the proxy serves the database at all.
	if err := errors.Join(files.write("supported", nil), files.write("latest", latest)); err != nil {
		return err
	}
	exported := 0
	for _, version := range versions {
		if module.MatchPrefixPatterns(options.private, version.Path) {
			continue
		}
		// A client without any memory asks for everything; one that has some asks for less of it.
		files.config = map[string][]byte{"key": []byte(options.key)}
		if _, err := sumdb.NewClient(files).Lookup(version.Path, version.Version); err != nil {
			return fmt.Errorf("%s: %w", version, err)
		}
		exported++
	}
	if files.problem != nil {
		return files.problem
	}
	fmt.Fprintf(out, "%d module versions exported; head of %d\n", exported, opened.State().Size)
	return nil
}

// versionsIn go.sum files, each once.
func versionsIn(paths []string) ([]module.Version, error) {
	var versions []module.Version
	seen := map[module.Version]bool{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		sums, err := mirror.ParseSums(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, sum := range sums {
			if !seen[sum.Version] {
				seen[sum.Version] = true
				versions = append(versions, sum.Version)
			}
		}
	}
	return versions, nil
}

// exporter is the machine of a client that keeps what it gets.
type exporter struct {
	ctx     context.Context
	mirror  *mirror.Mirror
	key     string
	root    string
	config  map[string][]byte
	problem error
}

func (e *exporter) write(name string, content []byte) error {
	path := filepath.Join(e.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

func (e *exporter) ReadRemote(path string) ([]byte, error) {
	name := strings.TrimPrefix(path, "/")
	body, err := e.answer(name)
	if err != nil {
		return nil, err
	}
	return body, e.write(name, body)
}

func (e *exporter) answer(name string) ([]byte, error) {
	if record, ok := strings.CutPrefix(name, "lookup/"); ok {
		version, err := store.ParseVersion(record)
		if err != nil {
			return nil, err
		}
		return e.mirror.Lookup(e.ctx, version)
	}
	tile, err := tlog.ParseTilePath(name)
	if err != nil {
		return nil, err
	}
	return e.mirror.Tile(e.ctx, tile)
}

func (e *exporter) ReadConfig(file string) ([]byte, error) { return e.config[file], nil }

func (e *exporter) WriteConfig(file string, _, content []byte) error {
	e.config[file] = content
	return nil
}

func (e *exporter) ReadCache(string) ([]byte, error) { return nil, store.ErrNone }
func (e *exporter) WriteCache(string, []byte)        {}
func (e *exporter) Log(string)                       {}
func (e *exporter) SecurityError(text string)        { e.problem = errors.New(text) }
