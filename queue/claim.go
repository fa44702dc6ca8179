package queue

import "time"

// Claim says whose an item in work is. Ends of an item name the claim that they end: when its lease has ended and
// another owner has claimed the item, the numbers differ, and the late owner changes nothing.
type Claim struct {
	Owner  string `json:"owner"`
	Number int64  `json:"number"` // grows with each claim of the item
}

// CheckHeld answers ErrLost unless the item is in work under this claim.
func (it *Item) CheckHeld(c Claim) error {
	if it.State != Working || it.Claim != c {
		return ErrLost
	}
	return nil
}

// Lease is until when an owner's claims last.
type Lease struct{ End time.Time }

// Ended reports whether it is over. A lease that ends later than one can that is taken now was taken by a clock that
// was ahead: it counts as one that is taken now.
func (l *Lease) Ended(now time.Time, length time.Duration) bool {
	if latest := now.Add(length); l.End.After(latest) {
		l.End = latest
	}
	return !l.End.After(now)
}
