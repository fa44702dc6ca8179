package intent

import (
	"time"

	"clawback/store"
)

// Reopen readies an intent for another round: what was learnt about the mailbox stays, what was counted goes.
func Reopen(in store.Intent, now time.Time) store.Intent {
	in.Round++
	in.Misses, in.Looks, in.Faults, in.FaultSince = 0, 0, 0, time.Time{}
	in.Cancelled, in.Hold, in.Approved, in.By, in.Job, in.DryRun = "", "", "", "", "", false
	in.Outcome, in.Reason, in.Code, in.NotBefore, in.Changed = store.Pending, "", "", now, now
	in.Taken = archived(in.Taken)
	return in
}

// archived keeps of an earlier round what was moved, for undo needs it, and what is still in doubt, to be verified.
func archived(taken []store.Taken) (list []store.Taken) {
	for _, t := range taken {
		switch t.State {
		case Moved, Earlier:
			t.State = Earlier
			list = append(list, t)
		case Trying, Missing:
			list = append(list, t)
		}
	}
	return list
}

// CallOff ends an intent that waits. One that is in doubt ends when it has been verified.
func CallOff(in store.Intent, why string) store.Intent {
	if in.Unknown {
		in.Cancelled = why
		return in
	}
	in.Outcome, in.Hold, in.NotBefore = store.Skipped, "", time.Time{}
	in.Severity = 0 // so that a worse verdict opens it again
	in.Reason = "cancelled before it was done: " + why
	return in
}

// StopLooking ends the looks that an intent that has ended still had before it.
func StopLooking(in store.Intent, why string) store.Intent {
	in.NotBefore = time.Time{}
	in.Reason += "; not looked for again: " + why
	return in
}
