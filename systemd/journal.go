package systemd

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// journalPatience is how long a record waits for a journald that is busy.
const journalPatience = time.Second

// journal writes records in journald's native protocol.
type journal struct {
	socket *socket
	level  slog.Leveler
	plain  slog.Handler // takes what journald does not
	prefix string       // of groups
	fields []field      // of With
}

// socket is the connection, shared by a handler and those derived from it.
type socket struct {
	mu   sync.Mutex
	path string
	conn net.Conn // guarded by mu; nil: dialed at the next record
}

// field is one attribute, ready to be written.
type field struct {
	key   string // as logged, with its groups
	value string
}

// newJournal connects to journald. The plain handler takes what journald does not.
func newJournal(path string, level slog.Leveler, plain slog.Handler) (*journal, error) {
	s := &socket{path: path}
	if err := s.dial(); err != nil {
		return nil, err
	}
	return &journal{socket: s, level: level, plain: plain}, nil
}

// dial connects. The caller holds mu, or is the only one.
func (s *socket) dial() error {
	conn, err := net.Dial("unixgram", s.path)
	if err != nil {
		return fmt.Errorf("connect to journald: %w", err)
	}
	s.conn = conn
	return nil
}

// send writes one record. After journald was restarted the socket is another one: a second try dials it.
func (s *socket) send(record []byte) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 2 {
		if s.conn == nil {
			if err := s.dial(); err != nil {
				return err
			}
		}
		s.conn.SetWriteDeadline(time.Now().Add(journalPatience))
		if _, err = s.conn.Write(record); err == nil {
			return nil
		}
		s.conn.Close()
		s.conn = nil
	}
	return fmt.Errorf("write to journald: %w", err)
}

// Enabled reports whether records of a level are wanted.
func (j *journal) Enabled(_ context.Context, level slog.Level) bool { return level >= j.level.Level() }

// Handle writes a record to journald, or to the plain handler when journald does not take it.
func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	fields := slices.Clone(j.fields)
	r.Attrs(func(a slog.Attr) bool {
		fields = appendAttr(fields, j.prefix, a)
		return true
	})
	if j.socket.send(encode(r, fields)) == nil {
		return nil
	}
	return j.plain.Handle(ctx, r)
}

// WithAttrs answers a handler that adds attributes to each record.
func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	derived := *j
	derived.plain = j.plain.WithAttrs(attrs)
	derived.fields = slices.Clone(j.fields)
	for _, a := range attrs {
		derived.fields = appendAttr(derived.fields, j.prefix, a)
	}
	return &derived
}

// WithGroup answers a handler that puts the name before the keys of what follows.
func (j *journal) WithGroup(name string) slog.Handler {
	if name == "" {
		return j
	}
	derived := *j
	derived.plain = j.plain.WithGroup(name)
	derived.prefix = j.prefix + name + "."
	return &derived
}

// appendAttr adds an attribute, or those of its group.
func appendAttr(fields []field, prefix string, a slog.Attr) []field {
	a.Value = a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return fields // as slog.Handler asks: an empty attribute is ignored
	}
	if a.Value.Kind() != slog.KindGroup {
		return append(fields, field{prefix + a.Key, text(a.Value)})
	}
	if a.Key != "" {
		prefix += a.Key + "."
	}
	for _, inner := range a.Value.Group() {
		fields = appendAttr(fields, prefix, inner)
	}
	return fields
}

// text is a value as people read it.
func text(v slog.Value) string {
	switch v.Kind() {
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	case slog.KindFloat64:
		return strconv.FormatFloat(v.Float64(), 'g', -1, 64)
	case slog.KindAny:
		if m, ok := v.Any().(interface{ MarshalText() ([]byte, error) }); ok {
			if b, err := m.MarshalText(); err == nil {
				return string(b)
			}
		}
	}
	return v.String()
}
