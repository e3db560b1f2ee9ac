package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"workstation/sidecars/goproxy/internal/settings"
)

// pollEvery is how often config.json is read: a change by rename, by a link above it or through a bind mount is seen alike.
const pollEvery = 2 * time.Second

// watch puts changed credentials into use, and ends the gate when something else changed.
func (s *server) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	var mu sync.Mutex
	problem := ""
	s.admin.Check(func() []string {
		mu.Lock()
		defer mu.Unlock()
		if problem == "" {
			return nil
		}
		return []string{problem}
	})
	// Read again at once: it may have changed since the start.
	last := s.configText
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		text, err := os.ReadFile(s.config)
		if err == nil && !bytes.Equal(text, last) {
			last = text
			// One that needs a restart is in use after it.
			if err = s.apply(text, cancel); ctx.Err() == nil {
				s.admin.Config(text)
			}
		} else if err == nil {
			err = errSame
		}
		if err != errSame {
			mu.Lock()
			problem = ""
			if err != nil {
				problem = "config.json cannot be used, the older one is: " + s.scrubber.Clean(strings.ReplaceAll(err.Error(), "\n", "; "))
				s.log.Error("config", "problem", problem)
			}
			mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

type sameError struct{}

func (sameError) Error() string { return "nothing changed" }

var errSame error = sameError{}

func (s *server) apply(text []byte, cancel context.CancelCauseFunc) error {
	now, err := settings.Parse(text)
	if err != nil {
		return err
	}
	if keys := settings.NeedsRestart(s.settings, now); len(keys) > 0 {
		s.log.Info("config.json changed; these need a restart, so the gate ends with exit 0", "keys", keys)
		cancel(errRestart)
		return nil
	}
	s.scrubber.Add(now.Secrets()...)
	if err := s.private.Write(now.Private); err != nil {
		return err
	}
	s.gate.Use(now)
	s.log.Info("config.json is in use")
	return nil
}
