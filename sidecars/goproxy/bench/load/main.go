// Command load asks a gate for the same paths over and over, and prints how fast it answers: JSON with requests, errors, rps, and p50, p99
// and max in milliseconds. It reads every answer to its end.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

type options struct {
	url, ca, user, password, paths string
	connections                    int
	seconds                        float64
	http1                          bool
}

type result struct {
	Requests   int     `json:"requests"`
	Errors     int     `json:"errors"`
	FirstError string  `json:"firstError,omitempty"`
	Bytes      int64   `json:"bytes"`
	Seconds    float64 `json:"seconds"`
	RPS        float64 `json:"rps"`
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
	Max        float64 `json:"max"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	flag.StringVar(&o.url, "url", "https://127.0.0.1:8443", "the gate")
	flag.StringVar(&o.ca, "ca", "", "file with the root certificate; default: the system's")
	flag.StringVar(&o.user, "netrc-user", "go", "user; the password is taken from the netrc file that $NETRC names, or from $GATE_PASSWORD")
	flag.StringVar(&o.paths, "paths", "", "file with a path a line, such as /example.com/m/@v/v1.0.0.info")
	flag.IntVar(&o.connections, "conns", 50, "connections, each with one request at a time")
	flag.Float64Var(&o.seconds, "seconds", 10, "how long")
	flag.BoolVar(&o.http1, "http1", false, "HTTP/1.1 instead of HTTP/2")
	flag.Parse()
	base, err := url.Parse(o.url)
	if err != nil {
		return err
	}
	if o.password = os.Getenv("GATE_PASSWORD"); o.password == "" {
		if o.password, err = fromNetrc(base.Host, o.user); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(o.paths)
	if err != nil {
		return fmt.Errorf("--paths: %w", err)
	}
	paths := strings.Fields(string(text))
	if len(paths) == 0 {
		return errors.New("--paths: the file is empty")
	}
	settings := &tls.Config{}
	if o.ca != "" {
		pem, err := os.ReadFile(o.ca)
		if err != nil {
			return err
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--ca %s holds no certificate", o.ca)
		}
	}
	found, err := o.load(paths, settings)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func fromNetrc(host, user string) (string, error) {
	text, err := os.ReadFile(os.Getenv("NETRC"))
	if err != nil {
		return "", fmt.Errorf("neither $GATE_PASSWORD nor a readable $NETRC: %w", err)
	}
	words := strings.Fields(string(text))
	for i := 0; i+5 < len(words); i++ {
		if words[i] == "machine" && words[i+1] == host && words[i+2] == "login" && words[i+3] == user && words[i+4] == "password" {
			return words[i+5], nil
		}
	}
	return "", fmt.Errorf("$NETRC has no line: machine %s login %s password …", host, user)
}

type worker struct {
	times  []time.Duration
	bytes  int64
	errors int
	first  string
}

func (o options) load(paths []string, settings *tls.Config) (result, error) {
	workers := make([]worker, o.connections)
	var ready, group sync.WaitGroup
	begin := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range workers {
		transport := &http.Transport{TLSClientConfig: settings.Clone(), ForceAttemptHTTP2: !o.http1, DisableCompression: true, MaxConnsPerHost: 1}
		client := &http.Client{Transport: transport}
		ready.Add(1)
		group.Add(1)
		go func() {
			defer group.Done()
			defer transport.CloseIdleConnections()
			// The handshake is not what is measured.
			o.ask(context.Background(), client, &workers[i], paths[i%len(paths)])
			workers[i] = worker{errors: workers[i].errors, first: workers[i].first}
			ready.Done()
			<-begin
			for at := i; ctx.Err() == nil; at++ {
				o.ask(ctx, client, &workers[i], paths[at%len(paths)])
			}
		}()
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	time.AfterFunc(time.Duration(o.seconds*float64(time.Second)), cancel)
	group.Wait()
	return sum(workers, time.Since(start)), nil
}

func (o options) ask(ctx context.Context, client *http.Client, w *worker, path string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(o.url, "/")+path, nil)
	if err == nil {
		request.SetBasicAuth(o.user, o.password)
		start := time.Now()
		var response *http.Response
		if response, err = client.Do(request); err == nil {
			var n int64
			n, err = io.Copy(io.Discard, response.Body)
			err = errors.Join(err, response.Body.Close())
			if response.StatusCode != http.StatusOK {
				err = errors.Join(err, errors.New(response.Status+" for "+path))
			}
			w.bytes += n
		}
		if err == nil {
			w.times = append(w.times, time.Since(start))
		}
	}
	// The last requests are cut off by the end of the measurement.
	if err != nil && ctx.Err() == nil {
		w.errors++
		if w.first == "" {
			w.first = err.Error()
		}
	}
}

func sum(workers []worker, took time.Duration) result {
	var times []time.Duration
	found := result{Seconds: took.Seconds()}
	for _, w := range workers {
		times = append(times, w.times...)
		found.Errors += w.errors
		found.Bytes += w.bytes
		if found.FirstError == "" {
			found.FirstError = w.first
		}
	}
	found.Requests = len(times)
	found.RPS = float64(len(times)) / took.Seconds()
	if len(times) > 0 {
		slices.Sort(times)
		at := func(share float64) float64 {
			return float64(times[int(share*float64(len(times)-1))].Microseconds()) / 1000
		}
		found.P50, found.P99, found.Max = at(0.5), at(0.99), at(1)
	}
	return found
}
