package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// play fills the mailboxes, sends the reports, and watches until all is as expected or the time is over.
func (s *stage) play(ctx context.Context) error {
	conn, err := s.Dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	s.start = time.Now()
	screen := newScreen(s.o, s.script)
	for _, st := range s.script.Stories {
		if err := s.begin(conn, st); err != nil {
			return fmt.Errorf("story %s: %w", st.ID, err)
		}
		s.observe(ctx, screen)
	}
	deadline := s.start.Add(s.o.Limit)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if s.observe(ctx, screen) {
			break
		}
		if err := s.goOn(ctx); err != nil {
			return err
		}
		select {
		case <-s.Exited():
			return fmt.Errorf("the daemon ended: %v", s.Exit())
		case <-time.After(100 * time.Millisecond):
		}
	}
	screen.end()
	return ctx.Err()
}

// begin seeds the story's mailboxes and sends its reports.
func (s *stage) begin(conn *smtpload.Conn, st *story) error {
	st.started = time.Now()
	for _, name := range st.Reports {
		raw, err := s.read(name)
		if err != nil {
			return err
		}
		st.sent = append(st.sent, raw)
	}
	for _, m := range st.Mailboxes {
		if err := s.seed(st, m); err != nil {
			return err
		}
	}
	for _, raw := range st.sent {
		id, err := send(conn, st.tenant.Journal(), raw)
		if err != nil {
			return err
		}
		st.items = append(st.items, id)
	}
	return nil
}

// goOn brings about what happens later in the stories that have come so far.
func (s *stage) goOn(ctx context.Context) error {
	for _, st := range s.script.Stories {
		if st.Indicator != "" && !st.known && st.seen.disposition != "" {
			if _, err := client.Do(ctx, s.Client, api.AddIndicator, api.NewIndicator{Value: st.Indicator}); err != nil {
				return fmt.Errorf("story %s: %w", st.ID, err)
			}
			st.known = true
		}
		for _, m := range st.Mailboxes {
			if !m.Released || m.key != "" || st.seen.outcome(st.Mailboxes[0].Address) != st.Mailboxes[0].Outcome {
				continue
			}
			if err := s.deliver(st, m); err != nil {
				return fmt.Errorf("story %s: %w", st.ID, err)
			}
		}
	}
	return nil
}

// seed puts a story's message into a mailbox, unless it comes later.
func (s *stage) seed(st *story, m *mailbox) error {
	if m.Released {
		return nil
	}
	return s.deliver(st, m)
}

// deliver puts the message into the mailbox as Exchange would have: the attached original, cut out by the standard
// library.
func (s *stage) deliver(st *story, m *mailbox) error {
	message, err := s.message(st, m)
	if err != nil {
		return err
	}
	if m.User == "" || message == nil {
		return nil
	}
	if st.messageID == "" {
		st.messageID = field(message, "Message-ID")
	}
	d := graphsim.Delivery{Mailbox: m.User, Folder: m.Seed, MIME: message}
	if m.Late > 0 {
		d.Visible = st.started.Add(m.Late)
	}
	seeded, err := s.Sim.Deliver(d)
	if errors.Is(err, graphsim.ErrNoMailbox) {
		return nil // on premises: there is nothing in the cloud to seed
	}
	if err != nil {
		return fmt.Errorf("seed %s: %w", m.User, err)
	}
	m.key = seeded.Key
	return nil
}

// message is what lies in the mailbox: a file of the story's own, or the first report's original.
func (s *stage) message(st *story, m *mailbox) ([]byte, error) {
	if m.Message != "" {
		return s.read(m.Message)
	}
	d, err := dissect(st.sent[0])
	if err != nil || len(d.originals) == 0 {
		return nil, err
	}
	if st.messageID == "" {
		st.messageID = field(d.originals[0], "Message-ID")
	}
	return d.originals[0], nil
}

// send delivers one report by BDAT and gives the queue's id from the 250.
func send(conn *smtpload.Conn, to string, report []byte) (string, error) {
	for _, line := range []string{"MAIL FROM:<" + testbed.Alternate + "> BODY=8BITMIME", "RCPT TO:<" + to + ">"} {
		if err := conn.Expect(250, line); err != nil {
			return "", err
		}
	}
	if err := conn.Send(append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(report)), report...)); err != nil {
		return "", fmt.Errorf("send report: %w", err)
	}
	reply, err := conn.Reply()
	if err != nil {
		return "", err
	}
	_, id, ok := strings.Cut(reply.String(), "queued as ")
	if reply.Code != 250 || !ok {
		return "", fmt.Errorf("the daemon answered %s", reply)
	}
	return strings.TrimSpace(id), nil
}
