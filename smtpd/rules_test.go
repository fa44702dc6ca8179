package smtpd_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/queue"
	"clawback/smtpd"
)

func TestRcpt_replies(t *testing.T) {
	f := start(t, nil)
	for address, want := range map[string]string{
		journal:                  "250 2.0.0",
		"J-4F1C@CONTOSO.example": "250 2.0.0",
		"nobody@contoso.example": "550 5.1.1 No such recipient here",
		forgot:                   "451 4.3.0",
		abroad:                   "550 5.7.1 Not processed in this region",
	} {
		c := f.secure()
		expect(t, c, "250", "MAIL FROM:<a@example.com>")
		expect(t, c, want, "RCPT TO:<"+address+">")
	}
}

// Letters that Unicode folds to ASCII make neither an address nor a command.
func TestRcpt_lookAlikeLettersAreOtherLetters(t *testing.T) {
	f := start(t, nil)
	for address, want := range map[string]string{
		"po\u017ftmaster":              "5",
		"po\u017ftmaster@" + hostname:  "5",
		"POSTMASTER@" + hostname:       "250 2.0.0",
		"j-4f1c@conto\u017fo.example":  "5",
		"j-4f1c@contoso.e\u212aample":  "5",
		"j-4f1c@\uff43ontoso.example":  "5",
		"j-4f1c@contoso\u200b.example": "5",
	} {
		c := f.secure()
		expect(t, c, "250", "MAIL FROM:<a@example.com> SMTPUTF8")
		expect(t, c, want, "RCPT TO:<"+address+">")
	}
	c := f.secure()
	for _, line := range []string{"R\u017fET", "\u017fTARTTLS", "MAIL FROM:<a@example.com> \u017fIZE=1", "BDAT 0 LA\u017fT"} {
		c.Cmd("RSET")
		if reply, err := c.Cmd(line); err != nil || reply.Code < 500 {
			t.Errorf("%q is answered %s, %v", line, reply, err)
		}
	}
}

func TestRcpt_oneTenantAndPurpose(t *testing.T) {
	f := start(t, nil)
	c := f.envelope()
	expect(t, c, "452 4.5.3", "RCPT TO:<"+foreign+">")
	expect(t, c, "452 4.5.3", "RCPT TO:<"+recovery+">")
	expect(t, c, "452 4.5.3", "RCPT TO:<postmaster>")
	expect(t, c, "250", "RCPT TO:<"+second+">")
	expect(t, c, "354", "DATA")
	expect(t, c, "250", ".")
	expect(t, c, "250", "MAIL FROM:<>") // the next transaction is free
	expect(t, c, "250", "RCPT TO:<"+foreign+">")
	expect(t, c, "354", "DATA")
	expect(t, c, "250", ".")
	got := f.intake.messages()
	if len(got) != 2 || len(got[0].Env.Rcpts) != 2 || got[0].Env.Tenant != "contoso" ||
		got[1].Env.Tenant != "fabrikam" {
		t.Errorf("%+v", got)
	}
}

func TestRcpt_tooMany(t *testing.T) {
	f := start(t, nil)
	c := f.secure()
	expect(t, c, "250", "MAIL FROM:<>")
	for range 5 {
		expect(t, c, "250", "RCPT TO:<"+journal+">")
	}
	expect(t, c, "452 4.5.3", "RCPT TO:<"+journal+">")
}

// Storage trouble is temporary, and its text is for the log.
func TestStorage_errorsAreTemporary(t *testing.T) {
	full := fmt.Errorf("append to /var/lib/clawback/secret: %w", syscall.ENOSPC)
	quota := fmt.Errorf("append to /var/lib/clawback/secret: %w", syscall.EDQUOT)
	broken := errors.New("550 5.1.1 /var/lib/clawback/secret: input/output error")
	for at, change := range map[string]func(*memory, error){
		"begin":  func(m *memory, err error) { m.begin = err },
		"write":  func(m *memory, err error) { m.write = err },
		"commit": func(m *memory, err error) { m.commit = err },
	} {
		for err, want := range map[error]string{full: "452 4.3.1", quota: "452 4.3.1", broken: "451 4.3.0"} {
			for _, verb := range []smtpload.Verb{smtpload.BDAT, smtpload.DATA} {
				m := &memory{}
				change(m, err)
				f := start(t, func(o *smtpd.Options) { o.Intake = m })
				r := must(smtpload.Run(t.Context(), smtpload.Options{
					Address: f.addr, To: []string{journal}, Verb: verb, Messages: 2, Chunk: 20_000,
				}))(t)
				if len(r.Refused) != 2 || len(r.Errors) > 0 { // two: the session goes on
					t.Fatalf("%s %s: %v %v", at, verb, r, r.Errors)
				}
				if got := r.Refused[1].Reply; !strings.HasPrefix(got, want) || strings.Contains(got, "secret") {
					t.Errorf("%s %s: %q, want %s", at, verb, got, want)
				}
				if !strings.Contains(f.log.String(), "/var/lib/clawback/secret") {
					t.Errorf("%s: not in the log", at)
				}
			}
		}
	}
}

