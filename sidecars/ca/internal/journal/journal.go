// Package journal is the issuer log: one JSON line for each thing that the authority did, each with the hash of the line
// before it. Where the log ends is kept beside it, so that lines cut off at the end are missed too.
package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"workstation/sidecars/ca/internal/files"
)

const (
	logName  = "issuer.log"
	headName = "issuer.head"
	lockName = "issuer.lock"
	maxLine  = 64 << 10
)

// Entry is one line.
type Entry struct {
	Sequence int64     `json:"sequence"`
	Time     time.Time `json:"time"`
	// Event is one of created, rolled, issued, denied, removed, recovered, restarted.
	Event string   `json:"event"`
	Name  string   `json:"name,omitempty"`
	Names []string `json:"names,omitempty"`
	// Serial in hex.
	Serial string `json:"serial,omitempty"`
	// Use is sign or encryption for the halves of a TLCP pair; Other is the serial of the other half.
	Use         string     `json:"use,omitempty"`
	Other       string     `json:"other,omitempty"`
	NotBefore   *time.Time `json:"notBefore,omitempty"`
	NotAfter    *time.Time `json:"notAfter,omitempty"`
	Fingerprint string     `json:"sha256,omitempty"`
	// Issuer is the fingerprint of the certificate that signed.
	Issuer   string `json:"issuer,omitempty"`
	Note     string `json:"note,omitempty"`
	Previous string `json:"previous"`
}

type head struct {
	Sequence int64  `json:"sequence"`
	Bytes    int64  `json:"bytes"`
	Hash     string `json:"hash"`
}

func hashOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

func damaged(folder, what string) error {
	return fmt.Errorf("%s is damaged: %s. Find out who changed it; then put it aside with `log-restart`, which starts a new log "+
		"that names this one's hash", filepath.Join(folder, logName), what)
}

// Append adds one entry; when it returns, the entry lasts through a power cut.
func Append(folder string, entry Entry) error {
	release, err := lock(folder)
	if err != nil {
		return err
	}
	defer release()
	at, err := recoverTail(folder, entry.Time)
	if err != nil {
		return err
	}
	_, err = write(folder, at, entry)
	return err
}

// lock waits: whoever holds it writes one line.
func lock(folder string) (func(), error) { return files.LockWait(filepath.Join(folder, lockName)) }

func readHead(folder string) (head, error) {
	text, err := os.ReadFile(filepath.Join(folder, headName))
	if errors.Is(err, os.ErrNotExist) {
		return head{Hash: hashOf(nil)}, nil
	}
	if err != nil {
		return head{}, err
	}
	var at head
	if err := json.Unmarshal(text, &at); err != nil || at.Bytes < 0 || at.Sequence < 0 {
		return head{}, damaged(folder, headName+" beside it cannot be read")
	}
	return at, nil
}

// recoverTail takes in what a crash left after the head: whole lines count, half a line is cut off and noted.
func recoverTail(folder string, now time.Time) (head, error) {
	at, err := readHead(folder)
	if err != nil {
		return at, err
	}
	file, err := os.OpenFile(filepath.Join(folder, logName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return at, err
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return at, err
	}
	if size < at.Bytes {
		return at, damaged(folder, fmt.Sprintf("it has %d bytes, %d were written: lines are missing at its end", size, at.Bytes))
	}
	tail := make([]byte, size-at.Bytes)
	if _, err := file.ReadAt(tail, at.Bytes); err != nil && len(tail) > 0 {
		return at, err
	}
	for {
		line, rest, whole := bytes.Cut(tail, []byte("\n"))
		if !whole {
			break
		}
		if at, err = at.next(folder, line); err != nil {
			return at, err
		}
		tail = rest
	}
	if len(tail) == 0 {
		return at, nil
	}
	if err := errors.Join(file.Truncate(at.Bytes), file.Sync()); err != nil {
		return at, err
	}
	note := fmt.Sprintf("cut off %d bytes of a line that was not finished, with SHA-256 %s", len(tail), hashOf(tail))
	return write(folder, at, Entry{Time: now, Event: "recovered", Note: note})
}

// next checks one line against where the log is, and moves on.
func (h head) next(folder string, line []byte) (head, error) {
	var entry Entry
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&entry); err != nil || len(line) > maxLine {
		return h, damaged(folder, fmt.Sprintf("line %d is not an entry", h.Sequence+1))
	}
	if entry.Sequence != h.Sequence+1 || entry.Previous != h.Hash {
		return h, damaged(folder, fmt.Sprintf("line %d does not follow the line before it", h.Sequence+1))
	}
	return head{entry.Sequence, h.Bytes + int64(len(line)) + 1, hashOf(line)}, nil
}

func write(folder string, at head, entry Entry) (head, error) {
	entry.Sequence, entry.Previous = at.Sequence+1, at.Hash
	entry.Time = entry.Time.UTC().Truncate(time.Millisecond)
	line, err := json.Marshal(entry)
	if err != nil {
		return at, err
	}
	file, err := os.OpenFile(filepath.Join(folder, logName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return at, err
	}
	_, err = file.Write(append(line, '\n'))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return at, fmt.Errorf("issuer log: %w", err)
	}
	if err := files.At("logged"); err != nil {
		return at, err
	}
	after := head{entry.Sequence, at.Bytes + int64(len(line)) + 1, hashOf(line)}
	text, err := json.Marshal(after)
	if err != nil {
		return at, err
	}
	return after, files.WriteAtomic(filepath.Join(folder, headName), append(text, '\n'), 0o600)
}

// Verify reads the whole log. Half a line at the end is a crash, not damage: the next Append takes it away.
func Verify(folder string) ([]Entry, error) {
	at, err := readHead(folder)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, logName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var entries []Entry
	position, reached := head{Hash: hashOf(nil)}, at.Sequence == 0
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			break
		}
		if position, err = position.next(folder, line); err != nil {
			return nil, err
		}
		if position.Sequence == at.Sequence {
			if position != at {
				return nil, damaged(folder, fmt.Sprintf("line %d is not the one that was written", at.Sequence))
			}
			reached = true
		}
		var entry Entry
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, err
		}
		entries = append(entries, entry)
		text = rest
	}
	if !reached {
		return nil, damaged(folder, fmt.Sprintf("%d lines were written, it has %d: lines are missing at its end", at.Sequence, position.Sequence))
	}
	return entries, nil
}

// Restart puts the log aside under the name returned and starts a new one that names its hash.
func Restart(folder string, now time.Time) (string, error) {
	release, err := lock(folder)
	if err != nil {
		return "", err
	}
	defer release()
	path := filepath.Join(folder, logName)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	aside := fmt.Sprintf("%s.%s", path, now.UTC().Format("20060102T150405.000"))
	if err := os.Rename(path, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if err := os.Remove(filepath.Join(folder, headName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	note := fmt.Sprintf("the log before has SHA-256 %s", hashOf(text))
	_, err = write(folder, head{Hash: hashOf(nil)}, Entry{Time: now, Event: "restarted", Note: note})
	return aside, err
}
