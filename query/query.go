package query

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Field is what of a message a term is about. The numbers are part of the terms' hashes: they never change.
type Field byte

// The fields.
const (
	From        Field = 1  // envelope sender, header From and its name
	To          Field = 2  // recipients, and the groups that they were expanded from
	Subject     Field = 3  // words of the subject
	Link        Field = 4  // addresses of the web in the message, and their hosts
	Hash        Field = 5  // SHA-256 of an attached file
	File        Field = 6  // name of an attached file
	IP          Field = 7  // address that is linked to, or that the message came from
	ID          Field = 8  // record id, Message-ID or network message id
	Disposition Field = 9  // of the verdict
	Outcome     Field = 10 // of a retraction or restore
	Reason      Field = 11 // id of a signal that the verdict rests on
	Proof       Field = 12 // by which a mailbox's message was moved
	Is          Field = 13 // pinned, rejudged
)

var fieldNames = map[string]Field{
	"from": From, "to": To, "subject": Subject, "link": Link, "hash": Hash, "file": File, "ip": IP, "id": ID,
	"disposition": Disposition, "outcome": Outcome, "reason": Reason, "proof": Proof, "is": Is,
	"sender": From, "recipient": To, "url": Link, "sha256": Hash, // as other parts of the command line call them
}

// Named reports whether a word before a colon is a name of the language.
func Named(name string) bool {
	_, field := fieldNames[strings.ToLower(name)]
	return field || slices.Contains([]string{"since", "until", "before", "tenant"}, strings.ToLower(name))
}

// String is the field's name in a query.
func (f Field) String() string {
	for _, name := range []string{"from", "to", "subject", "link", "hash", "file", "ip", "id", "disposition", "outcome",
		"reason", "proof", "is"} {
		if fieldNames[name] == f {
			return name
		}
	}
	return fmt.Sprintf("Field(%d)", byte(f))
}

// Term is one word of a query. Its values are in the form in which they are compared.
type Term struct {
	Field  Field
	Values []string // any of these fits
	Not    bool     // a message fits that the values do not
}

// pattern reports whether a value has wildcards that no index knows.
func pattern(f Field, value string) bool {
	if f == File && strings.HasPrefix(value, "*.") && !strings.Contains(value[1:], "*") {
		return false // files are indexed by what their names end in
	}
	return f != Hash && f != ID && strings.Contains(value, "*")
}

// Query selects messages: those that all terms fit, received within the window. The zero value selects every message.
type Query struct {
	Terms  []Term
	Since  time.Time // received then or later; zero: at any time
	Until  time.Time // received before
	Tenant string    // name or GUID, as it was written; "": all that may be seen
}

// Empty reports whether a query names nothing in particular. A tenant alone is nothing in particular.
func (q Query) Empty() bool { return len(q.Terms) == 0 && q.Since.IsZero() && q.Until.IsZero() }

// Indexed reports whether an index can find the messages: some term without a wildcard has to fit, or a fact must not.
func (q Query) Indexed() bool { return len(q.Groups()) > 0 || len(q.Excluded()) > 0 }

// String writes the query so that Parse reads the same one, whenever that is.
func (q Query) String() string {
	var words []string
	for _, t := range q.Terms {
		sign := ""
		if t.Not {
			sign = "-"
		}
		words = append(words, sign+t.Field.String()+":"+quote(strings.Join(t.Values, ",")))
	}
	if !q.Since.IsZero() {
		words = append(words, "since:"+q.Since.UTC().Format(time.RFC3339Nano))
	}
	if !q.Until.IsZero() {
		words = append(words, "until:"+q.Until.UTC().Format(time.RFC3339Nano))
	}
	if q.Tenant != "" {
		words = append(words, "tenant:"+quote(q.Tenant))
	}
	return strings.Join(words, " ")
}

func quote(value string) string {
	if value != "" && !strings.ContainsAny(value, " \t\r\n\"\\") && !strings.ContainsFunc(value, isBlank) {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// MarshalText is String, so that what is kept of a query is what a person would write.
func (q Query) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (q *Query) UnmarshalText(text []byte) (err error) {
	*q, err = Parse(string(text), time.Now())
	return err
}

// IsZero reports whether the query selects every message.
func (q Query) IsZero() bool { return q.Empty() && q.Tenant == "" }

// Asks reports whether a term is about one of the fields.
func (q Query) Asks(fields ...Field) bool {
	return slices.ContainsFunc(q.Terms, func(t Term) bool { return slices.Contains(fields, t.Field) })
}
