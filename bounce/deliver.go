package bounce

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"clawback/config"
)

// Resolver finds mail servers; *net.Resolver is one.
type Resolver interface {
	LookupMX(ctx context.Context, domain string) ([]*net.MX, error)
}

// Route says where own mail for one recipient goes.
type Route struct {
	To    string        // recipient address
	Relay *config.Relay // nil: the MX of the recipient's domain
}

// Sender delivers one message by SMTP over verified TLS.
type Sender struct {
	Hostname string
	Resolver Resolver
	Roots    *x509.CertPool // nil: the system's
	Timeout  time.Duration  // for connecting and for each command; 0 means 2 minutes
	Port     int            // of MX hosts; 0 means 25
}

// server is one host to try.
type server struct {
	relay *config.Relay
	host  string
	port  int
}

// Send tries the route's servers in order until one takes the message. write is called for one server at a time with
// whether it offers 8BITMIME. The answer names the server and its reply.
func (s *Sender) Send(ctx context.Context, r Route, write func(w io.Writer, eightBit bool) error) (string, error) {
	servers, err := s.servers(ctx, r)
	if err != nil {
		return "", err
	}
	var problems []error
	for _, srv := range servers {
		reply, err := s.sendTo(ctx, srv, r.To, write)
		if err == nil {
			return srv.host + ": " + reply, nil
		}
		problems = append(problems, fmt.Errorf("%s: %w", srv.host, err))
	}
	return "", errors.Join(problems...)
}

func (s *Sender) servers(ctx context.Context, r Route) ([]server, error) {
	if r.Relay != nil {
		return []server{{r.Relay, r.Relay.Host, r.Relay.Port}}, nil
	}
	_, domain, ok := strings.Cut(r.To, "@")
	if !ok {
		return nil, fmt.Errorf("route to %q: no domain", r.To)
	}
	found, err := s.Resolver.LookupMX(ctx, domain)
	if err != nil {
		return nil, fmt.Errorf("look up MX of %s: %w", domain, err)
	}
	slices.SortStableFunc(found, func(a, b *net.MX) int { return int(a.Pref) - int(b.Pref) })
	port := s.Port
	if port == 0 {
		port = 25
	}
	var servers []server
	for _, mx := range found[:min(len(found), 5)] {
		if host := strings.TrimSuffix(mx.Host, "."); host != "" { // RFC 7505: "." takes no mail
			servers = append(servers, server{host: host, port: port})
		}
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("look up MX of %s: the domain takes no mail", domain)
	}
	return servers, nil
}

func (s *Sender) sendTo(ctx context.Context, srv server, to string, write func(io.Writer, bool) error) (string, error) {
	client, err := s.connect(ctx, srv)
	if err != nil {
		return "", err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	if err := client.Mail("", &smtp.MailOptions{UTF8: !isASCII(to)}); err != nil {
		return "", fmt.Errorf("MAIL: %w", err)
	}
	if err := client.Rcpt(to, nil); err != nil {
		return "", fmt.Errorf("RCPT: %w", err)
	}
	data, err := client.Data()
	if err != nil {
		return "", fmt.Errorf("DATA: %w", err)
	}
	eightBit, _ := client.Extension("8BITMIME")
	if err := write(data, eightBit); err != nil {
		return "", err // the connection is closed without the final dot: the server discards it
	}
	answer, err := data.CloseWithResponse()
	if err != nil {
		return "", fmt.Errorf("end of data: %w", err)
	}
	client.Quit()
	return answer.StatusText, nil
}

// connect opens a session and, unless the relay is on loopback and says otherwise, puts it under verified TLS.
func (s *Sender) connect(ctx context.Context, srv server) (*smtp.Client, error) {
	conf, mode, err := s.tlsFor(srv)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: s.timeout()}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(srv.host, strconv.Itoa(srv.port)))
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	client, err := s.open(conn, conf, mode)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if err := s.authenticate(client, srv.relay); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

func (s *Sender) open(conn net.Conn, conf *tls.Config, mode string) (*smtp.Client, error) {
	conn.SetDeadline(time.Now().Add(s.timeout())) // go-smtp sets its own for each command after this
	var client *smtp.Client
	var err error
	switch mode {
	case "none":
		client = smtp.NewClient(conn)
	case "implicit":
		client = smtp.NewClient(tls.Client(conn, conf))
	default:
		if client, err = smtp.NewClientStartTLS(conn, conf); err != nil {
			return nil, fmt.Errorf("STARTTLS: %w", err)
		}
	}
	client.CommandTimeout = s.timeout()
	if err := client.Hello(s.Hostname); err != nil {
		return nil, fmt.Errorf("EHLO: %w", err)
	}
	return client, nil
}

func (s *Sender) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return 2 * time.Minute
}

// tlsFor gives the TLS configuration and the mode for a server. Without a relay setting it is STARTTLS, always verified.
func (s *Sender) tlsFor(srv server) (*tls.Config, string, error) {
	conf := &tls.Config{ServerName: srv.host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	if srv.relay == nil {
		return conf, "starttls", nil
	}
	if srv.relay.CAFile != "" {
		pem, err := os.ReadFile(srv.relay.CAFile)
		if err != nil {
			return nil, "", fmt.Errorf("read relay ca_file: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, "", fmt.Errorf("read relay ca_file: no certificate in %s", srv.relay.CAFile)
		}
	}
	if srv.relay.TLS == "none" && !isLoopback(srv.host) {
		return nil, "", fmt.Errorf("relay %s: tls = \"none\" is for loopback only", srv.host)
	}
	return conf, srv.relay.TLS, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *Sender) authenticate(client *smtp.Client, relay *config.Relay) error {
	if relay == nil || relay.Username == "" {
		return nil
	}
	if err := client.Auth(sasl.NewPlainClient("", relay.Username, relay.Password.Reveal())); err != nil {
		return fmt.Errorf("AUTH: %w", err)
	}
	return nil
}

// Probe connects as a delivery would and says goodbye: for `clawback check`.
func (s *Sender) Probe(ctx context.Context, r Route) error {
	servers, err := s.servers(ctx, r)
	if err != nil {
		return err
	}
	var problems []error
	for _, srv := range servers {
		client, err := s.connect(ctx, srv)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", srv.host, err))
			continue
		}
		client.Quit()
		return nil
	}
	return errors.Join(problems...)
}

// ExchangeOnline reports which of the route's servers belong to Exchange Online, which must not take its own
// non-delivery reports for journaling (Microsoft: the alternate mailbox may not be an Exchange Online mailbox).
func (s *Sender) ExchangeOnline(ctx context.Context, r Route) ([]string, error) {
	servers, err := s.servers(ctx, Route{To: r.To})
	if err != nil {
		return nil, err
	}
	var own []string
	for _, srv := range servers {
		host := strings.ToLower(srv.host)
		for _, suffix := range exchangeMX {
			if strings.HasSuffix(host, suffix) {
				own = append(own, srv.host)
			}
		}
	}
	return own, nil
}

// exchangeMX ends the names of Exchange Online's mail servers, DNSSEC-signed mx.microsoft and the national clouds included.
var exchangeMX = []string{
	".mail.protection.outlook.com", ".mx.microsoft", ".mail.protection.office365.us", ".mail.protection.partner.outlook.cn",
	".mail.eo.outlook.com",
}
