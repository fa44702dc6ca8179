package bounce

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// Resolver finds mail servers; *net.Resolver is one.
type Resolver interface {
	LookupMX(ctx context.Context, domain string) ([]*net.MX, error)
}

// Route says where own mail for one recipient goes.
type Route struct {
	To    string        // recipient address
	Relay *config.Relay // nil: the MX of the recipient's domain
	Lines bool          // never by BDAT
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

// send tries the route's servers in order until one takes the message. write is called for one server at a time with
// the form in which that one gets bytes of such a shape, and again when it refuses them. The answer names the server
// and its reply.
func (s *Sender) send(ctx context.Context, r Route, content shape,
	write func(w io.Writer, form Form) error) (string, error) {
	servers, err := s.servers(ctx, r)
	if err != nil {
		return "", err
	}
	var problems []error
	for _, srv := range servers {
		reply, err := s.sendTo(ctx, srv, parcel{r, content, write})
		if err == nil {
			return srv.host + ": " + reply, nil
		}
		problems = append(problems, fmt.Errorf("%s: %w", srv.host, err))
	}
	return "", errors.Join(problems...)
}

// Send delivers a whole message of our own: lines of ASCII with CRLF. The answer names the server and its reply.
func (s *Sender) Send(ctx context.Context, r Route, message []byte) (string, error) {
	return s.send(ctx, r, shape{}, func(w io.Writer, _ Form) error {
		if _, err := w.Write(message); err != nil {
			return fmt.Errorf("write message: %w", err)
		}
		return nil
	})
}

// servers are those to try for a route, in order: the relay, or the first five MX hosts of the mailbox's domain.
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

// parcel is what goes to one server after another, until one takes it.
type parcel struct {
	Route
	content shape
	write   func(w io.Writer, form Form) error
}

// sendTo brings a message to one server, and gives the server's last reply.
func (s *Sender) sendTo(ctx context.Context, srv server, p parcel) (string, error) {
	c, err := s.connect(ctx, srv)
	if err != nil {
		return "", err
	}
	defer c.client.Close()
	stop := context.AfterFunc(ctx, func() { c.client.Close() })
	defer stop()
	answer, err := c.carry(p)
	if err != nil {
		return "", err
	}
	c.client.Quit()
	return answer, nil
}

// carry gives the server the message in the plainest form that keeps every byte. What it offers to take as it is and
// then refuses for good, it gets as a file.
func (c *session) carry(p parcel) (string, error) {
	offers := c.offers()
	offers.binary = offers.binary && !p.Lines
	form := p.content.form(offers)
	if form != Binary {
		return c.lines(p, form)
	}
	answer, err := c.binary(p)
	if !refused(err) {
		return answer, err
	}
	if left := c.client.Reset(); left != nil { // RFC 3030, section 2: the transaction has failed, and is cleared
		return "", fmt.Errorf("%w; RSET: %w", err, left)
	}
	return c.lines(p, OctetStream)
}

// Probe goes as far as a delivery can without delivering: to the answer that the server gives to the recipient. For
// `clawback check`.
func (s *Sender) Probe(ctx context.Context, r Route) error {
	servers, err := s.servers(ctx, r)
	if err != nil {
		return err
	}
	var problems []error
	for _, srv := range servers {
		c, err := s.connect(ctx, srv)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", srv.host, err))
			continue
		}
		if err = c.offer(r.To); err == nil {
			c.client.Quit()
			return nil
		}
		c.client.Close()
		problems = append(problems, fmt.Errorf("%s: %w", srv.host, err))
	}
	return errors.Join(problems...)
}

// offer asks whether a bounce to an address would be taken, and takes the question back.
func (c *session) offer(to string) error {
	if err := c.client.Mail("", &smtp.MailOptions{UTF8: !isASCII(to)}); err != nil {
		return fmt.Errorf("MAIL: %w", err)
	}
	if err := c.client.Rcpt(to, nil); err != nil {
		return fmt.Errorf("RCPT: %w", err)
	}
	return c.client.Reset()
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
		if srv.isExchangeOnline() {
			own = append(own, srv.host)
		}
	}
	return own, nil
}

func (srv server) isExchangeOnline() bool {
	host := mailaddr.Lower(srv.host)
	return slices.ContainsFunc(exchangeMX, func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

// exchangeMX ends the names of Exchange Online's mail servers, DNSSEC-signed mx.microsoft and the national clouds
// included.
var exchangeMX = []string{
	".mail.protection.outlook.com", ".mx.microsoft", ".mail.protection.office365.us",
	".mail.protection.partner.outlook.cn",
	".mail.eo.outlook.com",
}
