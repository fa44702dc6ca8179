package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"clawback/store/rows"
)

// The log is a Merkle tree (RFC 6962, section 2.1) whose leaves are what happened, in the order of the commits: the
// chain of the audit as it was before there was a log, every act, and every report that C2 applied. Leaves and the
// hashes above them are written in the transaction of what they are about, so that a crash leaves both or neither.
//
// A leaf is the hash of a text that begins with its kind. The log has the hash alone: what was written may expire, and
// the log stays provable.

// Kinds of leaf.
const (
	chainLeaf  = "clawback chain\n"  // number of the last entry, chain
	actLeaf    = "clawback act\n"    // the entry as the audit has it
	reportLeaf = "clawback report\n" // the report's key, milliseconds since 1970 when it was applied
)

var logHeadKey = []byte("log")

// logHead is the log's end: how many leaves it has, and the roots of the whole subtrees that these make, the largest
// first: one for each bit of size.
type logHead struct {
	size uint64
	edge []tlog.Hash
}

// add appends a leaf. Stored gets the hashes that become fixed by it, in the order of tlog.StoredHashIndex.
func (h *logHead) add(leaf tlog.Hash, stored []byte) []byte {
	stored = append(stored, leaf[:]...)
	for full := h.size; full&1 == 1; full >>= 1 {
		last := len(h.edge) - 1
		leaf = tlog.NodeHash(h.edge[last], leaf)
		h.edge = h.edge[:last]
		stored = append(stored, leaf[:]...)
	}
	h.edge = append(h.edge, leaf)
	h.size++
	return stored
}

// root is the hash of the whole tree.
func (h *logHead) root() (root tlog.Hash) {
	if len(h.edge) == 0 {
		return sha256.Sum256(nil) // RFC 6962, section 2.1
	}
	root = h.edge[len(h.edge)-1]
	for i := len(h.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(h.edge[i], root)
	}
	return root
}

func (h *logHead) clone() logHead { return logHead{h.size, slices.Clone(h.edge)} }

// row is the head as it is stored.
func (h *logHead) row() []byte {
	row := number(h.size)
	for _, sum := range h.edge {
		row = append(row, sum[:]...)
	}
	return row
}

func readLogHead(row []byte) (h logHead, err error) {
	if len(row) < 8 || len(row) != 8+tlog.HashSize*bits.OnesCount64(binary.BigEndian.Uint64(row)) {
		return h, fmt.Errorf("%w: the head of the log is a row of %d bytes", ErrTampered, len(row))
	}
	h.size = binary.BigEndian.Uint64(row)
	for sum := range slices.Chunk(row[8:], tlog.HashSize) {
		h.edge = append(h.edge, tlog.Hash(sum))
	}
	return h, nil
}

// beginLog is version 9: the log begins, with the end of the audit's chain as its first leaf. Applied reports and
// entries of before have no leaf; the chain holds the entries.
func beginLog(tx rows.Tx) error {
	chain, err := tx.Get(tableMeta, auditHeadKey)
	had, err2 := tx.Get(tableMeta, logHeadKey)
	if err := errors.Join(err, err2); err != nil || had != nil {
		return err
	}
	old := auditHead{}
	if len(chain) == 8+sha256.Size {
		old.Seq, old.Chain = binary.BigEndian.Uint64(chain), [sha256.Size]byte(chain[8:])
	}
	var h logHead
	stored := h.add(tlog.RecordHash(chainText(old)), nil)
	return errors.Join(tx.Put(tableLog, number(0), stored), tx.Put(tableMeta, logHeadKey, h.row()))
}

func chainText(h auditHead) []byte {
	return fmt.Appendf(nil, "%s%d\n%s\n", chainLeaf, h.Seq, hex.EncodeToString(h.Chain[:]))
}

func reportText(key string, a Applied) []byte {
	return fmt.Appendf(nil, "%s%s\n%d\n", reportLeaf, key, a.At.UnixMilli())
}

// nextLeaf is the number of the leaf that this call appends next; 0 where there is no log yet.
func (t *txn) nextLeaf() uint64 {
	if t.shared == nil {
		return 0
	}
	return t.shared.log.size + uint64(len(t.leaves))
}

