package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that never prints. Use Reveal where it is handed to the one who needs it.
//
// The value stands behind a pointer: fmt does not follow one inside a struct whose fields it cannot call methods on.
type Secret struct{ value *string }

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal is the value itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both hold the same value. It is also what go-cmp asks.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String is "[redacted]", or "" when there is nothing to redact.
func (s Secret) String() string {
	if s.Reveal() == "" {
		return ""
	}
	return "[redacted]"
}

// Format keeps every verb of fmt from printing the value.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// GoString keeps %#v from printing the value.
func (s Secret) GoString() string { return s.String() }

// MarshalText keeps encoders from printing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps slog from printing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
