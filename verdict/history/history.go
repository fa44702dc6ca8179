// Package history knows what a tenant's own mail has taught about its senders; pure: entry and observation in, entry
// out.
//
// Reads nothing and writes nothing: the store keeps the entries and merges observations into them at C2, under the
// applied-set, so that a report that is seen twice teaches once.
//
// Invariants:
//   - I1 merging is commutative and associative: the order of commits does not matter.
//   - I2 however much comes on one day, it teaches no more than one day of trust (Days): neither does one campaign.
//   - I3 an entry has one size, whatever is observed. What a sender usually does (where answers go, whose servers it
//     uses) is not a list inside an entry but an entry of its own for each pair, so that the store can age them one
//     by one.
//
// On failure: nothing here can fail.
package history

import (
	"math/bits"
	"strings"
	"time"

	"clawback/internal/mailaddr"
)

// Entry is what one tenant knows of one key (an address, a domain, ...). Bounded in size whatever is observed.
type Entry struct {
	Key       string    `json:"key"` // kind, colon, value: "from:a@example.com", "domain:example.com"
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Received  int       `json:"received,omitempty"` // messages received from it
	Sent      int       `json:"sent,omitempty"`     // messages that the tenant's people sent to it
	Aligned   int       `json:"aligned,omitempty"`  // of those received, authenticated with alignment
	Began     int       `json:"began,omitempty"`    // of those sent, no answers: the tenant's people wrote first

	AlignedDays Days `json:"aligned_days,omitempty"` // on which authenticated mail came that was written to somebody
	SentDays    Days `json:"sent_days,omitempty"`    // on which the tenant's people wrote
}

// Observation is what one message teaches about one key.
type Observation struct {
	Key     string    `json:"key"`
	At      time.Time `json:"at"`
	Sent    bool      `json:"sent,omitempty"`    // the tenant wrote to it, rather than received from it
	Aligned bool      `json:"aligned,omitempty"` // it was authenticated with alignment
	Began   bool      `json:"began,omitempty"`   // with Sent: it answers nothing
	Bulk    bool      `json:"bulk,omitempty"`    // with Aligned: it was written to many
}

// Days are a set of days, each as one of 64 bits: two days that lie 64 days apart are one. However many messages come
// on a day, and in whatever order, they make one day.
type Days uint64

// Add puts the day of a time into the set.
func (d *Days) Add(at time.Time) { *d |= dayOf(at) }

// Remove takes the day of a time out of the set.
func (d *Days) Remove(at time.Time) { *d &^= dayOf(at) }

// Count is how many days are in the set.
func (d Days) Count() int { return bits.OnesCount64(uint64(d)) }

func dayOf(at time.Time) Days { return 1 << (uint64(at.Unix()/86_400) % 64) }

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
		e.SentDays.Add(o.At)
		if o.Began {
			e.Began++
		}
	case o.Aligned:
		e.Aligned++
		e.Received++
		if !o.Bulk {
			e.AlignedDays.Add(o.At)
		}
	default:
		e.Received++
	}
}

// Unreceive takes back what a message has taught that was received then. The day goes with it, whatever else came on
// that day: what is taken back rather takes trust away than leaves some.
func (e *Entry) Unreceive(at time.Time) {
	e.Received = max(e.Received-1, 0)
	e.Aligned = max(min(e.Aligned-1, e.Received), 0)
	e.AlignedDays.Remove(at)
	if e.Aligned == 0 {
		e.AlignedDays = 0
	}
}

// Unsend takes back what a message has taught that was sent then.
func (e *Entry) Unsend(at time.Time) {
	e.Sent = max(e.Sent-1, 0)
	e.Began = max(min(e.Began-1, e.Sent), 0)
	e.SentDays.Remove(at)
	if e.Sent == 0 {
		e.SentDays = 0
	}
}

// Worth is until when an entry is rather kept than others, where there is no room for all: those whom the tenant's
// people write to, and those who write for long, do not give way to strangers, however many come.
func (e Entry) Worth() time.Time {
	switch {
	case e.Began > 0 || e.SentDays.Count() > 1:
		return e.LastSeen.AddDate(0, 0, 365)
	case e.AlignedDays.Count() > 2:
		return e.LastSeen.AddDate(0, 0, 90)
	}
	return e.LastSeen
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

const unsubscribeKind = "unsubscribe"

// Unsubscribe is the key of an address that a List-Unsubscribe field names. Mailboxes that are made for one message
// each, which have digits or are long, share the key of their host.
func Unsubscribe(address string) string {
	address = strings.ReplaceAll(address, `"`, "")
	local, host := "", address
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		local, host = address[:at], address[at+1:]
	}
	if len(local) > maxNamedMailbox || strings.ContainsAny(local, "0123456789+=#") {
		local = "*"
	}
	return key(unsubscribeKind, local+"@"+mailaddr.Name(host))
}

// maxNamedMailbox is beyond the length of people's mailbox names, and within that of made ones.
const maxNamedMailbox = 24

// Lasting reports whether what was learnt under a key stays when its message turns out to be bad: that an address was
// named takes trust away.
func Lasting(key string) bool { return strings.HasPrefix(key, unsubscribeKind+":") }

func key(kind, value string) string {
	value = mailaddr.Lower(value)
	if len(value) > maxKey {
		value = value[:maxKey]
	}
	return kind + ":" + value
}
