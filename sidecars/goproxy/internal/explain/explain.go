package explain

import (
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"workstation/sidecars/goproxy/internal/settings"
)

// Answer to a client whose module could not be fetched.
type Answer struct {
	// Status is 404 only for what really does not exist: the go command would go on looking elsewhere, or at parent paths.
	Status int
	// Kind for metrics and logs: missing, refused, checksum, disk, upstream.
	Kind string
	// Text is what the go command prints: at most eight lines of it, so that the advice comes first.
	Text string
}

type rule struct {
	kind    string
	pattern *regexp.Regexp
}

// The order matters: a checksum mismatch may quote anything, and git says "not found" after refusing a credential.
var rules = []rule{
	{"checksum", regexp.MustCompile(`SECURITY ERROR|checksum mismatch|verifying (?:module|go\.mod).*(?:mismatch|bad|invalid|inconsistent)|invalid checksum|security error`)},
	{"disk", regexp.MustCompile(`(?i)no space left on device|disk quota exceeded|read-only file system`)},
	{"hostkey", regexp.MustCompile(`(?i)Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED`)},
	{"refused", regexp.MustCompile(`(?i)Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|Permission denied \(|` +
		`HTTP Basic: Access denied|Invalid username or (?:password|token)|access denied|\b401 Unauthorized|\b403 Forbidden|\b407 Proxy|` +
		`returned error: 40[137]\b|Too many authentication failures|Load key .*: |incorrect passphrase`)},
	{"hidden", regexp.MustCompile(`(?i)repository .*not found|Repository not found|project you were looking for could not be found|` +
		`does not appear to be a git repository|no such repository|repository does not exist`)},
	{"upstream", regexp.MustCompile(`(?i)connection refused|connection reset|no such host|Could not resolve host|Temporary failure in name|i/o timeout|timed out|timeout|` +
		`deadline exceeded|signal: killed|network is unreachable|no route to host|broken pipe|x509:|certificate|tls:|handshake|` +
		`unexpected EOF|: EOF|server gave HTTP response|\b5\d\d (?:Internal|Bad Gateway|Service|Gateway)|returned error: 5\d\d|\b429\b|rate limit|` +
		`invalid character|not a valid zip|zip: |malformed|unexpected end of JSON|invalid (?:response|version list)|Failed to connect|Connection closed by`)},
	{"missing", regexp.MustCompile(`(?i)404 Not Found|410 Gone|unknown revision|no matching versions|not found|invalid version|` +
		`invalid \S+ import path|does not contain|missing \S*go\.mod|no go-import meta|disallowed|not a known|module declares its path as|should be v0 or v1, not|` +
		`unrecognized import path .*reading`)},
	{"hidden", regexp.MustCompile(`no secure protocol found|Could not read from remote repository`)},
}

// missingFirst is what reads like a broken upstream but is the module's own fault.
var missingFirst = regexp.MustCompile(`malformed module path|malformed import path|invalid version: (?:unknown|should|go\.mod|must|module)|missing dot in first path element`)

// Kind says which sort of failure a text of go or git tells of; what it does not know is the upstream's fault.
func Kind(cause string) string {
	for _, rule := range rules[:4] {
		if rule.pattern.MatchString(cause) {
			return rule.kind
		}
	}
	if missingFirst.MatchString(cause) {
		return "missing"
	}
	for _, rule := range rules[4:] {
		if rule.pattern.MatchString(cause) {
			return rule.kind
		}
	}
	return "upstream"
}

// Vague says that go tried to reach a repository and kept the reason of its failure to itself.
func Vague(cause string) bool {
	return strings.Contains(cause, "no secure protocol found for repository")
}

var (
	unauthorized = regexp.MustCompile(`(?i)401|could not read|Authentication|terminal prompts|Permission denied|Access denied`)
	forbidden    = regexp.MustCompile(`403 Forbidden|returned error: 403`)
)

