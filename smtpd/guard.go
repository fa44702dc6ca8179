package smtpd

import (
	"bytes"
	"net"
	"sync"
	"time"
)

// guard is the connection that go-smtp sees, above TLS. It works in lock step: Read gives one command line at a time,
// so that when go-smtp reads again, all it had to say to the last one has passed Write. Bodies never pass Read: for
// DATA and for the first BDAT of a message go-smtp is given DATA, its session reads guard.body, and the end is a lone
// dot.
//
// All but Close is called by go-smtp's goroutine for the connection.
type guard struct {
	srv  *Server
	peer *peer
	w    *wire

	feed    []byte // what Read gives next
	pending []byte // a command that ended a chunked message and is still to be handled
	path    string // of the MAIL or RCPT that go-smtp is handling, as the client wrote it
	utf8    bool   // that MAIL had SMTPUTF8
	body    *body  // open from go-smtp's 354 to its end
	chunk   *command
	skip    int64 // rest of a chunk whose BDAT was refused

	greeted bool   // go-smtp's own greeting has been swallowed
	muted   bool   // go-smtp's reply to a message that the client gave up is swallowed
	partial []byte // of a reply line

	close sync.Once
	done  chan struct{} // closed when go-smtp has let go of the connection
}

func newGuard(s *Server, p *peer, c net.Conn) *guard {
	return &guard{srv: s, peer: p, w: p.attach(c, s), done: make(chan struct{})}
}

// Read gives go-smtp its next line. Every end of the stream is net.ErrClosed, at which go-smtp goes quietly: whatever
// it says after a timeout or an EOF is said by the wire (defects A to C).
func (g *guard) Read(p []byte) (n int, err error) {
	defer g.contain(&err) // go-smtp recovers panics in handlers, not in Read
	if g.w.err != nil {
		return 0, net.ErrClosed
	}
	if len(g.feed) == 0 {
		if err := g.next(); err != nil {
			return 0, net.ErrClosed
		}
	}
	n = copy(p, g.feed)
	g.feed = g.feed[n:]
	return n, nil
}

func (g *guard) contain(err *error) {
	if r := recover(); r != nil {
		g.panicked(r)
		*err = net.ErrClosed
	}
}

func (g *guard) panicked(r any) {
	g.srv.logPanic(g.peer, r)
	g.w.fail(errPanicked)
}

// next fills feed.
func (g *guard) next() error {
	if g.body != nil {
		err := g.body.finish()
		g.body = nil
		g.w.endBody()
		g.pass(".")
		return err
	}
	g.muted = false
	if err := g.skipChunk(); err != nil {
		return err
	}
	for len(g.feed) == 0 {
		c, err := g.command()
		if err != nil {
			return err
		}
		if err := g.handle(c); err != nil {
			return err
		}
	}
	return nil
}

// skipChunk throws away the chunk of a BDAT that go-smtp did not answer with 354.
func (g *guard) skipChunk() error {
	n := g.skip
	g.chunk, g.skip = nil, 0
	if n == 0 {
		return nil
	}
	if n > g.srv.limits.MaxMessageSize {
		return g.w.fail(errFlood)
	}
	g.w.startBody(g.srv.pace())
	defer g.w.endBody()
	return g.w.skip(n)
}

// command reads the next line that can be a command, and answers those that cannot.
func (g *guard) command() (command, error) {
	for {
		if err := g.check(); err != nil {
			return command{}, g.w.fail(err)
		}
		line, err := g.line()
		if err != nil && err != errBareLF {
			return command{}, err
		}
		g.peer.commands++
		c, ok := parseCommand(line)
		if err == nil && ok {
			return c, nil
		}
		g.respond("500 5.5.2 Syntax error; a command is text and ends in CRLF")
	}
}

func (g *guard) line() ([]byte, error) {
	if line := g.pending; line != nil {
		g.pending = nil
		return line, nil
	}
	return g.w.readLine()
}

// check holds the bounds of a session, between two commands.
func (g *guard) check() error {
	l := g.srv.limits
	switch {
	case g.w.err != nil:
		return g.w.err
	case g.w.mustStop():
		return errDrain
	case g.peer.commands >= g.maxCommands():
		return errCommands
	case g.peer.errors >= l.MaxErrors:
		return errErrors
	case time.Since(g.peer.started) > l.SessionAge:
		return errAge
	}
	return nil
}

