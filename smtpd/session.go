package smtpd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"clawback/internal/mailaddr"
	"clawback/queue"
)

// session is go-smtp's Session. Because go-smtp never runs a BDAT here, all methods are called by one goroutine, and a
// Data never overlaps another call (defect I).
type session struct {
	srv   *Server
	guard *guard

	env   *queue.Envelope // nil before MAIL
	size  int64           // as MAIL said
	whose Recipient       // of the first recipient: the whole transaction is for it
}

// Reset implements smtp.Session. go-smtp holds a lock meanwhile: it must neither call go-smtp nor panic.
func (s *session) Reset() { s.env, s.size, s.whose = nil, 0, Recipient{} }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// Mail implements smtp.Session.
func (s *session) Mail(_ string, opts *smtp.MailOptions) (err error) {
	defer s.contain(&err)
	if s.env != nil { // go-smtp would go on with the old recipients (defect K)
		return reply(503, smtp.EnhancedCode{5, 5, 1}, "Nested MAIL command")
	}
	p := s.guard.peer
	env := &queue.Envelope{
		Session: p.id, MailFrom: s.guard.path, Remote: p.remote, Hello: p.hello, Network: p.network,
		Exchange: p.online,
		TLS:      p.tls, SMTPUTF8: opts.UTF8,
	}
	if err := s.srv.options.Intake.Admit(s.srv.work, *env, opts.Size); err != nil {
		s.refused("no room", err)
		return storageReply(err)
	}
	s.env, s.size = env, opts.Size
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(string, *smtp.RcptOptions) (err error) {
	defer s.contain(&err)
	address := s.guard.path
	r := s.lookup(address)
	if refusal := s.accepts(r); refusal != nil {
		s.recipientRefused(address, refusal)
		return refusal
	}
	if len(s.env.Rcpts) == 0 {
		if refusal := s.begin(r); refusal != nil {
			return refusal
		}
	}
	if !slices.Contains(s.env.Rcpts, address) {
		s.env.Rcpts = append(s.env.Rcpts, address)
	}
	return nil
}

// contain turns a panic of what we call into 421 and the end of the session. go-smtp would do so too, but does not know
// the session's id.
func (s *session) contain(err *error) {
	if r := recover(); r != nil {
		s.guard.panicked(r)
		*err = reply(421, smtp.EnhancedCode{4, 3, 0}, "Internal error")
	}
}

// lookup asks for an address; the postmaster is known everywhere (RFC 5321 4.5.1).
func (s *session) lookup(address string) Recipient {
	local, domain, _ := strings.Cut(address, "@")
	if !mailaddr.Equal(local, "postmaster") || domain != "" && mailaddr.Name(domain) != mailaddr.Name(s.srv.hostname) {
		return s.srv.options.Recipients(address)
	}
	r := s.srv.options.Recipients("postmaster")
	if !r.Known {
		return Recipient{Known: true, Purpose: queue.ForPostmaster}
	}
	return r
}

// accepts says why a recipient is not taken, nil if it is.
func (s *session) accepts(r Recipient) *smtp.SMTPError {
	switch {
	case r.Retry: // a 550 is final for Exchange; a mistake in our configuration is not
		return reply(451, smtp.EnhancedCode{4, 3, 0}, "Try again later")
	case r.Refuse != "":
		return reply(550, smtp.EnhancedCode{5, 7, 1}, r.Refuse)
	case !r.Known:
		return reply(550, smtp.EnhancedCode{5, 1, 1}, "No such recipient here")
	case r.MaxSize > 0 && s.size > r.MaxSize:
		return reply(552, smtp.EnhancedCode{5, 3, 4}, "Message size exceeds the limit for this recipient")
	case len(s.env.Rcpts) > 0 && !s.sameTransaction(r): // RFC 5321 4.5.3.1.10: the client sends the rest by itself
		return reply(452, smtp.EnhancedCode{4, 5, 3}, "Send this recipient in another transaction")
	}
	return nil
}

// begin makes the transaction one for r's tenant and purpose, unless there is no room for such a message.
func (s *session) begin(r Recipient) *smtp.SMTPError {
	env := *s.env
	env.Tenant, env.Purpose, env.Region = r.Tenant, r.Purpose, r.Region
	if err := s.srv.options.Intake.Admit(s.srv.work, env, s.size); err != nil {
		s.refused("no room", err)
		return storageReply(err)
	}
	s.whose = r
	*s.env = env
	return nil
}

// sameTransaction says that r may share a transaction with the first recipient (I6).
func (s *session) sameTransaction(r Recipient) bool {
	return r.Tenant == s.whose.Tenant && r.Purpose == s.whose.Purpose && r.Region == s.whose.Region
}

// Data implements smtp.Session. The message is the guard's body; what go-smtp offers is empty.
func (s *session) Data(io.Reader) (err error) {
	defer s.contain(&err)
	began := time.Now()
	b := s.guard.body
	b.restrict(s.whose.MaxSize)
	s.env.Received, s.env.Binary = s.srv.now().UTC(), b.chunked
	if b.left > b.limit { // before room is made for it
		s.refused("receive", errTooLarge, slog.Int64("size", b.left))
		return bodyReply(errTooLarge, nil)
	}
	tx, err := s.srv.options.Intake.Begin(s.srv.work, *s.env, max(s.size, b.left))
	if err != nil {
		s.refused("begin", err)
		return storageReply(err)
	}
	open := true
	defer func() {
		if open { // also after a panic
			tx.Abort()
		}
	}()
	out := &sink{tx: tx}
	if err := b.copyTo(out); err != nil {
		s.refused("receive", err, slog.Int64("size", b.size))
		return bodyReply(err, out.err)
	}
	open = false
	id, err := tx.Commit(context.WithoutCancel(s.srv.work))
	if err != nil {
		s.refused("commit", err, slog.Int64("size", b.size))
		return storageReply(err)
	}
	// C1: the message and its queue item are durable now. A crash before the 250 is out means that the client sends it
	// again and it is taken twice; a 250 that was seen means that it is kept.
	s.accepted(id, b, time.Since(began))
	return reply(250, smtp.EnhancedCode{2, 0, 0}, "queued as "+id)
}

// bodyReply is the answer to a message that was not received whole, or not stored.
func bodyReply(err, storage error) *smtp.SMTPError {
	switch {
	case storage != nil:
		return storageReply(storage)
	case errors.Is(err, errTooLarge):
		return reply(552, smtp.EnhancedCode{5, 3, 4}, "Message size exceeds fixed limit")
	default: // nobody hears it: the stream is over, or the client gave up
		return reply(451, smtp.EnhancedCode{4, 4, 2}, "Message not received")
	}
}