// The size that a BDAT announces is asked room for, where MAIL said none; one over the limit is refused before.
func TestBegin_getsTheSize(t *testing.T) {
	f := start(t, nil)
	c := f.envelope()
	expect(t, c, "250", "BDAT 12 LAST\r\ntwelve and")
	if m := f.only("twelve and\r\n"); m.Size != 12 {
		t.Errorf("size %d", m.Size)
	}
	c = f.envelope()
	expect(t, c, "552 5.3.4", "BDAT 1048577 LAST\r\n"+strings.Repeat("x", 1<<20-1))
	expect(t, c, "250", "NOOP")
	if begun, _, _ := f.intake.counts(); begun != 1 {
		t.Errorf("%d transactions", begun)
	}
}

// Room is asked for at MAIL, and again at RCPT, where it is known whose mail it is.
func TestAdmit_isAskedAtMailAndAtRcpt(t *testing.T) {
	f := start(t, nil)
	f.intake.admit = func(env queue.Envelope, size int64) error {
		if size == 1234 || env.Purpose == queue.ForRecovery {
			return fmt.Errorf("full: %w", syscall.EDQUOT)
		}
		return nil
	}
	c := f.secure()
	expect(t, c, "452 4.3.1", "MAIL FROM:<> SIZE=1234")
	expect(t, c, "503", "RCPT TO:<"+journal+">") // the refused MAIL began nothing
	expect(t, c, "250", "MAIL FROM:<> SIZE=1233")
	expect(t, c, "452 4.3.1", "RCPT TO:<"+recovery+">")
	expect(t, c, "503", "DATA")
	expect(t, c, "250", "RCPT TO:<"+journal+">")
	expect(t, c, "354", "DATA")
	expect(t, c, "250", ".")
	if got := f.only("").Env; got.Purpose != queue.ForJournal || got.Tenant != "contoso" {
		t.Errorf("%+v", got)
	}
}

// Mail for an address with a limit of its own may not be larger, by whatever way it comes.
func TestRcpt_limitOfAnAddress(t *testing.T) {
	small := func(o *smtpd.Options) {
		all := o.Recipients
		o.Recipients = func(address string) smtpd.Recipient {
			if r := all(address); address != "postmaster" {
				return r
			}
			return smtpd.Recipient{Known: true, Purpose: queue.ForPostmaster, MaxSize: 100}
		}
	}
	f := start(t, small)
	to := func(size string) *smtpload.Conn {
		c := f.secure()
		expect(t, c, "250", "MAIL FROM:<>"+size)
		return c
	}
	expect(t, to(" SIZE=101"), "552 5.3.4", "RCPT TO:<postmaster>")
	expect(t, to(" SIZE=101"), "250", "RCPT TO:<"+journal+">")
	body := strings.Repeat("x", 101)
	c := to("")
	expect(t, c, "250", "RCPT TO:<postmaster>")
	send(t, c, "BDAT 101 LAST\r\n"+body)
	expectReply(t, c, "552 5.3.4")
	c = to("")
	expect(t, c, "250", "RCPT TO:<postmaster>")
	send(t, c, "BDAT 50\r\n"+body[:50]+"BDAT 51 LAST\r\n"+body[:51])
	expectReply(t, c, "250")
	expectReply(t, c, "552 5.3.4")
	c = to("")
	expect(t, c, "250", "RCPT TO:<postmaster>")
	expect(t, c, "354", "DATA")
	expect(t, c, "552 5.3.4", body+"\r\n.")
	expect(t, c, "250", "NOOP")
	f.none()
	c = to("")
	expect(t, c, "250", "RCPT TO:<postmaster>")
	expect(t, c, "354", "DATA")
	expect(t, c, "250", strings.Repeat("x", 98)+"\r\n.")
	f.only(strings.Repeat("x", 98) + "\r\n")
}

// Who sends far more than such an address takes is cut off; it is not read to the end of the common limit.
func TestRcpt_farBeyondTheLimitOfAnAddress(t *testing.T) {
	f := start(t, func(o *smtpd.Options) {
		o.Recipients = func(string) smtpd.Recipient {
			return smtpd.Recipient{Known: true, Purpose: queue.ForPostmaster, MaxSize: 1000}
		}
	})
	c := f.secure()
	expect(t, c, "250", "MAIL FROM:<>")
	expect(t, c, "250", "RCPT TO:<postmaster>")
	expect(t, c, "354", "DATA")
	go func() {
		for range 100 {
			if c.Send([]byte(strings.Repeat("x", 998)+"\r\n")) != nil {
				return
			}
		}
	}()
	expectReply(t, c, "552 5.3.4")
	f.none()
}

