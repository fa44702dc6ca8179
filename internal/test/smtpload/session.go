package smtpload

import (
	"context"
	"fmt"
	"time"
)

// session sends messages over one connection.
type session struct {
	o      *Options
	number int
	conn   *Conn
	buf    []byte

	accepted      []Accepted
	refused       []Refused
	unanswered    string
	octets        int64
	answer, whole []time.Duration
	err           error
}

func (s *session) run(ctx context.Context) {
	if s.err != nil {
		return
	}
	defer s.conn.Close()
	s.conn.Timeout = s.o.Timeout
	for n := 0; s.err == nil && ctx.Err() == nil && (s.o.Messages == 0 || n < s.o.Messages); n++ {
		s.send(s.o.Next(s.number, n))
	}
	if s.err == nil {
		s.conn.Cmd("QUIT")
	}
}

// send is one message, and its place in the result.
func (s *session) send(m Message) {
	began := time.Now()
	s.unanswered = m.Key
	last, r, err := s.transfer(m.Body)
	if err != nil {
		s.err = fmt.Errorf("message %s: %w", m.Key, err)
		return
	}
	s.unanswered = ""
	if r.Code != 250 {
		s.refused = append(s.refused, Refused{Key: m.Key, Reply: r.String()})
		_, s.err = s.conn.Cmd("RSET")
		return
	}
	now := time.Now()
	s.accepted = append(s.accepted, Accepted{Key: m.Key, Reply: r.Lines[len(r.Lines)-1], At: now})
	s.octets += int64(len(m.Body))
	s.answer = append(s.answer, now.Sub(last))
	s.whole = append(s.whole, now.Sub(began))
}

// transfer sends the envelope and the body, and returns when the last octet was sent and the reply that decides: the
// first that is not as hoped, or the last.
func (s *session) transfer(body []byte) (last time.Time, r Reply, err error) {
	s.buf = s.buf[:0]
	pending := 0
	for _, line := range s.envelope() {
		if s.o.Stepwise {
			if r, err = s.conn.Cmd(line); err != nil || r.Code != 250 {
				return last, r, err
			}
			continue
		}
		s.buf = append(append(s.buf, line...), '\r', '\n')
		pending++
	}
	if s.o.Verb == DATA {
		return s.data(body, pending)
	}
	return s.bdat(body, pending)
}

func (s *session) envelope() []string {
	lines := []string{"MAIL FROM:<" + s.o.From + ">"}
	for _, to := range s.o.To {
		lines = append(lines, "RCPT TO:<"+to+">")
	}
	return lines
}

func (s *session) flush() error {
	err := s.conn.Send(s.buf)
	s.buf = s.buf[:0]
	return err
}

// data sends DATA with what is buffered, and the body when 354 has come. pending replies come before that.
func (s *session) data(body []byte, pending int) (last time.Time, r Reply, err error) {
	s.buf = append(s.buf, "DATA\r\n"...)
	if err := s.flush(); err != nil {
		return last, r, err
	}
	bad, err := s.replies(pending)
	if err != nil {
		return last, r, err
	}
	if r, err = s.conn.Reply(); err != nil || r.Code != 354 {
		return last, first(bad, r), err
	}
	s.buf = Stuff(s.buf, body)
	if err := s.flush(); err != nil {
		return last, r, err
	}
	last = time.Now()
	r, err = s.conn.Reply()
	return last, first(bad, r), err
}

// bdat sends the chunks after what is buffered, the first of them in the same write.
func (s *session) bdat(body []byte, pending int) (last time.Time, r Reply, err error) {
	chunk := s.o.Chunk
	if chunk <= 0 {
		chunk = len(body)
	}
	chunks := 0
	for rest := body; ; chunks++ {
		n := min(chunk, len(rest))
		end := ""
		if n == len(rest) {
			end = " LAST"
		}
		s.buf = fmt.Appendf(s.buf, "BDAT %d%s\r\n", n, end)
		s.buf = append(s.buf, rest[:n]...)
		if err := s.flush(); err != nil {
			return last, r, err
		}
		if rest = rest[n:]; end != "" {
			break
		}
	}
	last = time.Now()
	bad, err := s.replies(pending + chunks)
	if err != nil {
		return last, r, err
	}
	r, err = s.conn.Reply()
	return last, first(bad, r), err
}

// replies reads n replies, of which it returns the first that is not 250.
func (s *session) replies(n int) (bad Reply, err error) {
	for range n {
		r, err := s.conn.Reply()
		if err != nil {
			return bad, err
		}
		if r.Code != 250 {
			bad = first(bad, r)
		}
	}
	return bad, nil
}

func first(a, b Reply) Reply {
	if a.Code != 0 {
		return a
	}
	return b
}
