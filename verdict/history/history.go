// Package history knows what a tenant's own mail has taught about its senders; pure: entry and observation in, entry out.
//
// Reads nothing and writes nothing: the store keeps the entries and merges observations into them at C2, under the
// applied-set, so that a report that is seen twice teaches once.
//
// Invariants:
//   - I1 merging is commutative and associative: the order of commits does not matter.
//   - I2 an entry has one size, whatever is observed. What a sender usually does (where answers go, whose servers it
//     uses) is not a list inside an entry but an entry of its own for each pair, so that the store can age them one by one.
//
// On failure: nothing here can fail.
package history

import (
	"clawback/internal/mailaddr"

	"time"
)

// Entry is what one tenant knows of one key (an address, a domain, ...). Bounded in size whatever is observed.
type Entry struct {
	Key       string    `json:"key"` // kind, colon, value: "from:a@example.com", "domain:example.com"
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Received  int       `json:"received,omitempty"` // messages received from it
	Sent      int       `json:"sent,omitempty"`     // messages that the tenant's people sent to it
	Aligned   int       `json:"aligned,omitempty"`  // of those received, authenticated with alignment
}

// Observation is what one message teaches about one key.
type Observation struct {
	Key     string    `json:"key"`
	At      time.Time `json:"at"`
	Sent    bool      `json:"sent,omitempty"`    // the tenant wrote to it, rather than received from it
	Aligned bool      `json:"aligned,omitempty"` // it was authenticated with alignment
}

// Observe merges one observation in. It is commutative, so that the order of commits does not matter.
func (e *Entry) Observe(o Observation) {
	if e.FirstSeen.IsZero() || o.At.Before(e.FirstSeen) {
		e.FirstSeen = o.At
	}
	if o.At.After(e.LastSeen) {
		e.LastSeen = o.At
	}
	switch {
	case o.Sent:
		e.Sent++
	case o.Aligned:
		e.Aligned++
		e.Received++
	default:
		e.Received++
	}
}

// Span is over how long a time the key has been seen.
func (e Entry) Span() time.Duration { return e.LastSeen.Sub(e.FirstSeen) }

// maxKey bounds a key: addresses may be long, and keys are stored.
const maxKey = 400

// From is the key of an author's address.
func From(address string) string { return key("from", address) }

// Domain is the key of an author's registrable domain.
func Domain(domain string) string { return key("domain", domain) }

// Reply is the key of a domain to which an author's answers go.
func Reply(address, domain string) string { return key("reply", address+" "+domain) }

// Via is the key of a domain whose servers or signatures an author's domain uses.
func Via(domain, service string) string { return key("via", domain+" "+service) }

func key(kind, value string) string {
	value = mailaddr.Lower(value)
	if len(value) > maxKey {
		value = value[:maxKey]
	}
	return kind + ":" + value
}
