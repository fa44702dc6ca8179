package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// unfinished are the ways to announce or begin a message and not to end it.
func unfinished(w *world) map[string]func(c *smtpload.Conn) error {
	to := "RCPT TO:<" + contoso.Journal() + ">"
	half := bytes.Repeat([]byte("x"), 64<<10)
	then := func(lines []string, octets []byte) func(c *smtpload.Conn) error {
		return func(c *smtpload.Conn) error {
			if err := secured(w, c, lines...); err != nil {
				return err
			}
			return c.Send(octets)
		}
	}
	return map[string]func(c *smtpload.Conn) error{
		"STARTTLS is abandoned": func(c *smtpload.Conn) error {
			_, err := dialogue(c, "EHLO a.example", "STARTTLS")
			return err
		},
		"the handshake is abandoned": func(c *smtpload.Conn) error {
			if _, err := dialogue(c, "EHLO a.example", "STARTTLS"); err != nil {
				return err
			}
			return c.Send([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"))
		},
		"announced, and reset, again and again": func(c *smtpload.Conn) error {
			if err := secured(w, c); err != nil {
				return err
			}
			for range 20 {
				if _, err := dialogue(c, "MAIL FROM:<> SIZE=400000000", to, "RSET"); err != nil {
					return err
				}
			}
			return nil
		},
		"a chunk, then RSET": then([]string{"MAIL FROM:<> SIZE=400000000", to},
			append(append([]byte("BDAT 65536\r\n"), half...), "RSET\r\n"...)),
		"a chunk, then another session's HELO": then([]string{"MAIL FROM:<> SIZE=400000000", to},
			append(append([]byte("BDAT 65536\r\n"), half...), "EHLO b.example\r\n"...)),
		"a chunk that is cut off":   then([]string{"MAIL FROM:<>", to}, append([]byte("BDAT 400000000\r\n"), half...)),
		"the last chunk is cut off": then([]string{"MAIL FROM:<> SIZE=400000000", to}, append([]byte("BDAT 400000000 LAST\r\n"), half...)),
		"DATA that is cut off":      then([]string{"MAIL FROM:<> SIZE=400000000", to, "DATA"}, half),
		"DATA that ends amid a dot": then([]string{"MAIL FROM:<> SIZE=400000000", to, "DATA"}, append(half, "\r\n."...)),
		"chunks of one octet":       then([]string{"MAIL FROM:<> SIZE=400000000", to}, bytes.Repeat([]byte("BDAT 1\r\nx"), 60)),
		"chunks of nothing":         then([]string{"MAIL FROM:<> SIZE=400000000", to}, bytes.Repeat([]byte("BDAT 0\r\n"), 60)),
		"beyond what was announced": then([]string{"MAIL FROM:<> SIZE=1", to}, append([]byte("BDAT 65536\r\n"), half...)),
		"for postmaster and a journal address": then([]string{"MAIL FROM:<> SIZE=60000", "RCPT TO:<postmaster>", to},
			append([]byte("BDAT 400000000\r\n"), half...)),
	}
}

// However a message is announced or begun and given up, by strangers and from Exchange's network, what was kept for it
// is free again: with room for some twenty of them on the disk, hundreds leave Exchange's mail accepted.
func TestAttack_givenUpMessagesKeepNoRoom(t *testing.T) {
	w := prepare(t, contoso, exchangeSet)
	w.edit(`networks = ["127.0.0.0/8"]`, `networks = ["exchange"]`)
	var fs unix.Statfs_t
	if err := unix.Statfs(w.Dir, &fs); err != nil {
		t.Fatal(err)
	}
	// Eight gibibytes more than are to stay free, so that builds beside the test do not decide it.
	limit := int64(fs.Bavail)*fs.Bsize - 8<<30
	if limit < 1<<30 {
		limit = 1 << 30
	}
	w.edit("[tls]", fmt.Sprintf("[spool]\nmin_free = \"%dMiB\"\nmin_free_percent = 0\n\n[tls]", limit>>20))
	if err := w.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, w.LogTail())
	}
	w.conn = w.from(exchangePeer)
	made := 0
	for name, way := range unfinished(w) {
		for n := range 10 {
			from := exchangePeer
			if n%2 > 0 {
				from = strangerPeer(n)
			}
			c, err := smtpload.DialFrom(t.Context(), from, w.Address)
			if err != nil {
				continue
			}
			if err := way(c); err != nil {
				t.Logf("%s: %v", name, err)
			} else {
				made++
			}
			if n%3 == 0 {
				c.Close()
			} else {
				defer c.Close() // held until the end
			}
		}
	}
	if made < 90 {
		t.Errorf("only %d messages were begun: the attack was not made", made)
	}
	for n := range 3 {
		w.exchangeStillDelivers(n)
	}
	large := append(w.report("03-newsletter.eml"), strings.Repeat("filler\r\n", 2<<20)...)
	if code, err := deliver(w.from(exchangePeer), contoso.Journal(), large); err != nil || code != 250 {
		t.Errorf("a large report of Exchange's: %d, %v", code, err)
	}
	if out := w.must("status", "--json"); strings.Contains(out, "deferring_mail") {
		t.Errorf("status:\n%s", out)
	}
}

