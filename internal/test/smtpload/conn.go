package smtpload

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Conn is one SMTP connection. Its methods that wait do so for Timeout at most.
type Conn struct {
	net.Conn // the socket, then TLS
	Timeout  time.Duration
	in       *bufio.Reader
}

// Reply is what a server said to one command.
type Reply struct {
	Code  int
	Lines []string // without the code
}

// String gives the code and the last line.
func (r Reply) String() string {
	if len(r.Lines) == 0 {
		return strconv.Itoa(r.Code)
	}
	return fmt.Sprintf("%d %s", r.Code, r.Lines[len(r.Lines)-1])
}

// Dial connects, and reads the greeting.
func Dial(ctx context.Context, address string) (*Conn, error) { return DialFrom(ctx, "", address) }

// DialFrom is Dial from one of this machine's IP addresses, "" for any.
func DialFrom(ctx context.Context, from, address string) (*Conn, error) {
	var d net.Dialer
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	conn := &Conn{Timeout: time.Minute}
	conn.use(c)
	if r, err := conn.Reply(); err != nil || r.Code != 220 {
		c.Close()
		return nil, fmt.Errorf("greeting %q: %w", r, orRefused(err))
	}
	return conn, nil
}

// DialTLS connects, says EHLO, upgrades and says EHLO again.
func DialTLS(ctx context.Context, address, hello string, config *tls.Config) (*Conn, error) {
	c, err := Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := c.Secure(hello, config); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Secure says EHLO, upgrades and says EHLO again.
func (c *Conn) Secure(hello string, config *tls.Config) error {
	if err := c.Expect(250, "EHLO "+hello); err != nil {
		return err
	}
	if err := c.StartTLS(config); err != nil {
		return err
	}
	return c.Expect(250, "EHLO "+hello)
}

func (c *Conn) use(n net.Conn) {
	c.Conn = n
	c.in = bufio.NewReader(n)
}

// StartTLS upgrades the connection. A nil config verifies nothing.
func (c *Conn) StartTLS(config *tls.Config) error {
	if err := c.Expect(220, "STARTTLS"); err != nil {
		return err
	}
	if config == nil {
		config = &tls.Config{InsecureSkipVerify: true}
	}
	t := tls.Client(c.Conn, config)
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	c.use(t)
	return nil
}

// Expect sends a command and wants a code.
func (c *Conn) Expect(code int, line string) error {
	r, err := c.Cmd(line)
	if err == nil && r.Code != code {
		err = ErrRefused
	}
	if err != nil {
		return fmt.Errorf("%s: %v: %w", line, r, err)
	}
	return nil
}

// Cmd sends one command line and reads its reply.
func (c *Conn) Cmd(line string) (Reply, error) {
	if err := c.Send([]byte(line + "\r\n")); err != nil {
		return Reply{}, err
	}
	return c.Reply()
}

// Send writes octets as they are.
func (c *Conn) Send(p []byte) error {
	c.SetWriteDeadline(time.Now().Add(c.Timeout))
	_, err := c.Write(p)
	return err
}

// Reply reads one reply.
func (c *Conn) Reply() (Reply, error) {
	c.SetReadDeadline(time.Now().Add(c.Timeout))
	var r Reply
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return r, err
		}
		line = strings.TrimRight(line, "\r\n")
		if len(line) < 3 {
			return r, fmt.Errorf("malformed reply %q", line)
		}
		if r.Code, err = strconv.Atoi(line[:3]); err != nil {
			return r, fmt.Errorf("malformed reply %q", line)
		}
		if len(line) == 3 {
			return r, nil
		}
		r.Lines = append(r.Lines, line[4:])
		if line[3] == ' ' {
			return r, nil
		}
	}
}
