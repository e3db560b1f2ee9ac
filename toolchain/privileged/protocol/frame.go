package protocol

import (
	"bufio"
	"errors"
	"io"
	"net"
	"time"

	"workstation/toolchain/privileged/fault"
)

// Limits of time on a connection.
type Limits struct {
	// Idle between two requests.
	Idle time.Duration
	// From the first byte of a request to its last, and for an answer.
	Frame time.Duration
}

// Reader takes lines off a connection.
type Reader struct {
	conn   net.Conn
	buffer *bufio.Reader
	limits Limits
}

// NewReader reads from conn.
func NewReader(conn net.Conn, limits Limits) *Reader {
	return &Reader{conn: conn, buffer: bufio.NewReaderSize(conn, 64<<10), limits: limits}
}

// Next is the next line without its end. A client that sends slowly, or more than a frame may hold, is cut off.
func (r *Reader) Next() ([]byte, error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(r.limits.Idle)); err != nil {
		return nil, err
	}
	if _, err := r.buffer.Peek(1); err != nil {
		return nil, err
	}
	if err := r.conn.SetReadDeadline(time.Now().Add(r.limits.Frame)); err != nil {
		return nil, err
	}
	var line []byte
	for {
		part, err := r.buffer.ReadSlice('\n')
		if len(line)+len(part) > MaxFrame {
			return nil, fault.Refuse("a request is at most %d bytes long", MaxFrame)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF):
			// A line that was cut off is no request.
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