func TestLimits_commandsAndErrors(t *testing.T) {
	f := start(t, func(o *smtpd.Options) { o.Config.MaxCommands, o.Config.MaxErrors = 30, 5 })
	c := f.secure()
	for range 5 {
		expect(t, c, "5", "FOO")
	}
	expectReply(t, c, "421 4.7.0")
	expectEnd(t, c)

	c = f.secure()
	for i := 3; i < 30; i++ { // EHLO, STARTTLS, EHLO
		expect(t, c, "250", "NOOP")
	}
	expectReply(t, c, "421 4.7.0")
	expectEnd(t, c)
}

// A session from a network that the listener does not name has a thousand commands, whatever the others have: they cost
// the peer nothing.
func TestLimits_commandsOfStrangers(t *testing.T) {
	for _, listed := range []bool{false, true} {
		f := start(t, func(o *smtpd.Options) {
			o.Config.MaxCommands, o.Listener.Networks = 1500, []string{"exchange"}
			o.Networks = func(netip.Addr) smtpd.Network {
				if listed {
					return smtpd.Network{Name: "exchange"}
				}
				return smtpd.Network{}
			}
		})
		c := f.secure()
		go c.Send([]byte(strings.Repeat("NOOP\r\n", 2000)))
		answered := 0
		for {
			r, err := c.Reply()
			if err != nil || r.Code != 250 {
				if r.Code != 421 {
					t.Errorf("listed %v: %s, %v", listed, r, err)
				}
				break
			}
			answered++
		}
		if want := map[bool]int{false: 1000 - 3, true: 1500 - 3}[listed]; answered != want {
			t.Errorf("listed %v: %d commands are answered, want %d", listed, answered, want)
		}
	}
}

// A stranger who sends each byte by itself, in a body or in commands, is cut off after some thousand reads: each costs
// as much as a read of a whole record. Others are not, nor is a stranger with short lines.
func TestLimits_tinyPiecesOfStrangers(t *testing.T) {
	for _, test := range []struct {
		name   string
		listed bool
		piece  string
		ends   bool
	}{
		{"bytes of a stranger", false, "x", true},
		{"bytes of a peer that is listed", true, "x", false},
		{"short lines of a stranger", false, "short lines of text\r\n", false},
	} {
		f := start(t, func(o *smtpd.Options) {
			o.Listener.Networks = []string{"exchange"}
			o.Networks = func(netip.Addr) smtpd.Network {
				return smtpd.Network{Name: map[bool]string{true: "exchange"}[test.listed]}
			}
		})
		c := f.secure()
		expect(t, c, "250", "MAIL FROM:<>")
		expect(t, c, "250", "RCPT TO:<"+journal+">")
		expect(t, c, "354", "DATA")
		for range 4000 {
			if c.Send([]byte(test.piece)) != nil {
				break
			}
		}
		c.Send([]byte("\r\n.\r\n"))
		r, err := c.Reply()
		if ended := err != nil; ended != test.ends || !ended && r.Code != 250 {
			t.Errorf("%s: %s, %v", test.name, r, err)
		}
		if n := len(f.intake.messages()); n == 0 != test.ends {
			t.Errorf("%s: %d messages are accepted", test.name, n)
		}
	}
}

func TestLimits_sessions(t *testing.T) {
	f := start(t, func(o *smtpd.Options) {
		o.Config.MaxSessions, o.Config.MaxSessionsPerNetwork = 4, 2
		o.Networks = func(netip.Addr) smtpd.Network { return smtpd.Network{} }
	})
	f.plain()
	f.secure()
	_, err := smtpload.Dial(t.Context(), f.addr)
	if err == nil || !strings.Contains(err.Error(), "421 4.3.2") &&
		!strings.Contains(err.Error(), "too many sessions from your network") {
		t.Errorf("third of a network: %v", err)
	}

	f = start(t, func(o *smtpd.Options) {
		o.Config.MaxSessions, o.Config.MaxSessionsPerNetwork = 4, 2
		o.Networks = func(netip.Addr) smtpd.Network { return smtpd.Network{Name: "exchange-online"} }
	})
	for range 4 {
		f.plain()
	}
	if _, err = smtpload.Dial(t.Context(), f.addr); err == nil {
		t.Error("fifth of all was admitted")
	}
	if f.server.Sessions() != 4 {
		t.Errorf("%d sessions", f.server.Sessions())
	}
}

