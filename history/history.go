// Package history knows what a tenant's own mail has taught about its senders; pure: entry and observation in, entry out.
//
// Reads nothing and writes nothing: the store keeps the entries and merges observations into them at C2, under the
// applied-set, so that a report that is seen twice teaches once.
package history

import "time"

// Entry is what one tenant knows of one key (an address, a domain, ...). Bounded in size whatever is observed.
type Entry struct {
	Key       string    `json:"key"` // kind, colon, value: "from:a@example.com", "domain:example.com"
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Received  int       `json:"received,omitempty"` // messages received from it
	Sent      int       `json:"sent,omitempty"`     // messages that the tenant's people sent to it
}

// Observation is what one message teaches about one key.
type Observation struct {
	Key  string    `json:"key"`
	At   time.Time `json:"at"`
	Sent bool      `json:"sent,omitempty"` // the tenant wrote to it, rather than received from it
}

// Observe merges one observation in. It is commutative, so that the order of commits does not matter.
func (e *Entry) Observe(o Observation) {
	if e.FirstSeen.IsZero() || o.At.Before(e.FirstSeen) {
		e.FirstSeen = o.At
	}
	if o.At.After(e.LastSeen) {
		e.LastSeen = o.At
	}
	if o.Sent {
		e.Sent++
	} else {
		e.Received++
	}
}
