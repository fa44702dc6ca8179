// Package idempotency has a request under an Idempotency-Key carried out once, however often it is sent.
//
// A key belongs to who asks. Its first request is noted before it is carried out, and what was answered is noted
// afterwards; the same request gets that answer again, for a day. After a crash in between nobody knows whether the act
// was done: the key says so, and never repeats it.
//
// Reads: the uses of keys, when it is opened; answers, when one is given again.
//
// Writes: a use before the act, and its answer after it.
//
// Invariants:
//
//	I1 no second request under a key is carried out, over a restart too, unless the first was refused
//	I2 a key used for another operation or another request is refused
//	I3 no answer with a secret is kept
//	I4 keys of one principal, keys in all, the bytes of one answer and those of all answers are bounded
//
// On failure: where a use cannot be noted, nothing is carried out. Where an answer cannot be noted, the key says that
// the outcome is not known.
//
// Standards: draft-ietf-httpapi-idempotency-key-header-07.
package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"clawback/api"
	"clawback/store"
)

// Kept is how long a key is remembered.
const Kept = 24 * time.Hour

// bounds are how much is remembered.
type bounds struct {
	each   int // keys of one principal
	all    int // keys
	answer int // bytes of one answer
	bytes  int // of all answers
}

func usual() bounds { return bounds{each: 10_000, all: 100_000, answer: 64 << 10, bytes: 64 << 20} }

// Store is where uses of keys are kept.
type Store interface {
	KeyUses(ctx context.Context) ([]store.KeyUse, error)
	KeyAnswer(ctx context.Context, id string) (store.KeyAnswer, error)
	Update(ctx context.Context, c store.Change) error
}

// Options of a Desk.
type Options struct {
	Store Store
	Log   *slog.Logger
	Now   func() time.Time // nil: time.Now
}

// use is what of a key is in memory.
type use struct {
	store.KeyUse
	running bool // in this process
}

// Desk remembers keys. Safe for concurrent use.
type Desk struct {
	o      Options
	bounds bounds

	mu    sync.Mutex // guards what follows
	uses  map[string]*use
	of    map[string]int // keys by who
	bytes int            // of answers
}

// Open reads which keys were used.
func Open(ctx context.Context, o Options) (*Desk, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Desk{o: o, bounds: usual(), uses: map[string]*use{}, of: map[string]int{}}
	rows, err := o.Store.KeyUses(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		d.add(&use{KeyUse: row})
	}
	return d, nil
}

// add and drop keep the counters; the caller holds mu.
func (d *Desk) add(u *use) {
	d.uses[u.ID] = u
	d.of[u.Who]++
	d.bytes += u.Size
}

func (d *Desk) drop(u *use) {
	if d.uses[u.ID] != u {
		return
	}
	delete(d.uses, u.ID)
	if d.of[u.Who]--; d.of[u.Who] == 0 {
		delete(d.of, u.Who)
	}
	d.bytes -= u.Size
}

// Claim takes a key for a request. Exactly one of three comes back: a claim, for which the request is to be carried
// out, and which must be ended; an answer of before; or an error.
func (d *Desk) Claim(ctx context.Context, who, key, operation string) (*Claim, *Earlier, error) {
	sum := sha256.Sum256([]byte(who + "\x00" + key))
	u := &use{KeyUse: store.KeyUse{ID: hex.EncodeToString(sum[:]), Who: who, Operation: operation,
		At: d.o.Now().UTC().Round(0)}, running: true}
	earlier, err := d.enter(u)
	if earlier != nil || err != nil {
		return nil, earlier, err
	}
	// Durable now: the key is used. A crash from here on leaves it with an outcome that is not known.
	err = d.o.Store.Update(ctx, store.Change{KeyUses: store.Edit[store.KeyUse]{Put: []store.KeyUse{u.KeyUse}},
		KeyAnswers: store.Edit[store.KeyAnswer]{Remove: []store.Key{u.Key()}}})
	if err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.drop(u)
		return nil, nil, err
	}
	return &Claim{d, u}, nil, nil
}

// enter notes a use in memory, where the key is free.
func (d *Desk) enter(u *use) (*Earlier, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.uses[u.ID]
	switch {
	case before == nil:
	case before.running:
		return nil, &api.Error{Code: api.Busy,
			Detail: "the first request with this Idempotency-Key is still under way: ask again later"}
	case d.old(before):
		d.drop(before)
	case before.Operation != u.Operation:
		return nil, reused()
	case !before.Done:
		return nil, &api.Error{Code: api.OutcomeUnknown, Detail: fmt.Sprintf("whether the request of %s with this "+
			"Idempotency-Key was carried out is not known: look, and then ask with another key",
			before.At.Format(time.RFC3339))}
	default:
		return &Earlier{d, before.KeyUse}, nil
	}
	if d.of[u.Who] >= d.bounds.each || len(d.uses) >= d.bounds.all {
		return nil, &api.Error{Code: api.RateLimited, Detail: fmt.Sprintf("too many Idempotency-Keys in %v: %d by one "+
			"token and %d in all are remembered; ask without one, or later", Kept, d.bounds.each, d.bounds.all)}
	}
	d.add(u)
	return nil, nil
}

