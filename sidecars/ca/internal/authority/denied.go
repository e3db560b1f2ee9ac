package authority

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"workstation/sidecars/ca/internal/files"
)

const deniedFile = "denied.json"

// Denied is a certificate that must not be used although it has not expired.
type Denied struct {
	Serial string    `json:"serial"`
	Time   time.Time `json:"time"`
	Reason string    `json:"reason,omitempty"`
}

var serialText = regexp.MustCompile(`^[0-9a-f]{1,40}$`)

// NormalSerial turns 0A:1B:… or 0x0a1b… into the form of the log.
func NormalSerial(text string) (string, error) {
	serial := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(text), "0x"), ":", "")
	serial = strings.TrimLeft(serial, "0")
	if !serialText.MatchString(serial) {
		return "", fmt.Errorf("serial %q must be hex digits, as in the issuer log", text)
	}
	return serial, nil
}

// LoadDenied reads the deny list; there being none is an empty one.
func LoadDenied(folder string) ([]Denied, error) {
	path := filepath.Join(folder, deniedFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Denied
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w: bring it back from a backup", path, err)
	}
	return list, nil
}

// Deny adds serials to the list, those of a pair in one step; false says that all are there already.
func Deny(folder string, serials []string, reason string, now time.Time) (bool, error) {
	release, err := Lock(folder)
	if err != nil {
		return false, err
	}
	defer release()
	list, err := LoadDenied(folder)
	if err != nil {
		return false, err
	}
	before := len(list)
	for _, serial := range serials {
		if !IsDenied(list, serial) {
			list = append(list, Denied{serial, now.UTC().Truncate(time.Second), reason})
		}
	}
	if len(list) == before {
		return false, nil
	}
	text, err := EncodeDenied(list)
	if err != nil {
		return false, err
	}
	return true, files.WriteAtomic(filepath.Join(folder, deniedFile), text, 0o600)
}

// EncodeDenied is the list as its readers find it; none is an empty list.
func EncodeDenied(list []Denied) ([]byte, error) {
	if list == nil {
		list = []Denied{}
	}
	text, err := json.MarshalIndent(list, "", "  ")
	return append(text, '\n'), err
}

// IsDenied looks a serial up.
func IsDenied(list []Denied, serial string) bool {
	for _, entry := range list {
		if entry.Serial == serial {
			return true
		}
	}
	return false
}
