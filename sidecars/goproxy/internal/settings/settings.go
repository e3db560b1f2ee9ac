// Package settings reads the gate's config.json and says what is wrong with it.
package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"reflect"
	"strings"

	"golang.org/x/mod/module"
)

// Settings as in config.json. It holds secrets: never print it.
type Settings struct {
	Listen   string            `json:"listen"`
	Admin    string            `json:"admin"`
	TLS      TLS               `json:"tls"`
	Auth     Auth              `json:"auth"`
	Storage  string            `json:"storage"`
	Programs Programs          `json:"programs"`
	Upstream map[string]string `json:"upstream"`
	Offline  bool              `json:"offline"`
	Private  []Private         `json:"private"`
	Shared   Shared            `json:"shared"`
}

// TLS names the file that holds key and certificates.
type TLS struct {
	Pem string `json:"pem"`
}

// Auth is what clients have to send.
type Auth struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// Programs that the gate starts, as absolute paths.
type Programs struct {
	Athens string `json:"athens"`
	Sumdb  string `json:"sumdb"`
	Go     string `json:"go"`
}

// Private is one git server whose modules go direct, with the credential for it.
type Private struct {
	Host       string   `json:"host"`
	Modules    []string `json:"modules"`
	Protocol   string   `json:"protocol"`
	User       string   `json:"user"`
	Password   string   `json:"password"`
	SSHKey     string   `json:"sshKey"`
	KnownHosts string   `json:"knownHosts"`
}

// Shared storage of a team; in use when a bucket is named.
type Shared struct {
	S3 struct {
		Bucket          string `json:"bucket"`
		Region          string `json:"region"`
		Endpoint        string `json:"endpoint"`
		ForcePathStyle  bool   `json:"forcePathStyle"`
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
	} `json:"s3"`
	Redis struct {
		Endpoint string `json:"endpoint"`
		Password string `json:"password"`
	} `json:"redis"`
}

// IsShared says that modules are kept in a bucket; the disk is a cache of it then.
func (s *Settings) IsShared() bool { return s.Shared.S3.Bucket != "" }

// Load reads and checks the file.
func Load(file string) (*Settings, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	parsed, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return parsed, nil
}

// Parse checks all of it, and names everything that is wrong at once.
func Parse(text []byte) (*Settings, error) {
	s := &Settings{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(s); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s: a %s where a %s belongs", wrong.Field, wrong.Value, wrong.Type)
		}
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the closing brace")
	}
	if s.Listen == "" {
		s.Listen = ":8443"
	}
	if s.Admin == "" {
		s.Admin = "127.0.0.1:8081"
	}
	for i := range s.Private {
		// As files and editors leave it.
		s.Private[i].Password = strings.TrimRight(s.Private[i].Password, "\r\n")
	}
	return s, s.check()
}

// NeedsRestart names what differs and is only read at the start: all but the clients' password and the credentials of git servers.
func NeedsRestart(old, now *Settings) []string {
	var keys []string
	for _, part := range []struct {
		key      string
		old, now any
	}{
		{"listen", old.Listen, now.Listen}, {"admin", old.Admin, now.Admin}, {"tls", old.TLS, now.TLS},
		{"storage", old.Storage, now.Storage}, {"programs", old.Programs, now.Programs}, {"upstream", old.Upstream, now.Upstream},
		{"offline", old.Offline, now.Offline}, {"shared", old.Shared, now.Shared},
		{"private", shape(old.Private), shape(now.Private)},
	} {
		if !reflect.DeepEqual(part.old, part.now) {
			keys = append(keys, part.key)
		}
	}
	return keys
}

// shape of the private servers: what ends up in the environment of Athens, so not the credentials.
func shape(entries []Private) []string {
	var rows []string
	for _, entry := range entries {
		rows = append(rows, strings.Join(append([]string{entry.Host, entry.Protocol}, entry.Modules...), " "))
	}
	return rows
}

// PrivateFor finds the server that a module belongs to; nil when it is a public one.
func (s *Settings) PrivateFor(modulePath string) *Private {
	for i, entry := range s.Private {
		if module.MatchPrefixPatterns(strings.Join(entry.Modules, ","), modulePath) {
			return &s.Private[i]
		}
	}
	return nil
}

// Globs of all private modules.
func (s *Settings) Globs() []string {
	var globs []string
	for _, entry := range s.Private {
		globs = append(globs, entry.Modules...)
	}
	return globs
}

// NoSumdb are the modules that the checksum database is never asked about.
func (s *Settings) NoSumdb() string { return s.merged("GONOSUMDB") }

// NoProxy are the modules that are fetched from their servers directly.
func (s *Settings) NoProxy() string { return s.merged("GONOPROXY") }

// merged does what the go command does with GOPRIVATE, and adds the private servers'.
func (s *Settings) merged(key string) string {
	value, named := s.Upstream[key]
	if !named || value == "" {
		value = s.Upstream["GOPRIVATE"]
	}
	var globs []string
	for _, glob := range append(strings.Split(value, ","), s.Globs()...) {
		if glob = strings.TrimSpace(glob); glob != "" && glob != "none" {
			globs = append(globs, glob)
		}
	}
	return strings.Join(globs, ",")
}

// Insecure are the modules whose servers are asked over http.
func (s *Settings) Insecure() string {
	globs := []string{}
	if value := s.Upstream["GOINSECURE"]; value != "" {
		globs = append(globs, value)
	}
	for _, entry := range s.Private {
		if entry.Protocol == "http" {
			globs = append(globs, entry.Modules...)
		}
	}
	return strings.Join(globs, ",")
}

// Secrets are all texts that must never be shown.
func (s *Settings) Secrets() []string {
	found := []string{s.Auth.Password, s.Shared.S3.SecretAccessKey, s.Shared.Redis.Password}
	for _, entry := range s.Private {
		found = append(found, entry.Password)
		for line := range strings.Lines(entry.SSHKey) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
				found = append(found, line)
			}
		}
	}
	return found
}

func checkGlob(glob string) error {
	if strings.ContainsAny(glob, ",; \t\n") || glob == "" {
		return errors.New("must be one pattern without commas, semicolons or spaces")
	}
	_, err := path.Match(glob, "x")
	return err
}
