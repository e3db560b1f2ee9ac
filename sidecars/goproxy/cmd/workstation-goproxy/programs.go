package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"workstation/sidecars/goproxy/internal/athens"
	"workstation/sidecars/goproxy/internal/children"
	"workstation/sidecars/goproxy/internal/gate"
	"workstation/sidecars/goproxy/internal/settings"
	"workstation/sidecars/goproxy/internal/team"
)

// startWait is how long a child may take until it answers.
const startWait = 30 * time.Second

// programs that run beside the gate, in the order of their start.
type programs struct {
	client *athens.Client
	mirror *gate.Sumdb
	socket string
	// team is nil where modules are kept on the disk.
	team gate.Team

	mu      sync.Mutex
	running []*children.Child
	stopped bool
}

// stop them, the last first.
func (p *programs) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	if p.client != nil {
		// Athens would wait five seconds for a connection that was never used.
		p.client.HTTP.CloseIdleConnections()
	}
	for i := len(p.running) - 1; i >= 0; i-- {
		p.running[i].Stop(grace)
	}
	p.running = nil
	if p.socket != "" {
		// Nothing is lost when it stays: it lies in a temporary folder.
		_ = os.RemoveAll(p.socket)
	}
}

// startPrograms starts the mirror of the checksum database first: Athens' go is told its address.
func (s *server) startPrograms(ctx context.Context, cancel context.CancelCauseFunc) error {
	sumdb, err := settings.ParseSumdb(s.settings.Upstream["GOSUMDB"])
	if err != nil {
		return err
	}
	address := ""
	// GOPROXY=off leaves the mirror nobody to ask, as offline does.
	alone := s.settings.Offline || (sumdb.URL == "" && s.settings.Upstream["GOPROXY"] == "off")
	switch {
	case sumdb.Off:
	case alone && s.sumdbIsEmpty():
		s.log.Warn("no checksum data is held and there is nobody to ask for it: lookups are answered with 404")
		s.programs.mirror = gate.NewSumdb(sumdb.Name, "")
	default:
		if address, err = s.startSumdb(ctx, cancel, sumdb, alone); err != nil {
			return fmt.Errorf("programs.sumdb: %w", err)
		}
		s.programs.mirror = gate.NewSumdb(sumdb.Name, address)
	}
	if err := s.startAthens(ctx, cancel, address); err != nil {
		return fmt.Errorf("programs.athens: %w", err)
	}
	return nil
}

// sumdbIsEmpty says that the mirror would not start: it serves nothing without a signed head.
func (s *server) sumdbIsEmpty() bool {
	found, err := filepath.Glob(filepath.Join(s.settings.Storage, "sumdb", "*"))
	return err == nil && len(found) == 0
}

type serving struct {
	Message string `json:"msg"`
	Address string `json:"address"`
	Admin   string `json:"admin"`
}