var urlHost = regexp.MustCompile(`(?:https?|ssh)://(?:[^/\s@'"]*@)?([A-Za-z0-9.-]+(?::\d+)?)`)

// Failure explains why `what` (module@version, or a module) could not be had. private is the module's server, or nil.
func Failure(what, modulePath, cause string, private *settings.Private) Answer {
	cause = tidy(cause)
	kind := Kind(cause)
	// A server that hides what a credential may not see says "not found": for private modules that is worth a hint.
	if kind == "hidden" && private == nil {
		kind = "missing"
	}
	switch kind {
	case "checksum":
		return Answer{http.StatusBadGateway, "checksum", cause}
	case "disk":
		return Answer{http.StatusInsufficientStorage, "disk", what + ": the proxy's volume is full or cannot be written\n" + cause}
	case "missing":
		return Answer{http.StatusNotFound, "missing", "not found: " + what + "\n" + cause}
	case "hostkey", "refused", "hidden":
		return Answer{http.StatusForbidden, "refused", refused(kind, what, modulePath, cause, private) + "\n" + cause}
	}
	return Answer{http.StatusBadGateway, "upstream", what + ": the upstream of this proxy is not answering as it should\n" + cause}
}

func refused(kind, what, modulePath, cause string, private *settings.Private) string {
	if private == nil {
		host, _, _ := strings.Cut(modulePath, "/")
		if found := urlHost.FindStringSubmatch(cause); found != nil {
			host = found[1]
		}
		if forbidden.MatchString(cause) && !unauthorized.MatchString(cause) {
			return what + ": " + host + " refuses this module (403 Forbidden)"
		}
		return what + ": " + host + " wants a credential and none is configured for it.\n" +
			"If it is private: add it to goProxy.private, then run: ./workstation credential set " + host
	}
	user := private.User
	if user == "" {
		user = "(none)"
	}
	head := what + ": " + private.Host
	advice := "wrong or expired? run: ./workstation credential set " + private.Host
	switch {
	case kind == "hostkey" && strings.TrimSpace(private.KnownHosts) == "":
		return head + " has no knownHosts in goProxy.private, and an unknown server is never trusted.\nCompare its key, then set knownHosts to what ssh-keyscan prints for " + private.Host
	case kind == "hostkey":
		return head + " is not the server that goProxy.private knows, or knownHosts is old.\nCompare its key, then correct knownHosts for " + private.Host
	case kind == "hidden":
		return head + " has no such repository, or user " + user + " may not see it.\nIf it exists: " + advice
	case private.Password == "" && private.SSHKey == "":
		return head + " wants a credential, and none is set (user " + user + ").\nRun: ./workstation credential set " + private.Host
	}
	return head + " refused the credential of user " + user + ".\n" + "Is it " + advice
}

// tidy makes a text that the go command shows: no colours, no control characters, no empty lines, no folders of the proxy's own.
func tidy(text string) string {
	text = colours.ReplaceAllString(text, "")
	text = tempFolders.ReplaceAllString(text, "…")
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.Map(func(r rune) rune {
			if unicode.IsGraphic(r) {
				return r
			}
			if unicode.IsSpace(r) {
				return ' '
			}
			return -1
		}, line)
		line = strings.TrimPrefix(strings.TrimSpace(line), "not found: exit status 1: ")
		line = strings.TrimPrefix(strings.TrimPrefix(line, "exit status 1: "), "go: ")
		if line != "" && !strings.HasPrefix(line, "go: downloading ") && !strings.HasPrefix(line, "downloading ") {
			lines = append(lines, line)
		}
	}
	text = strings.Join(lines, "\n")
	if len(text) > 4<<10 {
		text = strings.ToValidUTF8(text[:4<<10], "")
	}
	return text
}

var (
	colours     = regexp.MustCompile("\x1b\\[[0-9;]*m")
	tempFolders = regexp.MustCompile(`/\S*/athens\d+/\S*|/\S*/go-list\d+\S*`)
)
