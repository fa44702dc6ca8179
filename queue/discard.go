package queue

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"fmt"
	"time"
)

// Preview is what a selection selects at one time: what a person is shown, and says yes to.
type Preview struct {
	Selection Selection
	Count     int
	Bytes     int64
	Oldest    time.Time // when the first was received
	Newest    time.Time
	Samples   []Item    // the first of them
	AsOf      time.Time // what has changed since is not part of it
	Through   string    // the id of the last
}

// maxSamples is how many items a preview shows.
const maxSamples = 10

// Add counts an item in. Items are added in the order of their ids.
func (d *Preview) Add(it *Item) {
	received := it.Envelope.Received
	if d.Count == 0 || received.Before(d.Oldest) {
		d.Oldest = received
	}
	if received.After(d.Newest) {
		d.Newest = received
	}
	if len(d.Samples) < maxSamples {
		d.Samples = append(d.Samples, *it)
	}
	d.Count++
	d.Bytes += it.Body.Size
	d.Through = it.ID
}

// Has reports whether an item is one of those that were shown, and has not changed since.
func (d *Preview) Has(it *Item) bool {
	return d.Selection.Fits(it) && it.ID <= d.Through && !it.Changed.After(d.AsOf)
}

// Check refuses a preview that names nothing in particular.
func (d *Preview) Check() error {
	if d.Selection.Empty() || d.Through == "" || d.AsOf.IsZero() {
		return fmt.Errorf("%w: nothing in particular is selected", ErrState)
	}
	return nil
}

// CheckCount refuses to discard n items where fewer were shown.
func (d *Preview) CheckCount(n int) error {
	if n > d.Count {
		return fmt.Errorf("%w: %d items are selected, and %d were shown: look again", ErrState, n, d.Count)
	}
	return nil
}

// Discarded is what a DiscardSelected has thrown away so far.
type Discarded struct {
	Count  int
	Bytes  int64
	Digest string // SHA-256 over the ids, each with a line feed behind it
}

// Note says what the audit is to have of a bulk discard, under a key that no item has.
type Note struct {
	Key  string
	Text func(Discarded) ([]byte, error)
}

// Discarding counts what is thrown away, step by step. A copy keeps how far it has come.
type Discarding struct {
	Discarded
	state string // of the digest
}

// Add counts items, in the order of their ids. It leaves d as it was.
func (d Discarding) Add(items []Item) (Discarding, error) {
	sum := sha256.New()
	if d.state != "" {
		if err := sum.(encoding.BinaryUnmarshaler).UnmarshalBinary([]byte(d.state)); err != nil {
			return d, fmt.Errorf("resume digest: %w", err)
		}
	}
	for _, it := range items {
		d.Count++
		d.Bytes += it.Body.Size
		fmt.Fprintln(sum, it.ID)
	}
	d.Digest = hex.EncodeToString(sum.Sum(nil))
	state, err := sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return d, fmt.Errorf("keep digest: %w", err)
	}
	d.state = string(state)
	return d, nil
}

// CheckDiscard answers why an item cannot be discarded, and what to do instead: ErrState, or nil when it is in
// quarantine.
func (it *Item) CheckDiscard() error {
	if it.State == Quarantined {
		return nil
	}
	return fmt.Errorf("%w: it is %s, and only what is in quarantine can be discarded: %s", ErrState, it.State,
		instead[it.State])
}

// instead says what to do with an item that cannot be discarded.
var instead = map[State]string{
	Ready:    "it is worked on next; see what becomes of it",
	Working:  "it is being worked on; see what becomes of it",
	Suspect:  "it is tried by itself beside the others; see what becomes of it",
	Deferred: "it is tried again by itself; mend what its reason says, or have it tried now with queue retry",
}
