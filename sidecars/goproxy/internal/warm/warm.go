package warm

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

const (
	// together is how many versions are fetched at once.
	together = 8
	// every is the shortest time between two lines of progress.
	every = 200 * time.Millisecond
	// perRequest bounds one answer; a fetch of a large module takes its time.
	perRequest = 15 * time.Minute
)

// Client of a gate.
type Client struct {
	// Sumdb is the database's name, "" for none; Private are modules it is not asked about. Temporary is a folder for zips on their way:
	// a container's /tmp may be too small for them.
	Sumdb, Private, Temporary string

	base, user, password string
	http                 *http.Client
}

// NewClient for a gate's address and its password.
func NewClient(base, user, password string, trust *tls.Config) *Client {
	transport := &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: together, DisableCompression: true}
	return &Client{base: base, user: user, password: password, http: &http.Client{Transport: transport, Timeout: perRequest}}
}

type progress struct {
	Done   int `json:"done"`
	Total  int `json:"total"`
	Failed int `json:"failed"`
}

type failure struct {
	Module  string `json:"module"`
	Version string `json:"version"`
	Error   string `json:"error"`
}

// Run does all the work, writes lines of progress, then one line for each version that failed. It returns how many go.sum lines failed.
func (c *Client) Run(ctx context.Context, work Work, out io.Writer) (int, error) {
	state := progress{Total: work.Lines()}
	var mu sync.Mutex
	var failures []failure
	var writeErr error
	encoder := json.NewEncoder(out)
	tasks := make(chan Task)
	var workers sync.WaitGroup
	last := time.Time{}
	for range together {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for task := range tasks {
				problems := c.do(ctx, task)
				mu.Lock()
				state.Done += task.lines()
				for _, problem := range problems {
					state.Failed += problem.lines
					failures = append(failures, failure{task.Path, task.Version.Version, problem.text})
				}
				if now := time.Now(); now.Sub(last) >= every && state.Done < state.Total {
					last = now
					writeErr = errors.Join(writeErr, encoder.Encode(state))
				}
				mu.Unlock()
			}
		}()
	}
	for _, task := range work {
		if ctx.Err() != nil {
			break
		}
		tasks <- task
	}
	close(tasks)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	writeErr = errors.Join(writeErr, encoder.Encode(state))
	for _, failed := range failures {
		writeErr = errors.Join(writeErr, encoder.Encode(failed))
	}
	return state.Failed, writeErr
}

// problem of a task, and how many of its go.sum lines it concerns.
type problem struct {
	text  string
	lines int
}

func (c *Client) do(ctx context.Context, task Task) []problem {
	path, err := escaped(task.Version)
	if err != nil {
		return []problem{{err.Error(), task.lines()}}
	}
	// The .info makes the gate fetch the version; the others are then there.
	if _, err := c.get(ctx, path+".info"); err != nil {
		return []problem{{err.Error(), task.lines()}}
	}
	var found []problem
	if len(task.mod) > 0 {
		text, err := c.get(ctx, path+".mod")
		if err == nil {
			found = append(found, compare("go.mod", hashMod(text), task.mod)...)
		} else {
			found = append(found, problem{err.Error(), len(task.mod)})
		}
	}
	if len(task.zip) > 0 {
		hash, err := c.hashZip(ctx, path+".zip")
		if err == nil {
			found = append(found, compare("zip", hash, task.zip)...)
		} else {
			found = append(found, problem{err.Error(), len(task.zip)})
		}
	}
	if len(found) > 0 || c.Sumdb == "" || module.MatchPrefixPatterns(c.Private, task.Path) {
		return found
	}
	if _, err := c.get(ctx, "/sumdb/"+c.Sumdb+"/lookup"+strings.Replace(path, "/@v/", "@", 1)); err != nil {
		found = append(found, problem{err.Error(), task.lines()})
	}
	return found
}

func compare(what, hash string, wanted map[string]bool) []problem {
	var found []problem
	for want := range wanted {
		if hash != want {
			found = append(found, problem{fmt.Sprintf("hash differs: %s of the proxy is %s, go.sum has %s", what, hash, want), 1})
		}
	}
	return found
}

func escaped(m module.Version) (string, error) {
	path, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	version, err := module.EscapeVersion(m.Version)
	return "/" + path + "/@v/" + version, err
}

func hashMod(text []byte) string {
	hash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
	if err != nil {
		return err.Error()
	}
	return hash
}

func (c *Client) hashZip(ctx context.Context, path string) (string, error) {
	file, err := os.CreateTemp(c.Temporary, "warm-*.zip")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	response, err := c.open(ctx, path)
	if err != nil {
		return "", errors.Join(err, file.Close())
	}
	_, err = io.Copy(file, response.Body)
	if err = errors.Join(err, response.Body.Close(), file.Close()); err != nil {
		return "", err
	}
	return dirhash.HashZip(file.Name(), dirhash.Hash1)
}

func (c *Client) get(ctx context.Context, path string) ([]byte, error) {
	response, err := c.open(ctx, path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	return text, errors.Join(err, response.Body.Close())
}

func (c *Client) open(ctx context.Context, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(c.user, c.password)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 2<<10))
	return nil, errors.Join(fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text))), err, response.Body.Close())
}
