package alert

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"clawback/bounce"
	"clawback/config"
	"clawback/internal/publicnet"
)

// target names where a route leads, without what is a secret.
func target(a config.Alert) string {
	switch a.Kind {
	case "email":
		return strings.Join(a.To, ", ")
	case "syslog":
		return a.Server
	}
	if u, err := url.Parse(a.URL.Reveal()); err == nil {
		return u.Host
	}
	return ""
}

// senderOf makes the sender of a route. One that cannot be made is one that fails.
func (d *Dispatcher) senderOf(cfg *config.Config, a config.Alert) sender {
	if a.Kind == "email" {
		return &mailSender{route: a, mailer: d.o.Mailer, marker: d.o.Marker, hostname: cfg.Hostname,
			relay: relayOf(cfg, a)}
	}
	secure, err := tlsConfig(a)
	if err != nil {
		return noSender{err}
	}
	if a.Kind == "syslog" {
		return &syslogSender{route: a, tls: secure, dialer: guarded(a), hostname: cfg.Hostname, version: d.o.Version}
	}
	return newHTTPSender(a, secure, cfg.Hostname, d.o.Version)
}

// relayOf is the relay of a route's mail: that of its one tenant, or the gateway's.
func relayOf(cfg *config.Config, a config.Alert) *config.Relay {
	if len(a.Tenants) == 1 {
		if t, err := cfg.FindTenant(a.Tenants[0]); err == nil {
			return cmp.Or(t.Relay, cfg.Relay)
		}
	}
	return cfg.Relay
}

// noSender is a route whose files cannot be read.
type noSender struct{ err error }

func (n noSender) send(context.Context, parcel) (string, error) { return "", n.err }

// errInside is why a connection was refused (I4).
var errInside = errors.New("leads to an address that is not public, and that private_networks does not name")

const dialTime = 10 * time.Second

// guarded dials public addresses, and those that the route names: the address itself is looked at, after its name was
// resolved.
func guarded(a config.Alert) *net.Dialer {
	d := &net.Dialer{Timeout: dialTime}
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		if at, err := netip.ParseAddrPort(address); err != nil || !publicnet.Allows(at.Addr(), a.PrivateNetworks) {
			return errInside
		}
		return nil
	}
	return d
}

// tlsConfig is what a route's server is verified by, and what it is shown.
func tlsConfig(a config.Alert) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read ca_file: no certificate in %s", a.CAFile)
		}
	}
	if a.CertificateFile != "" {
		pair, err := tls.LoadX509KeyPair(a.CertificateFile, a.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate_file: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// Probe goes as far as a delivery can without telling anything, for `clawback check`: to the server of a syslog, a
// webhook, a Slack or a Teams route under verified TLS, and of mail to where its server takes the address.
func Probe(ctx context.Context, cfg *config.Config, a config.Alert, mail *bounce.Sender) error {
	secure, err := tlsConfig(a)
	if err != nil {
		return err
	}
	at := a.Server
	switch a.Kind {
	case "email":
		var errs []error
		for _, to := range a.To {
			errs = append(errs, mail.Probe(ctx, bounce.Route{To: to, Relay: relayOf(cfg, a)}))
		}
		return errors.Join(errs...)
	case "webhook", "slack", "teams":
		u, err := url.Parse(a.URL.Reveal())
		if err != nil {
			return errors.New("read url: it is none")
		}
		at = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443"))
	}
	conn, err := (&tls.Dialer{NetDialer: guarded(a), Config: secure}).DialContext(ctx, "tcp", at)
	if err != nil {
		return reachError(err)
	}
	return conn.Close()
}

// reachError says what keeps a server from being reached, without its URL.
func reachError(err error) error {
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	if errors.Is(err, errInside) {
		return errInside
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("does not answer in time")
	}
	return err
}
