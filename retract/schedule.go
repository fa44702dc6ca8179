package retract

import (
	"encoding/binary"
	"hash/fnv"
	"time"

	"clawback/retract/fault"
	"clawback/store"
	"clawback/verdict"
)

const day = 24 * time.Hour

// notThereYet are the waits after each look that did not find the message: a report can arrive before its message is
// visible, and a message may be held back for a while. After the last of them the intent is not_found.
var notThereYet = [...]time.Duration{
	10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
}

// lookAgain are the ages, since it was not_found, at which a MALICIOUS message is looked for again: it may have been
// released from quarantine.
var lookAgain = [...]time.Duration{3 * day, 7 * day, 15 * day, 30 * day}

// lookLater is how often it is looked for after that, for as long as the record is kept. What is found then is held.
const lookLater = 30 * day

// faultWaits are the waits after each failure in a row. The last one repeats until faultLimit.
var faultWaits = [...]time.Duration{
	5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

// slowWaits are for mailboxes that are not to be had: moved, on premises, without a licence, full.
var slowWaits = [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
	8 * time.Hour}

// doubtWait is how long an Unknown outcome waits for the first look, whatever failed before: the server may still be at
// it. A look that fails is a failure like others.
const doubtWait = 5 * time.Second

const (
	faultLimit = 7 * day // failures in a row for that long end in failed
	slowLimit  = day     // unavailable mailboxes
	longest    = day     // no wait of a pending intent is longer than this, but a server's Retry-After
	jitter     = 5       // up to a fifth is added to a wait, never taken off
)

// missed says when to look again for a message that was not there; false when the schedule is over. It counts from the
// report: what was not delivered in the time that the schedule takes is not waited for where it is wanted only now.
func missed(misses int, age time.Duration) (time.Duration, bool) {
	until := time.Duration(0)
	for i, wait := range notThereYet {
		if until += wait; misses <= i+1 && age < until {
			return wait, true
		}
	}
	return 0, false
}

// nextLook says when a not_found intent is looked at again, from its last look; false for never.
func nextLook(in store.Intent) (time.Duration, bool) {
	n := in.Misses - len(notThereYet) - 1 // looks since it became not_found
	switch {
	case in.Severity < int(verdict.Malicious) || in.Kind != store.Retract || n < 0:
		return 0, false
	case n == 0:
		return lookAgain[0], true
	case n >= len(lookAgain):
		return lookLater, true
	}
	return lookAgain[n] - lookAgain[n-1], true
}

// faulted says how long to wait after a failure; false when it has been tried for long enough. in.Faults counts this
// one.
func faulted(in store.Intent, f *fault.Fault, now time.Time) (time.Duration, bool) {
	waits, limit := faultWaits[:], faultLimit
	if f.Slow {
		waits, limit = slowWaits[:], slowLimit
	}
	if now.Sub(in.FaultSince) >= limit {
		return 0, false
	}
	if f.After > 0 {
		return f.After + spread(in, f.After/10), true // never before the server's Retry-After
	}
	wait := waits[min(max(in.Faults, 1), len(waits))-1]
	return wait + spread(in, wait/jitter), true
}

// spread gives a part of width that follows from the intent and its tries: intents that failed together do not come
// back together, and the same run gives the same times.
func spread(in store.Intent, width time.Duration) time.Duration {
	if width <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(in.ID))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(in.Tries)<<16|uint64(in.Faults)))
	return time.Duration(h.Sum64() % uint64(width))
}
