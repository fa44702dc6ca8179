package crash

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// sender sends letters as Exchange does: again and again until a 250 was read.
type sender struct {
	t   testing.TB
	bed *testbed.Bed

	mu   sync.Mutex
	next int
	all  []*letter
	open []*letter // without a 250 yet
}

// nextLetter gives a letter to send: one that is still open, or a new one.
func (s *sender) nextLetter() *letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) > 0 {
		l := s.open[0]
		s.open = s.open[1:]
		return l
	}
	return s.write()
}

func (s *sender) write() *letter {
	k := []kind{taken, left, known, broken, taken, known}[s.next%6]
	l := compose(s.t, k, s.next)
	s.next++
	l.deliver(s.t, s.bed)
	s.all = append(s.all, l)
	return l
}

func (s *sender) settle(l *letter, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.sent++
	if ok {
		l.answers++
		return
	}
	s.open = append(s.open, l)
}

// load sends over some sessions until ctx ends or every session is cut.
func (s *sender) load(ctx context.Context, sessions int) {
	var group sync.WaitGroup
	for range sessions {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := s.session(ctx); err != nil {
					select {
					case <-ctx.Done():
					case <-time.After(5 * time.Millisecond):
					}
				}
			}
		})
	}
	group.Wait()
}

// loadAndKill sends, and kills the daemon while it does.
func (s *sender) loadAndKill(ctx context.Context, sessions int, after time.Duration) {
	round, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		time.Sleep(after)
		s.bed.Kill()
		stop()
	}()
	s.load(round, sessions)
}

// session sends letters over one connection until it breaks or ctx ends.
func (s *sender) session(ctx context.Context) error {
	conn, err := s.bed.Dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for ctx.Err() == nil {
		l := s.nextLetter()
		err := send(conn, l.report)
		s.settle(l, err == nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// flush sends what is open, once the daemon runs undisturbed.
func (s *sender) flush(ctx context.Context) {
	s.t.Helper()
	for ctx.Err() == nil {
		conn, err := s.bed.Dial(ctx)
		if err != nil {
			continue
		}
		for len(s.open) > 0 && err == nil {
			l := s.open[0]
			s.open = s.open[1:]
			err = send(conn, l.report)
			s.settle(l, err == nil)
		}
		conn.Close()
		if len(s.open) == 0 {
			return
		}
	}
	s.t.Errorf("%d letters could not be sent in the end", len(s.open))
}

var errRefused = errors.New("refused")

// send delivers one report by BDAT; nil only after a 250 was read whole.
func send(conn *smtpload.Conn, report []byte) error {
	conn.Timeout = 10 * time.Second
	for _, line := range []string{"MAIL FROM:<" + testbed.Alternate + ">", "RCPT TO:<" + organisation.Journal() + ">"} {
		if err := conn.Expect(250, line); err != nil {
			return err
		}
	}
	if err := conn.Send(append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(report)), report...)); err != nil {
		return err
	}
	reply, err := conn.Reply()
	if err != nil {
		return err
	}
	if reply.Code != 250 {
		return fmt.Errorf("%w: %s", errRefused, reply)
	}
	return nil
}
