// Package credentials gives git, ssh and go the credentials of private servers as files that only this user can read.
package credentials

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"workstation/sidecars/goproxy/internal/settings"
)

// Folder holds the files. It belongs on a tmpfs.
type Folder string

// Environment makes git, ssh and go read the files; it holds no secret and stays the same when credentials change.
func (f Folder) Environment() []string {
	return []string{
		"GIT_CONFIG_GLOBAL=" + f.file("gitconfig"), "GIT_SSH_COMMAND=ssh -F " + f.file("ssh_config"),
		"GIT_TERMINAL_PROMPT=0", "NETRC=" + f.file("netrc"),
	}
}

func (f Folder) file(name string) string { return filepath.Join(string(f), name) }

// Write all files anew, each whole or not at all; what is no longer needed is removed.
func (f Folder) Write(entries []settings.Private) error {
	if strings.ContainsFunc(string(f), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`;'"\$#`, r) }) {
		return fmt.Errorf("--runtime %q must be a path without spaces, quotes and semicolons", f)
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return err
	}
	if err := os.Chmod(string(f), 0o700); err != nil {
		return err
	}
	files := f.render(entries)
	// What others name comes first, the configurations that name it last.
	for _, last := range []bool{false, true} {
		for name, text := range files {
			if strings.HasPrefix(name, "of-") == last {
				continue
			}
			if err := f.replace(name, text); err != nil {
				return err
			}
		}
	}
	present, err := os.ReadDir(string(f))
	if err != nil {
		return err
	}
	for _, item := range present {
		if _, wanted := files[item.Name()]; !wanted && !item.IsDir() {
			if err := os.Remove(f.file(item.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f Folder) replace(name, text string) error {
	beside := f.file(name + ".new")
	if err := os.WriteFile(beside, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(beside, f.file(name))
}

func (f Folder) render(entries []settings.Private) map[string]string {
	// A server that does not answer must not hold a fetch for ever.
	git := "[credential]\n\thelper =\n[http]\n\tlowSpeedLimit = 100\n\tlowSpeedTime = 60\n"
	files := map[string]string{}
	var netrc, knownHosts, ssh strings.Builder
	bare := map[string]bool{}
	for _, entry := range entries {
		if _, port := entry.Split(); port == "" {
			bare[entry.Host] = true
		}
	}
	keys := map[string][]string{}
	users := map[string]string{}
	var order []string
	for _, entry := range entries {
		name, port := entry.Split()
		id := identity(entry)
		switch entry.Protocol {
		case "ssh":
			if _, seen := keys[name]; !seen {
				order = append(order, name)
				keys[name] = nil
			}
			users[name] = orGit(entry.User)
			if entry.SSHKey != "" {
				files["of-"+id+".key"] = strings.TrimSpace(entry.SSHKey) + "\n"
				keys[name] = append(keys[name], f.file("of-"+id+".key"))
			}
			knownHosts.WriteString(strings.TrimSpace(entry.KnownHosts) + "\n")
		default:
			if entry.Password == "" {
				break
			}
			files["of-"+id+".credential"] = "username=" + orGit(entry.User) + "\npassword=" + entry.Password + "\n"
			// A store file would not do: git removes from it what a server refused once, and a passing fault would lose the credential.
			git += fmt.Sprintf("[credential %q]\n\tuseHttpPath = false\n\thelper = \"!f() { test \\\"$1\\\" != get || cat %s; }; f\"\n",
				entry.Protocol+"://"+entry.Host, f.file("of-"+id+".credential"))
			// go asks over https itself where a repository is (?go-get=1), and needs the same credential.
			if entry.Protocol == "https" && !strings.ContainsFunc(entry.Password, unicode.IsSpace) {
				fmt.Fprintf(&netrc, "machine %s login %s password %s\n", entry.Host, orGit(entry.User), entry.Password)
			}
		}
		git += rewrites(entry, name, port, bare[name])
	}
	for _, name := range order {
		fmt.Fprintf(&ssh, "Host %s\n\tUser %s\n\tIdentitiesOnly yes\n\tIdentityAgent none\n", name, users[name])
		for _, key := range keys[name] {
			fmt.Fprintf(&ssh, "\tIdentityFile %s\n", key)
		}
	}
	fmt.Fprintf(&ssh, "Host *\n\tBatchMode yes\n\tStrictHostKeyChecking yes\n\tUserKnownHostsFile %s\n\tGlobalKnownHostsFile none\n"+
		"\tUpdateHostKeys no\n\tConnectTimeout 20\n\tServerAliveInterval 15\n\tServerAliveCountMax 4\n", f.file("known_hosts"))
	files["gitconfig"], files["netrc"], files["known_hosts"], files["ssh_config"] = git, netrc.String(), knownHosts.String(), ssh.String()
	return files
}

// rewrites let git reach the server as configured: module paths carry neither port nor protocol, and go tries https first.
func rewrites(entry settings.Private, name, port string, bareIsOther bool) string {
	target := entry.Protocol + "://" + entry.Host + "/"
	if entry.Protocol == "ssh" {
		target = "ssh://" + orGit(entry.User) + "@" + entry.Host + "/"
	}
	var from []string
	if port == "" || !bareIsOther {
		from = append(from, "https://"+name+"/")
	}
	if port != "" {
		from = append(from, "https://"+entry.Host+"/")
	}
	text := ""
	for _, url := range from {
		if url != target {
			text += fmt.Sprintf("[url %q]\n\tinsteadOf = %s\n", target, url)
		}
	}
	return text
}

func orGit(user string) string {
	if user == "" {
		return "git"
	}
	return user
}

func identity(entry settings.Private) string {
	sum := sha256.Sum256([]byte(entry.Protocol + " " + entry.Host + " " + strings.Join(entry.Modules, ",")))
	return hex.EncodeToString(sum[:8])
}
