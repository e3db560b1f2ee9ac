package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"workstation/sidecars/ca/internal/suite"
	"workstation/sidecars/ca/internal/testpeer"
)

type place struct{ state, out, declaration, passphrase string }

// declared is one leaf; those of SM2 authorities are pairs.
func declared(algorithm, dns string) string {
	pair := ""
	if algorithm == "sm2" {
		pair = `"pair":true,`
	}
	return `{"leaves":[{"name":"goproxy",` + pair + `"dns":[` + dns + `],"ips":["127.0.0.1"],"usage":"both"}]}`
}

func prepared(t *testing.T, algorithm string) place {
	t.Helper()
	folder := t.TempDir()
	p := place{filepath.Join(folder, "state"), filepath.Join(folder, "out"), filepath.Join(folder, "d.json"), filepath.Join(folder, "pass")}
	write(t, p.passphrase, "a passphrase of the test\n")
	write(t, p.declaration, declared(algorithm, `"localhost"`))
	arguments := []string{"--stack", "dev", "--passphrase-file", p.passphrase}
	if algorithm != "p256" {
		arguments = append(arguments, "--algorithm", algorithm)
	}
	p.good(t, "init", arguments...)
	return p
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p place) run(command string, rest ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{command, "--state", p.state}, rest...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func (p place) good(t *testing.T, command string, rest ...string) string {
	t.Helper()
	code, out, errs := p.run(command, rest...)
	if code != 0 {
		t.Fatalf("%s: %d %s", command, code, errs)
	}
	return out
}

func (p place) bad(t *testing.T, wanted, command string, rest ...string) {
	t.Helper()
	if code, _, errs := p.run(command, rest...); code != exitError || !strings.Contains(errs, wanted) {
		t.Errorf("%s %q: %d %s, wanted %q", command, rest, code, errs, wanted)
	}
}

// TestMain lets tests start this program as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("BE_WORKSTATION_CA") != "" {
		main()
	}
	vaultCost = 10
	os.Exit(m.Run())
}

// serve starts the program, and waits until it serves and there is a certificate.
func (p place) serve(t *testing.T) *exec.Cmd {
	t.Helper()
	process := exec.Command(os.Args[0], "serve", "--state", p.state, "--declaration", p.declaration, "--out", p.out,
		"--listen", "127.0.0.1:0", "--interval", "20ms")
	process.Env = append(os.Environ(), "BE_WORKSTATION_CA=1")
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "serving") {
	}
	go io.Copy(io.Discard, out)
	t.Cleanup(func() {
		if process.ProcessState == nil {
			process.Process.Kill()
			process.Wait()
		}
	})
	p.until(t, func() bool { return p.certificate() != "" })
	return process
}

func (p place) certificate() string {
	text, err := os.ReadFile(filepath.Join(p.out, "goproxy", "current", "tls.crt"))
	if err != nil {
		return ""
	}
	return string(text)
}

