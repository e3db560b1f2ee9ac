package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"workstation/toolchain/privileged/fault"
	"workstation/toolchain/privileged/protocol"
)

// Server answers one user's requests.
type Server struct {
	// UID whose processes are answered, besides root's.
	UID    int
	Limits protocol.Limits
	// Most connections at a time.
	Most int
	// Do works on one request.
	Do func(ctx context.Context, request *protocol.Request) (any, error)
	// Audit gets one line for each request and each refusal; never content.
	Audit io.Writer

	mutex sync.Mutex
}

// Accept serves until the listener is closed.
func (s *Server) Accept(ctx context.Context, listener *net.UnixListener) error {
	free := make(chan struct{}, s.Most)
	for {
		conn, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case free <- struct{}{}:
			go func() {
				defer func() { <-free }()
				defer conn.Close()
				s.serve(ctx, conn)
			}()
		default:
			// Not read and not answered: whoever holds all connections cannot make us wait too.
			s.audit(peer{}, "connect", "", fault.Refuse("too many connections"))
			conn.Close()
		}
	}
}

type peer struct{ pid, uid int }

func peerOf(conn *net.UnixConn) (peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var who *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		who, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err := errors.Join(err, failed); err != nil {
		return peer{}, err
	}
	return peer{pid: int(who.Pid), uid: int(who.Uid)}, nil
}

func (s *Server) serve(ctx context.Context, conn *net.UnixConn) {
	who, err := peerOf(conn)
	if err == nil && who.uid != s.UID && who.uid != 0 {
		err = fault.Refuse("user %d is not the one that this helper works for", who.uid)
	}
	if err != nil {
		s.audit(who, "connect", "", err)
		return
	}
	reader := protocol.NewReader(conn, s.Limits)
	for {
		line, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			s.audit(who, "read", "", err)
			_ = s.answer(conn, protocol.Reply{}, err)
			return
		}
		request, err := protocol.Decode(line)
		var value any
		// A client that sends what is no request is not understood any more: it is told so, and cut off.
		broken := err != nil
		if !broken {
			value, err = s.Do(ctx, &request)
		}
		s.audit(who, request.Verb, subject(&request), err)
		if s.answer(conn, protocol.Reply{ID: request.ID, Value: value}, err) != nil || broken {
			return
		}
	}
}

func (s *Server) answer(conn net.Conn, reply protocol.Reply, err error) error {
	reply.OK = err == nil
	if err != nil {
		problem := fault.Of(err)
		reply.Value, reply.Code, reply.Error = nil, problem.Code, problem.Message
	}
	text, err := json.Marshal(reply)
	if err != nil {
		return err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(s.Limits.Frame)); err != nil {
		return err
	}
	_, err = conn.Write(append(text, '\n'))
	return err
}

// subject is what a verb is about.
func subject(request *protocol.Request) string {
	for _, text := range []*string{request.Path, request.Name, request.Kind} {
		if text != nil {
			return *text
		}
	}
	return ""
}

const keptOfSubject = 200

// audit quotes what came from outside: it cannot end the line or reach a terminal.
func (s *Server) audit(who peer, verb, about string, err error) {
	result := "ok"
	if err != nil {
		result = fmt.Sprintf("%s %q", fault.Of(err).Code, cut(err.Error()))
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	// Nobody to tell it to when this fails: whoever reads it has gone, and the run with it.
	_, _ = fmt.Fprintf(s.Audit, "audit %s pid=%d uid=%d %q %q %s\n",
		time.Now().UTC().Format(time.RFC3339), who.pid, who.uid, cut(verb), cut(about), result)
}

func cut(text string) string {
	if len(text) > keptOfSubject {
		return text[:keptOfSubject] + "..."
	}
	return text
}