// Mail for postmaster that comes in many sessions at once, in pieces, by each command and of any size, some of it to a
// journal address as well: the quota holds for what is begun, not only for what has ended.
func TestAttack_postmasterFloodAtOnce(t *testing.T) {
	w := besieged(t, contoso, "[smtp]", "max_sessions = 1000", "", "[quarantine]", quotas)
	const sessions = 60
	begun := make([]*smtpload.Conn, sessions)
	for n := range sessions {
		c, err := w.tryFrom(strangerPeer(n))
		if err != nil {
			t.Fatal(err)
		}
		to := []string{"RCPT TO:<postmaster>", "RCPT TO:<Postmaster@" + testbed.Hostname + ">"}
		code, err := dialogue(c, "MAIL FROM:<>", to[n%2])
		if err != nil || code != 250 && code != 452 {
			t.Fatal(code, err)
		}
		begun[n] = c
	}
	codes := make([]int, sessions)
	var all sync.WaitGroup
	for n, c := range begun {
		all.Go(func() { codes[n] = endOne(c, n) })
	}
	all.Wait()
	counts := map[int]int{}
	for _, code := range codes {
		counts[code]++
	}
	if counts[250] > 20 || counts[250] < 5 {
		t.Errorf("%d messages that are sent at once are answered %v, want 250 for at most 20", sessions, counts)
	}
	if out := w.must("queue", "list", "--state", "quarantined", "--all"); strings.Count(out, "postmaster") > 40 {
		t.Errorf("in quarantine:\n%s", out)
	}
	w.exchangeStillDelivers(1)
}

// endOne sends a message of some size, by DATA or by chunks, and gives its answer; 0 where the session ended.
func endOne(c *smtpload.Conn, n int) int {
	body := []byte("Subject: " + strings.Repeat("x", n%3*10_000) + "\r\n\r\nhello\r\n")
	if n%2 == 0 {
		code, err := dialogue(c, "DATA")
		if err != nil || code != 354 {
			return code
		}
		if c.Send(append(body, ".\r\n"...)) != nil {
			return 0
		}
		r, err := c.Reply()
		if err != nil {
			return 0
		}
		return r.Code
	}
	for len(body) > 0 {
		size := min(len(body), 4000)
		last := ""
		if size == len(body) {
			last = " LAST"
		}
		if c.Send(append(fmt.Appendf(nil, "BDAT %d%s\r\n", size, last), body[:size]...)) != nil {
			return 0
		}
		r, err := c.Reply()
		if err != nil || r.Code != 250 || last != "" {
			return r.Code
		}
		body = body[size:]
	}
	return 0
}
