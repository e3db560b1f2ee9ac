// Command go-tunnel is what sm-tunnel is compared with: the same tunnel over Go's TLS 1.3 with TLS_AES_128_GCM_SHA256,
// X25519 and P-256 certificates. Both sides run in their own process: `go-tunnel server CONNECT`, `go-tunnel client CONNECT`.
// They take their throw-away certificate from standard input and print the address that they listen on.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"time"
)

const name = "bench.test"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "go-tunnel:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 && args[0] == "certificate" {
		return certificate()
	}
	if len(args) != 2 {
		return fmt.Errorf("usage: go-tunnel certificate | client CONNECT | server CONNECT")
	}
	settings, err := settings()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		if args[0] == "server" {
			go forward(tls.Server(conn, settings), func() (net.Conn, error) { return net.Dial("tcp", args[1]) })
		} else {
			go forward(conn, func() (net.Conn, error) { return tls.Dial("tcp", args[1], settings) })
		}
	}
}

func certificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		return err
	}
	return pem.Encode(os.Stdout, &pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

func settings() (*tls.Config, error) {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool, ServerName: name,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519}, SessionTicketsDisabled: true,
	}, nil
}

type halfCloser interface{ CloseWrite() error }

func forward(in net.Conn, dial func() (net.Conn, error)) {
	defer in.Close()
	if conn, ok := in.(*tls.Conn); ok && conn.Handshake() != nil {
		return
	}
	out, err := dial()
	if err != nil {
		return
	}
	defer out.Close()
	done := make(chan struct{})
	go func() {
		pump(out, in)
		close(done)
	}()
	pump(in, out)
	<-done
}

func pump(to, from net.Conn) {
	// An end or an error of either side ends this direction; the other ends by itself.
	_, _ = io.Copy(to, from)
	if half, ok := to.(halfCloser); ok {
		_ = half.CloseWrite()
	}
}
