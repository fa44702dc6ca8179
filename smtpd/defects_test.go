package smtpd_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/smtpd"
)

// The defects of go-smtp 0.25.1, by their letters in docs/decisions/0001. Each test shows, over TLS, that the defect
// is closed or harmless here.

// A: a BDAT message that the peer cut off was committed as if it were whole.
func TestDefectA_truncatedMessageIsNotCommitted(t *testing.T) {
	cuts := map[string]func(*tls.Conn){
		"close_notify": func(c *tls.Conn) { c.Close() },
		"FIN":          func(c *tls.Conn) { c.NetConn().(*net.TCPConn).CloseWrite() },
		"RST": func(c *tls.Conn) {
			c.NetConn().(*net.TCPConn).SetLinger(0)
			c.NetConn().Close()
		},
	}
	bodies := map[string]string{
		"in the last chunk":  "BDAT 1000 LAST\r\nhello world",
		"in the first chunk": "BDAT 1000\r\nhello world",
		"between chunks":     "BDAT 5\r\nhello",
		"in DATA":            "DATA\r\nhello world\r\n",
		"in DATA's end":      "DATA\r\nhello world\r\n.\r",
		"before the chunk":   "BDAT 5 LAST\r\n",
	}
	for how, cut := range cuts {
		for where, body := range bodies {
			t.Run(how+" "+where, func(t *testing.T) {
				f := start(t, nil)
				c := f.envelope()
				send(t, c, body)
				f.until("the transaction has begun", func() bool {
					begun, _, _ := f.intake.counts()
					return begun == 1
				})
				cut(c.Conn.(*tls.Conn))
				f.until("the session is over", func() bool { return f.server.Sessions() == 0 })
				f.none()
			})
		}
	}
}

// B: after a timeout in a body its rest was run as commands.
func TestDefectB_restOfALateBodyIsNotRun(t *testing.T) {
	for _, begin := range []string{"DATA\r\n", "BDAT 1000\r\n", "BDAT 1000 LAST\r\n"} {
		t.Run(strings.TrimSpace(begin), func(t *testing.T) {
			f := start(t, func(o *smtpd.Options) { o.Config.DataTimeout = 300 * time.Millisecond })
			c := f.envelope()
			send(t, c, begin)
			if begin == "DATA\r\n" {
				expectReply(t, c, "354")
			}
			send(t, c, "Subject: late\r\n")
			expectReply(t, c, "421 4.4.2")
			c.Send([]byte("MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<" + journal + ">\r\nBDAT 2 LAST\r\nxx"))
			expectEnd(t, c)
			f.none()
		})
	}
}

// C: one deadline covered a whole body.
func TestDefectC_deadlineRollsAndRateIsHeld(t *testing.T) {
	f := start(t, func(o *smtpd.Options) { o.Config.DataTimeout, o.Config.MinRate = time.Second, 100 })
	c := f.envelope()
	send(t, c, "BDAT 600 LAST\r\n")
	for range 6 { // 1.5 s in all, in steps that are each in time
		time.Sleep(250 * time.Millisecond)
		send(t, c, strings.Repeat("x", 100))
	}
	expectReply(t, c, "250")
	f.only(strings.Repeat("x", 600))

	f = start(t, func(o *smtpd.Options) { o.Config.DataTimeout, o.Config.MinRate = 300*time.Millisecond, 1000 })
	c = f.envelope()
	send(t, c, "DATA\r\n")
	expectReply(t, c, "354")
	go func() { // a byte now and then is in time, but far below the rate
		for range 100 {
			time.Sleep(50 * time.Millisecond)
			if c.Send([]byte("x")) != nil {
				return
			}
		}
	}()
	expectReply(t, c, "421 4.4.2 "+hostname+" Too slow")
	f.none()
}

// D: a body that ends in a bare CR never ended.
func TestDefectD_bareCRBeforeTheEndOfData(t *testing.T) {
	f := start(t, nil)
	c := f.envelope()
	expect(t, c, "354", "DATA")
	send(t, c, "foo\r\r\n.\r\n")
	expectReply(t, c, "250")
	f.only("foo\r\r\n")
}

