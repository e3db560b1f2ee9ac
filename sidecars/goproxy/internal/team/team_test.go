package team

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"workstation/sidecars/goproxy/internal/settings"
)

// standInRedis answers each command with the next of these lines, and tells what it was sent.
func standInRedis(t *testing.T, answers ...string) (address string, sent func() string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	got := make(chan string, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		from := bufio.NewReader(connection)
		text := ""
		for _, answer := range answers {
			line, err := from.ReadString('\n')
			if err != nil {
				break
			}
			text += line
			for range 2 * int(line[1]-'0') {
				line, err := from.ReadString('\n')
				if err != nil {
					return
				}
				text += line
			}
			if _, err := connection.Write([]byte(answer)); err != nil {
				return
			}
		}
		got <- text
	}()
	return listener.Addr().String(), func() string { return <-got }
}

func TestPing(t *testing.T) {
	address, sent := standInRedis(t, "+OK\r\n", "+PONG\r\n")
	if err := Ping(t.Context(), address, "pass word $*2"); err != nil {
		t.Fatal(err)
	}
	if got, want := sent(), "*2\r\n$4\r\nAUTH\r\n$13\r\npass word $*2\r\n*1\r\n$4\r\nPING\r\n"; got != want {
		t.Errorf("sent %q, not %q", got, want)
	}
}

func TestPingFails(t *testing.T) {
	for answer, want := range map[string]string{
		"-NOAUTH Authentication required.\r\n": "NOAUTH Authentication required.",
		"HTTP/1.1 400 Bad Request\r\n":         "no Redis server",
		"":                                     "EOF",
	} {
		address, _ := standInRedis(t, answer)
		if err := Ping(t.Context(), address, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, not %q", answer, err, want)
		}
	}
}

func TestUntilLockEndsWithTheGate(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	watch := &Watch{Lock: true, Lasts: time.Minute, Clean: func(text string) string { return text }}
	watch.Shared = settings.Shared{}
	watch.Shared.Redis.Endpoint = listener.Addr().String()
	// Nobody listens there any more.
	listener.Close()
	if watch.LockIsThere(t.Context()) {
		t.Fatal("a server that is not there was found")
	}
	if problems := watch.Problems(); len(problems) != 1 || !strings.Contains(problems[0], "goProxy.shared.redis.endpoint "+watch.Shared.Redis.Endpoint) {
		t.Errorf("problems %q", problems)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := watch.UntilLock(ended); err == nil {
		t.Error("waiting did not end")
	}
}
