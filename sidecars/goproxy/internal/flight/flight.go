// Package flight lets many who want the same thing share one fetch, and bounds how many wait.
package flight

import (
	"context"
	"errors"
	"sync"
)

// ErrBusy means that as many wait as may.
var ErrBusy = errors.New("too many requests wait for the upstream")

// Group of fetches by key, each with a result of type T.
type Group[T any] struct {
	mu      sync.Mutex
	calls   map[string]*call[T]
	waiting int
	limit   int
	base    context.Context
}

type call[T any] struct {
	done   chan struct{}
	result T
}

// New group in which at most limit callers wait; fetches run under base, not under a caller's context.
func New[T any](base context.Context, limit int) *Group[T] {
	return &Group[T]{calls: map[string]*call[T]{}, limit: limit, base: base}
}

// Do fetches, or waits for who does. A caller who gives up does not end the fetch: the next one will want it.
func (g *Group[T]) Do(ctx context.Context, key string, fetch func(context.Context) T) (T, error) {
	var none T
	g.mu.Lock()
	if g.waiting >= g.limit {
		g.mu.Unlock()
		return none, ErrBusy
	}
	running := g.calls[key]
	if running == nil {
		// Fetches that nobody waits for any more count as well.
		if len(g.calls) >= g.limit {
			g.mu.Unlock()
			return none, ErrBusy
		}
		running = &call[T]{done: make(chan struct{})}
		g.calls[key] = running
		go g.run(key, running, fetch)
	}
	g.waiting++
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.waiting--
		g.mu.Unlock()
	}()
	select {
	case <-running.done:
		return running.result, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func (g *Group[T]) run(key string, running *call[T], fetch func(context.Context) T) {
	running.result = fetch(g.base)
	g.mu.Lock()
	delete(g.calls, key)
	g.mu.Unlock()
	close(running.done)
}

// Waiting callers and running fetches.
func (g *Group[T]) Waiting() (callers, fetches int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting, len(g.calls)
}

// Locks is a read-write lock for each name, there only while it is used.
type Locks struct {
	mu    sync.Mutex
	locks map[string]*counted
}

type counted struct {
	sync.RWMutex
	users int
}

// Shared takes the lock with others; call the result to give it back.
func (l *Locks) Shared(name string) func() {
	lock := l.get(name)
	lock.RLock()
	return func() { lock.RUnlock(); l.put(name, lock) }
}

// Alone takes the lock for oneself.
func (l *Locks) Alone(name string) func() {
	lock := l.get(name)
	lock.Lock()
	return func() { lock.Unlock(); l.put(name, lock) }
}

func (l *Locks) get(name string) *counted {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.locks == nil {
		l.locks = map[string]*counted{}
	}
	lock := l.locks[name]
	if lock == nil {
		lock = &counted{}
		l.locks[name] = lock
	}
	lock.users++
	return lock
}

func (l *Locks) put(name string, lock *counted) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lock.users--; lock.users == 0 {
		delete(l.locks, name)
	}
}