func (t *txn) appendLeaf(kind string, text []byte) {
	if t.shared != nil {
		t.leaves = append(t.leaves, tlog.RecordHash(join([]byte(kind), text)))
	}
}

// addLeaves takes the leaves of a call that has succeeded.
func (g *gathered) addLeaves(leaves []tlog.Hash) {
	if len(leaves) == 0 {
		return
	}
	if len(g.hashes) == 0 {
		g.firstHash = uint64(tlog.StoredHashIndex(0, int64(g.log.size)))
	}
	for _, leaf := range leaves {
		g.hashes = g.log.add(leaf, g.hashes)
	}
}

// settleLog writes the hashes of the transaction's leaves as one row: a row for each would cost as much as all else.
func (g *gathered) settleLog(tx rows.Tx) error {
	if len(g.hashes) == 0 {
		return nil
	}
	return errors.Join(write(tx, change{tableLog, number(g.firstHash), g.hashes}),
		write(tx, change{tableMeta, logHeadKey, g.log.row()}))
}

func (t *txn) logHead() (logHead, error) {
	row := t.get(tableMeta, logHeadKey)
	if err := t.failure(); err != nil {
		return logHead{}, err
	}
	return readLogHead(row)
}

// ReadHashes is the reader of tlog. A row has the hashes of one transaction, from its number on.
func (t *txn) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	c := t.cursor(tableLog)
	defer c.Close()
	found := make([]tlog.Hash, 0, len(indexes))
	for _, i := range indexes {
		k, v := c.Seek(number(uint64(i)))
		if k == nil {
			k, v = c.Last()
		} else if binary.BigEndian.Uint64(k) != uint64(i) {
			k, v = c.Prev()
		}
		if k == nil {
			return nil, fmt.Errorf("%w: the log has no hash %d", ErrTampered, i)
		}
		at := (uint64(i) - binary.BigEndian.Uint64(k)) * tlog.HashSize
		if at+tlog.HashSize > uint64(len(v)) {
			return nil, fmt.Errorf("%w: the log has no hash %d", ErrTampered, i)
		}
		found = append(found, tlog.Hash(v[at:at+tlog.HashSize]))
	}
	return found, nil
}

// LogHead is the size and the root of the log.
func (s *Store) LogHead(ctx context.Context) (tree tlog.Tree, err error) {
	err = s.view(ctx, func(t *txn) error {
		h, err := t.logHead()
		tree = tlog.Tree{N: int64(h.size), Hash: h.root()}
		return err
	})
	return tree, err
}

// LeafProof shows that a leaf is in a tree.
type LeafProof struct {
	Leaf   int64
	Text   []byte // of which the leaf is the hash
	Hashes tlog.RecordProof
}

// ProveAct proves that an entry of the audit is in the tree of a size. One of before there was a log is held by the
// chain that is leaf 0: [ErrInvalid].
func (s *Store) ProveAct(ctx context.Context, seq uint64, size int64) (p LeafProof, err error) {
	err = s.view(ctx, func(t *txn) error {
		row := t.get(tableAudit, number(seq))
		if row == nil {
			return fmt.Errorf("entry %d of the audit: %w", seq, ErrNotFound)
		}
		act, err := decodeAct(row)
		if err != nil {
			return err
		}
		p.Text = join([]byte(actLeaf), row[sha256.Size:])
		return t.prove(&p, act.Leaf, size)
	})
	return p, err
}

// ProveReport proves that a report is in the tree of a size, by its key.
func (s *Store) ProveReport(ctx context.Context, key string, size int64) (p LeafProof, err error) {
	err = s.view(ctx, func(t *txn) error {
		var a Applied
		found, err := t.load(tableApplied, hash16(key), &a)
		if err == nil && !found {
			err = fmt.Errorf("report %s: %w", key, ErrNotFound)
		}
		if err != nil {
			return err
		}
		p.Text = reportText(key, a)
		return t.prove(&p, a.Leaf, size)
	})
	return p, err
}