// Unlisted networks share a part of the sessions, whatever listed ones use.
func TestLimits_unlistedNetworksShareAPart(t *testing.T) {
	var network atomic.Value
	network.Store("")
	f := start(t, func(o *smtpd.Options) {
		o.Config.MaxSessions, o.Config.MaxUnlistedSessions = 5, 2
		o.Listener.Networks = []string{"exchange-online"}
		o.Networks = func(netip.Addr) smtpd.Network { return smtpd.Network{Name: network.Load().(string)} }
	})
	first := f.plain()
	f.plain()
	refused := func(why string) {
		t.Helper()
		if _, err := smtpload.Dial(t.Context(), f.addr); err == nil {
			t.Errorf("admitted: %s", why)
		}
	}
	refused("a third from outside")
	network.Store("exchange-online")
	for range 3 {
		f.plain()
	}
	refused("a sixth of all")
	expect(t, first, "221", "QUIT")
	network.Store("")
	f.until("the session has ended", func() bool { return f.server.Sessions() == 4 })
	f.plain()
	refused("one over both limits")
}

func TestLimits_idleLineAndAge(t *testing.T) {
	f := start(t, func(o *smtpd.Options) { o.Config.IdleTimeout = 600 * time.Millisecond })
	for name, c := range map[string]*smtpload.Conn{"before TLS": f.plain(), "after TLS": f.secure()} {
		go func() { // one byte after the other does not keep a command alive
			for { // for as long as the session lasts
				if c.Send([]byte("N")) != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}()
		t.Log(name)
		expectReply(t, c, "421 4.4.2")
		expectEnd(t, c)
	}

	f = start(t, nil) // a line that never ends
	for _, c := range []*smtpload.Conn{f.plain(), f.secure()} {
		go c.Send([]byte(strings.Repeat("x", 1<<20)))
		expectReply(t, c, "500 5.5.2")
		expectEnd(t, c)
	}

	f = start(t, func(o *smtpd.Options) { o.Config.SessionAge = 600 * time.Millisecond })
	c := f.secure()
	time.Sleep(650 * time.Millisecond)
	send(t, c, "NOOP\r\n")
	expectReply(t, c, "250") // it was waited for before
	expectReply(t, c, "421 4.4.2 "+hostname+" Session too long")
	expectEnd(t, c)
}

// A body that is in time and fast enough, and does not end, is cut off all the same.
func TestLimits_ageEndsABody(t *testing.T) {
	for _, begin := range []string{"DATA\r\n", "BDAT 1000000 LAST\r\n"} {
		f := start(t, func(o *smtpd.Options) {
			o.Config.SessionAge, o.Config.DataTimeout = 600*time.Millisecond,
				time.Minute
		})
		c := f.envelope()
		send(t, c, begin)
		if begin == "DATA\r\n" {
			expectReply(t, c, "354")
		}
		go func() {
			for range 200 {
				if c.Send([]byte(strings.Repeat("x", 100))) != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		expectReply(t, c, "421 4.4.2 "+hostname+" Session too long")
		expectEnd(t, c)
		f.none()
	}
}

func TestLimits_idleTimeBeginsWithEachCommand(t *testing.T) {
	f := start(t, func(o *smtpd.Options) { o.Config.IdleTimeout = time.Second })
	c := f.secure()
	for range 6 {
		time.Sleep(250 * time.Millisecond)
		expect(t, c, "250", "NOOP")
	}
}

func TestLog_hasTheMessageAndNotItsContent(t *testing.T) {
	f := start(t, nil)
	deliver(t, f, smtpload.BDAT, "Subject: topsecret\r\n\r\ntopsecret\r\n")
	f.until("the session is summed up", func() bool { return strings.Contains(f.log.String(), "session ended") })
	log := f.log.String()
	for _, want := range []string{"message accepted", "item=q1", "size=33", "tenant=contoso", "accepted=1", "end=quit", "commands=7"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in %s", want, log)
		}
	}
	if strings.Contains(log, "topsecret") {
		t.Errorf("content in the log: %s", log)
	}
}

// I2: the 250 waits for the commit.
func TestData_answersAfterCommit(t *testing.T) {
	m := &memory{hold: make(chan struct{})}
	f := start(t, func(o *smtpd.Options) { o.Intake = m })
	c := f.envelope()
	send(t, c, "BDAT 2 LAST\r\nhi")
	c.Timeout = 200 * time.Millisecond
	if r, err := c.Reply(); err == nil {
		t.Fatalf("answered %q before the commit", r)
	}
	close(m.hold)
	f.until("it is committed", func() bool { return len(m.messages()) == 1 })
}
