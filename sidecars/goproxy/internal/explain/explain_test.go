package explain

import (
	"net/http"
	"strings"
	"testing"

	"workstation/sidecars/goproxy/internal/settings"
)

// What go and git print, as recorded; addresses are made up.
var recorded = []struct {
	name, cause string
	private     bool
	status      int
	kind        string
}{
	{"unknown version", "example.com/m@v9.9.9: invalid version: unknown revision v9.9.9", false, 404, "missing"},
	{"proxy 404", "github.com/a/b@v1.0.0: reading https://goproxy.corp.example/github.com/a/b/@v/v1.0.0.info: 404 Not Found\n\tserver response: not found: github.com/a/b@v1.0.0: invalid version: unknown revision v1.0.0", false, 404, "missing"},
	{"proxy 410", "module example.com/a: reading https://goproxy.corp.example/example.com/a/@v/list: 410 Gone", false, 404, "missing"},
	{"no go-import", `unrecognized import path "example.com/nope": reading https://example.com/nope?go-get=1: 404 Not Found`, false, 404, "missing"},
	{"github prefix", `invalid github.com/ import path "github.com/a"`, false, 404, "missing"},
	{"path mismatch", "parsing go.mod:\n\tmodule declares its path as: github.com/b/b\n\t        but was required as: github.com/a/b", false, 404, "missing"},
	{"public repository gone", "git ls-remote -q origin: exit status 128:\n\tremote: Repository not found.\n\tfatal: repository 'https://github.com/a/b/' not found", false, 404, "missing"},
	{"malformed path", `malformed module path "foo": missing dot in first path element`, false, 404, "missing"},

	{"git asks for a user", "git ls-remote -q origin in /t/athens123/pkg/mod/cache/vcs/ab: exit status 128:\n\tfatal: could not read Username for 'https://git.corp.example': terminal prompts disabled\nConfirm the import path was entered correctly.", true, 403, "refused"},
	{"wrong password", "exit status 128:\n\tremote: HTTP Basic: Access denied\n\tfatal: Authentication failed for 'https://git.corp.example/team/repo.git/'", true, 403, "refused"},
	{"github token", "remote: Invalid username or token. Password authentication is not supported for Git operations.\nfatal: Authentication failed for 'https://git.corp.example/t/r/'", true, 403, "refused"},
	{"ssh key", "git@git.corp.example: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.", true, 403, "refused"},
	{"ssh host key", "Host key verification failed.\nfatal: Could not read from remote repository.", true, 403, "refused"},
	{"ssh host key changed", "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", true, 403, "refused"},
	{"hidden by gitlab", "remote: The project you were looking for could not be found or you don't have permission to view it.\nfatal: repository 'https://git.corp.example/t/r.git/' not found", true, 403, "refused"},
	{"hidden by github", "remote: Repository not found.\nfatal: repository 'https://git.corp.example/t/r/' not found", true, 403, "refused"},
	{"go-get 401", `unrecognized import path "git.corp.example/t/r": reading https://git.corp.example/t/r?go-get=1: 401 Unauthorized`, true, 403, "refused"},
	{"git 403", "fatal: unable to access 'https://git.corp.example/t/r/': The requested URL returned error: 403", true, 403, "refused"},
	{"public but credential wanted", "fatal: could not read Username for 'https://github.com': terminal prompts disabled", false, 403, "refused"},
	{"upstream proxy 403", "a.example/m@v1.0.0: reading https://proxy.example/a.example/m/@v/v1.0.0.info: 403 Forbidden", false, 403, "refused"},

	{"refused", `Get "https://proxy.example/m/@v/v1.0.0.info": dial tcp 127.0.0.1:9: connect: connection refused`, false, 502, "upstream"},
	{"no such host", `Get "https://proxy.example/m/@v/list": dial tcp: lookup proxy.example: no such host`, false, 502, "upstream"},
	{"slow", "exit status 1: signal: killed", false, 502, "upstream"},
	{"timeout", `Get "https://proxy.example/": net/http: TLS handshake timeout`, false, 502, "upstream"},
	{"root unknown", `Get "https://proxy.example/": tls: failed to verify certificate: x509: certificate signed by unknown authority`, false, 502, "upstream"},
	{"git root unknown", "fatal: unable to access 'https://git.corp.example/': server certificate verification failed. CAfile: none CRLfile: none", true, 502, "upstream"},
	{"5xx", "reading https://proxy.example/m/@v/v1.0.0.info: 503 Service Unavailable", false, 502, "upstream"},
	{"garbage json", "m@v1.0.0: invalid response from proxy \"https://proxy.example\": invalid character '<' looking for beginning of value", false, 502, "upstream"},
	{"garbage zip", "m@v1.0.0: zip: not a valid zip file", false, 502, "upstream"},
	{"cut off", `reading https://proxy.example/m/@v/v1.0.0.zip: unexpected EOF`, false, 502, "upstream"},
	{"git cannot connect", "fatal: unable to access 'https://git.corp.example/': Failed to connect to git.corp.example port 443 after 5 ms: Couldn't connect to server", true, 502, "upstream"},
	{"ssh cannot resolve", "ssh: Could not resolve hostname git.corp.example: Name or service not known\nfatal: Could not read from remote repository.", true, 502, "upstream"},
	{"ssh refused", "ssh: connect to host git.corp.example port 22: Connection refused\nfatal: Could not read from remote repository.", true, 502, "upstream"},
	{"never heard of", "something entirely new", false, 502, "upstream"},

	{"changed zip", "m@v1.0.0: verifying module: checksum mismatch\n\tdownloaded: h1:AAA=\n\tsum.golang.org: h1:BBB=\n\nSECURITY ERROR\nThis download does NOT match the one reported by the checksum server.", false, 502, "checksum"},
	{"full", "write /var/lib/goproxy/tmp/athens1/x: no space left on device", false, 507, "disk"},
}

