// Package certificate serves TLS from a file that is renewed while we run.
package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Keeper holds the newest certificate that could be read.
type Keeper struct {
	path    string
	current atomic.Pointer[tls.Certificate]
	// checked is when the file was last looked at, in nanoseconds.
	checked atomic.Int64

	mu      sync.Mutex
	seen    stamp
	problem error
}

type stamp struct {
	path string
	info os.FileInfo
}

// Open waits for the file: the authority may be starting as well. ctx bounds the wait.
func Open(ctx context.Context, path string) (*Keeper, error) {
	keeper := &Keeper{path: path}
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		keeper.look()
		if keeper.current.Load() != nil {
			return keeper, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("tls.pem: no usable certificate appeared: %w", keeper.problem)
		case <-ticker.C:
		}
	}
}

// Config of a server: TLS 1.2 or newer, HTTP/2.
func (k *Keeper) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: k.get}
}

func (k *Keeper) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := time.Now().UnixNano()
	last := k.checked.Load()
	// At most once a second, and by one handshake: the others go on with what is there.
	if now-last > int64(time.Second) && k.checked.CompareAndSwap(last, now) {
		k.look()
	}
	return k.current.Load(), nil
}

// look at the file; a broken one leaves the old certificate in use.
func (k *Keeper) look() {
	k.mu.Lock()
	defer k.mu.Unlock()
	// The folder above is a link that is swapped: resolved anew each time, so that key and certificates are of one issue.
	real, err := filepath.EvalSymlinks(k.path)
	if err != nil {
		k.problem = err
		return
	}
	info, err := os.Stat(real)
	if err != nil {
		k.problem = err
		return
	}
	now := stamp{real, info}
	if k.seen.info != nil && k.seen.path == real && os.SameFile(k.seen.info, info) &&
		k.seen.info.ModTime().Equal(info.ModTime()) && k.seen.info.Size() == info.Size() {
		return
	}
	text, err := os.ReadFile(real)
	if err != nil {
		k.problem = err
		return
	}
	pair, err := tls.X509KeyPair(text, text)
	k.seen = now
	if err != nil {
		k.problem = err
		return
	}
	k.problem = nil
	k.current.Store(&pair)
}

// Expires says when the certificate in use does.
func (k *Keeper) Expires() time.Time { return leaf(k.current.Load()).NotAfter }

// Problems of the certificate at a time, in words.
func (k *Keeper) Problems(now time.Time) []string {
	k.look()
	var found []string
	used := leaf(k.current.Load())
	if now.After(used.NotAfter) {
		found = append(found, fmt.Sprintf("the certificate expired at %s: is the authority running?", used.NotAfter.UTC().Format(time.RFC3339)))
	}
	if now.Before(used.NotBefore) {
		found = append(found, fmt.Sprintf("the certificate is not valid before %s: is the clock right?", used.NotBefore.UTC().Format(time.RFC3339)))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.problem != nil {
		found = append(found, "the newest certificate cannot be used, the older one is still served: "+k.problem.Error())
	}
	return found
}

func leaf(pair *tls.Certificate) *x509.Certificate {
	if pair != nil && pair.Leaf != nil {
		return pair.Leaf
	}
	return &x509.Certificate{}
}

// Pinned makes a client that trusts only who holds the certificate in the file: for programs beside the gate.
func Pinned(path string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Names and roots are not looked at, since the very certificate is compared.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			pair, err := tls.X509KeyPair(text, text)
			if err != nil {
				return err
			}
			if len(state.PeerCertificates) == 0 || !state.PeerCertificates[0].Equal(leaf(&pair)) {
				return errors.New("the server has another certificate than " + path)
			}
			return nil
		},
	}
}
