package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"clawback/queue"
	"clawback/spool"
)

// Draft is a message that is arriving. It is used by one goroutine. Small ones are held in memory; one that outgrows
// the spool's inline limit, or for which there is no more memory, goes on into a file.
type Draft struct {
	q     *Queue
	env   queue.Envelope
	room  room
	small *spool.Small
	large *spool.Blob // nil while it is small
	size  int64
	err   error // sticky
	done  bool
}

// Admit says whether a message of about size bytes would be accepted now: the error that Begin would give, or that
// there is no space for so much. It reserves nothing.
func (q *Queue) Admit(_ context.Context, env queue.Envelope, size int64) error {
	if err := q.refusal(); err != nil {
		return err
	}
	r := room{spool: q.spool, class: classOf(env)}
	if err := r.need(max(size, 1)); err != nil {
		return storage(fmt.Errorf("look for space for %d bytes: %w", size, err))
	}
	r.release()
	return nil
}

// refusal is why no message is accepted, nil when they are.
func (q *Queue) refusal() error {
	switch {
	case q.isBroken():
		return queue.ErrStorage
	case q.isFull():
		return errFull
	}
	return q.logged.refusal()
}

// Begin begins a message. size is what the peer announced, 0 if nothing: only that much of it is reserved as has
// arrived. One of Commit and Abort must follow. It answers an error that wraps ENOSPC when there is no room, and
// ErrStorage when the queue is broken.
func (q *Queue) Begin(_ context.Context, env queue.Envelope, size int64) (queue.Draft, error) {
	if err := q.refusal(); err != nil {
		return nil, err
	}
	d := &Draft{q: q, env: env, room: room{spool: q.spool, class: classOf(env)}}
	d.small = q.spool.Begin(size, d.room.class)
	if err := d.room.need(1); err != nil {
		return nil, storage(fmt.Errorf("reserve space: %w", err))
	}
	return d, nil
}

// Write appends bytes of the message.
func (d *Draft) Write(p []byte) (int, error) {
	if d.err == nil && d.done {
		d.err = queue.ErrClosed
	}
	if d.err == nil {
		if err := d.write(p); err != nil {
			d.err = storage(err)
		}
	}
	if d.err != nil {
		return 0, d.err
	}
	return len(p), nil
}

func (d *Draft) write(p []byte) error {
	if err := d.admit(len(p)); err != nil {
		return err
	}
	if d.size > d.q.spool.InlineLimit() {
		if err := d.spill(); err != nil {
			return err
		}
	}
	_, err := d.arriving().Write(p)
	if errors.Is(err, spool.ErrNoMemory) {
		if err = d.spill(); err == nil {
			_, err = d.large.Write(p)
		}
	}
	return err
}

// Space is where the next bytes of the message can be read to, so that they need not be copied; empty when only Write
// can take them. It is valid until Advance.
func (d *Draft) Space() []byte {
	if d.err != nil || d.done {
		return nil
	}
	if left := d.q.spool.InlineLimit() - d.size; d.large == nil && left > 0 {
		if space := d.small.Space(); space != nil {
			return space[:min(int64(len(space)), left)]
		}
	}
	if err := d.spill(); err != nil {
		d.err = storage(err)
		return nil
	}
	return d.large.Space()
}

// Advance appends the first n bytes of Space.
func (d *Draft) Advance(n int) error {
	if d.err == nil {
		d.err = d.admit(n)
	}
	if d.err == nil {
		d.err = d.arriving().Advance(n)
	}
	if d.err != nil {
		d.err = storage(d.err)
	}
	return d.err
}

// admit counts n more bytes, for which there must be room on the disk.
func (d *Draft) admit(n int) error {
	held := d.size - d.written() + int64(n)
	if err := d.room.need(held); err != nil {
		return fmt.Errorf("reserve space: %w", err)
	}
	d.room.trim(held)
	d.size += int64(n)
	return nil
}

// written is how much of it is in a file, and counted as used space by the file system.
func (d *Draft) written() int64 {
	if d.large == nil {
		return 0
	}
	return d.large.Written()
}

// spill lets the message go on in a file.
func (d *Draft) spill() (err error) {
	if d.large == nil {
		d.large, err = d.small.Spill()
	}
	return err
}

// arriving is where the bytes go.
func (d *Draft) arriving() interface {
	io.Writer
	Advance(n int) error
} {
	if d.large != nil {
		return d.large
	}
	return d.small
}

// Commit makes the message an item. When it returns an id, the item is the queue's; when it returns an error, it
// may be nevertheless, as after any lost answer.
func (d *Draft) Commit(ctx context.Context) (id string, err error) {
	if d.err != nil || d.done {
		d.Abort()
		return "", fmt.Errorf("commit message: %w", orClosed(d.err))
	}
	d.done = true
	defer d.release()
	now := d.q.now()
	p := &put{item: queue.Item{ID: queue.NewID(now), Envelope: d.env, State: queue.Ready, Changed: now}}
	if err := d.fill(p); err != nil {
		d.discard(p)
		return "", fmt.Errorf("commit message: %w", err)
	}
	// C1: once this is in the log, the body (of a large one, synced before) and the row are durable, and only then
	// there is a 250. A crash before it means that the peer still has the message and sends it again; after it, that
	// the queue has it.
	if err := submit(context.WithoutCancel(ctx), d.q, d.q.puts, p, &p.answer); err != nil {
		d.discard(p)
		return "", fmt.Errorf("commit message: %w", err)
	}
	return p.item.ID, nil
}

// fill gives the put its bytes, in memory, for the intake to append, or in a file that is durable now; and its row.
func (d *Draft) fill(p *put) (err error) {
	if d.large == nil {
		p.entry.Body = d.small
		p.entry.Note, err = rowWithoutBody(p.item)
		return err
	}
	if p.item.Body, err = d.large.Commit(); err != nil {
		return storage(err)
	}
	p.entry.Note, err = json.Marshal(p.item)
	return err
}

// discard drops the file of a message that certainly has no row.
func (d *Draft) discard(p *put) {
	if !p.stood && !d.q.isBroken() {
		d.q.spool.Discard(p.item.Body)
	}
}

func orClosed(err error) error {
	if err == nil {
		return queue.ErrClosed
	}
	return err
}

// rowWithoutBody is the row of a new item but for where its body lies, which only the intake knows: it is the one that
// everybody waits for, so what can be done before is done before.
func rowWithoutBody(it queue.Item) ([]byte, error) {
	row, err := json.Marshal(struct {
		queue.Item
		Body *spool.Ref `json:"body,omitempty"`
	}{Item: it})
	if err != nil {
		return nil, fmt.Errorf("encode row %s: %w", it.ID, err)
	}
	return row, nil
}

// Abort drops the message. After Commit it does nothing.
func (d *Draft) Abort() {
	if d.done {
		return
	}
	d.done = true
	if d.large != nil {
		d.large.Abort()
	}
	d.release()
}

func (d *Draft) release() {
	d.small.Release()
	d.room.release()
}