// E: bytes next to a dot were dropped, and a dot next to a bare LF.
func TestDefectE_bodiesAreByteExact(t *testing.T) {
	bodies := []string{
		"a\n.\nb\r\n", "a\n.\r\nb\r\n", "a\r.\rb\r\n", "a\r\n\x00.\r\nb\r\n", "\x00\x01\xff\r\n", "a\rb\nc\r\n", "\r\r\r\n", "\n\n\r\n",
		".\n\r\n", "a\r\n.\rX\r\n", "a\r\n.\n\r\n", "..\r\n", ".\r\n", "\r\n.\r\n", "\r\n..\r\n", "a\r\n.b\r\n.c\r\n", "\r\n", "a.\r\n",
		strings.Repeat("no end of line ", 10_000) + "\r\n", strings.Repeat(".\r\n", 20_000), strings.Repeat("\r", 70_000) + "\r\n",
	}
	for i, body := range bodies {
		for _, verb := range []smtpload.Verb{smtpload.DATA, smtpload.BDAT} {
			t.Run(fmt.Sprintf("%s %d", verb, i), func(t *testing.T) {
				f := start(t, nil)
				deliver(t, f, verb, body)
				f.only(body)
			})
		}
	}
}

func deliver(t *testing.T, f *fixture, verb smtpload.Verb, body string) {
	t.Helper()
	r := must(smtpload.Run(context.Background(), smtpload.Options{
		Address: f.addr, To: []string{journal}, Verb: verb, Messages: 1,
		Next: func(int, int) smtpload.Message { return smtpload.Message{Key: "k", Body: []byte(body)} },
	}))(t)
	if len(r.Accepted) != 1 {
		t.Fatalf("%v %v %v", r, r.Refused, r.Errors)
	}
}

// F: DATA of exactly the limit was refused.
func TestDefectF_limitIsExact(t *testing.T) {
	const limit = 100_000
	body := strings.Repeat("x", limit-2) + "\r\n"
	for _, verb := range []smtpload.Verb{smtpload.DATA, smtpload.BDAT} {
		for _, chunk := range []int{0, 999} {
			f := start(t, func(o *smtpd.Options) { o.Config.MaxMessageSize = limit })
			r := must(smtpload.Run(context.Background(), smtpload.Options{
				Address: f.addr, To: []string{journal}, Verb: verb, Messages: 2, Chunk: chunk,
				Next: func(_, n int) smtpload.Message {
					return smtpload.Message{Key: fmt.Sprint(n), Body: []byte(strings.Repeat("x", n) + body)}
				},
			}))(t)
			if len(r.Accepted) != 1 || len(r.Refused) != 1 || !strings.HasPrefix(r.Refused[0].Reply, "552 5.3.4") {
				t.Errorf("%s chunk %d: %v %v %v", verb, chunk, r, r.Refused, r.Errors)
			}
			f.only(body)
		}
	}
}

// G: a failed handshake was answered in plaintext and the dialogue went on; nothing was logged.
func TestDefectG_failedHandshakeEndsTheSession(t *testing.T) {
	f := start(t, nil)
	c := f.plain()
	expect(t, c, "220", "STARTTLS")
	send(t, c, "this is no TLS, but as long as a record's header\r\nMAIL FROM:<>\r\n")
	rest, _ := io.ReadAll(c.Conn)
	if bytes.Contains(rest, []byte("550")) || bytes.Contains(rest, []byte("250")) {
		t.Errorf("answered in plaintext: %q", rest)
	}
	f.until("the session is summed up", func() bool { return strings.Contains(f.log.String(), "TLS handshake") })
}

// H: a shutdown waited for idle clients, and could not close any.
func TestDefectH_shutdownDrainsAndForces(t *testing.T) {
	f := start(t, func(o *smtpd.Options) { o.Config.DrainTimeout = time.Second })
	idle, plain, sending, stuck := f.secure(), f.plain(), f.envelope(), f.envelope()
	send(t, sending, "BDAT 5\r\nhello")
	expectReply(t, sending, "250")
	send(t, stuck, "DATA\r\n")
	expectReply(t, stuck, "354")
	send(t, stuck, "never ended\r\n")

	began := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- f.server.Shutdown(context.Background()) }()
	expectReply(t, idle, "421 4.3.2")
	expectEnd(t, idle)
	expectReply(t, plain, "421 4.3.2")
	expectEnd(t, plain)
	send(t, sending, "BDAT 1 LAST\r\n!")
	expectReply(t, sending, "250 2.0.0 queued")
	expectReply(t, sending, "421 4.3.2")
	expectEnd(t, stuck)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("shutdown took %v", took)
	}
	f.only("hello!")
	if _, err := smtpload.Dial(context.Background(), f.addr); err == nil {
		t.Error("still listens")
	}
}

