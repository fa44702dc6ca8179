package smtpd

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

const maxReason = 200 // octets of an end in the log; crypto/tls lists every cipher that a client offered

// summary is the one line that each session leaves.
func (s *Server) summary(p *peer) {
	end := "quit"
	if p.end != nil {
		end = p.end.Error()
		end = strings.ToValidUTF8(end[:min(len(end), maxReason)], "?")
	}
	s.log.Info("session ended", "event", "smtp.session.ended", "session", p.id, "remote", p.remote,
		"network", p.network, "hello", p.hello, "tls", p.tls.Version, "client_verified", p.tls.Verified, "accepted", p.accepted, "refused", p.refused,
		"commands", p.commands, "errors", p.errors, "received", p.received, "sent", p.sent,
		"duration", time.Since(p.started).Round(time.Millisecond), "end", end)
}

func (s *Server) logPanic(p *peer, r any) {
	s.log.Error("panic in a session", "event", "smtp.panic", "session", p.id, "remote", p.remote,
		"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
}

func (s *session) recipientRefused(address string, r *smtp.SMTPError) {
	s.srv.log.Info("recipient refused", "event", "smtp.recipient.refused", "session", s.guard.peer.id,
		"remote", s.guard.peer.remote, "mail_from", s.env.MailFrom, "rcpt", address, "code", r.Code, "why", r.Message)
}

// accepted is the line of a message that was taken; neither it nor any other has anything of its content.
func (s *session) accepted(id string, b *body, took time.Duration) {
	s.guard.peer.accepted++
	s.srv.log.LogAttrs(context.Background(), slog.LevelInfo, "message accepted", append(s.attrs("smtp.message.accepted"),
		slog.String("item", id), slog.Int64("size", b.size), slog.Duration("took", took))...)
}

// refused is the line of a message that was not taken. at: begin, receive, commit, or no room.
func (s *session) refused(at string, attrs ...slog.Attr) {
	s.guard.peer.refused++
	s.srv.log.LogAttrs(context.Background(), slog.LevelWarn, "message refused",
		append(append(s.attrs("smtp.message.refused"), slog.String("at", at)), attrs...)...)
}

func (s *session) attrs(event string) []slog.Attr {
	p := s.guard.peer
	attrs := []slog.Attr{slog.String("event", event), slog.String("session", p.id), slog.String("remote", p.remote),
		slog.String("network", p.network)}
	if s.env == nil {
		return attrs
	}
	return append(attrs, slog.String("tenant", s.env.Tenant), slog.String("purpose", string(s.env.Purpose)),
		// No recipients: a journal address is a secret. The item has them.
		slog.String("mail_from", s.env.MailFrom), slog.Int("rcpts", len(s.env.Rcpts)), slog.Bool("bdat", s.env.Binary))
}

// errorLog takes go-smtp's panics and connection errors.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Printf(format string, v ...any) {
	l.log.Error("smtp", "event", "smtp.failed", "error", fmt.Sprintf(format, v...))
}
func (l errorLog) Println(v ...any) {
	l.log.Error("smtp", "event", "smtp.failed", "error", fmt.Sprint(v...))
}