func (p place) until(t *testing.T, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !true(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

func TestServe(t *testing.T) {
	for _, algorithm := range suite.Names() {
		t.Run(algorithm, func(t *testing.T) {
			p := prepared(t, algorithm)
			process := p.serve(t)
			p.bad(t, "another serve is at work", "serve", "--declaration", p.declaration, "--out", p.out)

			accepted(t, p, algorithm)
			p.good(t, "verify", "--certificate", filepath.Join(p.out, "goproxy", "current", "tls.crt"))
			var report struct {
				Problems []string
				Leaves   []struct{ Serial, EncryptionSerial string }
			}
			status := []string{"--declaration", p.declaration, "--out", p.out, "--json"}
			if err := json.Unmarshal([]byte(p.good(t, "status", status...)), &report); err != nil || len(report.Problems) > 0 {
				t.Fatal(report, err)
			}

			first := p.certificate()
			p.bad(t, "never issued", "deny", "abcdef")
			serial := report.Leaves[0].Serial
			if algorithm == "sm2" {
				// Denying either half denies both.
				serial = report.Leaves[0].EncryptionSerial
			}
			if said := p.good(t, "deny", "--reason", "a test", serial); !strings.Contains(said, report.Leaves[0].Serial) {
				t.Errorf("denied: %s", said)
			}
			p.until(t, func() bool { return p.certificate() != first })
			denied := filepath.Join(t.TempDir(), "denied.crt")
			write(t, denied, first)
			p.bad(t, "is denied", "verify", "--certificate", denied)

			p.good(t, "roll", "--root", "--passphrase-file", p.passphrase)
			p.until(t, func() bool {
				bundle, err := os.ReadFile(filepath.Join(p.out, "goproxy", "current", "ca.crt"))
				return err == nil && strings.Count(string(bundle), "BEGIN") == 2
			})
			accepted(t, p, algorithm)

			write(t, p.declaration, declared(algorithm, `"localhost","x.localhost"`))
			before := p.certificate()
			if err := process.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			p.until(t, func() bool { return p.certificate() != before })

			if err := process.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := process.Wait(); err != nil {
				t.Fatal("not a graceful end:", err)
			}
			p.good(t, "verify")
			p.good(t, "status", status...)
			write(t, p.declaration, `{"leaves":[{"name":"goproxy","dns":["y.localhost"]}]}`)
			if code, out, _ := p.run("status", status[:4]...); code != exitProblem || !strings.Contains(out, "wrong names") {
				t.Error(code, out)
			}
		})
	}
}

// accepted: peers that trust the bundle alone take what is published, as servers and as clients. Go has no SM2 in its TLS, so
// there it is openssl that judges, and both halves.
func accepted(t *testing.T, p place, algorithm string) {
	t.Helper()
	if algorithm == "p256" {
		handshake(t, p)
		return
	}
	version, err := filepath.EvalSymlinks(filepath.Join(p.out, "goproxy", "current"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(version, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, half := range []string{"tls", "enc"} {
		leaf, issuer := pem.Decode(read(half + ".crt"))
		for _, purpose := range []string{"sslserver", "sslclient"} {
			err := testpeer.Verify(t, testpeer.Question{
				Leaf: pem.EncodeToMemory(leaf), Issuer: issuer, Roots: read("ca.crt"), Name: "localhost", Purpose: purpose, At: time.Now(),
			})
			if err != nil {
				t.Errorf("%s as %s: %v", half, purpose, err)
			}
		}
		public := testpeer.Output(t, nil, "x509", "-noout", "-pubkey", "-in", filepath.Join(version, half+".pem"))
		for _, name := range []string{half + ".key", half + ".pem"} {
			if found := testpeer.Output(t, nil, "pkey", "-pubout", "-in", filepath.Join(version, name)); found != public {
				t.Errorf("%s holds another key than its certificate", name)
			}
		}
	}
}

// handshake is one between two peers that show each other their certificates, trusting the bundle alone.
func handshake(t *testing.T, p place) {
	t.Helper()
	version, err := filepath.EvalSymlinks(filepath.Join(p.out, "goproxy", "current"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(version, "tls.crt"), filepath.Join(version, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := os.ReadFile(filepath.Join(version, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	one, other := net.Pipe()
	server := tls.Server(one, &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert})
	client := tls.Client(other, &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: "localhost"})
	answered := make(chan error, 1)
	go func() { answered <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-answered); err != nil {
		t.Fatal(err)
	}
}

func TestKilledServeStartsAgain(t *testing.T) {
	for _, algorithm := range suite.Names() {
		t.Run(algorithm, func(t *testing.T) {
			p := prepared(t, algorithm)
			process := p.serve(t)
			if err := process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			process.Wait()
			first := p.certificate()
			again := p.serve(t)
			if p.certificate() != first {
				t.Error("a good certificate was replaced")
			}
			if err := again.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := again.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWrongUse(t *testing.T) {
	for _, algorithm := range suite.Names() {
		t.Run(algorithm, func(t *testing.T) {
			p := prepared(t, algorithm)
			wrong := filepath.Join(t.TempDir(), "wrong")
			write(t, wrong, "not the right passphrase")
			p.bad(t, "does not open the key", "roll", "--passphrase-file", wrong)
			p.bad(t, "--passphrase-file is missing", "roll")
			p.bad(t, "go with --root", "roll", "--overlap", "200h", "--passphrase-file", p.passphrase)
			p.bad(t, "holds an authority already", "init", "--stack", "dev", "--passphrase-file", p.passphrase)
			p.bad(t, "--stack", "init", "--stack", "De v", "--passphrase-file", p.passphrase)
			p.bad(t, "p256", "init", "--stack", "dev", "--algorithm", "rsa", "--passphrase-file", p.passphrase)
			p.bad(t, "words beside the flags", "verify", "x")
			p.bad(t, "not on loopback", "serve", "--declaration", p.declaration, "--out", p.out, "--listen", "0.0.0.0:9443")
			p.bad(t, "--interval", "serve", "--declaration", p.declaration, "--out", p.out, "--interval", "1h")
			p.bad(t, "--out is missing", "serve", "--declaration", p.declaration)
			p.bad(t, "no such file", "serve", "--out", p.out, "--declaration", p.declaration+"x")
			p.bad(t, "there is no command", "renew")
			for command := range commands {
				p2 := place{state: filepath.Join(t.TempDir(), "none")}
				if code, _, errs := p2.run(command); code != exitError || errs == "" {
					t.Errorf("%s without anything: %d %q", command, code, errs)
				}
			}
			write(t, filepath.Join(p.state, "issuer.log"), "{}\n")
			p.bad(t, "log-restart", "verify")
			p.good(t, "log-restart")
			p.good(t, "verify")
		})
	}
}