// A shutdown calls off what waits for room, and waits for a commit: what may be durable is kept, its peer gone or not.
func TestShutdown_endsWhatWaitsForTheIntake(t *testing.T) {
	for name, in := range map[string]*memory{
		"begin": {waits: true}, "commit": {hold: make(chan struct{})},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, func(o *smtpd.Options) { o.Config.DrainTimeout, o.Intake = time.Millisecond, in })
			c := f.envelope()
			send(t, c, "BDAT 5 LAST\r\nhello")
			f.until("the intake waits", func() bool { return in.waiting.Load() == 1 })
			ended := make(chan error, 1)
			go func() { ended <- f.server.Shutdown(t.Context()) }()
			if in.hold != nil {
				expectEnd(t, c)
				close(in.hold)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if in.hold != nil {
				f.only("hello")
			}
		})
	}
}

// lateListener gives one connection, which the kernel had accepted before the listener was closed.
type lateListener struct {
	net.Listener
	conns chan net.Conn
}

func (l lateListener) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

// A connection that was accepted as the server stopped gets a greeting: its sender comes again.
func TestShutdown_greetsWhatWasAcceptedMeanwhile(t *testing.T) {
	f := start(t, nil)
	late := lateListener{must(net.Listen("tcp", "127.0.0.1:0"))(t), make(chan net.Conn)}
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(late) }()
	before, theirs := net.Pipe() // it shows that Serve is there before Shutdown
	late.conns <- theirs
	if greeting := firstLine(t, before); !strings.HasPrefix(greeting, "220 ") {
		t.Fatalf("the greeting is %q", greeting)
	}
	before.Close()
	if err := f.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	ours, theirs := net.Pipe()
	late.conns <- theirs
	if greeting := firstLine(t, ours); !strings.HasPrefix(greeting, "421 4.3.2 ") {
		t.Errorf("the greeting is %q", greeting)
	}
	close(late.conns)
	if err := <-served; !errors.Is(err, smtpd.ErrClosed) {
		t.Errorf("serve ended with %v", err)
	}
}

func firstLine(t *testing.T, c net.Conn) string {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Errorf("no greeting: %v", err)
	}
	return line
}

// I: the status of an aborted BDAT message was reported for the next.
func TestDefectI_abortedMessageDoesNotAnswerForTheNext(t *testing.T) {
	for _, abort := range []string{"RSET", "EHLO again.example"} {
		f := start(t, nil)
		c := f.secure()
		const rounds = 100
		for range rounds {
			send(t, c, "MAIL FROM:<>\r\nRCPT TO:<"+journal+">\r\nBDAT 3\r\none"+abort+
				"\r\nMAIL FROM:<>\r\nRCPT TO:<"+journal+">\r\nBDAT 3\r\ntwoBDAT 0 LAST\r\n")
			for _, want := range []string{"250", "250", "250 2.0.0 Continue", "250", "250", "250", "250 2.0.0 Continue", "250 2.0.0 queued"} {
				expectReply(t, c, want)
			}
		}
		got := f.intake.messages()
		if _, aborted, _ := f.intake.counts(); len(got) != rounds || aborted != rounds {
			t.Fatalf("%d messages, %d aborted", len(got), aborted)
		}
		for _, m := range got {
			if string(m.Body) != "two" {
				t.Fatalf("got %q", m.Body)
			}
		}
	}
}

