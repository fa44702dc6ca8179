package smtpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

const (
	// A handshake may take so long, or IdleTimeout when that is shorter; one with an unlisted peer less.
	handshakeTimeout  = 60 * time.Second
	strangerHandshake = 15 * time.Second
	maxPlainCommands  = 20 // before TLS
	refusalTimeout    = time.Second
)

var (
	errQuit      = errors.New("quit before TLS")
	errInjected  = errors.New("data after STARTTLS before the handshake")
	errHandshake = errors.New("TLS handshake")
)

// serve is one connection's goroutine, from accept to close.
func (s *Server) serve(c net.Conn) {
	defer c.Close()
	p := newPeer(c, s.options.Networks)
	if why := s.sessions.enter(p); why != "" {
		s.refusals.add(p, slog.LevelWarn, refusal{event: "smtp.session.refused", why: why})
		s.turnAway(c, why)
		return
	}
	defer s.sessions.leave(p)
	defer s.summary(p)
	defer s.contain(p)
	tc, err := s.front(p)
	if err != nil {
		p.end = err
		if _, ok := farewells[err]; ok {
			p.wire.linger()
		}
		return
	}
	g := newGuard(s, p, tc)
	if !s.hand.pass(g) {
		return
	}
	<-g.done
}

// turnAway greets a connection that gets no session.
func (s *Server) turnAway(c net.Conn, why string) {
	c.SetWriteDeadline(time.Now().Add(refusalTimeout))
	fmt.Fprintf(c, "421 4.3.2 %s %s, try again later\r\n", s.hostname, why)
}

// contain keeps a panic of one connection from the others.
func (s *Server) contain(p *peer) {
	if r := recover(); r != nil {
		p.end = errPanicked
		s.logPanic(p, r)
	}
}

// front speaks the dialogue before TLS and does the handshake. The caller owns p.raw, and closes it on an error too.
func (s *Server) front(p *peer) (*tls.Conn, error) {
	w := p.attach(p.raw, s)
	w.printf("220 %s ESMTP", s.hostname)
	for range maxPlainCommands {
		line, err := w.readLine()
		if err != nil && err != errBareLF {
			return nil, err
		}
		p.commands++
		c, ok := parseCommand(line)
		if err != nil || !ok {
			w.printf("500 5.5.2 Syntax error; a command is text and ends in CRLF")
			p.errors++
			continue
		}
		if c.verb == "STARTTLS" && c.arg == "" {
			return s.upgrade(p, w)
		}
		if s.plain(p, w, c); c.verb == "QUIT" {
			w.flush()
			return nil, errQuit
		}
	}
	return nil, w.fail(errCommands)
}

// plain answers a command before TLS (I1).
func (s *Server) plain(p *peer, w *wire, c command) {
	switch c.verb {
	case "EHLO":
		s.plainHello(w, c)
	case "NOOP":
		w.printf("250 2.0.0 OK")
	case "QUIT":
		w.printf("221 2.0.0 Bye")
	case "STARTTLS":
		p.errors++
		w.printf("501 5.5.4 STARTTLS takes no argument") // go-smtp takes STARTTLSfoo for STARTTLS (defect G)
	default:
		p.errors++
		w.printf("530 5.7.0 Must issue a STARTTLS command first") // RFC 3207 4
	}
}

// plainHello advertises what there will be after TLS, so that a client sees from the start that it can deliver here.
func (s *Server) plainHello(w *wire, c command) {
	if c.arg == "" {
		w.printf("501 5.5.4 A domain or address literal is required")
		return
	}
	w.printf("250-%s", s.hostname)
	for _, keyword := range []string{"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "CHUNKING", "SMTPUTF8"} {
		w.printf("250-%s", keyword)
	}
	w.printf("250-SIZE %d", s.limits.MaxMessageSize)
	w.printf("250 STARTTLS")
}

// upgrade does the handshake. A client that sent more together with STARTTLS, or somebody on the way who did so in its
// name (CVE-2011-0411), is refused.
func (s *Server) upgrade(p *peer, w *wire) (*tls.Conn, error) {
	if w.in.Buffered() > 0 {
		p.errors++
		w.printf("503 5.5.1 Nothing may follow STARTTLS before the handshake") // RFC 3207 4.2
		w.flush()
		return nil, errInjected
	}
	w.printf("220 2.0.0 Ready to start TLS")
	if err := w.flush(); err != nil {
		return nil, err
	}
	limit := handshakeTimeout
	if p.network == "" {
		limit = strangerHandshake
	}
	p.raw.SetDeadline(time.Now().Add(min(limit, s.limits.IdleTimeout)))
	tc := tls.Server(p.raw, s.tls)
	// After a failed handshake nothing is said: plaintext on a socket where TLS was begun is an answer to nobody
	// (defect G).
	if err := tc.HandshakeContext(context.Background()); err != nil {
		return nil, fmt.Errorf("%w: %w", errHandshake, err)
	}
	p.raw.SetDeadline(time.Time{})
	s.inspect(p, tc.ConnectionState())
	return tc, nil
}
