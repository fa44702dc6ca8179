package queue

import (
	"time"

	"clawback/spool"
)

// State is where an item stands. Items never expire.
type State string

// The states of an item. A finished item is no longer in the queue.
const (
	Ready    State = "ready"    // waits for a worker
	Working  State = "working"  // claimed
	Deferred State = "deferred" // due again at NotBefore
	// The process ended while it was scored: due at NotBefore, with no other suspect in work.
	Suspect     State = "suspect"
	Quarantined State = "quarantined" // waits for a person
)

// Item is one accepted message.
type Item struct {
	ID       string    `json:"id"` // time-ordered, unique in this queue
	Envelope Envelope  `json:"envelope"`
	Body     spool.Ref `json:"body"`
	State    State     `json:"state"`
	Crashes  int       `json:"crashes"` // times that the process ended while it was scored
	// Of these but the first, times that nothing else was being scored.
	CrashesAlone int       `json:"crashes_alone,omitempty"`
	Tries        int       `json:"tries"` // times that it was deferred
	NotBefore    time.Time `json:"not_before,omitzero"`
	Cause        Cause     `json:"cause,omitempty"`  // why it is in quarantine, in a word
	Reason       string    `json:"reason,omitempty"` // why it is deferred, a suspect, or quarantined
	// Who vouched that it comes from its tenant, whatever attribution says.
	Trusted string    `json:"trusted,omitempty"`
	Claim   Claim     `json:"claim,omitzero"` // of the last claim, where several owners share the queue
	Changed time.Time `json:"changed"`
}

// MakeReady makes an item ready as if it were new.
func (it *Item) MakeReady() {
	it.State, it.NotBefore, it.Cause, it.Crashes, it.CrashesAlone, it.Tries = Ready, time.Time{}, "", 0, 0, 0
}

// SetAside puts an item in quarantine.
func (it *Item) SetAside(cause Cause, why string) {
	it.State, it.NotBefore, it.Cause, it.Reason = Quarantined, time.Time{}, cause, why
}
