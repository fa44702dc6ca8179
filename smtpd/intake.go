package smtpd

import (
	"context"
	"errors"
	"syscall"

	"github.com/emersion/go-smtp"

	"clawback/queue"
)

// Intake accepts mail; a queue.Intake is one. It is called by many sessions at once, with a ctx that ends when Shutdown
// cuts off the sessions that are still there. An error of its that wraps ENOSPC or EDQUOT is answered 452, any other
// 451.
type Intake interface {
	// Admit says whether a message of about size bytes, 0 when the client did not say, would be accepted now. It is
	// asked at MAIL, when the envelope has no recipient yet, and again for the first recipient. It reserves nothing.
	Admit(ctx context.Context, env queue.Envelope, size int64) error
	// Begin opens a draft for a message of about size bytes. Its Commit (C1) gets a ctx that does not end with the
	// session: what may be durable is waited for, so that it is answered.
	Begin(ctx context.Context, env queue.Envelope, size int64) (queue.Draft, error)
}

// Recipient is what is known of an address.
type Recipient struct {
	Known   bool // false: 550 5.1.1
	Tenant  string
	Purpose queue.Purpose
	Region  string
	Retry   bool   // 451: it took mail before and was not retired
	Refuse  string // 550 5.7.1 with this text: such as a host outside the address's regions
	MaxSize int64  // of a message, in bytes; 0: as large as any
}

// sink is a draft's Write that remembers its error, so that it is told from an error of the client's stream.
type sink struct {
	tx  queue.Draft
	n   int64
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.tx.Write(p)
	s.n += int64(n)
	if err != nil {
		s.err = err
	}
	return n, err
}

// inPlace is what a draft may be besides: bytes are read to where it keeps them.
type inPlace interface {
	Space() []byte       // valid until Advance; empty when only Write can take what comes next
	Advance(n int) error // the first n bytes of Space are the message's next
}

// Space is the draft's, nil where it has none.
func (s *sink) Space() []byte {
	if tx, ok := s.tx.(inPlace); ok {
		return tx.Space()
	}
	return nil
}

// Advance tells the draft, and remembers its error.
func (s *sink) Advance(n int) error {
	s.n += int64(n)
	if err := s.tx.(inPlace).Advance(n); err != nil {
		s.err = err
	}
	return s.err
}

// storageReply maps an error of the Intake to a reply. It is never permanent: Exchange Online tries again for a day.
func storageReply(err error) *smtp.SMTPError {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return reply(452, smtp.EnhancedCode{4, 3, 1}, "Insufficient system storage, try again later")
	}
	return reply(451, smtp.EnhancedCode{4, 3, 0}, "Try again later")
}

// reply makes the only kind of error that go-smtp sends as it stands; any other it would show to the client as 554.
func reply(code int, enhanced smtp.EnhancedCode, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}
