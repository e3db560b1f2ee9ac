package credentials

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"workstation/sidecars/goproxy/internal/settings"
)

var entries = []settings.Private{
	{Host: "git.example", Modules: []string{"git.example/*"}, Protocol: "https", User: "oauth2", Password: `p" w'$x\y`},
	{Host: "other.example:8443", Modules: []string{"other.example"}, Protocol: "https", User: "u", Password: "second-secret"},
	{Host: "ssh.example:2222", Modules: []string{"ssh.example"}, Protocol: "ssh", User: "git", SSHKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", KnownHosts: "[ssh.example]:2222 ssh-ed25519 AAAA"},
	{Host: "plain.example:3000", Modules: []string{"plain.example"}, Protocol: "http", User: "u", Password: "third-secret"},
}

func git(t *testing.T, folder Folder, in string, arguments ...string) string {
	t.Helper()
	command := exec.Command("git", arguments...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}, folder.Environment()...)
	command.Stdin = strings.NewReader(in)
	out, err := command.CombinedOutput()
	if err != nil {
		return "failed: " + string(out)
	}
	return string(out)
}

func TestGitGetsWhatIsConfiguredAndNothingElse(t *testing.T) {
	folder := Folder(t.TempDir() + "/private")
	if err := folder.Write(entries); err != nil {
		t.Fatal(err)
	}
	for ask, want := range map[string]string{
		"protocol=https\nhost=git.example\n":         `password=p" w'$x\y`,
		"protocol=https\nhost=other.example:8443\n":  "password=second-secret",
		"protocol=http\nhost=plain.example:3000\n":   "password=third-secret",
		"protocol=https\nhost=other.example\n":       "failed: ",
		"protocol=http\nhost=git.example\n":          "failed: ",
		"protocol=https\nhost=git.example.evil.co\n": "failed: ",
	} {
		if got := git(t, folder, ask, "credential", "fill"); !strings.Contains(got, want) {
			t.Errorf("%q: %q", ask, got)
		}
	}
	// A server that refuses once must not make git forget the credential.
	git(t, folder, "protocol=https\nhost=git.example\nusername=oauth2\npassword=x\n", "credential", "reject")
	if got := git(t, folder, "protocol=https\nhost=git.example\n", "credential", "fill"); !strings.Contains(got, "password=p") {
		t.Errorf("the credential is gone: %q", got)
	}
	for from, to := range map[string]string{
		"https://ssh.example/t/r":        "ssh://git@ssh.example:2222/t/r",
		"https://ssh.example:2222/t/r":   "ssh://git@ssh.example:2222/t/r",
		"https://other.example/t/r":      "https://other.example:8443/t/r",
		"https://plain.example/t/r":      "http://plain.example:3000/t/r",
		"https://git.example/t/r":        "https://git.example/t/r",
		"https://other.example:8443/t/r": "https://other.example:8443/t/r",
	} {
		if got := strings.TrimSpace(git(t, folder, "", "ls-remote", "--get-url", from)); got != to {
			t.Errorf("%s goes to %s", from, got)
		}
	}
}

func TestSSHConfiguration(t *testing.T) {
	folder := Folder(t.TempDir() + "/private")
	if err := folder.Write(entries); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ssh", "-G", "-F", folder.file("ssh_config"), "-p", "2222", "git@ssh.example").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"batchmode yes", "identitiesonly yes", "stricthostkeychecking true", "userknownhostsfile " + folder.file("known_hosts"), "identityfile " + folder.file("of-")} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestOnlyThisUserReadsAndOldOnesGo(t *testing.T) {
	folder := Folder(t.TempDir() + "/private")
	for _, some := range [][]settings.Private{entries, entries[:1]} {
		if err := folder.Write(some); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(string(folder) + "/*")
		if err != nil || len(files) == 0 {
			t.Fatal(err, files)
		}
		for _, file := range append(files, string(folder)) {
			if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v %v", file, info.Mode(), err)
			}
		}
		if len(some) == 1 && len(files) != 5 {
			t.Errorf("what is no longer configured is still there: %v", files)
		}
	}
	for _, row := range folder.Environment() {
		for _, entry := range entries {
			if entry.Password != "" && strings.Contains(row, entry.Password) {
				t.Errorf("a secret is in the environment: %s", row)
			}
		}
	}
	if err := Folder("/tmp/with space").Write(nil); err == nil {
		t.Error("a folder that git's configuration cannot name is taken")
	}
}
