// Package queue keeps accepted mail, durable: put, claim, finish, defer, quarantine.
//
// Here are its types, the rules that need no storage (states, selections, suspects, ids), and the interface Queue that
// the engines implement: queue/bolt beside the spool on one machine, queue/memory for tests. queue/queuetest is the
// contract as tests, which every engine passes.
//
// Reads, Writes: nothing; the engines do.
//
// Invariants, which every engine holds:
//   - I1: an id that Commit returned is that of an item whose body and row are durable (C1), where the engine is.
//   - I2: an accepted item leaves only by Finish or GiveUp, or out of quarantine by a person's Discard. It never
//     expires:
//     only mail for postmaster does, which anybody can send (ExpirePostmaster).
//   - I3: that an item is being scored is noted where the end of the process does not undo it, so that one which ends
//     the process is found out (suspect.go). At most one suspect is in work.
//   - I4: an item that is given up has exactly one bounce, however often GiveUp is called (C5).
//
// On failure: want of space fails what would need space, with an error that wraps ENOSPC or EDQUOT, and ends by itself.
// After any other failure of the storage Broken is closed, and only opening the queue again helps.
//
// Standards: RFC 5321, section 4.2.5 (responsibility passes with the 250).
package queue

import (
	"context"
	"io"
	"log/slog"
	"time"

	"clawback/spool"
)

// Options are what every engine heeds. The zero value works.
type Options struct {
	Owner    string                   // who claims, such as a node's name: each owner of a shared queue has its own
	Lease    time.Duration            // how long a claim lasts that is not renewed; 0: one minute
	MaxDefer time.Duration            // no due time is further ahead than this when loaded; 0: 24 hours
	KeepSent time.Duration            // how long a sent bounce stays listed; 0: 30 days
	Now      func() time.Time         // nil: time.Now
	Log      *slog.Logger             // nil: none
	Fail     func(point string) error // failpoints of the crash tests; nil in production
}

