// Package protocol reads what a client asks for: one JSON object a line, bounded in size, nothing in it that is not known.
package protocol

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"workstation/toolchain/privileged/fault"
)

const (
	// MaxContent bounds what a file may hold, in bytes.
	MaxContent = 8 << 20
	// MaxPath bounds a path, in bytes.
	MaxPath = 512
	// MaxFrame bounds a line: the content in base64 and room for the rest.
	MaxFrame = MaxContent/3*4 + 4096
)

// Request is one line. Which fields belong to which verb says `fields`.
type Request struct {
	ID      uint64  `json:"id"`
	Verb    string  `json:"verb"`
	Path    *string `json:"path"`
	Content *[]byte `json:"content"`
	Mode    *string `json:"mode"`
	UID     *uint32 `json:"uid"`
	GID     *uint32 `json:"gid"`
	Target  *string `json:"target"`
	Kind    *string `json:"kind"`
	Name    *string `json:"name"`
}

// Reply answers the request of the same ID.
type Reply struct {
	ID    uint64 `json:"id"`
	OK    bool   `json:"ok"`
	Code  string `json:"code,omitempty"`
	Error string `json:"error,omitempty"`
	Value any    `json:"value,omitempty"`
}

// Fields that a verb needs and those that it may have besides: anything else with it is a mistake or an attempt.
var fields = map[string]struct{ needs, takes []string }{
	"write":         {needs: []string{"path", "content", "mode"}, takes: []string{"uid", "gid"}},
	"restore":       {needs: []string{"path", "content", "mode"}, takes: []string{"uid", "gid"}},
	"remove":        {needs: []string{"path"}},
	"makeFolder":    {needs: []string{"path"}},
	"removeFolder":  {needs: []string{"path"}},
	"setMode":       {needs: []string{"path", "mode"}},
	"link":          {needs: []string{"path", "target"}},
	"stat":          {needs: []string{"path"}},
	"read":          {needs: []string{"path"}},
	"refreshTrust":  {needs: []string{"kind"}},
	"restartDaemon": {needs: []string{"name"}},
	"reloadUnits":   {},
	"enableUnit":    {needs: []string{"name"}},
	"disableUnit":   {needs: []string{"name"}},
}

// Decode reads one line. The request comes back with an error too, as far as it could be read, so that it can be answered.
func Decode(line []byte) (Request, error) {
	var request Request
	if !utf8.Valid(line) {
		return request, fault.Refuse("a request is UTF-8 text")
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, fault.Refuse("not a request: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return request, fault.Refuse("a line holds one request, and something follows it")
	}
	return request, check(&request)
}

func check(request *Request) error {
	rule, ok := fields[request.Verb]
	if !ok {
		return fault.Refuse("%q is not a verb of the helper", shorten(request.Verb))
	}
	present := map[string]bool{
		"path": request.Path != nil, "content": request.Content != nil, "mode": request.Mode != nil,
		"uid": request.UID != nil, "gid": request.GID != nil, "target": request.Target != nil,
		"kind": request.Kind != nil, "name": request.Name != nil,
	}
	for _, name := range rule.needs {
		if !present[name] {
			return fault.Refuse("%s needs %s", request.Verb, name)
		}
		delete(present, name)
	}
	for _, name := range rule.takes {
		delete(present, name)
	}
	for name, there := range present {
		if there {
			return fault.Refuse("%s takes no %s", request.Verb, name)
		}
	}
	if request.Path != nil {
		if err := checkPath(*request.Path); err != nil {
			return err
		}
	}
	if request.Content != nil && len(*request.Content) > MaxContent {
		return fault.Refuse("the content is larger than %d bytes", MaxContent)
	}
	if request.Mode != nil {
		_, err := request.Permissions()
		return err
	}
	return nil
}

func checkPath(path string) error {
	switch {
	case len(path) > MaxPath:
		return fault.Refuse("a path of %d bytes is too long", len(path))
	case !strings.HasPrefix(path, "/"):
		return fault.Refuse("%q is not an absolute path", path)
	case strings.ContainsRune(path, 0):
		return fault.Refuse("%q holds a zero byte", path)
	}
	for _, part := range strings.Split(path[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return fault.Refuse("%q is not written plainly", path)
		}
	}
	return nil
}

var octal = regexp.MustCompile(`^[0-7]{3,5}$`)

// Permissions of a request that has them.
func (r *Request) Permissions() (uint32, error) {
	if !octal.MatchString(*r.Mode) {
		return 0, fault.Refuse("%q is not octal permissions such as 0644", shorten(*r.Mode))
	}
	mode, err := strconv.ParseUint(*r.Mode, 8, 32)
	return uint32(mode), err
}

func shorten(text string) string {
	if len(text) > 80 {
		return text[:80] + "..."
	}
	return text
}
