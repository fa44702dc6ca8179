package intent

import (
	"fmt"
	"time"

	"clawback/retract/addresses"
	"clawback/retract/exchange"
	"clawback/store"
)

// recoverable says how long Exchange keeps what lies in Recoverable Items: 14 days unless an administrator has set up
// to 30, longer under a hold.
const (
	recoverableDays    = 14
	recoverableMaxDays = 30
)

// RestoreOf is the restore that undoes a retraction. Old is the intent of an earlier restore of it, or zero.
func RestoreOf(in, old store.Intent, now time.Time) store.Intent {
	back := Reopen(old, now)
	back.ID = store.IntentID(in.Record, addresses.Fold(in.Address), store.Restore)
	back.Record, back.Tenant, back.Address, back.Mailbox = in.Record, in.Tenant, in.Address, in.Mailbox
	back.Kind, back.Action, back.Severity, back.Round = store.Restore, "restore", in.Severity, in.Round
	back.Message, back.OriginalFolder, back.FolderName, back.WasRead = in.Message, in.OriginalFolder, in.FolderName,
		in.WasRead
	back.Taken = nil
	for _, t := range in.Taken {
		if t.State == Moved || t.State == Earlier || t.State == Trying || t.State == Missing || t.Tried != "" {
			back.Taken = append(back.Taken, store.Taken{Message: t.Message, Folder: t.Target, FolderName: t.FolderName,
				Target: t.Folder, Tried: t.Tried, Read: t.Read, Received: t.Received, Proof: t.Proof})
		}
	}
	return back
}

// HardDeleted says what can still be done about a hard-deleted message; "" when it was not hard-deleted.
func HardDeleted(in store.Intent) string {
	purged, first := false, in.Changed // when the first of its messages was purged
	for _, t := range in.Taken {
		if t.Target != string(exchange.Purges) || t.State == Kept || t.State == Stayed {
			continue
		}
		purged = true
		if !t.At.IsZero() && t.At.Before(first) {
			first = t.At
		}
	}
	if !purged {
		return ""
	}
	return "hard-deleted: " + recoverableUntil(first)
}

// recoverableUntil says where a message is that was purged at a time, and who can still recover it.
func recoverableUntil(at time.Time) string {
	return fmt.Sprintf(`it lies in Recoverable Items\Purges of the mailbox, from where clawback does not restore. `+
		`An administrator can recover it by eDiscovery, or by Get-RecoverableItems -SourceFolder PurgedItems, `+
		`until %s `+
		`(%s where the retention was raised to %d days; longer under a hold)`,
		at.AddDate(0, 0, recoverableDays).Format(time.DateOnly),
		at.AddDate(0, 0, recoverableMaxDays).Format(time.DateOnly), recoverableMaxDays)
}

// ReasonMoved is the reason of an intent whose message was taken at a time.
func ReasonMoved(target exchange.Folder, at time.Time) string {
	if target == exchange.Purges {
		return "taken to " + exchange.Place(target) + ": " + recoverableUntil(at)
	}
	return "taken to " + exchange.Place(target)
}

// ReasonOf is that reason for a message whose move is on record.
func ReasonOf(t store.Taken) string {
	reason := ReasonMoved(exchange.Folder(t.Target), t.At)
	if t.Found {
		reason += " (the answer was lost; it was found there, and it can be restored)"
	}
	return reason
}
