package smtpd

import (
	"errors"
	"io"
	"syscall"

	"github.com/emersion/go-smtp"

	"clawback/queue"
)

// Intake accepts mail. It is called by many sessions at once. An error of its that wraps ENOSPC or EDQUOT is answered
// 452, any other 451.
type Intake interface {
	// Admit says whether a message of about size bytes, 0 when the client did not say, would be accepted now. It is
	// asked at MAIL, when the envelope has no recipient yet, and again for the first recipient. It reserves nothing.
	Admit(env queue.Envelope, size int64) error
	// Begin opens a transaction for a message of about size bytes.
	Begin(env queue.Envelope, size int64) (Transaction, error)
}

// Transaction takes one message. It is used by one goroutine.
type Transaction interface {
	io.Writer
	// Commit makes the message durable (C1) and returns the id of its item. After an error nothing was accepted;
	// the transaction is over either way.
	Commit() (id string, err error)
	// Abort drops what was written. It is not called after Commit.
	Abort()
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

// sink is a Transaction's Write that remembers its error, so that it is told from an error of the client's stream.
type sink struct {
	tx  Transaction
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

// inPlace is what a Transaction may be besides: bytes are read to where it keeps them.
type inPlace interface {
	Space() []byte       // valid until Advance; empty when only Write can take what comes next
	Advance(n int) error // the first n bytes of Space are the message's next
}

// Space is the Transaction's, nil where it has none.
func (s *sink) Space() []byte {
	if tx, ok := s.tx.(inPlace); ok {
		return tx.Space()
	}
	return nil
}

// Advance tells the Transaction, and remembers its error.
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
