package intent

import (
	"slices"

	"clawback/store"
)

// The states of a store.Taken.
const (
	Trying  = "trying"  // a call was begun (C3) and its outcome is not recorded
	Missing = "missing" // the server says that the id is not there: look where the message is
	Moved   = "moved"   // it was taken where this round wanted it
	Earlier = "earlier" // it was moved by an earlier round: kept for undo
	Kept    = "kept"    // it was not moved: the call was not made, or refused
	Stayed  = "stayed"  // no answer came, and it was seen where it was: the call may still be carried out
	Lost    = "lost"    // it was there, and is nowhere now
)

// WithTaken puts t into the list, over the entry of the same message.
func WithTaken(list []store.Taken, t store.Taken) []store.Taken {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Message == t.Message {
			list[i] = t
			return list
		}
	}
	return append(list, t)
}

// What an intent is held for. A person's approval lets it pass that, once.
const (
	HoldBrake     = "brake"            // too many mailboxes
	HoldProtected = "protected"        // the sender is protected
	HoldHearsay   = "not_first_hand"   // no report of the tenant's own Exchange tells of it
	HoldIdentity  = store.HoldIdentity // the message in the mailbox cannot be proven to be the record's
	HoldForward   = "forward"          // it is no bad message itself, it carries one
	HoldReview    = "review"           // its verdict leaves it to a person
	HoldRestore   = "restore"          // proposed: by the verdict of now nothing would be taken
	HoldInternal  = "internal"         // something went wrong in here
	HoldCopy      = "copy"             // it may be what was taken before, brought back by a person
	HoldLate      = "late"             // it first appeared when all looks for it were over
)

// HasTaken reports whether some message of the intent is in a state.
func HasTaken(in store.Intent, state string) bool {
	return slices.ContainsFunc(in.Taken, func(t store.Taken) bool { return t.State == state })
}

// What a record is pinned for: no automatism touches it again.
const (
	PinnedRestored = "restored"
	PinnedClean    = "clean"
)

// HoldBackup is for a state that came from a backup. What was done between the backup and its restore is not known
// here: a message that is in somebody's mailbox may have been put back there by a person, and must not be taken a
// second time.
const HoldBackup = "backup"