// strangeCommands is how many commands a session from an unlisted network has: some hundred messages. Together with
// what such networks may open in connections it keeps a flood of them, which cost the peer nothing, under a few percent
// of one processor.
const strangeCommands = 1000

func (g *guard) maxCommands() int {
	if g.srv.sessions.isUnlisted(g.peer) {
		return min(g.srv.limits.MaxCommands, strangeCommands)
	}
	return g.srv.limits.MaxCommands
}

// handle answers a command, or feeds it to go-smtp.
func (g *guard) handle(c command) error {
	if g.peer.refuse && c.verb != "QUIT" {
		// RFC 3207 4.2 would have 554; a wrong certificate may be our own wrong configuration, so it is temporary.
		g.respond("454 4.7.0 Command refused due to lack of security")
		return nil
	}
	switch c.verb {
	case "EHLO", "HELO":
		g.hello(c)
	case "MAIL":
		g.mail(c)
	case "RCPT":
		g.rcpt(c)
	case "DATA":
		g.data(c)
	case "BDAT":
		return g.bdat(c)
	case "RSET", "QUIT", "NOOP", "VRFY":
		g.pass(c.verb)
	case "STARTTLS":
		g.respond("503 5.5.1 TLS is already active")
	default:
		g.respond("500 5.5.2 Command not recognized")
	}
	return nil
}

// pass feeds a line to go-smtp.
func (g *guard) pass(line string) { g.feed = append([]byte(line), '\r', '\n') }

// respond replies in the place of go-smtp.
func (g *guard) respond(text string) {
	if text[0] >= '4' {
		g.peer.errors++
	}
	g.w.printf("%s", text)
}

// Write takes go-smtp's replies, line by line.
func (g *guard) Write(p []byte) (int, error) {
	rest := append(g.partial, p...)
	for {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			g.partial = append(g.partial[:0], rest...)
			return len(p), nil
		}
		g.relay(rest[:i+1])
		rest = rest[i+1:]
	}
}

// relay passes one line of a reply on, unless it is not the client's.
func (g *guard) relay(line []byte) {
	final := len(line) > 3 && line[3] == ' '
	switch {
	case !g.greeted:
		g.greeted = final
		return
	case g.muted || g.w.err != nil: // after an end the wire has had the last word
		return
	case bytes.HasPrefix(line, []byte("354")):
		g.open()
		if g.body.chunked {
			return
		}
	case bytes.HasPrefix(line, []byte("502 5.5.1")):
		line = append([]byte("503"), line[3:]...) // RFC 5321 4.3.2: bad sequence; go-smtp says 502, not implemented
	}
	if final && line[0] >= '4' {
		g.peer.errors++
	}
	g.w.out = append(g.w.out, line...)
	if len(g.w.out) > outBuffer {
		g.w.flush()
	}
}

// open begins a body at go-smtp's 354.
func (g *guard) open() {
	max := g.srv.limits.MaxMessageSize
	g.body = &body{w: g.w, limit: max, drain: max, lineStart: true}
	if g.chunk != nil {
		g.body.chunked, g.body.chunk = true, g.nextChunk
		g.body.drain = 2 * max // of one chunk, which is over the limit when it is thrown away
		g.body.left, g.body.last, _ = parseChunk(g.chunk.arg)
		g.chunk, g.skip = nil, 0
	}
	g.w.startBody(g.srv.pace())
}

// Close ends the connection. go-smtp calls it more than once.
func (g *guard) Close() error {
	g.close.Do(func() {
		g.w.flush()
		if _, ok := farewells[g.w.err]; ok {
			g.w.linger()
		}
		g.w.conn.Close()
		g.peer.received, g.peer.sent, g.peer.end = g.w.received, g.w.sent, g.w.err
		g.w.err = net.ErrClosed // go-smtp may read once more, and must touch nothing of what the summary reads
		close(g.done)
	})
	return nil
}

func (g *guard) LocalAddr() net.Addr  { return g.w.conn.LocalAddr() }
func (g *guard) RemoteAddr() net.Addr { return g.w.conn.RemoteAddr() }

// go-smtp's deadlines are not used: one deadline for a whole body cannot both let a large message through and stop a
// client that sends a byte now and then (defect C). The wire sets its own.

func (g *guard) SetDeadline(time.Time) error      { return nil }
func (g *guard) SetReadDeadline(time.Time) error  { return nil }
func (g *guard) SetWriteDeadline(time.Time) error { return nil }