func (s *server) startSumdb(ctx context.Context, cancel context.CancelCauseFunc, sumdb settings.Sumdb, alone bool) (string, error) {
	arguments := []string{"serve", "--store", filepath.Join(s.settings.Storage, "sumdb"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}
	if private := s.settings.NoSumdb(); private != "" {
		arguments = append(arguments, "--private", private)
	}
	if key := sumdb.Key(); key != "" {
		arguments = append(arguments, "--key", key)
	}
	if sumdb.URL != "" {
		arguments = append(arguments, "--upstream", sumdb.URL)
	}
	if alone {
		arguments = append(arguments, "--offline")
	}
	environment := athens.Inherit(s.settings.Upstream)
	if proxy := s.settings.Upstream["GOPROXY"]; proxy != "" {
		environment = append(environment, "GOPROXY="+proxy)
	}
	started := make(chan serving, 1)
	child, err := s.start(ctx, cancel, children.Spec{
		Name: "sumdb", Program: s.settings.Programs.Sumdb, Arguments: arguments, Environment: environment, Folder: s.settings.Storage,
		Line: func(line string) {
			var said serving
			if err := json.Unmarshal([]byte(line), &said); err == nil && said.Message == "serving" {
				select {
				case started <- said:
				default:
				}
			}
			s.log.Info("sumdb", "says", s.scrubber.Clean(line))
		},
	})
	if err != nil {
		return "", err
	}
	select {
	case said := <-started:
		s.admin.Check(func() []string {
			health, err := askHealth(context.WithoutCancel(ctx), said.Admin)
			problems := health.Problems
			if err != nil {
				problems = []string{err.Error()}
			}
			for i := range problems {
				problems[i] = "checksum database: " + problems[i]
			}
			return problems
		})
		return said.Address, nil
	case <-child.Done():
		return "", errors.New("it ended at once: " + child.Why())
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-time.After(startWait):
		return "", fmt.Errorf("it does not say that it serves within %s", startWait)
	}
}

func (s *server) startAthens(ctx context.Context, cancel context.CancelCauseFunc, sumdb string) error {
	folder, err := os.MkdirTemp("", "gate-")
	if err != nil {
		return err
	}
	s.programs.socket = folder
	paths := athens.Paths{
		Socket: filepath.Join(folder, "athens.sock"), Storage: s.store.Root,
		Temporary: filepath.Join(s.settings.Storage, "tmp"), Home: folder,
	}
	if strings.ContainsAny(paths.Temporary, ";") {
		return errors.New("storage must not contain semicolons")
	}
	client := athens.NewClient(paths.Socket, s.scrubber.Clean, s.log)
	s.programs.client = client
	spec := children.Spec{
		Name: "athens", Program: s.settings.Programs.Athens, Folder: folder, Line: client.Line,
		Environment: athens.Environment(s.settings, paths, s.private.Environment(), sumdb, s.timeout),
	}
	if !s.settings.IsShared() {
		return s.runAthens(ctx, cancel, spec)
	}
	watch := &team.Watch{
		Shared: s.settings.Shared, Lock: !s.settings.Offline, Lasts: athens.LockLasts(s.timeout), Clean: s.scrubber.Clean,
	}
	s.programs.team = watch
	s.admin.Warn(watch.Problems)
	return s.joinTeam(ctx, cancel, watch, spec)
}

// joinTeam starts Athens once the lock is there: it would end at once without. Where that is not now it is done in the background, and what the
// disk holds is served until then.
func (s *server) joinTeam(ctx context.Context, cancel context.CancelCauseFunc, watch *team.Watch, spec children.Spec) error {
	if watch.LockIsThere(ctx) {
		if err := s.runAthens(ctx, cancel, spec); err != nil {
			return err
		}
		watch.BucketIsThere(ctx, s.programs.client)
		go watch.Run(ctx, s.programs.client)
		return nil
	}
	go func() {
		if err := watch.UntilLock(ctx); err != nil {
			// The gate ends.
			return
		}
		if err := s.runAthens(ctx, cancel, spec); err != nil {
			cancel(fmt.Errorf("programs.athens: %w", err))
			return
		}
		watch.Run(ctx, s.programs.client)
	}()
	return nil
}

func (s *server) runAthens(ctx context.Context, cancel context.CancelCauseFunc, spec children.Spec) error {
	child, err := s.start(ctx, cancel, spec)
	if err != nil {
		return err
	}
	wait, done := context.WithTimeout(ctx, startWait)
	defer done()
	if err := s.programs.client.Ready(wait, child.Done()); err != nil {
		select {
		case <-child.Done():
			return fmt.Errorf("%w (%s); its log is above", err, child.Why())
		default:
			return err
		}
	}
	return nil
}

// start a child whose end is the gate's end: what is half working misleads, and Docker restarts the container.
func (s *server) start(ctx context.Context, cancel context.CancelCauseFunc, spec children.Spec) (*children.Child, error) {
	s.programs.mu.Lock()
	defer s.programs.mu.Unlock()
	if s.programs.stopped {
		return nil, errors.New("the gate ends")
	}
	child, err := children.Start(spec, s.log)
	if err != nil {
		return nil, err
	}
	s.programs.running = append(s.programs.running, child)
	s.log.Info("started", "child", spec.Name, "pid", child.Pid())
	go func() {
		select {
		case <-child.Done():
			if ctx.Err() == nil {
				s.log.Error("a child ended", "child", spec.Name, "why", child.Why())
				cancel(fmt.Errorf("%s ended: %s", spec.Name, child.Why()))
			}
		case <-ctx.Done():
		}
	}()
	return child, nil
}
