package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"time"

	"clawback/bounce"
	"clawback/config"
)

// portTimeout bounds the look at this host's own port.
const portTimeout = 20 * time.Second

// checkPort connects to the port that the connector will use, and looks at the certificate as a stranger does: by this
// host's name, with what is sent and the system's roots (roots, in tests).
func checkPort(ctx context.Context, hostname, port string, roots *x509.CertPool) finding {
	what := topic("SMTP at " + net.JoinHostPort(hostname, port))
	dialer := net.Dialer{Timeout: portTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(hostname, port))
	if none, is := errors.AsType[*net.DNSError](err); is {
		if none.IsNotFound {
			return what.bad("its name leads nowhere: "+none.Error(), "make address records for "+hostname)
		}
		return what.warn("where its name leads is not known: "+none.Error(),
			"look at this host's resolver, /etc/resolv.conf; then check again")
	}
	if err != nil {
		return what.warn("nobody answers there, as seen from here: "+err.Error(),
			"start the daemon; open the port in the firewall; a router may not let this host reach itself by its "+
				"public address")
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(portTimeout))
	client, err := smtp.NewClient(conn, hostname)
	if err != nil {
		return what.bad("it is no SMTP server: "+err.Error(), "let the port lead to this daemon")
	}
	var state tls.ConnectionState
	err = client.StartTLS(&tls.Config{ServerName: hostname, RootCAs: roots})
	if err == nil {
		state, _ = client.TLSConnectionState()
		client.Quit()
		leaf := state.PeerCertificates[0]
		return what.fine("certificate of %s, verified, until %s", leaf.Issuer.CommonName,
			leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return portTrouble(what, hostname, err)
}

// portTrouble says what is wrong with a certificate, and what to do.
func portTrouble(what topic, hostname string, err error) finding {
	refused, is := errors.AsType[*tls.CertificateVerificationError](err)
	if !is {
		return what.bad("STARTTLS: "+err.Error(), "look at what the daemon says of it: journalctl -u clawback")
	}
	sent := refused.UnverifiedCertificates
	const lost = "; a connector that verifies refuses it"
	if _, is := errors.AsType[x509.UnknownAuthorityError](err); is && len(sent) == 1 &&
		sent[0].Issuer.String() != sent[0].Subject.String() {
		return what.bad("the certificate comes without those of its CA"+lost,
			"put the CA's intermediate certificates after it in the file (fullchain.pem)")
	} else if is {
		return what.bad("the certificate is of no public CA"+lost, "use [acme], or a public CA's certificate in [tls]")
	}
	if name, is := errors.AsType[x509.HostnameError](err); is {
		return what.bad(fmt.Sprintf("the certificate is for %s%s", strings.Join(name.Certificate.DNSNames, ", "), lost),
			"get one for "+hostname)
	}
	return what.bad("the certificate: "+refused.Err.Error()+lost, "renew it")
}

// checkAlternate looks at the way to the alternate mailbox, up to where its server would take a message.
func checkAlternate(ctx context.Context, cfg *config.Config, t *config.Tenant) []finding {
	what := topic("tenant " + t.Name + ", alternate mailbox")
	sender := &bounce.Sender{Hostname: cfg.Hostname, Resolver: net.DefaultResolver, Timeout: 20 * time.Second}
	route := bounce.Route{To: t.AlternateMailbox, Relay: cfg.Relay}
	if t.Relay != nil {
		route.Relay = t.Relay
	}
	var list []finding
	own, err := sender.ExchangeOnline(ctx, route)
	if err != nil && route.Relay == nil {
		return []finding{what.bad(err.Error(), "name a mailbox whose domain takes mail, or a relay")}
	}
	if len(own) > 0 {
		list = append(list, what.bad(fmt.Sprintf("%s is in Exchange Online (%s), which Microsoft does not support",
			t.AlternateMailbox, strings.Join(own, ", ")),
			"use a mailbox elsewhere"))
	}
	if err := sender.Probe(ctx, route); err != nil {
		return append(list, what.bad(err.Error(),
			"mend the mailbox, or the way to it: until then bounces wait here, and none is lost"))
	}
	how := "over verified TLS"
	if route.Relay != nil && route.Relay.TLS == "none" {
		how = "in the clear, to this machine itself"
	}
	whose := "its server"
	if route.Relay != nil {
		whose = "the relay " + route.Relay.Host
	}
	return append(list, what.fine("%s: %s takes mail for it, %s", t.AlternateMailbox, whose, how))
}
