package api

import (
	"time"

	"clawback/internal/mailaddr"
	"clawback/store"
)

// Exposure is how long a message lay where its recipient could open it, as far as that is known.
type Exposure struct {
	State     ExposureState `json:"state"`
	Delivered time.Time     `json:"delivered,omitzero"` // as the mailbox says
	Taken     time.Time     `json:"taken,omitzero"`     // when the last of its copies was moved
	Read      *bool         `json:"read,omitempty"`     // any copy of it had been read when it was taken
	// Seconds until Taken: from delivery, and from the moment when its report had been accepted (C1).
	FromDelivery *int64 `json:"seconds_from_delivery,omitempty"`
	FromReport   *int64 `json:"seconds_from_report,omitempty"`
}

// ExposureState is where a message is that is to be taken.
type ExposureState string

// The states.
const (
	WasTaken    ExposureState = "taken"     // every copy that was found was moved
	NotTaken    ExposureState = "not_taken" // nothing was moved: it lies where it was, as far as is known
	PartlyTaken ExposureState = "partly"    // some copy was moved, and some may lie where it was
	InDoubt     ExposureState = "in_doubt"  // a call was made, and its answer was lost
	WasGone     ExposureState = "gone"      // it was there, or in its target, and somebody else removed it
	NeverThere  ExposureState = "not_found" // it never appeared in the mailbox
	WasRestored ExposureState = "restored"  // it was taken, and is back where it was
)

// exposureOf is the exposure that a retraction has ended, or has not; nil of a restore.
func exposureOf(in store.Intent) *Exposure {
	if in.Kind != store.Retract {
		return nil
	}
	e := &Exposure{State: NotTaken}
	moved := 0
	for _, t := range in.Taken {
		if t.State != store.TakenMoved && t.State != store.TakenEarlier {
			continue
		}
		moved++
		e.count(t)
	}
	switch {
	case in.Unknown:
		e.State = InDoubt
	case moved > 0 && (in.Outcome == store.Done || in.Outcome == store.Gone):
		e.State = WasTaken
	case moved > 0:
		e.State = PartlyTaken
	case in.Outcome == store.Gone, in.Outcome == store.Done: // in its target before any call was made
		e.State = WasGone
	case in.Outcome == store.NotFound:
		e.State = NeverThere
	}
	if e.State == WasTaken {
		e.FromDelivery, e.FromReport = seconds(e.Delivered, e.Taken), seconds(in.Received, e.Taken)
	}
	return e
}

// count adds a copy that was moved.
func (e *Exposure) count(t store.Taken) {
	if t.At.After(e.Taken) {
		e.Taken = t.At
	}
	if !t.Received.IsZero() && (e.Delivered.IsZero() || t.Received.Before(e.Delivered)) {
		e.Delivered = t.Received
	}
	read := t.Read || e.Read != nil && *e.Read
	e.Read = &read
}

// markRestored corrects the exposures of retractions that a restore of the same mailbox has undone since.
func markRestored(list []Intent) {
	for i := range list {
		e := list[i].Exposure
		if e == nil || e.State != WasTaken && e.State != PartlyTaken {
			continue
		}
		for _, back := range list {
			if back.Kind == store.Restore && back.Outcome == store.Done && back.Record == list[i].Record &&
				mailaddr.Equal(back.Address, list[i].Address) && back.Changed.After(e.Taken) {
				e.State = WasRestored
			}
		}
	}
}

// seconds are those between two times; nil where one is not known. Exchange's clock and ours differ: never below 0.
func seconds(from, to time.Time) *int64 {
	if from.IsZero() || to.IsZero() {
		return nil
	}
	n := max(0, int64(to.Sub(from)/time.Second))
	return &n
}
