package sandbox_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tunnel is a proxy that leads https://*.amazonaws.com to the sandbox, for
// commands of the CLI that ask a second service, which --endpoint-url doesn't
// reach.
type tunnel struct{ proxy, authority string }

func (w *world) tunnel() tunnel {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sandbox"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
		DNSNames: []string{"*.amazonaws.com", "*.us-east-1.amazonaws.com", "*.s3.amazonaws.com", "*.s3.us-east-1.amazonaws.com"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		w.t.Fatal(err)
	}
	file := filepath.Join(w.t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		w.t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(w.Handler())
	front.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	front.StartTLS()
	w.t.Cleanup(front.Close)
	proxy := httptest.NewServer(connectTo(w.t, front.Listener.Addr().String()))
	w.t.Cleanup(proxy.Close)
	return tunnel{proxy.URL, file}
}

// connectTo answers CONNECT with a connection to one address, whatever was
// asked for.
func connectTo(t testing.TB, address string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(rw, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		back, err := new(net.Dialer).DialContext(context.WithoutCancel(r.Context()), "tcp", address)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		client, buffered, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			t.Error(err)
		}
		go func() {
			defer back.Close()
			// Both ends close when they are done with one another.
			_, _ = io.Copy(back, buffered)
		}()
		go func() {
			defer client.Close()
			_, _ = io.Copy(client, back)
		}()
	}
}

// cli runs Debian's aws as root with the whole of AWS being the sandbox, and
// returns what it prints and whether it succeeded.
func (tn tunnel) cli(w *world, args ...string) (string, bool) {
	w.t.Helper()
	out, err := runAWS(w.t, []string{
		"AWS_ACCESS_KEY_ID=" + w.root.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + w.root.SecretAccessKey,
		"HTTPS_PROXY=" + tn.proxy, "AWS_CA_BUNDLE=" + tn.authority,
	}, append(args, "--region", "us-east-1")...)
	return strings.TrimSpace(out), err == nil
}
