package queue

import (
	"time"

	"clawback/spool"
)

// BounceState is where a bounce stands.
type BounceState string

// The states of a bounce.
const (
	BounceWaiting BounceState = "waiting"
	BounceStuck   BounceState = "stuck" // five days without success: listed, alerted, still retried daily
	BounceSent    BounceState = "sent"
)

// Bounce is a report on its way to the tenant's alternate mailbox. It is written in the same transaction that gives
// the item up (C5), under an identity that follows from the item, so that doing it twice changes nothing.
type Bounce struct {
	ID        string      `json:"id"`   // deterministic: from tenant, queue item and body
	Item      string      `json:"item"` // the queue item that was given up
	Envelope  Envelope    `json:"envelope"`
	Body      spool.Ref   `json:"body"`
	Reason    string      `json:"reason"` // why it could not be carried through
	State     BounceState `json:"state"`
	Tries     int         `json:"tries"`
	Created   time.Time   `json:"created"`
	NotBefore time.Time   `json:"not_before"`
	LastError string      `json:"last_error,omitempty"`
	SentTo    string      `json:"sent_to,omitempty"` // "host: reply" of the server that took it
	SentAt    time.Time   `json:"sent_at,omitzero"`
}
