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
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"clawback/config"
)

// session is a connection to a server that has answered EHLO, under TLS where that must be.
type session struct {
	client *smtp.Client
	conn   net.Conn // what client speaks on
	server server
}

// connect opens a session and, unless the relay is on loopback and says otherwise, puts it under verified TLS.
func (s *Sender) connect(ctx context.Context, srv server) (*session, error) {
	conf, mode, err := s.tlsFor(srv)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: s.timeout()}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(srv.host, strconv.Itoa(srv.port)))
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c, err := s.open(conn, conf, mode)
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.server = srv
	if err := s.authenticate(c.client, srv.relay); err != nil {
		c.client.Close()
		return nil, err
	}
	return c, nil
}

// open begins the SMTP session on a connection, with TLS by the mode: none, implicit, or STARTTLS (anything else).
func (s *Sender) open(conn net.Conn, conf *tls.Config, mode string) (*session, error) {
	switch mode {
	case "none":
	case "implicit":
		conn = tls.Client(conn, conf)
	default:
		secure, err := s.startTLS(conn, conf)
		if err != nil {
			return nil, fmt.Errorf("STARTTLS: %w", err)
		}
		conn = secure
	}
	client, err := s.hello(conn)
	if err != nil {
		return nil, err
	}
	return &session{client: client, conn: conn}, nil
}

func (s *Sender) hello(conn net.Conn) (*smtp.Client, error) {
	client := smtp.NewClient(conn)
	client.CommandTimeout = s.timeout()
	if err := client.Hello(s.Hostname); err != nil {
		return nil, fmt.Errorf("EHLO: %w", err)
	}
	return client, nil
}

// startTLS is not left to go-smtp's client, which would keep the TLS connection to itself: BDAT needs it. What the
// server sent in the clear, and nobody asked for, stays behind with the readers of this function.
func (s *Sender) startTLS(conn net.Conn, conf *tls.Config) (net.Conn, error) {
	client, err := s.hello(conn)
	if err != nil {
		return nil, err
	}
	if ok, _ := client.Extension("STARTTLS"); !ok {
		return nil, errors.New("the server does not offer it")
	}
	if _, err := newDialogue(conn).ask(220, "STARTTLS", nil, s.timeout()); err != nil {
		return nil, err
	}
	secure := tls.Client(conn, conf)
	secure.SetDeadline(time.Now().Add(s.timeout()))
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	return &greeted{secure, io.MultiReader(strings.NewReader("220 again\r\n"), secure)}, nil
}

// greeted is a connection whose server has greeted before TLS and does not again (RFC 3207, section 4.2), for a client
// that waits for the greeting.
type greeted struct {
	net.Conn
	in io.Reader
}

func (g *greeted) Read(p []byte) (int, error) { return g.in.Read(p) }

func (c *session) has(extension string) bool {
	ok, _ := c.client.Extension(extension)
	return ok
}

// offers tells what the server takes as far as a report may go so. RFC 3030, section 3: a server that hands binary mail
// on to one without BINARYMIME changes it or bounces it, and a bounce of our bounce vanishes. So only the mailbox's own
// server gets it, no relay. Nor does Exchange, whose store takes an attached message apart and writes it anew.
func (c *session) offers() offer {
	own := c.server.relay == nil && !c.server.isExchangeOnline()
	for _, word := range []string{"X-EXPS", "XEXCH50", "XRDST"} { // Exchange on the premises
		own = own && !c.has(word)
	}
	return offer{eightBit: c.has("8BITMIME"), binary: own && c.has("CHUNKING") && c.has("BINARYMIME")}
}

// lines gives the server the message by DATA.
func (c *session) lines(p parcel, form Form) (string, error) {
	if err := c.client.Mail("", &smtp.MailOptions{UTF8: !isASCII(p.To)}); err != nil {
		return "", fmt.Errorf("MAIL: %w", err)
	}
	if err := c.client.Rcpt(p.To, nil); err != nil {
		return "", fmt.Errorf("RCPT: %w", err)
	}
	data, err := c.client.Data()
	if err != nil {
		return "", fmt.Errorf("DATA: %w", err)
	}
	if err := p.write(paced{data, c}, form); err != nil {
		return "", err // the connection is closed without the final dot: the server discards it
	}
	answer, err := data.CloseWithResponse()
	if err != nil {
		return "", fmt.Errorf("end of data: %w", err)
	}
	return answer.StatusText, nil
}

// paced gives every piece of a message the time of a command: go-smtp's client waits without end for a server that
// reads no more. RFC 5321, section 4.5.3.2.5.
type paced struct {
	io.Writer
	c *session
}

func (w paced) Write(p []byte) (int, error) {
	w.c.conn.SetWriteDeadline(time.Now().Add(w.c.client.CommandTimeout))
	return w.Writer.Write(p)
}

func (s *Sender) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return 2 * time.Minute
}

// tlsFor gives the TLS configuration and the mode for a server. Without a relay setting it is STARTTLS, always
// verified.
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

// authenticate logs in where a relay asks for it.
func (s *Sender) authenticate(client *smtp.Client, relay *config.Relay) error {
	if relay == nil || relay.Username == "" {
		return nil
	}
	if err := client.Auth(sasl.NewPlainClient("", relay.Username, relay.Password.Reveal())); err != nil {
		return fmt.Errorf("AUTH: %w", err)
	}
	return nil
}
