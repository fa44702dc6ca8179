package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// The addresses that mail is accepted for are secrets: whoever knows one can send reports to it. Nothing logs one on
// purpose. This handler is the net below: it takes every known one out of whatever is logged, such as the error of a
// server that repeats it, or a sender who writes it into EHLO.

// minSecretLocal is from which length on a local part is unlikely enough to be taken out where it stands alone.
const minSecretLocal = 16

// secrets are the addresses, and what stands in the log in place of each. They may be replaced at any time.
type secrets struct {
	current atomic.Pointer[map[string]string] // by address, and by long local part, as mailaddr compares them
}

// set collects the addresses of a configuration, and those that were in use before it.
func (s *secrets) set(cfg *config.Config, used map[string]string) {
	words := map[string]string{}
	add := func(address, what string) {
		if address = mailaddr.Address(address); address == "" {
			return
		}
		words[address] = "[" + what + "]"
		if local := address[:max(strings.LastIndexByte(address, '@'), 0)]; len(local) >= minSecretLocal {
			words[local] = "[" + what + "]"
		}
	}
	for address, tenant := range used {
		add(address, "a former address of "+tenant)
	}
	for _, t := range cfg.Tenants {
		for _, a := range t.Addresses {
			add(a.Address, "a journal address of "+t.Name)
		}
		add(t.RecoveryAddress, "the recovery address of "+t.Name)
		for _, sub := range t.Submissions {
			add(sub.Address, "a submission address of "+t.Name)
		}
	}
	s.current.Store(&words)
}

// clean is text without any of the addresses.
func (s *secrets) clean(text string) string {
	words := s.current.Load()
	if words == nil || len(text) < minSecretText {
		return text
	}
	if strings.IndexByte(text, '@') >= 0 {
		text = cutAddresses(text, *words)
	}
	return cutLongWords(text, *words)
}

// minSecretText is the length of the shortest text that is looked through: a@b.c.
const minSecretText = 5

// cutAddresses replaces the addresses among the words.
func cutAddresses(text string, words map[string]string) string {
	lower := lowerASCII(text)
	var out strings.Builder
	done := 0 // what of text is in out
	for at := 0; at < len(lower); at++ {
		from, to := wholeAddress(lower, at)
		if from < 0 {
			continue
		}
		for ; from < at; from++ {
			if words[lower[from:to]] != "" {
				break
			}
		}
		label := words[lower[from:to]]
		if label == "" || from < done {
			continue
		}
		out.WriteString(text[done:from] + label)
		done, at = to, to-1
	}
	if done == 0 {
		return text
	}
	return out.String() + text[done:]
}

// wholeAddress finds the address around an @. Where it begins is tried, since what stands before it, such as rcpt=, can
// be part of an address too.
func wholeAddress(lower string, at int) (from, to int) {
	if lower[at] != '@' {
		return -1, -1
	}
	const maxLocal = 64 // RFC 5321, section 4.5.3.1.1
	to = at + 1
	for to < len(lower) && isDomainByte(lower[to]) {
		to++
	}
	for to > at && lower[to-1] == '.' {
		to--
	}
	return max(0, at-maxLocal), to
}

// cutLongWords replaces the runs of letters, digits and hyphens that are among the words.
func cutLongWords(text string, words map[string]string) string {
	var out strings.Builder
	done := 0 // what of text is in out
	for at := 0; at < len(text); at++ {
		from := at
		for at < len(text) && isWordByte(lowerByte(text[at])) {
			at++
		}
		if at-from < minSecretLocal {
			continue
		}
		if label := words[lowerASCII(text[from:at])]; label != "" {
			out.WriteString(text[done:from] + label)
			done = at
		}
	}
	if done == 0 {
		return text
	}
	return out.String() + text[done:]
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

func isDomainByte(c byte) bool { return isWordByte(c) || c == '.' || c >= 0x80 }

// lowerASCII keeps the length, so that positions stay what they are.
func lowerASCII(s string) string {
	for i := range len(s) {
		if lowerByte(s[i]) == s[i] {
			continue
		}
		b := []byte(s)
		for i, c := range b {
			b[i] = lowerByte(c)
		}
		return string(b)
	}
	return s
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// redactor is the log handler.
type redactor struct {
	next    slog.Handler
	secrets *secrets
}

// Logger makes a log without secrets of one that writes all. The daemon keeps its addresses up to date.
func Logger(next slog.Handler, cfg *config.Config) *slog.Logger {
	s := &secrets{}
	s.set(cfg, nil)
	return slog.New(&redactor{next: next, secrets: s})
}

// redactLog makes the daemon's log a redacting one, if it is not yet, and returns what it hides.
func (d *daemon) redactLog() *secrets {
	if _, is := d.log.Handler().(*redactor); !is {
		d.log = Logger(d.log.Handler(), d.cfg)
	}
	return d.log.Handler().(*redactor).secrets
}

// Enabled implements slog.Handler.
func (r *redactor) Enabled(ctx context.Context, level slog.Level) bool {
	return r.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (r *redactor) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, r.secrets.clean(record.Message), record.PC)
	var room [12]slog.Attr // for most
	attrs := room[:0]
	record.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, r.attr(a))
		return true
	})
	clean.AddAttrs(attrs...)
	return r.next.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler. Attributes that come before the addresses are known are cleaned by those of now.
func (r *redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = r.attr(a)
	}
	return &redactor{next: r.next.WithAttrs(clean), secrets: r.secrets}
}

// WithGroup implements slog.Handler.
func (r *redactor) WithGroup(name string) slog.Handler {
	return &redactor{next: r.next.WithGroup(name), secrets: r.secrets}
}

func (r *redactor) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(r.secrets.clean(v.String()))
	case slog.KindAny:
		text := fmt.Sprint(v.Any())
		if clean := r.secrets.clean(text); clean != text {
			v = slog.StringValue(clean)
		}
	case slog.KindGroup:
		inner := make([]slog.Attr, 0, len(v.Group()))
		for _, a := range v.Group() {
			inner = append(inner, r.attr(a))
		}
		v = slog.GroupValue(inner...)
	}
	return slog.Attr{Key: a.Key, Value: v}
}
