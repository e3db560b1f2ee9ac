package main

import (
	"context"
	"os/exec"
	"strings"
	"time"

	"workstation/sidecars/goproxy/internal/athens"
)

// probeWait bounds a probe.
const probeWait = 30 * time.Second

// probe asks the server of a private module as go would, to learn why it failed: for paths with a .git element go tries several protocols
// and tells only that none worked.
func (s *server) probe(ctx context.Context, modulePath string) string {
	repository := modulePath
	for at := range strings.SplitAfterSeq(modulePath, ".git/") {
		if strings.HasSuffix(at, ".git/") {
			repository = strings.TrimSuffix(at, "/")
		}
		break
	}
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	command := exec.CommandContext(ctx, "git", "ls-remote", "-q", "--", "https://"+repository, "HEAD")
	command.Env = append(append(athens.Inherit(s.settings.Upstream), "HOME="+s.programs.socket), s.private.Environment()...)
	command.WaitDelay = time.Second
	out, err := command.CombinedOutput()
	if err == nil {
		return "git reaches the repository now: try again (timeout)"
	}
	return strings.TrimSpace(string(out))
}
