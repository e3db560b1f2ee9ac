package standin

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/module"
)

// Orders say how the stand-in misbehaves.
type Orders struct {
	// Chunks of a zip that is written slowly, and the pause after each in milliseconds.
	Chunks, Pause int
	// Causes why modules cannot be had, by module path or path@version, in go's words.
	Causes map[string]string
	// Die by SIGKILL after so many chunks; 0 is never.
	Die int
	// Hang instead of fetching, for milliseconds.
	Hang int
	// Garbage is stored as .info.
	Garbage bool
	// NoSpace: stop after the first chunk, as a full disk does, and leave what is there.
	NoSpace bool
	// Go: fetch with the real go command and the environment that the gate gave, as Athens does.
	Go bool
}

// Athens writes the layout of Athens' disk storage as it does: slowly, file after file, flushing nothing.
type Athens struct {
	Root string
	// Orders is asked at each request.
	Orders func() Orders
	// Log gets what Athens writes to its log.
	Log io.Writer
	// Fetched is told of each fetch that begins.
	Fetched func(what string)

	mu sync.Mutex
}

// ServeHTTP is the part of Athens that the gate uses.
func (a *Athens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		return
	case "/metrics":
		fmt.Fprint(w, "# TYPE proxy_standin counter\nproxy_standin 1\n")
		return
	}
	escaped, file, found := strings.Cut(r.URL.Path[1:], "/@v/")
	if !found {
		escaped, found = strings.CutSuffix(r.URL.Path[1:], "/@latest")
		file = "latest"
	}
	path, err := module.UnescapePath(escaped)
	if err != nil || !found {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if file == "list" || file == "latest" {
		a.list(w, r, path, file)
		return
	}
	version, err := module.UnescapeVersion(strings.TrimSuffix(file, filepath.Ext(file)))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a.version(w, r, module.Version{Path: path, Version: version})
}

func (a *Athens) list(w http.ResponseWriter, r *http.Request, path, file string) {
	a.Fetched(file + " " + path)
	if cause := a.Orders().Causes[path]; cause != "" {
		cause = "exit status 1: go: " + cause
		a.say(r, cause)
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, "not found: %s", strings.Replace(cause, "exit status 1: go: ", "", 1))
		return
	}
	if file == "latest" {
		fmt.Fprint(w, `{"Version":"v1.0.0"}`)
		return
	}
	fmt.Fprint(w, "v1.0.0\nv1.1.0")
}

func (a *Athens) version(w http.ResponseWriter, r *http.Request, m module.Version) {
	info := filepath.Join(a.Root, m.Path, m.Version, m.Version+".info")
	if text, err := os.ReadFile(info); err == nil {
		a.write(w, text)
		return
	}
	a.Fetched(m.Path + "@" + m.Version)
	version, err := a.fetch(m)
	if err != nil {
		a.say(r, err.Error())
		status := http.StatusNotFound
		if errors.Is(err, syscall.ENOSPC) {
			status = http.StatusInternalServerError
		}
		w.WriteHeader(status)
		return
	}
	text, err := os.ReadFile(filepath.Join(a.Root, m.Path, version, version+".info"))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	a.write(w, text)
}

