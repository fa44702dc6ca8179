package smtpd

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/queue"
)

// ledger is an Intake that lists what was committed.
type ledger struct {
	mu        sync.Mutex
	open      int
	committed []string
}

type entry struct {
	l    *ledger
	body bytes.Buffer
}

func (l *ledger) Admit(context.Context, queue.Envelope, int64) error { return nil }

func (l *ledger) Begin(_ context.Context, env queue.Envelope, _ int64) (queue.Draft, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if env.Tenant == "" || len(env.Rcpts) == 0 {
		return nil, errors.New("a message without tenant or recipient")
	}
	l.open++
	return &entry{l: l}, nil
}

func (e *entry) Write(p []byte) (int, error) { return e.body.Write(p) }

func (e *entry) Commit(context.Context) (string, error) {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	e.l.open--
	e.l.committed = append(e.l.committed, e.body.String())
	return fmt.Sprintf("e%d", len(e.l.committed)), nil
}

func (e *entry) Abort() {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	e.l.open--
}

// panicky fails on what a session logs after a panic.
type panicky struct{ bytes.Buffer }

func fuzzServer(f *testing.F, in Intake, log io.Writer) *Server {
	f.Helper()
	s, err := New(Options{
		Hostname: "mx.example", Intake: in, Log: slog.New(slog.NewTextHandler(log, nil)),
		Recipients: func(a string) Recipient { return Recipient{Known: strings.HasPrefix(a, "j"), Tenant: a} },
		Config: config.SMTP{MaxMessageSize: 1000, MaxSessions: 10, MaxUnlistedSessions: 10, MaxSessionsPerNetwork: 10, MaxRecipients: 3, MaxCommands: 50,
			MaxErrors: 20, IdleTimeout: time.Minute, DataTimeout: time.Minute, SessionAge: time.Minute},
		Certificates: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("none") },
	})
	if err != nil {
		f.Fatal(err)
	}
	go s.smtp.Serve(s.hand)
	f.Cleanup(func() { s.hand.Close() })
	return s
}

// closing is a stream that has an end and addresses, as go-smtp's log wants.
type closing struct{ stream }

func (c *closing) Close() error { return nil }
func (c *closing) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:1"))
}
func (c *closing) LocalAddr() net.Addr { return c.RemoteAddr() }

// FuzzDialogue sends anything through guard, go-smtp and session, after TLS. There is one "queued" for each commit, and
// no transaction stays open; nothing panics.
func FuzzDialogue(f *testing.F) {
	for _, s := range []string{
		"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<j@x>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n",
		"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<j@x>\r\nBDAT 2\r\nhiBDAT 1 LAST\r\n!QUIT\r\n",
		"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<j@x>\r\nBDAT 2\r\nhiRSET\r\nMAIL FROM:<>\r\nRCPT TO:<j@x>\r\nBDAT 0 LAST\r\n",
		"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<j@x>\r\nRCPT TO:<j@y>\r\nBDAT 2000 LAST\r\n",
		"HELO a\r\nBDAT 4 LAST\r\nDATAMAIL FROM:<>\r\nRCPT TO:<j@x>\r\nDATA\r\n..\r\n\r.\r\n.\r\nNOOP\r\n",
		"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nBDAT 2\r\nhiEHLO b\r\nVRFY x\r\nSTARTTLS\r\nBDAT x\r\n",
	} {
		f.Add([]byte(s), []byte{})
		f.Add([]byte(s), []byte{0, 7})
	}
	in, log := &ledger{}, &panicky{}
	s := fuzzServer(f, in, log)
	f.Fuzz(func(t *testing.T, data, pieces []byte) {
		in.committed, in.open = nil, 0
		log.Reset()
		c := &closing{stream{data: data, pieces: pieces}}
		g := newGuard(s, newPeer(c, s.options.Networks), c)
		s.hand.pass(g)
		<-g.done
		if n := strings.Count(c.said.String(), "queued as e"); n != len(in.committed) || in.open != 0 {
			t.Fatalf("%q: %d commits, %d open, said %q", data, len(in.committed), in.open, c.said.String())
		}
		if strings.Contains(log.String(), "panic") {
			t.Fatalf("%q: %s", data, log.String())
		}
		checkReplies(t, data, c.said.String())
	})
}

func (c *closing) SetDeadline(time.Time) error { return nil }

// FuzzFront sends anything before TLS. What is answered is one of the front's few replies; STARTTLS ends the plain
// dialogue, whatever follows; and nothing but the five commands is answered 2xx.
func FuzzFront(f *testing.F) {
	for _, s := range []string{
		"EHLO a\r\nSTARTTLS\r\n", "STARTTLS\r\nMAIL FROM:<>\r\n", "HELO a\r\nMAIL FROM:<>\r\nQUIT\r\n", "NOOP\nNOOP\r\n", "STARTTLS x\r\n",
		"BDAT 5\r\nNOOP\r\n", "\x16\x03\x01\x02\x00", "EHLO\r\n", strings.Repeat("x", 3000),
	} {
		f.Add([]byte(s), []byte{})
		f.Add([]byte(s), []byte{0, 3})
	}
	s := fuzzServer(f, &ledger{}, io.Discard)
	f.Fuzz(func(t *testing.T, data, pieces []byte) {
		c := &closing{stream{data: data, pieces: pieces}}
		p := newPeer(c, s.options.Networks)
		if _, err := s.front(p); err == nil {
			t.Fatalf("%q: a handshake", data)
		}
		plain, _, _ := strings.Cut(c.said.String(), "220 2.0.0 Ready")
		checkReplies(t, data, plain)
		for line := range strings.SplitSeq(plain, "\r\n") {
			if line != "" && !strings.Contains("220 221 250 421 500 501 503 530", line[:3]) {
				t.Fatalf("%q: %q", data, line)
			}
		}
		if most := countVerbs(data, "EHLO", "NOOP"); strings.Count(plain, "250 ") > most {
			t.Fatalf("%q: more than %d times 250 in %q", data, most, plain)
		}
	})
}

// countVerbs counts the lines that begin with one of the verbs.
func countVerbs(data []byte, verbs ...string) (n int) {
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		for _, v := range verbs {
			if len(line) >= len(v) && strings.EqualFold(string(line[:len(v)]), v) {
				n++
				break
			}
		}
	}
	return n
}

// checkReplies wants well-formed reply lines.
func checkReplies(t *testing.T, data []byte, said string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(said, "\r\n"), "\r\n") {
		if line != "" && (len(line) < 4 || strings.Trim(line[:3], "0123456789") != "" ||
			strings.ContainsAny(line, "\r\n")) {
			t.Fatalf("%q: reply %q", data, line)
		}
	}
}
