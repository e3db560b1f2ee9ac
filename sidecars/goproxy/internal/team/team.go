// Package team looks at what a team of proxies shares: the S3 bucket of modules, and the Redis server with the locks.
package team

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"workstation/sidecars/goproxy/internal/athens"
	"workstation/sidecars/goproxy/internal/explain"
	"workstation/sidecars/goproxy/internal/settings"
)

const (
	// wait for an answer.
	wait = 10 * time.Second
	// While all is well a look costs the bucket's owner money; while it is not, somebody waits.
	calm, anxious = 30 * time.Second, 2 * time.Second
)

// Watch looks again and again.
type Watch struct {
	Shared settings.Shared
	// Lock is false where nothing is fetched.
	Lock bool
	// Lasts is how long a lock does.
	Lasts time.Duration
	Clean func(string) string

	mu           sync.Mutex
	bucket, lock string
}

// Problems as they were at the last look.
func (w *Watch) Problems() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []string
	for _, problem := range []string{w.lock, w.bucket} {
		if problem != "" {
			found = append(found, problem)
		}
	}
	return found
}

// UntilLock waits for the server of locks: Athens ends at once where it is not there.
func (w *Watch) UntilLock(ctx context.Context) error {
	for !w.LockIsThere(ctx) {
		if err := sleep(ctx, anxious); err != nil {
			return err
		}
	}
	return nil
}

// Run until ctx ends. Athens runs.
func (w *Watch) Run(ctx context.Context, client *athens.Client) {
	for {
		pause := anxious
		if bucket, lock := w.BucketIsThere(ctx, client), w.LockIsThere(ctx); bucket && lock {
			pause = calm
		}
		if sleep(ctx, pause) != nil {
			return
		}
	}
}

func sleep(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}

// LockIsThere looks now.
func (w *Watch) LockIsThere(ctx context.Context) bool {
	if !w.Lock {
		return true
	}
	problem := ""
	if err := Ping(ctx, w.Shared.Redis.Endpoint, w.Shared.Redis.Password); err != nil {
		problem = w.text(explain.Lock(err.Error(), w.Shared, w.Lasts), err.Error())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lock = problem
	return problem == ""
}

// BucketIsThere looks now.
func (w *Watch) BucketIsThere(ctx context.Context, client *athens.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	reply, err := client.Bucket(ctx)
	cause := reply.Cause
	if err != nil {
		cause = err.Error()
	}
	problem := ""
	if err != nil || reply.Status != http.StatusOK {
		problem = w.text(explain.Bucket(cause, w.Shared), cause)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bucket = problem
	return problem == ""
}

func (w *Watch) text(head, cause string) string {
	return w.Clean(strings.ReplaceAll(head+": "+cause, "\n", " "))
}

// Ping signs in to a Redis server as Athens will.
func Ping(ctx context.Context, endpoint, password string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	if deadline, given := ctx.Deadline(); given {
		if err := connection.SetDeadline(deadline); err != nil {
			return err
		}
	}
	from := bufio.NewReader(connection)
	if password != "" {
		if err := say(connection, from, "AUTH", password); err != nil {
			return err
		}
	}
	return say(connection, from, "PING")
}

// say a command in Redis' protocol; an answer that is an error is one.
func say(connection net.Conn, from *bufio.Reader, words ...string) error {
	text := "*" + strconv.Itoa(len(words)) + "\r\n"
	for _, word := range words {
		text += "$" + strconv.Itoa(len(word)) + "\r\n" + word + "\r\n"
	}
	if _, err := connection.Write([]byte(text)); err != nil {
		return err
	}
	answer, err := from.ReadString('\n')
	if err != nil {
		return err
	}
	if said, refused := strings.CutPrefix(answer, "-"); refused {
		return errors.New(strings.TrimSpace(said))
	}
	if !strings.HasPrefix(answer, "+") {
		return fmt.Errorf("this is no Redis server: it answers %.40q", answer)
	}
	return nil
}
