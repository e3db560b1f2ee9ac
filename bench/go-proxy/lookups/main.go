// Command lookups asks the checksum database behind a module proxy for each MODULE@VERSION on stdin, every one with a client that has seen
// nothing before, as the go command on a new machine. It prints JSON: lookups, failures, the first error, and seconds.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb"
)

// Of the public database, as in the go command.
const (
	name = "sum.golang.org"
	key  = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
)

type result struct {
	Lookups    int     `json:"lookups"`
	Failures   int     `json:"failures"`
	FirstError string  `json:"firstError,omitempty"`
	Seconds    float64 `json:"seconds"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lookups:", err)
		os.Exit(1)
	}
}

func run() error {
	url := flag.String("url", "", "the module proxy")
	ca := flag.String("ca", "", "file with its root certificate")
	user := flag.String("user", "go", "user; the password comes from $GATE_PASSWORD")
	together := flag.Int("together", 8, "clients at once")
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("--ca %s holds no certificate", *ca)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: *together}
	remote := &remote{base: *url + "/sumdb/" + name, user: *user, password: os.Getenv("GATE_PASSWORD"), http: &http.Client{Transport: transport, Timeout: time.Minute}}
	wanted := make(chan string)
	var mu sync.Mutex
	var workers sync.WaitGroup
	found := result{}
	start := time.Now()
	for range *together {
		workers.Go(func() {
			for one := range wanted {
				err := remote.lookup(one)
				mu.Lock()
				found.Lookups++
				if err != nil {
					found.Failures++
					if found.FirstError == "" {
						found.FirstError = one + ": " + err.Error()
					}
				}
				mu.Unlock()
			}
		})
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		wanted <- strings.TrimSpace(lines.Text())
	}
	close(wanted)
	workers.Wait()
	found.Seconds = time.Since(start).Seconds()
	return errors.Join(lines.Err(), json.NewEncoder(os.Stdout).Encode(found))
}

type remote struct {
	base, user, password string
	http                 *http.Client
}

func (r *remote) lookup(wanted string) error {
	path, version, found := strings.Cut(wanted, "@")
	if !found {
		return errors.New("must be MODULE@VERSION")
	}
	lines, err := sumdb.NewClient(&cold{remote: r}).Lookup(path, version)
	if err == nil && len(lines) == 0 {
		return errors.New("no line")
	}
	return err
}

// cold is a client's machine without any file.
type cold struct {
	remote *remote
	mu     sync.Mutex
	latest []byte
}

func (c *cold) ReadRemote(path string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, c.remote.base+path, nil)
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(c.remote.user, c.remote.password)
	response, err := c.remote.http.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", path, response.Status, strings.TrimSpace(string(body)))
	}
	return body, nil
}

func (c *cold) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(key), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest, nil
}

func (c *cold) WriteConfig(_ string, old, now []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if string(old) != string(c.latest) {
		return sumdb.ErrWriteConflict
	}
	c.latest = now
	return nil
}

func (c *cold) ReadCache(string) ([]byte, error) { return nil, os.ErrNotExist }
func (c *cold) WriteCache(string, []byte)        {}
func (c *cold) Log(string)                       {}

// SecurityError is returned by Lookup too.
func (c *cold) SecurityError(string) {}