// J: the chunk of a malformed BDAT was run as commands.
func TestDefectJ_chunkOfAMalformedBDATIsNotRun(t *testing.T) {
	for _, bdat := range []string{"BDAT 20 LOST", "BDAT", "BDAT x", "BDAT -1", "BDAT 20 LAST LAST", "BDAT +5 LAST", "BDAT 111111111111111111111"} {
		for _, before := range []string{"", "BDAT 2\r\nxx"} {
			f := start(t, nil)
			c := f.envelope()
			send(t, c, before)
			if before != "" {
				expectReply(t, c, "250")
			}
			send(t, c, bdat+"\r\nRSET\r\nMAIL FROM:<smuggled@evil.example>\r\n")
			expectReply(t, c, "501 5.5.4")
			expectEnd(t, c)
			f.none()
		}
	}
	f := start(t, nil) // a huge one is well-formed, and its chunk is not waited for
	c := f.envelope()
	send(t, c, "BDAT 5000000000 LAST\r\nRSET\r\n")
	expectReply(t, c, "552 5.3.4")
	expectEnd(t, c)
	f.none()
}

// K: malformed addresses were accepted, <postmaster> was not, and a second MAIL kept the old recipients.
func TestDefectK_addresses(t *testing.T) {
	f := start(t, nil)
	for line, want := range map[string]string{
		"MAIL FROM:<a\x00b@example.com>":            "500 5.5.2",
		"MAIL FROM:<a\rb@example.com>":              "500 5.5.2",
		"MAIL FROM:<a\xff@example.com> SMTPUTF8":    "500 5.5.2",
		"MAIL FROM:<a@example.com>SIZE=1":           "501 5.1.7",
		"MAIL FROM:<a@b@example.com>":               "501 5.1.7",
		"MAIL FROM:<a b@example.com>":               "501 5.1.7",
		"MAIL FROM:<a@exa mple.com>":                "501 5.1.7",
		"MAIL FROM:<a@>":                            "501 5.1.7",
		"MAIL FROM:<@example.com>":                  "501 5.1.7",
		"MAIL FROM:<a>":                             "501 5.1.7",
		"MAIL FROM:a@example.com":                   "501 5.1.7",
		"MAIL FROM:<a@example.com":                  "501 5.1.7",
		`MAIL FROM:<"a@example.com>`:                "501 5.1.7",
		"MAIL FROM:":                                "501 5.1.7",
		"MAIL":                                      "501 5.1.7",
		"MAIL TO:<a@example.com>":                   "501 5.1.7",
		"MAIL FROM:<a@example.com> FOO=1":           "555 5.5.4",
		"MAIL FROM:<a@example.com> BODY=x":          "501 5.5.4",
		"MAIL FROM:<a@example.com> BODY=BINARYMIME": "504 5.5.4",
		"MAIL FROM:<grün@example.com>":              "553 5.6.7",
		"MAIL FROM:<grün@example.com> SMTPUTF8":     "250",
		"MAIL FROM: <a@example.com>  SIZE=10 ":      "250",
		`MAIL FROM:<"a@evil"@example.com>`:          "250",
		`MAIL FROM:<"a\" b"@[192.0.2.1]>`:           "250",
		"MAIL FROM:<@relay.example:a@example.com>":  "250",
		"mail from:<a+b=c@example.com>":             "250",
	} {
		expect(t, f.secure(), want, line)
	}
	for line, want := range map[string]string{
		"RCPT TO:<postmaster>":                       "250",
		"RCPT TO:<PostMaster>":                       "250",
		"RCPT TO:<postmaster@" + hostname + ">":      "250",
		"RCPT TO:<>":                                 "501 5.1.3",
		"RCPT TO:<root>":                             "501 5.1.3",
		"RCPT TO:<" + journal + "> NOTIFY=NEVER":     "555 5.5.4",
		"RCPT TO:<\"" + journal + "\"@evil.example>": "550 5.1.1",
		"RCPT TO:<" + journal + "@evil.example>":     "501 5.1.3",
	} {
		c := f.secure()
		expect(t, c, "250", "MAIL FROM:<>")
		expect(t, c, want, line)
	}
	c := f.envelope()
	expect(t, c, "503 5.5.1", "MAIL FROM:<second@example.com>")
	expect(t, c, "354", "DATA")
	expect(t, c, "250", "x\r\n.")
	if m := f.only("x\r\n"); m.Env.MailFrom != "" {
		t.Errorf("sender %q", m.Env.MailFrom)
	}
}

func TestDefectK_quotedSenderIsKeptAsWritten(t *testing.T) {
	f := start(t, nil)
	c := f.secure()
	expect(t, c, "250", `MAIL FROM:<"a@evil"@example.com>`)
	expect(t, c, "250", "RCPT TO:<postmaster>")
	expect(t, c, "354", "DATA")
	expect(t, c, "250", ".")
	if m := f.only(""); m.Env.MailFrom != `"a@evil"@example.com` || m.Env.Rcpts[0] != "postmaster" {
		t.Errorf("%+v", m.Env)
	}
}

