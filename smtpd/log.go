package smtpd

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"clawback/internal/mailaddr"
)

const maxReason = 200 // bytes of an end in the log; crypto/tls lists every cipher that a client offered

// summary is the line that a session leaves. Sessions of strangers that brought no mail are summed up.
func (s *Server) summary(p *peer) {
	end := "quit"
	if p.end != nil {
		end = p.end.Error()
		end = strings.ToValidUTF8(end[:min(len(end), maxReason)], "?")
	}
	attrs := []slog.Attr{
		slog.String("hello", p.hello), slog.String("tls", p.tls.Version), slog.Bool("client_verified", p.tls.Verified),
		slog.Int("accepted", p.accepted), slog.Int("refused", p.refused), slog.Int("commands", p.commands),
		slog.Int("errors", p.errors), slog.Int64("received", p.received), slog.Int64("sent", p.sent),
		slog.Duration("duration", time.Since(p.started).Round(time.Millisecond)), slog.String("end", end),
	}
	if p.network == "" && p.accepted == 0 {
		s.refusals.add(p, slog.LevelInfo, refusal{event: "smtp.session.ended", why: "no mail was accepted"}, attrs...)
		return
	}
	s.log.LogAttrs(context.Background(), slog.LevelInfo, "session ended", append([]slog.Attr{
		slog.String("event", "smtp.session.ended"), slog.String("session", p.id), slog.String("remote", p.remote),
		slog.String("network", p.network),
	}, attrs...)...)
}

func (s *Server) logPanic(p *peer, r any) {
	s.log.Error("panic in a session", "event", "smtp.panic", "session", p.id, "remote", p.remote,
		"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
}

// recipientRefused logs no local part: one that is mistyped by a letter, or not configured any more, gives away a
// journal address, which is a secret.
func (s *session) recipientRefused(address string, r *smtp.SMTPError) {
	s.srv.refusals.add(s.guard.peer, slog.LevelInfo,
		refusal{event: "smtp.recipient.refused", why: fmt.Sprintf("%d %s", r.Code, r.Message)},
		slog.String("mail_from", s.env.MailFrom), slog.String("rcpt_domain", mailaddr.Domain(address)))
}

// accepted is the line of a message that was accepted; neither it nor any other has anything of its content.
func (s *session) accepted(id string, b *body, took time.Duration) {
	s.guard.peer.accepted++
	p := s.guard.peer
	s.srv.log.LogAttrs(context.Background(), slog.LevelInfo, "message accepted", append([]slog.Attr{
		slog.String("event", "smtp.message.accepted"), slog.String("session", p.id), slog.String("remote", p.remote),
		slog.String("network", p.network), slog.String("item", id), slog.Int64("size", b.size),
		slog.Duration("took", took),
	}, s.attrs()...)...)
}

// refused logs a message that was not accepted. at: no room, begin, receive or commit.
func (s *session) refused(at string, err error, attrs ...slog.Attr) {
	s.guard.peer.refused++
	s.srv.refusals.add(s.guard.peer, slog.LevelWarn, refusal{event: "smtp.message.refused", why: at},
		append(append(s.attrs(), slog.Any("error", err)), attrs...)...)
}

// attrs are the envelope. It has no recipients: a journal address is a secret. The item has them.
func (s *session) attrs() []slog.Attr {
	if s.env == nil {
		return nil
	}
	return []slog.Attr{
		slog.String("tenant", s.env.Tenant), slog.String("purpose", string(s.env.Purpose)),
		slog.String("mail_from", s.env.MailFrom), slog.Int("rcpts", len(s.env.Rcpts)), slog.Bool("bdat", s.env.Binary),
	}
}

// errorLog takes go-smtp's panics and connection errors.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Printf(format string, v ...any) {
	l.log.Error("smtp", "event", "smtp.failed", "error", fmt.Sprintf(format, v...))
}
func (l errorLog) Println(v ...any) {
	l.log.Error("smtp", "event", "smtp.failed", "error", fmt.Sprint(v...))
}
