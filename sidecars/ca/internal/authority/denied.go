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

// Deny adds a serial to the list; false says that it is there already.
func Deny(folder, serial, reason string, now time.Time) (bool, error) {
	release, err := Lock(folder)
	if err != nil {
		return false, err
	}
	defer release()
	list, err := LoadDenied(folder)
	if err != nil {
		return false, err
	}
	if IsDenied(list, serial) {
		return false, nil
	}
	text, err := json.MarshalIndent(append(list, Denied{serial, now.UTC().Truncate(time.Second), reason}), "", "  ")
	if err != nil {
		return false, err
	}
	return true, files.WriteAtomic(filepath.Join(folder, deniedFile), append(text, '\n'), 0o600)
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