// WithDefaults fills in what is not set.
func (o Options) WithDefaults() Options {
	if o.Lease <= 0 {
		o.Lease = time.Minute
	}
	if o.MaxDefer <= 0 {
		o.MaxDefer = 24 * time.Hour
	}
	if o.KeepSent <= 0 {
		o.KeepSent = 30 * 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Fail == nil {
		o.Fail = func(string) error { return nil }
	}
	return o
}

// Queue is an open queue. Its methods may be called from several goroutines. What changes something is durable when it
// returns without an error; with an error, that of an ended ctx included, it may have happened nevertheless.
type Queue interface {
	Intake
	Work
	Items
	Bounces
	Quarantine
	Quotas
	References

	// Abilities says in what this engine differs from others.
	Abilities() Abilities
	// Probe goes through all that a write goes through. A queue that is idle or full answers; one that hangs or is
	// broken does not.
	Probe(ctx context.Context) error
	// Broken is closed when the storage has failed for good: the process should end, and be started again.
	Broken() <-chan struct{}
	// Close commits what was submitted. What is being worked on is ready again when this owner opens the queue.
	Close() error
}

// Abilities are in what engines differ.
type Abilities struct {
	// Durable: what was committed outlives the process, and the machine.
	Durable bool
	// Shared: several owners have the queue open at one time. A claim has an owner and a lease, which Renew renews;
	// when it ends, others may have its items. Where it is false, one process holds the queue alone, its claims last
	// until it ends, and Renew costs nothing.
	Shared bool
	// Lease is how long a claim of a Shared engine lasts that is not renewed.
	Lease time.Duration
}

// Intake takes new mail.
type Intake interface {
	// Admit says whether a message of about size bytes would be accepted now: the error that Begin would give. It
	// reserves nothing.
	Admit(ctx context.Context, env Envelope, size int64) error
	// Begin begins a message. size is what the peer announced, 0 for nothing. One of Commit and Abort must follow.
	Begin(ctx context.Context, env Envelope, size int64) (Draft, error)
}

// Draft is a message that is arriving. It is used by one goroutine.
type Draft interface {
	io.Writer
	// Commit makes the message an item (C1). When it returns an id, the item is the queue's; when it returns an error,
	// it may be nevertheless, as after any lost answer.
	Commit(ctx context.Context) (id string, err error)
	// Abort drops the message. After Commit it does nothing.
	Abort()
}

// Work hands out items and takes their ends.
type Work interface {
	// Claim hands out up to max items to work on, and waits until there is at least one. Of the suspects one is handed
	// out, and no other until it is ended or given back. On an error nothing is handed out; unless the queue is broken,
	// the caller may try again after a while.
	Claim(ctx context.Context, max int) ([]Item, error)
	// StartScoring notes that an item's bytes are about to be read by a stage, and gives what takes the note back, once
	// the item's end is committed. A process that ends in between makes the item a suspect.
	StartScoring(ctx context.Context, id string) (end func(), err error)
	// Body opens the bytes of an item after checking them against their checksum. When they are missing or wrong, the
	// item is quarantined with that reason and the error wraps spool.ErrMissing or spool.ErrCorrupt.
	Body(ctx context.Context, it Item) (spool.Body, error)
	// Renew lets the claims of this owner last for another lease, from now by the engine's clock. An engine that is not
	// Shared has nothing to renew, and writes nothing.
	Renew(ctx context.Context) error
	// Finish removes an item whose work is done. An item that is not there is finished already: nil. Like every other
	// end, it is refused with ErrLost, and changes nothing, where the item was claimed here and its lease has ended:
	// somebody else may have it now.
	Finish(ctx context.Context, id string) error
	// Defer puts an item back until at, and says why. A try is counted; crashes before it are forgotten, since it did
	// not end the process now. What is in quarantine stays there: ErrState.
	Defer(ctx context.Context, id string, at time.Time, why string) error
	// Release gives an item back as if it had not been claimed. It is for an orderly stop.
	Release(ctx context.Context, id string) error
	// Quarantine sets an item aside for a person, and says why.
	Quarantine(ctx context.Context, id string, cause Cause, why string) error
	// GiveUp ends work on an item that cannot be carried through: its bounce and its end are one commit (C5). With keep
	// the item stays, set aside for that cause; without, it is finished. Giving up an item again, or another one with
	// the same bytes (a report that was sent again because its 250 was lost), answers with the same bounce and adds
	// none.
	GiveUp(ctx context.Context, id, why string, keep Cause) (Bounce, error)
}

// Items are read, and changed at a person's word.
type Items interface {
	// Get reads one item: ErrNotFound when there is none.
	Get(ctx context.Context, id string) (Item, error)
	// List lists items, oldest first.
	List(ctx context.Context, f Filter) ([]Item, error)
	// Stats counts items and bounces.
	Stats(ctx context.Context) (Stats, error)
	// Retry makes a quarantined or deferred item ready. Its crashes and tries are forgotten.
	Retry(ctx context.Context, id string) error
	// Trust makes an item in quarantine ready and notes who vouches that it comes from its tenant.
	Trust(ctx context.Context, id, who string) error
}

// Bounces are the reports on their way to the alternate mailboxes.
type Bounces interface {
	// DueBounces lists up to max bounces whose time has come, the longest overdue first. It claims nothing: one
	// goroutine sends bounces.
	DueBounces(ctx context.Context, now time.Time, max int) ([]Bounce, error)
	// BounceSent notes that a server took a bounce: to is "host: reply". Noting it again changes nothing. Bounces that
	// were sent longer ago than Options.KeepSent are dropped on the way.
	BounceSent(ctx context.Context, id, to string) error
	// BounceDefer has a bounce tried again at a time, and says why. stuck marks one that has not got through for days.
	BounceDefer(ctx context.Context, id string, at time.Time, why string, stuck bool) error
	// Bounce reads one bounce: ErrNotFound when there is none.
	Bounce(ctx context.Context, id string) (Bounce, error)
	// Bounces lists bounces, oldest first.
	Bounces(ctx context.Context, f BounceFilter) ([]Bounce, error)
	// RetryBounce makes a bounce due now, at a person's word; also one that was sent, to send it again, if its bytes
	// are there still: else it stays as it is, and the error wraps spool.ErrMissing.
	RetryBounce(ctx context.Context, id string) error
}

// Quarantine is what waits for a person, many at a time.
type Quarantine interface {
	// Groups counts the items in quarantine that are selected, by kind, the largest first.
	Groups(ctx context.Context, s Selection) ([]Group, error)
	// Preview says what DiscardSelected would discard now.
	Preview(ctx context.Context, s Selection) (Preview, error)
	// Discard throws an item in quarantine away, at a person's word. The item's end and the note are one commit: after
	// a crash it is there as before, or gone, and Discarded has the note until Noted. In any other state it is work to
	// be done: ErrState.
	Discard(ctx context.Context, id string, note []byte) error
	// DiscardSelected throws away what a Preview has shown, and of it what has not changed since: an item that came
	// into quarantine later, or was worked on again, stays. The note is part of each commit and says what is gone by
	// then: after a crash in the middle Discarded has it. ErrState when more would be discarded than was shown.
	DiscardSelected(ctx context.Context, d Preview, note Note) (Discarded, error)
	// Discarded are the notes on discarded items that Noted was not called for, by key.
	Discarded(ctx context.Context) (map[string][]byte, error)
	// Noted forgets the note on a discarded item: it is recorded elsewhere now.
	Noted(ctx context.Context, key string) error
	// ExpirePostmaster drops mail for postmaster that was received before a time, and unsent bounces of such mail.
	// Nothing else ever expires. It says how many messages it dropped.
	ExpirePostmaster(ctx context.Context, before time.Time) (dropped int, err error)
}

// References are why bodies are kept: what is past its retention is deleted unless something refers to it.
type References interface {
	// InUse reports whether what holds a body, its Ref's File, is needed: by an item, by a bounce that was not sent
	// yet, or by the engine itself.
	InUse(ctx context.Context, file string) (bool, error)
	// Bodies lists the bodies in a file that an item, or a bounce that was not sent yet, refers to. whole is true when
	// the file is needed for more than these: by the engine itself, or by what cannot be told just now.
	Bodies(ctx context.Context, file string) (bodies []spool.Ref, whole bool, err error)
}

// Quotas is what is held, from memory: the listener asks with each message.
type Quotas interface {
	// Usage says what the queue holds of a source. Bytes are those that bodies take on the disk.
	Usage(of Source) Usage
	// Sources says what the queue holds of every source.
	Sources() map[Source]Usage
}
