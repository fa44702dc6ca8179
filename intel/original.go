package intel

import (
	"bytes"
	"context"
	"fmt"

	"clawback/journal"
	"clawback/score"
	"clawback/store"
	"clawback/verdict/history"
)

// original is a record's message, opened again.
type original struct {
	message score.Message
	body    Body
	octets  *journal.Readable
}

func (o *original) Close() {
	o.octets.Close()
	o.body.Close()
}

// reopen opens a record's worst variant, as it was handed to the scorer when the report came.
func (j *Judge) reopen(ctx context.Context, rec store.Record) (*original, error) {
	if len(rec.Variants) == 0 {
		return nil, fmt.Errorf("record %s has no original", rec.ID)
	}
	v := worst(rec.Variants)
	ref := v.Body
	if v.Kept != nil {
		ref = *v.Kept
	}
	body, err := j.o.Open(ref)
	if err != nil {
		return nil, fmt.Errorf("open original of record %s: %w", rec.ID, err)
	}
	o := &original{body: body}
	if o.octets, err = clear(v, body); err != nil {
		body.Close()
		return nil, fmt.Errorf("open original of record %s: %w", rec.ID, err)
	}
	o.message, err = j.message(ctx, rec, v)
	if err != nil {
		o.Close()
		return nil, err
	}
	o.message.Original, o.message.Size = o.octets, o.octets.Size
	return o, nil
}

func worst(list []store.Variant) store.Variant {
	most := list[0]
	for _, v := range list[1:] {
		if v.Verdict.Disposition > most.Verdict.Disposition {
			most = v
		}
	}
	return most
}

// clear opens what the scorer read: of a protected message the decrypted copy, which stands beside it in the report.
func clear(v store.Variant, body Body) (*journal.Readable, error) {
	if alone(v, body) {
		return v.Original().Readable(body)
	}
	report, err := journal.Parse(body, body.Size())
	if err != nil {
		return nil, err
	}
	if len(report.Originals) > 0 && report.Clear().Decrypted {
		return report.Clear().Readable(body)
	}
	return v.Original().Readable(body)
}

// Around an original that is alone in its report stand the report's header and envelope, and its last delimiter: at
// most 70 characters (RFC 2046, section 5.1.1).
const (
	maxBefore = 16 << 10
	maxBehind = 100
)

// alone reports whether no other message stands in a report beside an original. It is false where only reading the
// report could tell, which costs about a quarter of judging a message of usual size.
func alone(v store.Variant, body Body) bool {
	at := v.Section
	if v.Encoding != "" || at.Offset > maxBefore || body.Size()-at.Offset-at.Size > maxBehind {
		return false
	}
	before := make([]byte, at.Offset)
	if _, err := body.ReadAt(before, 0); err != nil {
		return false
	}
	before = bytes.ToLower(before)
	// Those of the report, of its envelope, and of the original: a further message would have one too.
	return bytes.Count(before, []byte("content-type")) == 3 && bytes.Count(before, []byte("message/rfc822")) == 1 &&
		!bytes.Contains(before, []byte("multipart/digest"))
}

// direction says a record's direction in the scorer's words.
func direction(rec store.Record) string {
	return map[string]string{"inbound": "in", "outbound": "out", "internal": "internal"}[rec.Direction]
}

// message is what is known of a record from outside, the history as it was when it was judged included.
func (j *Judge) message(ctx context.Context, rec store.Record, v store.Variant) (score.Message, error) {
	read, err := j.o.Records.Read(ctx, rec.ID, v.Report)
	if err != nil {
		return score.Message{}, fmt.Errorf("read history of record %s: %w", rec.ID, err)
	}
	m := score.Message{
		Sender: rec.Sender, Received: rec.Received, Direction: direction(rec), FirstHand: v.FirstHand,
		History: asRead(read),
	}
	for _, r := range rec.Recipients {
		m.Recipients = append(m.Recipients, r.Address)
	}
	if t, ok := j.o.Tenant(rec.Tenant); ok {
		k := j.of(t)
		m.Tenant, m.Learnt = k.tenant, k.learnt
	}
	return m, nil
}

// asRead is the history as an earlier verdict read it.
type asRead []history.Entry

// Entries gives those of the keys that were read then, in the order of the keys.
func (r asRead) Entries(_ context.Context, keys []string) ([]history.Entry, error) {
	var list []history.Entry
	for _, key := range keys {
		for _, e := range r {
			if e.Key == key {
				list = append(list, e)
			}
		}
	}
	return list, nil
}