func (t *txn) prove(p *LeafProof, leaf uint64, size int64) (err error) {
	head, err := t.logHead()
	switch {
	case err != nil:
		return err
	case leaf == 0:
		return fmt.Errorf("%w: it is older than the log", ErrInvalid)
	case int64(leaf) >= size || uint64(size) > head.size:
		return fmt.Errorf("%w: leaf %d is not in a log of %d leaves", ErrInvalid, leaf, size)
	}
	p.Leaf = int64(leaf)
	p.Hashes, err = tlog.ProveRecord(size, p.Leaf, t)
	if err != nil {
		return err
	}
	tree, err := tlog.TreeHash(size, t)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(p.Hashes, size, tree, p.Leaf, tlog.RecordHash(p.Text)); err != nil {
		return fmt.Errorf("%w: leaf %d is not of what is kept now", ErrTampered, leaf)
	}
	return nil
}

// LogRoot is the root of the log as it was when it had so many leaves.
func (s *Store) LogRoot(ctx context.Context, size int64) (root tlog.Hash, err error) {
	err = s.view(ctx, func(t *txn) error {
		head, err := t.logHead()
		if err == nil && (size < 1 || uint64(size) > head.size) {
			err = fmt.Errorf("%w: the log has %d leaves, not %d: its end was cut off, or another log's head is meant",
				ErrTampered, head.size, size)
		}
		if err == nil {
			root, err = tlog.TreeHash(size, t)
		}
		return err
	})
	return root, err
}

// ProveGrowth proves that the tree of one size begins with that of an earlier one.
func (s *Store) ProveGrowth(ctx context.Context, older, size int64) (p tlog.TreeProof, err error) {
	err = s.view(ctx, func(t *txn) error {
		p, err = tlog.ProveTree(size, older, t)
		return err
	})
	return p, err
}

// VerifyLog recomputes the whole log from its leaves, and holds every entry of the audit against its leaf. The error
// names the first that does not hold.
func (s *Store) VerifyLog(ctx context.Context) error {
	return s.view(ctx, func(t *txn) error {
		head, err := t.logHead()
		if err != nil {
			return err
		}
		v := logVerification{}
		t.each(tableLog, nil, func(k, row []byte) bool {
			err = v.row(k, row)
			return err == nil
		})
		if err != nil {
			return err
		}
		if v.head.size != head.size || v.head.root() != head.root() {
			return fmt.Errorf("%w: the log has %d leaves, and its head is of %d", ErrTampered, v.head.size, head.size)
		}
		return t.verifyActs(head)
	})
}

// logVerification follows the log's rows.
type logVerification struct {
	head logHead
	next uint64 // index of the hash that must come
	want []byte // hashes that follow from the last leaf
}

func (v *logVerification) row(k, row []byte) error {
	if binary.BigEndian.Uint64(k) != v.next || len(row) == 0 || len(row)%tlog.HashSize != 0 {
		return fmt.Errorf("%w: the log's hash %d is not where it should be", ErrTampered, v.next)
	}
	for sum := range slices.Chunk(row, tlog.HashSize) {
		if len(v.want) == 0 {
			v.want = v.head.add(tlog.Hash(sum), v.want[:0])
		}
		if !bytes.Equal(sum, v.want[:tlog.HashSize]) {
			return fmt.Errorf("%w: the log's hash %d, above leaf %d, was changed", ErrTampered, v.next, v.head.size-1)
		}
		v.want = v.want[tlog.HashSize:]
		v.next++
	}
	return nil
}

// verifyActs holds the entries of the audit against their leaves. From the first entry that has a leaf on, all have.
func (t *txn) verifyActs(head logHead) (err error) {
	began := false
	t.each(tableAudit, nil, func(_, row []byte) bool {
		var act Act
		if act, err = decodeAct(row); err != nil {
			return false
		}
		if began = began || act.Leaf > 0; !began {
			return true
		}
		if act.Leaf == 0 || act.Leaf >= head.size {
			err = fmt.Errorf("%w: entry %d names no leaf of the log", ErrTampered, act.Seq)
			return false
		}
		var sums []tlog.Hash
		sums, err = t.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(act.Leaf))})
		if err == nil && sums[0] != tlog.RecordHash(join([]byte(actLeaf), row[sha256.Size:])) {
			err = fmt.Errorf("%w: entry %d is not what leaf %d of the log is of", ErrTampered, act.Seq, act.Leaf)
		}
		return err == nil
	})
	return err
}
