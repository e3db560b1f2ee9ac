package protocol

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"workstation/toolchain/privileged/fault"
)

var good = []string{
	`{"id":1,"verb":"write","path":"/etc/wsl.conf","content":"b3Vycwo=","mode":"0644"}`,
	`{"id":1,"verb":"write","path":"/etc/wsl.conf","content":"","mode":"0600","uid":0,"gid":0}`,
	`{"id":1,"verb":"restore","path":"/etc/wsl.conf","content":"b3Vycwo=","mode":"644"}`,
	`{"id":2,"verb":"remove","path":"/etc/wsl.conf"}`,
	`{"verb":"reloadUnits"}`,
	` {"id":3,"verb":"refreshTrust","kind":"debian"} `,
	`{"id":4,"verb":"link","path":"/etc/localtime","target":"/usr/share/zoneinfo/UTC"}`,
}

var bad = []string{
	``, `null`, `[]`, `"write"`, `1`, `{}`, `{`, `}`, `{"verb":}`, "\x00", "\xff\xfe", `{"verb":"reloadUnits"}}`, `{"verb":"reloadUnits"} {"verb":"reloadUnits"}`,
	`{"verb":"run","path":"/bin/sh"}`, `{"verb":"exec","name":"sh"}`, `{"verb":"chown","path":"/etc/wsl.conf"}`, `{"verb":"Write","path":"/etc/wsl.conf"}`,
	`{"verb":"write "}`, `{"verb":["write"]}`, `{"verb":"write","path":"/etc/wsl.conf","content":"b3Vycwo="}`,
	`{"verb":"write","path":"/etc/wsl.conf","content":"not base64!","mode":"0644"}`, `{"verb":"write","path":"/etc/wsl.conf","content":{},"mode":"0644"}`,
	`{"verb":"write","path":"/etc/wsl.conf","content":"","mode":"u+s"}`, `{"verb":"write","path":"/etc/wsl.conf","content":"","mode":"-1"}`,
	`{"verb":"write","path":"/etc/wsl.conf","content":"","mode":420}`, `{"verb":"write","path":"/etc/wsl.conf","content":"","mode":"0644","uid":-1}`,
	`{"verb":"write","path":"/etc/wsl.conf","content":"","mode":"0644","uid":4294967296}`, `{"verb":"write","path":"/etc/wsl.conf","content":"","mode":"0644","shell":"sh"}`,
	`{"verb":"write","path":["/etc/wsl.conf"],"content":"","mode":"0644"}`, `{"verb":"remove","path":"/etc/wsl.conf","content":""}`,
	`{"verb":"remove","path":"etc/wsl.conf"}`, `{"verb":"remove","path":"/etc/../etc/wsl.conf"}`, `{"verb":"remove","path":"/etc//wsl.conf"}`,
	`{"verb":"remove","path":"/etc/./wsl.conf"}`, `{"verb":"remove","path":"/etc/wsl.conf/"}`, `{"verb":"remove","path":"/"}`, `{"verb":"remove","path":""}`,
	`{"verb":"remove","path":"/etc/wsl.conf\u0000.bak"}`, `{"verb":"remove"}`, `{"verb":"reloadUnits","name":"docker.service"}`,
	`{"verb":"restartDaemon","name":"docker","path":"/bin/sh"}`, `{"id":-1,"verb":"reloadUnits"}`, `{"id":1e99,"verb":"reloadUnits"}`,
	`{"verb":"remove","path":"/` + strings.Repeat("a", MaxPath) + `"}`,
}

func TestDecode(t *testing.T) {
	for _, line := range good {
		if _, err := Decode([]byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range bad {
		if _, err := Decode([]byte(line)); err == nil || fault.Of(err).Code != fault.Refused {
			t.Errorf("%s: %v", line, err)
		}
	}
	large, err := json.Marshal(map[string]any{"verb": "write", "path": "/etc/wsl.conf", "mode": "0644", "content": make([]byte, MaxContent+1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(large); err == nil {
		t.Error("content over the limit is taken")
	}
}

// Whatever comes in: no panic, and what is taken has a known verb, exactly its fields and a plain path.
func FuzzDecode(f *testing.F) {
	for _, line := range append(append([]string{}, good...), bad...) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		request, err := Decode(line)
		if err != nil {
			return
		}
		if _, ok := fields[request.Verb]; !ok {
			t.Fatalf("verb %q was taken", request.Verb)
		}
		if request.Path != nil {
			path := *request.Path
			if !strings.HasPrefix(path, "/") || strings.Contains(path+"/", "/../") || strings.Contains(path, "//") || strings.ContainsRune(path, 0) {
				t.Fatalf("path %q was taken", path)
			}
		}
		if request.Mode != nil {
			if mode, err := request.Permissions(); err != nil || mode > 0o77777 {
				t.Fatalf("mode %q was taken", *request.Mode)
			}
		}
	})
}

func pair(t *testing.T, limits Limits) (*Reader, net.Conn) {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	return NewReader(here, limits), there
}

func TestFrames(t *testing.T) {
	minute := Limits{Idle: time.Minute, Frame: time.Minute}
	t.Run("several in one packet", func(t *testing.T) {
		reader, client := pair(t, minute)
		go client.Write([]byte("one\ntwo\n"))
		for _, want := range []string{"one", "two"} {
			if line, err := reader.Next(); err != nil || string(line) != want {
				t.Errorf("%q, %v", line, err)
			}
		}
	})
	t.Run("cut off", func(t *testing.T) {
		reader, client := pair(t, minute)
		go func() { client.Write([]byte(`{"verb":"reloadUnits"}`)); client.Close() }()
		if line, err := reader.Next(); err == nil {
			t.Errorf("%q", line)
		}
	})
	t.Run("endless", func(t *testing.T) {
		reader, client := pair(t, minute)
		go func() {
			part := make([]byte, 64<<10)
			for {
				if _, err := client.Write(part); err != nil {
					return
				}
			}
		}()
		if _, err := reader.Next(); fault.Of(err).Code != fault.Refused {
			t.Error(err)
		}
	})
	t.Run("byte by byte", func(t *testing.T) {
		reader, client := pair(t, Limits{Idle: time.Minute, Frame: 50 * time.Millisecond})
		go func() {
			for {
				if _, err := client.Write([]byte(" ")); err != nil {
					return
				}
			}
		}()
		if _, err := reader.Next(); err == nil {
			t.Error("a client without end is waited for")
		}
	})
	t.Run("silent", func(t *testing.T) {
		reader, _ := pair(t, Limits{Idle: time.Millisecond, Frame: time.Minute})
		if _, err := reader.Next(); err == nil {
			t.Error("a silent client is waited for")
		}
	})
}
