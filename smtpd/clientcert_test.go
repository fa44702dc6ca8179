package smtpd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/smtpd"
)

// authority signs client certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	tmpl := template(100, "Test CA")
	tmpl.IsCA, tmpl.KeyUsage = true, x509.KeyUsageCertSign
	a := authority{key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t), file: filepath.Join(t.TempDir(), "ca.pem")}
	der := must(x509.CreateCertificate(rand.Reader, tmpl, tmpl, a.key.Public(), a.key))(t)
	a.cert = must(x509.ParseCertificate(der))(t)
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// issue makes a client certificate; as public authorities do now, without the clientAuth usage.
func (a authority) issue(t *testing.T, names ...string) []tls.Certificate {
	t.Helper()
	k := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	tmpl := template(5, names...)
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	der := must(x509.CreateCertificate(rand.Reader, tmpl, a.cert, k.Public(), a.key))(t)
	return []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}
}

func TestClientCertificate(t *testing.T) {
	const outlook = "mail.protection.outlook.com"
	known, other := newAuthority(t), newAuthority(t)
	tests := []struct {
		name     string
		mode     string
		certs    []tls.Certificate
		reply    string // to MAIL
		verified bool
		problem  string
		names    string
	}{
		{"ignored", "ignore", known.issue(t, outlook), "250", false, "", ""},
		{"requested, none", "request", nil, "250", false, "no client certificate", ""},
		{"requested, good", "request", known.issue(t, outlook), "250", true, "", outlook},
		{"requested, one of several names", "request", known.issue(t, "a.example", outlook), "250", true, "", "a.example," + outlook},
		{"requested, other name", "request", known.issue(t, "evil.example"), "250", false, "none of the names", "evil.example"},
		{"requested, other authority", "request", other.issue(t, outlook), "250", false, "unknown authority", outlook},
		{"required, good", "require", known.issue(t, outlook), "250", true, "", outlook},
		{"required, none", "require", nil, "454 4.7.0", false, "", ""},
		{"required, other authority", "require", other.issue(t, outlook), "454 4.7.0", false, "", ""},
		{"required, other name", "require", known.issue(t, "evil.example"), "454 4.7.0", false, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, func(o *smtpd.Options) {
				o.Listener.ClientCertificate, o.Listener.ClientNames = tt.mode, []string{outlook}
				o.Listener.ClientCAFile = known.file
			})
			c := f.plain()
			if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true, Certificates: tt.certs, ServerName: hostname}); err != nil {
				t.Fatal(err)
			}
			c.Cmd("EHLO client.example")
			expect(t, c, tt.reply, "MAIL FROM:<>")
			if tt.reply != "250" {
				expect(t, c, "221", "QUIT")
				return
			}
			expect(t, c, "250", "RCPT TO:<"+journal+">")
			expect(t, c, "354", "DATA")
			expect(t, c, "250", ".")
			got := f.only("").Env.TLS
			if got.Verified != tt.verified || !strings.Contains(got.Problem, tt.problem) ||
				tt.problem == "" && got.Problem != "" ||
				strings.Join(got.ClientNames, ",") != tt.names || got.ServerName != hostname {
				t.Errorf("%+v", got)
			}
			if env := f.only("").Env; env.Exchange != tt.verified || env.Network != "" {
				t.Errorf("Exchange Online = %v, in a network called %q", env.Exchange, env.Network)
			}
		})
	}
}

// Which verified names show that Exchange Online is at the other end.
func TestClientCertificate_showsExchangeOnline(t *testing.T) {
	ca := newAuthority(t)
	for name, want := range map[string]bool{
		"mail.protection.outlook.com":              true,
		"MAIL.Protection.Outlook.COM":              true,
		"mail.protection.office365.us":             true,
		"evil-protection.outlook.com":              false,
		"mail.protection.outlook.com.evil.example": false,
		"mx.contoso.example":                       false,
	} {
		f := start(t, func(o *smtpd.Options) {
			o.Listener.ClientCertificate, o.Listener.ClientNames, o.Listener.ClientCAFile = "request", []string{name}, ca.file
		})
		c := f.plain()
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true, Certificates: ca.issue(t, name), ServerName: hostname}); err != nil {
			t.Fatal(err)
		}
		c.Cmd("EHLO client.example")
		expect(t, c, "250", "MAIL FROM:<>")
		expect(t, c, "250", "RCPT TO:<"+journal+">")
		expect(t, c, "354", "DATA")
		expect(t, c, "250", ".")
		if got := f.only("").Env; !got.TLS.Verified || got.Exchange != want {
			t.Errorf("%s: verified = %v, Exchange Online = %v, want %v", name, got.TLS.Verified, got.Exchange, want)
		}
	}
}