func (a *Athens) write(w io.Writer, text []byte) {
	if _, err := w.Write(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// say what Athens logs: the only place where the reason is.
func (a *Athens) say(r *http.Request, cause string) {
	line, err := json.Marshal(map[string]any{
		"time": time.Now().Format(time.RFC3339), "level": "INFO", "msg": cause, "request-id": r.Header.Get("Athens-Request-ID"), "operation": "download.InfoHandler",
	})
	if err != nil {
		panic(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.Log, "%s\n", line)
}

func (a *Athens) fetch(m module.Version) (string, error) {
	orders := a.Orders()
	time.Sleep(time.Duration(orders.Hang) * time.Millisecond)
	for _, name := range []string{m.Path, m.Path + "@" + m.Version} {
		if cause := orders.Causes[name]; cause != "" {
			return "", errors.New(cause)
		}
	}
	if orders.Go {
		return a.realGo(m)
	}
	if !strings.HasPrefix(m.Version, "v") {
		// A branch: it resolves to a version.
		m.Version = "v0.0.0-20240101000000-abcdefabcdef"
		// As Athens: three files are a version, and are not written again.
		if files, err := os.ReadDir(filepath.Join(a.Root, m.Path, m.Version)); err == nil && len(files) == 3 {
			return m.Version, nil
		}
	}
	info := []byte(fmt.Sprintf(`{"Version":%q,"Time":"2024-01-01T00:00:00Z"}`, m.Version))
	if orders.Garbage {
		info = []byte(`{"Version":"v`)
	}
	return m.Version, a.save(orders, m, []byte("module "+m.Path+"\n"), ModuleZip(m), info)
}

func (a *Athens) save(orders Orders, m module.Version, mod, archive, info []byte) error {
	folder := filepath.Join(a.Root, m.Path, m.Version)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), mod, 0o666); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, "source.zip"))
	if err != nil {
		return err
	}
	defer file.Close()
	chunks := max(orders.Chunks, 1)
	size := (len(archive) + chunks - 1) / chunks
	for i := 0; i*size < len(archive); i++ {
		if _, err := file.Write(archive[i*size : min((i+1)*size, len(archive))]); err != nil {
			return err
		}
		if orders.NoSpace {
			return &os.PathError{Op: "write", Path: file.Name(), Err: syscall.ENOSPC}
		}
		if orders.Die > 0 && i+1 == orders.Die {
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				return err
			}
		}
		time.Sleep(time.Duration(orders.Pause) * time.Millisecond)
	}
	return os.WriteFile(filepath.Join(folder, m.Version+".info"), info, 0o666)
}

// realGo does what Athens does: go mod download with the variables that it was given.
func (a *Athens) realGo(m module.Version) (string, error) {
	folder, err := os.MkdirTemp(os.Getenv("ATHENS_GOGET_DIR"), "athens")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	command := exec.CommandContext(context.Background(), os.Getenv("GO_BINARY_PATH"), "mod", "download", "-json", m.Path+"@"+m.Version)
	command.Dir = folder
	command.Env = []string{"GOPATH=" + folder, "GOCACHE=" + filepath.Join(folder, "cache"), "CGO_ENABLED=0", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for row := range strings.SplitSeq(os.Getenv("ATHENS_GO_BINARY_ENV_VARS"), ";") {
		command.Env = append(command.Env, strings.TrimSpace(row))
	}
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	runErr := command.Run()
	var said struct{ Version, Error, Info, GoMod, Zip string }
	if err := json.Unmarshal(out.Bytes(), &said); err != nil {
		return "", fmt.Errorf("%w: %s", errors.Join(runErr, err), errs.String())
	}
	if said.Error != "" {
		return "", errors.New(said.Error)
	}
	var texts [3][]byte
	for i, name := range []string{said.GoMod, said.Zip, said.Info} {
		if texts[i], err = os.ReadFile(name); err != nil {
			return "", err
		}
	}
	m.Version = said.Version
	return m.Version, a.save(Orders{}, m, texts[0], texts[1], texts[2])
}

// ModuleZip is a module's archive with something in it; the same for the same module.
func ModuleZip(m module.Version) []byte {
	if made, found := zips.Load(m); found {
		return made.([]byte)
	}
	made := moduleZip(m, "data")
	zips.Store(m, made)
	return made
}

var zips sync.Map

func moduleZip(m module.Version, name string) []byte {
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	if err := add(writer, m.Path+"@"+m.Version+"/go.mod", []byte("module "+m.Path+"\n")); err != nil {
		panic(err)
	}
	// Something that does not shrink, so that it takes several chunks.
	filler := make([]byte, 200<<10)
	state := uint32(len(m.Path) + 1)
	for i := range filler {
		state = state*1664525 + 1013904223
		filler[i] = byte(state >> 24)
	}
	if err := errors.Join(add(writer, m.Path+"@"+m.Version+"/"+name, filler), writer.Close()); err != nil {
		panic(err)
	}
	return archive.Bytes()
}

func add(writer *zip.Writer, name string, text []byte) error {
	file, err := writer.Create(name)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return err
}
