package feed

import (
	"fmt"
	"time"
)

// Code says why a list was not taken.
type Code string

// Why a list was not taken.
const (
	Away       Code = "away"       // the server, or the file, cannot be read now
	Denied     Code = "denied"     // the server does not accept the key
	Inside     Code = "inside"     // the server or a redirect leads to an address that is not public
	Redirects  Code = "redirects"  // it is sent on too often, or to where is no https
	Slow       Code = "slow"       // it did not come to its end in time
	TooLarge   Code = "too_large"  // in bytes, packed or unpacked, or in entries
	LongEntry  Code = "long_entry" // one line, row or object is longer than any may be
	HTML       Code = "html"       // a web page instead of the list
	Format     Code = "format"     // it is not in the format that was configured, or not to its end
	Columns    Code = "columns"    // a column is not there
	Unreadable Code = "unreadable" // most of its entries are no indicators
	Empty      Code = "empty"      // it holds nothing
	Shrank     Code = "shrank"     // it lost more than a list may lose at once
	Grew       Code = "grew"       // it got longer than a list may get at once
	Storage    Code = "storage"    // the last good copy cannot be read or written
	NotTaken   Code = "consumer"   // what is new could not be handed over
)

// Refusal is an error that says why a list was not taken. Nothing of the list is in use.
type Refusal struct {
	Code   Code
	Text   string // a sentence's end, such as "has no column url"
	err    error
	wait   time.Duration // for which the server wants to be left alone
	status int           // what the server answered; 0: no answer, or another reason
}

func (r *Refusal) Error() string { return r.Text }

// Unwrap is what caused it, if anything.
func (r *Refusal) Unwrap() error { return r.err }

// refuse makes a Refusal. A %w in the format is what caused it.
func refuse(code Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Refusal{Code: code, Text: err.Error(), err: err}
}

// cut shortens foreign text for a sentence.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
