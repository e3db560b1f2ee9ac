// Package testpeer judges certificates in tests with a program that shares no code with this one: the openssl command, which
// knows SM2. Tests fail where it is missing.
package testpeer

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// identity of all SM2 signatures in certificates (GM/T 0009); openssl would take an empty one.
const identity = "distid:1234567812345678"

// Question to openssl.
type Question struct {
	// Leaf, its Issuer and the Roots as PEM.
	Leaf, Issuer, Roots []byte
	// Name that the leaf is to be good for; empty for any.
	Name string
	// Purpose is sslserver or sslclient.
	Purpose string
	At      time.Time
}

// Verify asks openssl whether the leaf is good. It gives the identity to one certificate a call only, so leaf and issuer
// are asked about one after the other, each against the one above it.
func Verify(t testing.TB, question Question) error {
	t.Helper()
	folder := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	leaf, issuer, roots := file("leaf", question.Leaf), file("issuer", question.Issuer), file("roots", question.Roots)
	common := []string{"verify", "-vfyopt", identity, "-no-CApath", "-no-CAstore", "-attime", fmt.Sprint(question.At.Unix())}
	named := append(append([]string{}, common...), "-purpose", question.Purpose)
	switch {
	case net.ParseIP(question.Name) != nil:
		named = append(named, "-verify_ip", question.Name)
	case question.Name != "":
		named = append(named, "-verify_hostname", question.Name)
	}
	return errors.Join(
		refusal(t, append(named, "-partial_chain", "-CAfile", issuer, leaf)),
		refusal(t, append(common, "-CAfile", roots, issuer)),
	)
}

func refusal(t testing.TB, arguments []string) error {
	t.Helper()
	out, errs, err := run(t, nil, arguments...)
	if err == nil && strings.HasSuffix(strings.TrimSpace(out), ": OK") {
		return nil
	}
	if !strings.Contains(errs, "verification failed") {
		t.Fatalf("openssl %q: %v %s%s", arguments, err, out, errs)
	}
	return fmt.Errorf("openssl: %s", strings.TrimSpace(errs))
}

// Output of an openssl command that must work, with input on its standard input.
func Output(t testing.TB, input []byte, arguments ...string) string {
	t.Helper()
	out, errs, err := run(t, input, arguments...)
	if err != nil {
		t.Fatalf("openssl %q: %v %s", arguments, err, errs)
	}
	return out
}

func run(t testing.TB, input []byte, arguments ...string) (string, string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	command := exec.Command("openssl", arguments...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &out, &errs
	err := command.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("these tests need the openssl command (Debian package openssl, 3.0 or newer): %v", err)
	}
	return out.String(), errs.String(), err
}
