package smtp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/notify"
	"riposte.dev/notify/smtp/smtptest"
)

// authority makes a CA's file and a server configuration with a certificate of it for 127.0.0.1 and localhost.
func authority(t *testing.T) (caFile string, server *tls.Config) {
	t.Helper()
	sign := func(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	caKey, leafKey := key(), key()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sign(ca, ca, caKey, caKey)})
	if err := os.WriteFile(caFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return caFile, &tls.Config{Certificates: []tls.Certificate{
		{Certificate: [][]byte{sign(leaf, ca, leafKey, caKey)}, PrivateKey: leafKey},
	}}
}

func catch(t *testing.T, opts ...smtptest.Option) *smtptest.Catcher {
	t.Helper()
	c, err := smtptest.Start("127.0.0.1:0", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// channel makes a channel for the server at addr, in clear unless change says otherwise.
func channel(t *testing.T, addr string, change func(*Config)) *Channel {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Host: host, From: "riposte <riposte@example.com>", TLS: None, Timeout: 20 * time.Second}
	if cfg.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func delivery() notify.Delivery {
	return notify.Delivery{
		ID: "d1", Channel: "mail", To: "secops@example.com",
		Message: notify.Message{
			ID: "exec-1/done", Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.UTC), Severity: "HIGH",
			Subject: "Trail main was stopped – by Jürgen", Rule: "cloudtrail-logging-stopped", Execution: "exec-1",
		},
		Body: notify.Body{
			Text: "HIGH: Trail main – stopped\n.\n" + strings.Repeat("a long line ", 200) + "\n", HTML: "<p>Trail main – stopped</p>\n",
		},
	}
}

func TestSendOverSTARTTLS(t *testing.T) {
	ca, server := authority(t)
	catcher := catch(t, smtptest.WithSTARTTLS(server), smtptest.WithAuth("riposte", "s3cret"))
	c := channel(t, catcher.Addr(), func(cfg *Config) {
		cfg.TLS, cfg.CAFile, cfg.Username, cfg.Password, cfg.ReplyTo = "", ca, "riposte", "s3cret", "SecOps <secops@example.com>"
	})
	for range 2 { // at least once
		if err := c.Send(t.Context(), delivery()); err != nil {
			t.Fatal(err)
		}
	}
	mails := catcher.Messages()
	if len(mails) != 2 || mails[0].MessageID != mails[1].MessageID {
		t.Fatalf("%d mails, want two with the same Message-ID", len(mails))
	}
	m := mails[0]
	if !m.TLS || m.User != "riposte" || m.Sender != "riposte@example.com" || !slices.Equal(m.Recipients, []string{"secops@example.com"}) {
		t.Errorf("TLS %v, user %q, from %q to %v", m.TLS, m.User, m.Sender, m.Recipients)
	}
	if m.From != "riposte@example.com" || !slices.Equal(m.To, []string{"secops@example.com"}) {
		t.Errorf("headers: from %q to %v", m.From, m.To)
	}
	if want := "[HIGH] Trail main was stopped – by Jürgen"; m.Subject != want {
		t.Errorf("subject %q, want %q", m.Subject, want)
	}
	if want := delivery().Body; m.Text != want.Text || m.HTML != want.HTML {
		t.Errorf("text %q\nHTML %q", m.Text, m.HTML)
	}
	if !strings.HasSuffix(m.MessageID, "@example.com") || strings.Contains(m.MessageID, "/") {
		t.Errorf("Message-ID %q", m.MessageID)
	}
	for name, want := range map[string]string{
		"Date": "Sun, 01 Mar 2026 03:04:05 +0000", "Reply-To": `"SecOps" <secops@example.com>`,
		"Auto-Submitted": "auto-generated", "Importance": "high", "X-Riposte-Rule": "cloudtrail-logging-stopped",
		"X-Riposte-Severity": "HIGH", "X-Riposte-Execution": "exec-1",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(m.Header.Get("Content-Type"), "multipart/alternative") ||
		strings.Index(string(m.Raw), "text/plain") > strings.Index(string(m.Raw), "text/html") {
		t.Error("not plain text first and HTML as its alternative")
	}
}

func TestEncryption(t *testing.T) {
	ca, server := authority(t)
	otherCA, _ := authority(t)
	startTLS, implicit := smtptest.WithSTARTTLS(server), smtptest.WithTLS(server)
	tests := []struct {
		name      string
		server    []smtptest.Option
		mode      Encryption
		ca        string
		encrypted bool
		code      fault.Code
	}{
		{"implicit", []smtptest.Option{implicit}, Implicit, ca, true, ""},
		{"implicit, untrusted", []smtptest.Option{implicit}, Implicit, otherCA, false, fault.Unavailable},
		{"implicit, server speaks plainly", nil, Implicit, ca, false, fault.Unavailable},
		{"STARTTLS", []smtptest.Option{startTLS}, STARTTLS, ca, true, ""},
		{"STARTTLS, untrusted", []smtptest.Option{startTLS}, STARTTLS, otherCA, false, fault.Unavailable},
		{"STARTTLS, not offered", nil, STARTTLS, ca, false, fault.Unavailable},
		{"opportunistic, offered", []smtptest.Option{startTLS}, Opportunistic, ca, true, ""},
		{"opportunistic, untrusted", []smtptest.Option{startTLS}, Opportunistic, otherCA, false, fault.Unavailable},
		{"opportunistic, not offered", nil, Opportunistic, ca, false, ""},
		{"none", []smtptest.Option{startTLS}, None, "", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			catcher := catch(t, tt.server...)
			c := channel(t, catcher.Addr(), func(cfg *Config) { cfg.TLS, cfg.CAFile = tt.mode, tt.ca })
			err := c.Send(t.Context(), delivery())
			if fault.CodeOf(err) != tt.code {
				t.Fatalf("got %v, want code %q", err, tt.code)
			}
			mails := catcher.Messages()
			switch {
			case tt.code != "" && len(mails) != 0:
				t.Error("the mail went out")
			case tt.code == "" && (len(mails) != 1 || mails[0].TLS != tt.encrypted):
				t.Errorf("caught %d mails, want one with TLS %v", len(mails), tt.encrypted)
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	for _, server := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
		for _, configured := range []Mechanism{"", Mechanism(strings.ToLower(server))} {
			t.Run(server+" as "+string(configured), func(t *testing.T) {
				catcher := catch(t, smtptest.WithAuth("riposte", "s3cret", server))
				password := filepath.Join(t.TempDir(), "password")
				c := channel(t, catcher.Addr(), func(cfg *Config) {
					cfg.Auth, cfg.Username, cfg.PasswordFile = configured, "riposte", password
				})
				if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Unavailable {
					t.Errorf("without a password file: %v", err)
				}
				for content, code := range map[string]fault.Code{"wrong\n": fault.Unauthenticated, "s3cret\n": ""} {
					if err := os.WriteFile(password, []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
					if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != code {
						t.Errorf("with %q: %v, want code %q", content, err, code)
					}
				}
				if mails := catcher.Messages(); len(mails) != 1 || mails[0].User != "riposte" {
					t.Errorf("caught %d mails", len(mails))
				}
			})
		}
	}
	t.Run("mechanism not offered", func(t *testing.T) {
		catcher := catch(t, smtptest.WithAuth("riposte", "s3cret", "PLAIN"))
		c := channel(t, catcher.Addr(), func(cfg *Config) { cfg.Auth, cfg.Username, cfg.Password = CRAMMD5, "riposte", "s3cret" })
		if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("got %v", err)
		}
	})
	t.Run("demanded, not configured", func(t *testing.T) {
		catcher := catch(t, smtptest.WithAuth("riposte", "s3cret"))
		if err := channel(t, catcher.Addr(), nil).Send(t.Context(), delivery()); fault.Retryable(err) || err == nil {
			t.Errorf("got %v", err)
		}
	})
}

// elsewhere is a connection that claims to come from another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 587} }

// fromElsewhere dials a server here as if it were on another machine.
func fromElsewhere(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return elsewhere{conn}, nil
}

// What counts is the address that a name leads to: "localhost" in a wrong hosts file gets neither mail nor password.
func TestNothingInClearToAnotherMachine(t *testing.T) {
	catcher := catch(t, smtptest.WithAuth("riposte", "s3cret"))
	for name, tt := range map[string]struct {
		change func(*Config)
		code   fault.Code
	}{
		"mail":                   {func(cfg *Config) {}, fault.Denied},
		"password":               {func(cfg *Config) { cfg.TLS, cfg.Username, cfg.Password = Opportunistic, "riposte", "s3cret" }, fault.Unavailable},
		"password, though asked": {func(cfg *Config) { cfg.AllowPlaintext, cfg.Username, cfg.Password = true, "riposte", "s3cret" }, fault.Unavailable},
		"digest of the password": {func(cfg *Config) {
			cfg.AllowPlaintext, cfg.Username, cfg.Password, cfg.Auth = true, "riposte", "s3cret", CRAMMD5
		}, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			c := channel(t, catcher.Addr(), func(cfg *Config) { cfg.Dial = fromElsewhere; tt.change(cfg) })
			if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != tt.code {
				t.Errorf("got %v, want code %s", err, tt.code)
			}
		})
	}
	t.Run("mail, accepted", func(t *testing.T) {
		open := catch(t)
		c := channel(t, open.Addr(), func(cfg *Config) { cfg.AllowPlaintext, cfg.Dial = true, fromElsewhere })
		if err := c.Send(t.Context(), delivery()); err != nil {
			t.Error(err)
		}
	})
}

func TestNewNamesEveryMistake(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cfg  Config
		want []string
	}{
		{Config{}, []string{`host "" is not`, `from "" is not`}},
		{
			Config{Host: "mail.example.com", From: "a@b\r\nBcc: x@y", TLS: "ssl", Port: 70000, Auth: "ntlm", ReplyTo: "nobody", CAFile: notPEM},
			[]string{"from ", `tls is "ssl"`, "port 70000", `auth is "ntlm"`, "need a username", `reply_to "nobody"`, "has no certificate"},
		},
		{Config{Host: "mail.example.com", From: "a@b", TLS: None, CAFile: "/does/not/exist"}, []string{"would send mail in clear to mail.example.com", "ca_file"}},
		{Config{Host: "mail.example.com", From: "a@b", Username: "u"}, []string{"either password or password_file"}},
		{Config{Host: "mail.example.com", From: "a@b", Username: "u", Password: "p", PasswordFile: "f"}, []string{"either password or password_file"}},
	} {
		_, err := New(tt.cfg)
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: got %v", tt.cfg, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in %v", want, err)
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := New(Config{Host: "mail.example.com", From: "riposte@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != "mail" || c.cfg.Port != 587 || c.cfg.TLS != STARTTLS || c.cfg.Hello != "example.com" {
		t.Errorf("got %+v", c.cfg)
	}
	if c, err = New(Config{Host: "mail.example.com", From: "riposte@example.com", TLS: Implicit}); err != nil || c.cfg.Port != 465 {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestCheckAddress(t *testing.T) {
	c := channel(t, "127.0.0.1:25", nil)
	for address, ok := range map[string]bool{
		"secops@example.com": true, "first.last+tag@sub.example.com": true, "o'neil@example.com": true,
		"": false, "nobody": false, "SecOps <secops@example.com>": false, "a@b\r\nRCPT TO:<c@d>": false, "a b@example.com": false,
		`"a b"@example.com`: false, "jürgen@example.com": false, "a@b, c@d": false, "<a@b>": false,
		strings.Repeat("a", 250) + "@example.com": false,
	} {
		if err := c.CheckAddress(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}
