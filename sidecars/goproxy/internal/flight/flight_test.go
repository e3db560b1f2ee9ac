package flight

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestManyShareOneAndNobodyEndsIt(t *testing.T) {
	group := New[int](context.Background(), 1000)
	var fetches atomic.Int64
	release := make(chan struct{})
	fetch := func(ctx context.Context) int {
		fetches.Add(1)
		<-release
		if ctx.Err() != nil {
			return -1
		}
		return 42
	}
	impatient, cancel := context.WithCancel(context.Background())
	gone := make(chan error)
	go func() {
		_, err := group.Do(impatient, "a", fetch)
		gone <- err
	}()
	for fetches.Load() == 0 {
		if callers, _ := group.Waiting(); callers > 1 {
			t.Fatal("more callers than there are")
		}
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	for range 200 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			if got, err := group.Do(context.Background(), "a", fetch); got != 42 || err != nil {
				t.Error(got, err)
			}
		}()
	}
	for callers := 0; callers < 200; {
		callers, _ = group.Waiting()
	}
	close(release)
	workers.Wait()
	if fetches.Load() != 1 {
		t.Errorf("%d fetches", fetches.Load())
	}
}

func TestLimit(t *testing.T) {
	group := New[int](context.Background(), 2)
	release := make(chan struct{})
	var workers sync.WaitGroup
	for _, key := range []string{"a", "b"} {
		workers.Add(1)
		go func() {
			defer workers.Done()
			if _, err := group.Do(context.Background(), key, func(context.Context) int { <-release; return 0 }); err != nil {
				t.Error(err)
			}
		}()
	}
	for callers := 0; callers < 2; {
		callers, _ = group.Waiting()
	}
	if _, err := group.Do(context.Background(), "c", func(context.Context) int { return 0 }); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	close(release)
	workers.Wait()
	if got, err := group.Do(context.Background(), "c", func(context.Context) int { return 7 }); got != 7 || err != nil {
		t.Error(got, err)
	}
}

func TestLocksAreGivenUp(t *testing.T) {
	var locks Locks
	first, second := locks.Shared("m"), locks.Shared("m")
	first()
	second()
	locks.Alone("m")()
	if len(locks.locks) != 0 {
		t.Errorf("%d locks are kept", len(locks.locks))
	}
}