// L: SIZE from 4 GiB on was a syntax error, and each line of a reply was sent by itself.
func TestDefectL_largeSizesAndWholeReplies(t *testing.T) {
	f := start(t, nil)
	for _, size := range []string{"1048577", "4294967295", "4294967296", "99999999999999999999"} {
		expect(t, f.secure(), "552 5.3.4", "MAIL FROM:<> SIZE="+size)
	}
	expect(t, f.secure(), "250", "MAIL FROM:<> SIZE=1048576")
	expect(t, f.secure(), "501 5.5.4", "MAIL FROM:<> SIZE=-1")

	c := f.secure()
	send(t, c, "EHLO client.example\r\n")
	buf := make([]byte, 4096)
	n, err := c.Conn.Read(buf) // gives no more than one TLS record
	if err != nil || !strings.Contains(string(buf[:n]), "LIMITS RCPTMAX") {
		t.Errorf("first record holds %q, %v", buf[:n], err)
	}
}

// M: the rest of a message over the limit was read without bound.
func TestDefectM_drainIsBounded(t *testing.T) {
	const limit = 1 << 20
	for _, verb := range []smtpload.Verb{smtpload.DATA, smtpload.BDAT} {
		f := start(t, nil)
		c := f.envelope()
		if verb == smtpload.DATA {
			expect(t, c, "354", "DATA")
		} else {
			send(t, c, fmt.Sprintf("BDAT %d LAST\r\n", int64(1)<<31))
		}
		line := []byte(strings.Repeat("x", 998) + "\r\n")
		sent := 0
		for sent < 100*limit && c.Send(line) == nil {
			sent += len(line)
		}
		if sent == 100*limit {
			t.Errorf("%s: all of %d bytes were taken", verb, sent)
		}
		f.until("the session is over", func() bool { return f.server.Sessions() == 0 })
		f.none()
	}
	// Up to twice the limit the message is read to its end, refused, and the session goes on.
	f := start(t, nil)
	c := f.envelope()
	expect(t, c, "354", "DATA")
	expect(t, c, "552 5.3.4", strings.Repeat("x", 3*limit/2)+"\r\n.")
	expect(t, c, "250", "MAIL FROM:<>")
	f.none()
}

// P: a body sent in one piece with its BDAT was held to the length of a command line, and the connection closed.
func TestDefectP_longLinesTogetherWithTheirBDAT(t *testing.T) {
	for _, length := range []int{1_999, 2_001, 4_097, 500_000} {
		f := start(t, nil)
		body := strings.Repeat("x", length) + "\r\n"
		deliver(t, f, smtpload.BDAT, body)
		f.only(body)
	}
}

// O (harmless in go-smtp): a panic is answered 421, logged, and ends its own session only.
func TestDefectO_panicEndsItsSessionOnly(t *testing.T) {
	for _, at := range []string{"begin", "write", "commit", "recipients"} {
		for _, verb := range []string{"DATA", "BDAT 7 LAST"} {
			f := start(t, func(o *smtpd.Options) {
				o.Intake = &memory{panics: at}
				if at == "recipients" {
					o.Recipients = func(string) smtpd.Recipient { panic("boom at recipients") }
				}
			})
			other, c := f.secure(), f.secure()
			send(t, c, "MAIL FROM:<>\r\nRCPT TO:<"+journal+">\r\n"+verb+"\r\n")
			expectReply(t, c, "250")
			if at != "recipients" {
				expectReply(t, c, "250")
			}
			if verb == "DATA" && at != "recipients" {
				expectReply(t, c, "354")
			}
			if c.Send([]byte("hello\r\n")); verb == "DATA" {
				c.Send([]byte(".\r\n"))
			}
			expectReply(t, c, "421 4.3.0")
			expectEnd(t, c)
			expect(t, other, "250", "NOOP")
			f.none()
			if !strings.Contains(f.log.String(), "boom at "+at) {
				t.Errorf("%s: not logged: %s", at, f.log)
			}
		}
	}
}
