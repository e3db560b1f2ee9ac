package verbs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"workstation/toolchain/privileged/fault"
	"workstation/toolchain/privileged/policy"
	"workstation/toolchain/privileged/protocol"
	"workstation/toolchain/privileged/tree"
)

type helper struct {
	*testing.T
	verbs *Verbs
	at    string
	ran   []string
}

func newHelper(t *testing.T, granted ...string) *helper {
	t.Helper()
	h := &helper{T: t, at: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(h.at, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := tree.Open(h.at)
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := allowed.Narrow(granted); err != nil {
		t.Fatal(err)
	}
	h.verbs = &Verbs{Policy: allowed, Root: root, Run: func(_ context.Context, programs []string, args ...string) error {
		h.ran = append(h.ran, strings.Join(append([]string{programs[0]}, args...), " "))
		return nil
	}}
	return h
}

func (h *helper) ask(line string) (any, error) {
	h.Helper()
	request, err := protocol.Decode([]byte(line))
	if err != nil {
		h.Fatalf("%s: %v", line, err)
	}
	return h.verbs.Do(context.Background(), &request)
}

func TestActions(t *testing.T) {
	const (
		certificate = "/usr/local/share/ca-certificates/go-workstation-*.crt"
		timer       = "/etc/systemd/system/go-workstation-clock.timer"
	)
	cases := []struct{ granted, line, ran string }{
		{certificate, `{"verb":"refreshTrust","kind":"debian"}`, "/usr/sbin/update-ca-certificates --fresh"},
		{certificate, `{"verb":"refreshTrust","kind":"fedora"}`, "/usr/bin/update-ca-trust extract"},
		{certificate, `{"verb":"refreshTrust","kind":"arch"}`, "/usr/bin/trust extract-compat"},
		{certificate, `{"verb":"refreshTrust","kind":"/bin/sh"}`, ""},
		{timer, `{"verb":"refreshTrust","kind":"debian"}`, ""},
		{certificate, `{"verb":"restartDaemon","name":"docker"}`, "/usr/sbin/service docker restart"},
		{certificate, `{"verb":"restartDaemon","name":"ssh"}`, ""},
		{certificate, `{"verb":"restartDaemon","name":"docker; reboot"}`, ""},
		{timer, `{"verb":"restartDaemon","name":"docker"}`, ""},
		{timer, `{"verb":"reloadUnits"}`, "/usr/bin/systemctl daemon-reload"},
		{certificate, `{"verb":"reloadUnits"}`, ""},
		{timer, `{"verb":"enableUnit","name":"go-workstation-clock.timer"}`, "/usr/bin/systemctl enable --now -- go-workstation-clock.timer"},
		{timer, `{"verb":"disableUnit","name":"go-workstation-clock.timer"}`, "/usr/bin/systemctl disable --now -- go-workstation-clock.timer"},
		{timer, `{"verb":"enableUnit","name":"ssh.service"}`, ""},
		{timer, `{"verb":"enableUnit","name":"--force"}`, ""},
		{timer, `{"verb":"enableUnit","name":"go-workstation-other.timer"}`, ""},
	}
	for _, one := range cases {
		h := newHelper(t, one.granted)
		_, err := h.ask(one.line)
		if ran := strings.Join(h.ran, "; "); ran != one.ran {
			t.Errorf("%s ran %q", one.line, ran)
		}
		if one.ran == "" && (err == nil || fault.Of(err).Code != fault.Refused) {
			t.Errorf("%s: %v", one.line, err)
		}
	}
}

func TestDockerUnderSystemd(t *testing.T) {
	h := newHelper(t, "/etc/docker/daemon.json")
	if err := os.MkdirAll(filepath.Join(h.at, "run/systemd/system"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ask(`{"verb":"restartDaemon","name":"docker"}`); err != nil || h.ran[0] != "/usr/bin/systemctl restart docker.service" {
		t.Errorf("%v, %v", h.ran, err)
	}
}

func TestFileVerbs(t *testing.T) {
	h := newHelper(t, "/etc/wsl.conf", "/etc/docker/daemon.json", "/etc/localtime")
	steps := []struct {
		line, code string
		value      any
	}{
		{`{"verb":"write","path":"/etc/wsl.conf","content":"b3Vycwo=","mode":"0644"}`, "", nil},
		{`{"verb":"read","path":"/etc/wsl.conf"}`, "", "ours\n"},
		{`{"verb":"setMode","path":"/etc/wsl.conf","mode":"0600"}`, "", nil},
		{`{"verb":"setMode","path":"/etc/wsl.conf","mode":"04755"}`, fault.Refused, nil},
		{`{"verb":"write","path":"/etc/wsl.conf","content":"","mode":"0777"}`, fault.Refused, nil},
		{`{"verb":"write","path":"/etc/wsl.conf","content":"","mode":"0644","uid":4242}`, fault.Refused, nil},
		{`{"verb":"write","path":"/etc/timezone","content":"","mode":"0644"}`, fault.Refused, nil},
		{`{"verb":"write","path":"/etc/passwd","content":"","mode":"0644"}`, fault.Refused, nil},
		{`{"verb":"read","path":"/etc/shadow"}`, fault.Refused, nil},
		{`{"verb":"stat","path":"/etc/shadow"}`, fault.Refused, nil},
		{`{"verb":"setMode","path":"/etc/shadow","mode":"0644"}`, fault.Refused, nil},
		{`{"verb":"write","path":"/etc/docker/daemon.json","content":"e30=","mode":"0644"}`, "ENOENT", nil},
		{`{"verb":"makeFolder","path":"/etc/docker"}`, "", true},
		{`{"verb":"write","path":"/etc/docker/daemon.json","content":"e30=","mode":"0644"}`, "", nil},
		{`{"verb":"removeFolder","path":"/etc/docker"}`, "", false},
		{`{"verb":"removeFolder","path":"/etc"}`, fault.Refused, nil},
		{`{"verb":"makeFolder","path":"/etc/workstation"}`, fault.Refused, nil},
		{`{"verb":"remove","path":"/etc/docker/daemon.json"}`, "", nil},
		{`{"verb":"removeFolder","path":"/etc/docker"}`, "", true},
		{`{"verb":"link","path":"/etc/localtime","target":"/etc/shadow"}`, fault.Refused, nil},
		{`{"verb":"link","path":"/etc/localtime","target":"/usr/share/zoneinfo/UTC"}`, "", nil},
		{`{"verb":"restore","path":"/etc/localtime","content":"VFppZg==","mode":"0644"}`, "", nil},
		{`{"verb":"stat","path":"/etc/docker/daemon.json"}`, "", nil},
		{`{"verb":"read","path":"/etc/docker/daemon.json"}`, "", nil},
	}
	for _, step := range steps {
		value, err := h.ask(step.line)
		code := ""
		if err != nil {
			code = fault.Of(err).Code
		}
		if content, ok := value.([]byte); ok {
			value = string(content)
		}
		if code != step.code || value != step.value {
			t.Errorf("%s: %v, %v", step.line, value, err)
		}
	}
}

// A stand-in for a program of the system: it writes down how it was started.
const standIn = "#!/bin/sh\n# stand-in for update-ca-certificates\n{ echo \"args: $*\"; echo \"pwd: $(pwd)\"; env | grep -v '^_=' | sort; cat; } > \"$(dirname \"$0\")/started\"\n"

func TestPrograms(t *testing.T) {
	at := t.TempDir()
	program := filepath.Join(at, "tool")
	if err := os.WriteFile(program, []byte(standIn), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LD_PRELOAD_STANDIN", "from outside")
	run := Programs(at)
	if err := run(context.Background(), []string{"/missing", "/tool"}, "$(id)", "; id"); err != nil {
		t.Fatal(err)
	}
	started, err := os.ReadFile(filepath.Join(at, "started"))
	if err != nil {
		t.Fatal(err)
	}
	want := "args: $(id) ; id\npwd: /\nHOME=/root\nLC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n"
	if string(started) != want {
		t.Errorf("%s", started)
	}
	if err := run(context.Background(), []string{"/missing"}); err == nil || !strings.Contains(err.Error(), "/missing is not installed") {
		t.Error(err)
	}
	fails := "#!/bin/sh\n# stand-in that fails\nseq 1 5000\necho the cause >&2\nexit 3\n"
	if err := os.WriteFile(program, []byte(fails), 0o755); err != nil {
		t.Fatal(err)
	}
	err = run(context.Background(), []string{"/tool"})
	if err == nil || !strings.HasSuffix(err.Error(), "the cause") || len(err.Error()) > keptOutput+200 {
		t.Error(err)
	}
	hangs := "#!/bin/sh\n# stand-in that does not end\nsleep 1000 & wait\n"
	if err := os.WriteFile(program, []byte(hangs), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if run(ctx, []string{"/tool"}) == nil {
		t.Error("a cancelled program succeeded")
	}
}