func reused() error {
	return &api.Error{Code: api.KeyReused,
		Detail: "this Idempotency-Key was used for another request: make a new one for each act"}
}

// old reports whether a use is forgotten.
func (d *Desk) old(u *use) bool { return d.o.Now().Sub(u.At) >= Kept }

// Claim is a key whose request is carried out now.
type Claim struct {
	desk *Desk
	use  *use
}

// Done keeps what was answered. Without an answer it keeps that the request was carried out.
func (c *Claim) Done(ctx context.Context, digest, answer []byte) {
	d, done := c.desk, c.use.KeyUse
	done.Done, done.Digest = true, digest
	change := store.Change{}
	if len(answer) > 0 && len(answer) <= d.bounds.answer && d.reserve(len(answer)) {
		done.Size = len(answer)
		change.KeyAnswers.Put = []store.KeyAnswer{{ID: done.ID, Body: answer}}
	}
	change.KeyUses.Put = []store.KeyUse{done}
	err := d.o.Store.Update(ctx, change)
	d.mu.Lock()
	defer d.mu.Unlock()
	c.use.running = false
	if err != nil {
		d.bytes -= done.Size
		d.o.Log.Warn("keep what was answered under an Idempotency-Key", "event", "idempotency.unkept", "operation",
			done.Operation, "error", err)
		return
	}
	c.use.KeyUse = done // its size is counted already
}

// reserve counts the bytes of an answer, where there is room for them.
func (d *Desk) reserve(size int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bytes+size > d.bounds.bytes {
		return false
	}
	d.bytes += size
	return true
}

// Refused frees the key: nothing was done. Where that cannot be written, a restart finds it used.
func (c *Claim) Refused(ctx context.Context) {
	err := c.desk.o.Store.Update(ctx, store.Change{
		KeyUses: store.Edit[store.KeyUse]{Remove: []store.Key{c.use.Key()}}})
	if err != nil {
		c.Unknown()
		return
	}
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	c.desk.drop(c.use)
}

// Unknown leaves the key used: whether its request was carried out is not known.
func (c *Claim) Unknown() {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	c.use.running = false
}

// Earlier is a request that was carried out under a key.
type Earlier struct {
	desk *Desk
	use  store.KeyUse
}

// Answer is what was answered to it, if this request is the same one.
func (e *Earlier) Answer(ctx context.Context, digest []byte) ([]byte, error) {
	if !bytes.Equal(e.use.Digest, digest) {
		return nil, reused()
	}
	if e.use.Size > 0 {
		answer, err := e.desk.o.Store.KeyAnswer(ctx, e.use.ID)
		return answer.Body, err
	}
	return nil, &api.Error{Code: api.BodyGone, Detail: fmt.Sprintf("the request with this Idempotency-Key was carried "+
		"out at %s; its answer is not kept, as it has a secret or is large", e.use.At.Format(time.RFC3339))}
}

// Run forgets keys whose time is over, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.sweep(ctx)
		}
	}
}

// sweep forgets keys whose time is over, some thousand in one commit.
func (d *Desk) sweep(ctx context.Context) {
	const part = 2000
	for {
		over := d.over(part)
		if len(over) == 0 {
			return
		}
		var c store.Change
		for _, u := range over {
			c.KeyUses.Remove = append(c.KeyUses.Remove, u.Key())
			c.KeyAnswers.Remove = append(c.KeyAnswers.Remove, u.Key())
		}
		err := d.o.Store.Update(ctx, c)
		d.mu.Lock()
		for _, u := range over {
			if u.running = false; err == nil {
				d.drop(u)
			}
		}
		d.mu.Unlock()
		if err != nil {
			d.o.Log.Warn("forget Idempotency-Keys", "event", "idempotency.unkept", "error", err)
			return
		}
	}
}

// over takes keys whose time is over. Until they are removed nobody else may have them.
func (d *Desk) over(most int) (list []*use) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, u := range d.uses {
		if len(list) < most && d.old(u) && !u.running {
			u.running = true
			list = append(list, u)
		}
	}
	return list
}