// What a client shows in its handshake stands in the row of each message: a certificate full of names, and a server
// name that is none, must not make the rows large. Nor must a long chain cost signatures.
func TestClientCertificate_boundsWhatIsKept(t *testing.T) {
	ca := newAuthority(t)
	var names []string
	for n := range 40 {
		names = append(names, strings.Repeat("x", 50)+fmt.Sprint(n)+".example", strings.Repeat("y.", 2000)+"example")
	}
	full := ca.issue(t, names...)
	long := ca.issue(t, "mail.protection.outlook.com")
	for range 20 {
		long[0].Certificate = append(long[0].Certificate, newAuthority(t).cert.Raw)
	}
	for name, test := range map[string]struct {
		certs   []tls.Certificate
		problem string
		names   int
	}{"names": {full, "none of the names", 16}, "chain": {long, "at most 5", 1}, "of another authority": {newAuthority(t).issue(t, names...), "unknown authority", 16}} {
		f := start(t, func(o *smtpd.Options) {
			o.Listener.ClientCertificate, o.Listener.ClientNames, o.Listener.ClientCAFile = "request", []string{"mail.protection.outlook.com"}, ca.file
		})
		c := f.plain()
		config := &tls.Config{InsecureSkipVerify: true, Certificates: test.certs, ServerName: strings.Repeat("long.", 2000) + "example"}
		if err := c.StartTLS(config); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.Cmd("EHLO client.example")
		expect(t, c, "250", "MAIL FROM:<>")
		expect(t, c, "250", "RCPT TO:<"+journal+">")
		expect(t, c, "354", "DATA")
		expect(t, c, "250", ".")
		got := f.only("").Env.TLS
		row := must(json.Marshal(got))(t)
		if len(row) > 6000 || len(got.ClientNames) != test.names || !strings.Contains(got.Problem, test.problem) ||
			got.Verified {
			t.Errorf("%s: a row of %d bytes with %d names: %.300s", name, len(row), len(got.ClientNames), got.Problem)
		}
	}
}

func TestClientCertificate_expired(t *testing.T) {
	ca := newAuthority(t)
	f := start(t, func(o *smtpd.Options) {
		o.Listener.ClientCertificate, o.Listener.ClientNames = "require", []string{"client.example"}
		o.Listener.ClientCAFile = ca.file
		o.Now = func() time.Time { return time.Now().Add(365 * 24 * time.Hour) }
	})
	c := f.plain()
	if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true, Certificates: ca.issue(t, "client.example")}); err != nil {
		t.Fatal(err)
	}
	expect(t, c, "454 4.7.0", "EHLO client.example")
}

func TestNew_checksOptions(t *testing.T) {
	good := func() smtpd.Options {
		return smtpd.Options{Hostname: hostname, Config: limits(), Certificates: certificates(t), Recipients: recipients, Intake: &memory{}}
	}
	if _, err := smtpd.New(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*smtpd.Options){
		"no hostname":     func(o *smtpd.Options) { o.Hostname = "" },
		"no intake":       func(o *smtpd.Options) { o.Intake = nil },
		"no size":         func(o *smtpd.Options) { o.Config.MaxMessageSize = 0 },
		"size of 4 GiB":   func(o *smtpd.Options) { o.Config.MaxMessageSize = 1 << 32 },
		"no sessions":     func(o *smtpd.Options) { o.Config.MaxSessions = 0 },
		"no idle timeout": func(o *smtpd.Options) { o.Config.IdleTimeout = 0 },
		"required without names": func(o *smtpd.Options) {
			o.Listener.ClientCertificate = "require"
		},
		"no such authorities": func(o *smtpd.Options) { o.Listener.ClientCAFile = "/nonexistent" },
	} {
		o := good()
		spoil(&o)
		if _, err := smtpd.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