func TestRecorded(t *testing.T) {
	private := &settings.Private{Host: "git.corp.example", User: "oauth2", Password: "x", Protocol: "https"}
	for _, test := range recorded {
		t.Run(test.name, func(t *testing.T) {
			entry := private
			path := "git.corp.example/t/r"
			if !test.private {
				entry, path = nil, "example.com/m"
			}
			got := Failure(path+"@v1.0.0", path, test.cause, entry)
			if got.Status != test.status || got.Kind != test.kind {
				t.Fatalf("%d %s, want %d %s: %s", got.Status, got.Kind, test.status, test.kind, got.Text)
			}
			if test.private && got.Kind == "refused" {
				lines := strings.SplitN(got.Text, "\n", 4)
				head := strings.Join(lines[:min(3, len(lines))], "\n")
				if !strings.Contains(head, "git.corp.example") || !(strings.Contains(head, "./workstation credential set git.corp.example") || strings.Contains(head, "knownHosts")) {
					t.Errorf("the first lines do not say what to do:\n%s", got.Text)
				}
			}
			if strings.Contains(got.Text, "athens123") {
				t.Errorf("a folder of the proxy is shown: %s", got.Text)
			}
		})
	}
}

func TestTextsKeepWhatMatters(t *testing.T) {
	got := Failure("m@v1.0.0", "m", recordedCause(t, "changed zip"), nil)
	if !strings.Contains(got.Text, "SECURITY ERROR") || !strings.Contains(got.Text, "h1:BBB=") {
		t.Errorf("lost: %s", got.Text)
	}
	got = Failure("m@v1.0.0", "m", "\x1b[31mbad\x07\x00 host\x1b[0m: connection refused", nil)
	if strings.ContainsAny(got.Text, "\x1b\x07\x00") || got.Status != http.StatusBadGateway {
		t.Errorf("go shows nothing of a text with control characters: %q", got.Text)
	}
	unset := Failure("m@v1", "m", "fatal: could not read Username for 'https://h.example'", &settings.Private{Host: "h.example", User: "u"})
	if !strings.Contains(unset.Text, "none is set") {
		t.Errorf("a missing credential is not called wrong: %s", unset.Text)
	}
}

func recordedCause(t *testing.T, name string) string {
	t.Helper()
	for _, test := range recorded {
		if test.name == name {
			return test.cause
		}
	}
	t.Fatal(name)
	return ""
}

func TestScrub(t *testing.T) {
	scrubber := NewScrubber()
	scrubber.Add("p@ss/word+1", "tokentoken")
	for text, want := range map[string]string{
		"fatal: 'https://oauth2:p%40ss%2Fword+1@git.example/x'": "fatal: 'https://***@git.example/x'",
		"it is p@ss/word+1":                           "it is ***",
		"p%40ss%2Fword%2B1":                           "***",
		"https://unknown:secret@h.example/":           "https://***@h.example/",
		"https://ghp_abcdef@h.example/":               "https://***@h.example/",
		"ssh://git@h.example/":                        "ssh://git@h.example/",
		"Authorization: Basic Zm9vOmJhcg==":           "Authorization: Basic ***",
		"cred dG9rZW50b2tlbg==":                       "cred ***",
		"reading https://proxy.example/m@v1.0.0: 404": "reading https://proxy.example/m@v1.0.0: 404",
	} {
		if got := scrubber.Clean(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	scrubber.Add("another-one")
	if got := scrubber.Clean("tokentoken another-one"); got != "*** ***" {
		t.Errorf("an old secret is forgotten: %q", got)
	}
}
