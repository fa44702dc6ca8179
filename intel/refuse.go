package intel

import (
	"errors"
	"fmt"
)

// What an order can be refused for.
var (
	// ErrInvalid means that an order makes no sense, whatever the state of things.
	ErrInvalid = errors.New("invalid order")
	// ErrBusy means that the same is under way already.
	ErrBusy = errors.New("under way already")
	// ErrConfigured means that what is to be changed stands in the configuration.
	ErrConfigured = errors.New("stands in the configuration")
)

// refusal is an error of one of these kinds, with a sentence of its own.
type refusal struct {
	kind error
	err  error
}

// Error is the sentence.
func (r refusal) Error() string { return r.err.Error() }

// Unwrap gives the kind, and what the sentence wraps.
func (r refusal) Unwrap() []error { return []error{r.kind, r.err} }

// Refuse makes an error of a kind, with a sentence that says what to do.
func Refuse(kind error, format string, args ...any) error {
	return refusal{kind, fmt.Errorf(format, args...)}
}
