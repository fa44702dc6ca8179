package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"clawback/config"
	"clawback/intel"
	"clawback/queue"
	"clawback/retract"
	"clawback/spool"
	"clawback/store"
)

// Code says for programs why an operation was refused or failed. Codes are stable; sentences are not.
type Code string

// The codes.
const (
	InvalidRequest Code = "invalid_request"     // it can be carried out in no state of things
	WrongMediaType Code = "wrong_media_type"    // the body's Content-Type
	TooLarge       Code = "too_large"           // the body
	TimedOut       Code = "timed_out"           // the request came too slowly
	RateLimited    Code = "rate_limited"        // too many requests: later
	Unauthorized   Code = "unauthenticated"     // nobody known asks
	Forbidden      Code = "forbidden"           // the role does not allow it
	OwnAct         Code = "own_act"             // another person must approve it
	NotFound       Code = "not_found"           // or not to be seen
	NoSuchRoute    Code = "no_such_route"       // the path, or its method
	Ambiguous      Code = "ambiguous"           // a key that means several records
	Changed        Code = "changed"             // somebody else wrote meanwhile: ask again
	NotHeld        Code = "not_held"            // nothing is there to be approved
	WrongState     Code = "wrong_state"         // it is in a state in which this cannot be done
	Busy           Code = "busy"                // the same is under way already
	Unconfirmed    Code = "unconfirmed"         // so much, or what cannot be undone, needs its number
	Unavailable    Code = "unavailable"         // stopping, or its storage failed: try again later
	Unreachable    Code = "daemon_unreachable"  // of a client: nobody answers
	BodyGone       Code = "body_gone"           // the bytes are not kept any more, or damaged
	KeyReused      Code = "key_reused"          // an Idempotency-Key of another request
	OutcomeUnknown Code = "outcome_unknown"     // of the request with this Idempotency-Key: look
	Precondition   Code = "precondition_failed" // it is not any more as If-Match says
	Internal       Code = "internal"            // a fault of ours
)

// Statuses are the HTTP status of each code, with the short title that RFC 9457 asks for.
var Statuses = map[Code]struct {
	Status int
	Title  string
}{
	InvalidRequest: {400, "The request makes no sense"},
	WrongMediaType: {415, "The body is of another type than is expected"},
	TooLarge:       {413, "The body is too large"},
	TimedOut:       {408, "The request came too slowly"},
	RateLimited:    {429, "Too many requests"},
	Unauthorized:   {401, "You must sign in"},
	Forbidden:      {403, "Your role does not allow this"},
	OwnAct:         {403, "Another person must approve this"},
	NotFound:       {404, "Not found"},
	NoSuchRoute:    {404, "There is no such operation"},
	Ambiguous:      {409, "The key means several records"},
	Changed:        {409, "Changed meanwhile"},
	NotHeld:        {409, "Nothing is held there"},
	WrongState:     {409, "Not possible in this state"},
	Busy:           {409, "Under way already"},
	Unconfirmed:    {409, "The number must be confirmed"},
	Unavailable:    {503, "Not available now"},
	Unreachable:    {503, "The daemon does not answer"},
	KeyReused:      {422, "The Idempotency-Key is of another request"},
	OutcomeUnknown: {409, "Whether it was carried out is not known"},
	Precondition:   {412, "Changed since it was read"},
	BodyGone:       {410, "The bytes are not kept any more"},
	Internal:       {500, "A fault of clawback"},
}

// Error is what an operation ends with when it is refused or fails.
type Error struct {
	Code   Code
	Detail string   // a sentence for a person, which says what to do
	IDs    []string // with Ambiguous: what the key means

	cause error
}

// Error is the sentence.
func (e *Error) Error() string { return e.Detail }

// Unwrap is the error beneath, where there is one.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether another Error has the same code: errors.Is(err, &Error{Code: NotHeld}).
func (e *Error) Is(other error) bool {
	o, ok := other.(*Error)
	return ok && o.Code == e.Code && o.Detail == ""
}

// CodeOf is the code of an error; "" of none.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return classify(err).Code
}

func problem(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// causes is the one table from what the parts answer to codes. The first that fits counts.
var causes = []struct {
	err  error
	code Code
}{
	{store.ErrNotFound, NotFound},
	{queue.ErrNotFound, NotFound},
	{retract.ErrOwnAct, OwnAct},
	{retract.ErrNotHeld, NotHeld},
	{retract.ErrEnded, WrongState},
	{retract.ErrNoTenant, WrongState},
	{retract.ErrInvalid, InvalidRequest},
	{intel.ErrInvalid, InvalidRequest},
	{intel.ErrBusy, Busy},
	{intel.ErrConfigured, WrongState},
	{config.ErrNoSuchTenant, InvalidRequest},
	{queue.ErrState, WrongState},
	{store.ErrConflict, Changed},
	{store.ErrInvalid, InvalidRequest},
	{store.ErrUnsound, WrongState},
	{spool.ErrMissing, BodyGone},
	{spool.ErrCorrupt, BodyGone},
	{fs.ErrNotExist, BodyGone},
	{store.ErrStorage, Unavailable},
	{queue.ErrStorage, Unavailable},
	{store.ErrClosed, Unavailable},
	{queue.ErrClosed, Unavailable},
	{context.Canceled, Unavailable},
	{context.DeadlineExceeded, Unavailable},
}

// classify gives any error its code.
func classify(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		if known.Detail == err.Error() {
			return known
		}
		return &Error{Code: known.Code, Detail: err.Error(), IDs: known.IDs, cause: err}
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return &Error{Code: c.code, Detail: err.Error(), cause: err}
		}
	}
	return &Error{Code: Internal, Detail: err.Error(), cause: err}
}
