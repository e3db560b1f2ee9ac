package policy

import (
	"encoding/json"
	"os"
	"testing"
)

func load(t *testing.T) *Policy {
	t.Helper()
	policy, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestFiles(t *testing.T) {
	// The command line's tests read the same cases.
	text, err := os.ReadFile("testdata/paths.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases struct{ Good, Bad []string }
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Good) < 10 || len(cases.Bad) < 30 {
		t.Fatal("cases are missing")
	}
	policy := load(t)
	for _, path := range cases.Good {
		if err := policy.File(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, path := range cases.Bad {
		if policy.File(path) == nil {
			t.Errorf("%q is allowed", path)
		}
	}
}

func TestRunAsksForLess(t *testing.T) {
	const certificates = "/usr/local/share/ca-certificates/go-workstation-*.crt"
	type question func(*Policy) error
	file := func(path string) question { return func(p *Policy) error { return p.File(path) } }
	folder := func(path string) question { return func(p *Policy) error { return p.Folder(path) } }
	cases := []struct {
		name    string
		granted []string
		ask     question
		yes     bool
	}{
		{"named", []string{"/etc/wsl.conf"}, file("/etc/wsl.conf"), true},
		{"kept beside it", []string{"/etc/wsl.conf"}, file("/etc/wsl.conf.go-workstation-kept"), true},
		{"not named", []string{"/etc/wsl.conf"}, file("/etc/docker/daemon.json"), false},
		{"nothing named", []string{}, file("/etc/wsl.conf"), false},
		{"nothing named at all", nil, file("/etc/wsl.conf"), false},
		{"whole entry", []string{certificates}, file("/usr/local/share/ca-certificates/go-workstation-a.crt"), true},
		{"an entry is no path", []string{certificates}, file(certificates), false},
		{"folder of a named file", []string{"/etc/docker/daemon.json"}, folder("/etc/docker"), true},
		{"folder of another", []string{"/etc/wsl.conf"}, folder("/etc/docker"), false},
		{"trust", []string{certificates}, (*Policy).Trust, true},
		{"trust without certificates", []string{"/etc/wsl.conf"}, (*Policy).Trust, false},
		{"docker after roots", []string{certificates}, (*Policy).Daemon, true},
		{"docker after its settings", []string{"/etc/docker/daemon.json"}, (*Policy).Daemon, true},
		{"docker for nothing", []string{"/etc/wsl.conf"}, (*Policy).Daemon, false},
		{"units", []string{"/etc/systemd/system/go-workstation-a.timer"}, (*Policy).Units, true},
		{"units for nothing", []string{"/etc/wsl.conf"}, (*Policy).Units, false},
		{"own unit", []string{"/etc/systemd/system/go-workstation-a.timer"}, func(p *Policy) error { return p.Unit("go-workstation-a.timer") }, true},
		{"other unit", []string{"/etc/systemd/system/go-workstation-a.timer"}, func(p *Policy) error { return p.Unit("go-workstation-b.timer") }, false},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			policy := load(t)
			if err := policy.Narrow(one.granted); err != nil {
				t.Fatal(err)
			}
			if err := one.ask(policy); (err == nil) != one.yes {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, path := range []string{"/etc/passwd", "/etc/*", "*", "/etc/wsl.conf.go-workstation-kept", "/etc"} {
		if load(t).Narrow([]string{"/etc/wsl.conf", path}) == nil {
			t.Errorf("a run may ask for %q", path)
		}
	}
}

func TestLinksUnitsFolders(t *testing.T) {
	policy := load(t)
	links := map[[2]string]bool{
		{"/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin"}:                true,
		{"/etc/localtime", "../usr/share/zoneinfo/Etc/UTC"}:                    true,
		{"/etc/localtime", "/usr/share/zoneinfo/America/Argentina/Salta"}:      true,
		{"/etc/localtime", "/usr/share/zoneinfo/Etc/GMT+3"}:                    true,
		{"/etc/localtime", "/etc/shadow"}:                                      false,
		{"/etc/localtime", "/usr/share/zoneinfo/../../../etc/shadow"}:          false,
		{"/etc/localtime", "../../usr/share/zoneinfo/UTC"}:                     false,
		{"/etc/localtime", "/usr/share/zoneinfo/"}:                             false,
		{"/etc/localtime", "usr/share/zoneinfo/UTC"}:                           false,
		{"/etc/localtime", "/usr/share/zoneinfo/UTC\n"}:                        false,
		{"/etc/wsl.conf", "/usr/share/zoneinfo/UTC"}:                           false,
		{"/usr/local/lib/go-workstation/x", "/usr/share/zoneinfo/UTC"}:         false,
		{"/etc/localtime.go-workstation-kept", "/usr/share/zoneinfo/Etc/Zulu"}: false,
	}
	for link, yes := range links {
		if err := policy.Link(link[0], link[1]); (err == nil) != yes {
			t.Errorf("%q: %v", link, err)
		}
	}
	units := map[string]bool{
		"go-workstation-clock.timer": true, "go-workstation-drift.service": true,
		"docker.service": false, "--root=/x": false, "go-workstation-a.timer docker.service": false, "go-workstation-../x.timer": false,
		"-H": false, "go-workstation-.socket": false, "": false,
	}
	for unit, yes := range units {
		if err := policy.Unit(unit); (err == nil) != yes {
			t.Errorf("%q: %v", unit, err)
		}
	}
	for folder, yes := range map[string]bool{"/etc/docker": true, "/etc": false, "/": false, "/etc/docker/": false, "/etc/docker/x": false, "/root": false} {
		if err := policy.Folder(folder); (err == nil) != yes {
			t.Errorf("%q: %v", folder, err)
		}
	}
}

func TestModes(t *testing.T) {
	cases := []struct {
		mode  uint32
		found *Found
		yes   bool
	}{
		{0o644, nil, true}, {0o755, nil, true}, {0o600, nil, true}, {0o664, nil, true},
		{0o4755, nil, false}, {0o2755, nil, false}, {0o1644, nil, false}, {0o666, nil, false}, {0o646, nil, false}, {0o10644, nil, false},
		{0o666, &Found{Mode: 0o666}, true},
		{0o4755, &Found{Mode: 0o4755}, false},
		{0o660, &Found{Mode: 0o660, GID: 108}, true},
		{0o660, &Found{Mode: 0o640, GID: 108}, false},
		{0o660, &Found{Mode: 0o640, GID: 0}, true},
	}
	for _, one := range cases {
		if err := Mode(one.mode, one.found); (err == nil) != one.yes {
			t.Errorf("%#o over %v: %v", one.mode, one.found, err)
		}
	}
}

func TestOwners(t *testing.T) {
	root, user := uint32(0), uint32(1000)
	cases := []struct {
		uid, gid *uint32
		found    *Found
		yes      bool
	}{
		{nil, nil, nil, true}, {&root, &root, nil, true}, {&user, &root, nil, false}, {&root, &user, nil, false},
		{&user, nil, &Found{UID: 1000}, true}, {&user, nil, &Found{}, false}, {&root, nil, &Found{UID: 1000}, false},
	}
	for _, one := range cases {
		if err := Owner(one.uid, one.gid, one.found); (err == nil) != one.yes {
			t.Errorf("%+v: %v", one, err)
		}
	}
}
