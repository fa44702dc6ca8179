package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

var auditHeadKey = []byte("audit")

// AuditFilter selects entries of the audit; a zero field selects all.
type AuditFilter struct {
	Tenant string
	Object string
	Who    string
	What   string
	Since  time.Time
	Until  time.Time
	Before uint64 // entries with a lower number, to go on from a list's last one
	Limit  int    // 0: 1000
}

// Note appends an entry to the audit.
func (s *Store) Note(ctx context.Context, act Act) error {
	err := s.do(ctx, "", func(t *txn) error {
		_, err := t.note(act)
		return err
	})
	if err != nil {
		return fmt.Errorf("note in audit: %w", err)
	}
	return nil
}

// AuditBound is the [ErrBound] of a list of the audit: a filter with its Before goes on where that ended.
type AuditBound struct{ Before uint64 }

func (b AuditBound) Error() string {
	return fmt.Sprintf("list audit down to entry %d: %v", b.Before, ErrBound)
}

// Unwrap gives [ErrBound].
func (AuditBound) Unwrap() error { return ErrBound }

// earlierInRow ends a list that has a Since: after so many entries of before it in a row. Entries are in the order of
// their commits, and one that a clock has dated wrongly ends nothing.
const earlierInRow = 10_000

// Audit lists entries, the newest first. It looks at 100,000 at most and says so by [AuditBound].
func (s *Store) Audit(ctx context.Context, f AuditFilter) (list []Act, err error) {
	f.Limit = orDefault(f.Limit, 1000)
	err = s.view(ctx, func(t *txn) error {
		list, err = t.audit(f)
		return err
	})
	return list, err
}

// VerifyAudit reads the whole audit and recomputes its chain. The error names the first entry that does not hold.
func (s *Store) VerifyAudit(ctx context.Context) error {
	return s.view(ctx, func(t *txn) error {
		var head auditHead
		var err error
		t.each(tableAudit, nil, func(k, v []byte) bool {
			head, err = head.follow(k, v)
			return err == nil
		})
		if err != nil {
			return err
		}
		if stored := t.auditHead(); head != stored {
			return fmt.Errorf("%w: its last entry is %d, and %d was written", ErrTampered, head.Seq, stored.Seq)
		}
		return nil
	})
}

// auditHead is the audit's end: the last entry's number and chain.
type auditHead struct {
	Seq   uint64
	Chain [sha256.Size]byte
}

// after is the head once an entry's row has been appended. The chain covers the stored bytes, so that it does not
// depend on how they are decoded.
func (h auditHead) after(row []byte) auditHead {
	sum := sha256.New()
	_, _ = sum.Write(h.Chain[:])
	_, _ = sum.Write(number(h.Seq + 1))
	_, _ = sum.Write(row)
	return auditHead{Seq: h.Seq + 1, Chain: [sha256.Size]byte(sum.Sum(nil))}
}

// follow checks one stored entry against the head before it.
func (h auditHead) follow(k, v []byte) (auditHead, error) {
	seq := binary.BigEndian.Uint64(k)
	if seq != h.Seq+1 || len(v) < sha256.Size {
		return h, fmt.Errorf("%w: entry %d stands where %d should", ErrTampered, seq, h.Seq+1)
	}
	next := h.after(v[sha256.Size:])
	if next.Chain != [sha256.Size]byte(v[:sha256.Size]) {
		return h, fmt.Errorf("%w: entry %d was changed", ErrTampered, seq)
	}
	return next, nil
}

func (t *txn) auditHead() (h auditHead) {
	if v := t.get(tableMeta, auditHeadKey); len(v) == 8+sha256.Size {
		h.Seq, h.Chain = binary.BigEndian.Uint64(v), [sha256.Size]byte(v[8:])
	}
	return h
}

// note appends an entry within a larger change.
func (t *txn) note(act Act) (Act, error) {
	head := t.auditHead()
	act.Seq, act.Chain, act.Leaf = head.Seq+1, "", t.nextLeaf()
	act.At = act.At.UTC().Round(0)
	if act.At.IsZero() {
		act.At = t.now
	}
	row, err := json.Marshal(act)
	if err != nil {
		return act, fmt.Errorf("write audit entry: %w", err)
	}
	head = head.after(row)
	t.appendLeaf(actLeaf, row)
	act.Chain = hex.EncodeToString(head.Chain[:])
	t.put(tableAudit, number(head.Seq), join(head.Chain[:], row))
	t.put(tableMeta, auditHeadKey, join(number(head.Seq), head.Chain[:]))
	return act, nil
}

func (t *txn) audit(f AuditFilter) (list []Act, err error) {
	c := t.cursor(tableAudit)
	k, v := c.Last()
	if f.Before > 0 {
		c.Seek(number(f.Before))
		k, v = c.Prev()
	}
	earlier := 0
	for scanned := 0; k != nil && len(list) < f.Limit && earlier < earlierInRow; scanned++ {
		if scanned >= maxScan {
			return list, AuditBound{binary.BigEndian.Uint64(k) + 1}
		}
		if f.mayMatch(v) {
			act, err := decodeAct(v)
			if err != nil {
				return list, err
			}
			if earlier++; !act.At.Before(f.Since) {
				earlier = 0
			}
			if f.match(act) {
				list = append(list, act)
			}
		}
		k, v = c.Prev()
	}
	return list, nil
}

func decodeAct(v []byte) (act Act, err error) {
	if len(v) < sha256.Size {
		return act, fmt.Errorf("%w: an entry of %d bytes", ErrTampered, len(v))
	}
	err = decode(tableAudit, v[sha256.Size:], &act)
	act.Chain = hex.EncodeToString(v[:sha256.Size])
	return act, err
}

// mayMatch spares most rows of others their decoding: an object's name stands in its rows as it is, unless JSON writes
// it otherwise.
func (f AuditFilter) mayMatch(row []byte) bool {
	for i := range len(f.Object) {
		if c := f.Object[i]; c < '0' || c > 'z' || c == '\\' || c == '<' || c == '>' {
			return true
		}
	}
	return bytes.Contains(row, []byte(f.Object))
}

func (f AuditFilter) match(act Act) bool {
	return (f.Tenant == "" || f.Tenant == act.Tenant) &&
		(f.Object == "" || f.Object == act.Object) &&
		(f.Who == "" || f.Who == act.Who) &&
		(f.What == "" || f.What == act.What) &&
		(f.Since.IsZero() || !act.At.Before(f.Since)) &&
		(f.Until.IsZero() || act.At.Before(f.Until))
}
