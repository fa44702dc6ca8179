package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/verdict"
)

// merkle is the tree hash of RFC 6962, section 2.1, as it stands there.
func merkle(leaves [][32]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1) // the largest power of two below
	left, right := merkle(leaves[:k]), merkle(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// included is the verification of RFC 9162, section 2.1.3.2, as it stands there.
func included(leaf [32]byte, index, size uint64, path []tlog.Hash, root [32]byte) bool {
	if index >= size {
		return false
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range path {
		if sn == 0 {
			return false
		}
		if fn&1 == 1 || fn == sn {
			r = sha256.Sum256(append(append([]byte{1}, p[:]...), r[:]...))
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = sha256.Sum256(append(append([]byte{1}, r[:]...), p[:]...))
		}
		fn, sn = fn>>1, sn>>1
	}
	return sn == 0 && r == root
}

func logStore(t testing.TB, e rows.Engine, fail func(string) error) *Store {
	t.Helper()
	s, err := New(e, Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }, Fail: fail})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// report is an application of its own for each number.
func logReport(n int) Application {
	at := time.Unix(1_800_000_000, 0)
	return Application{Key: fmt.Sprintf("%064x", n), Item: "i", Tenant: "t", Record: Record{
		Tenant: "t", MessageID: fmt.Sprintf("<%d@x>", n), Content: fmt.Sprint("c", n), Received: at, FirstHand: true,
		Variants: []Variant{{SHA256: fmt.Sprint(n), FirstHand: true, At: at, Verdict: verdict.Verdict{}}},
	}}
}

// logLeaves are the leaves of a store, from its rows.
func logLeaves(t *testing.T, s *Store) (leaves [][32]byte) {
	t.Helper()
	err := s.view(t.Context(), func(tx *txn) error {
		head, err := tx.logHead()
		for n := range int64(head.size) {
			sums, failed := tx.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
			if failed != nil {
				return failed
			}
			leaves = append(leaves, sums[0])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return leaves
}

// However acts and reports share transactions, and whichever of them fail, the log is the tree of the standard over
// them, and each can be proved to be in it at every later size.
func TestLog_isTheTreeOfTheStandard(t *testing.T) {
	s := logStore(t, &memory.Engine{}, nil)
	const each = 40
	var all sync.WaitGroup
	for n := range 3 * each {
		all.Go(func() {
			switch n % 3 {
			case 0:
				if _, _, err := s.Apply(t.Context(), logReport(n), nil); err != nil {
					t.Error(err)
				}
			case 1:
				if err := s.Note(t.Context(), Act{Who: "ada", What: "x", Object: fmt.Sprint(n)}); err != nil {
					t.Error(err)
				}
			case 2:
				s.do(t.Context(), "", func(tx *txn) error {
					tx.note(Act{Who: "ada", What: "fails"})
					return errors.New("no")
				})
			}
		})
	}
	all.Wait()
	if _, _, err := s.Apply(t.Context(), logReport(0), nil); err != nil { // a second time is no second leaf
		t.Error(err)
	}
	leaves := logLeaves(t, s)
	if len(leaves) != 1+2*each {
		t.Fatalf("%d leaves, want %d", len(leaves), 1+2*each)
	}
	tree, err := s.LogHead(t.Context())
	if err != nil || tree.N != int64(len(leaves)) || tree.Hash != merkle(leaves) {
		t.Errorf("%v, %v, want %x", tree, err, merkle(leaves))
	}
	if err := s.VerifyLog(t.Context()); err != nil {
		t.Error(err)
	}
	for size := int64(1); size <= tree.N; size += 7 {
		root, err := s.LogRoot(t.Context(), size)
		if err != nil || root != merkle(leaves[:size]) {
			t.Errorf("root at %d: %v, %v", size, root, err)
		}
		growth, err := s.ProveGrowth(t.Context(), size, tree.N)
		if err != nil || tlog.CheckTree(growth, tree.N, tree.Hash, size, root) != nil {
			t.Errorf("from %d: %v", size, err)
		}
		seen := map[int64]bool{}
		for n := range each {
			report, err1 := s.ProveReport(t.Context(), fmt.Sprintf("%064x", 3*n), size)
			act, err2 := s.ProveAct(t.Context(), uint64(n+1), size)
			for _, p := range []LeafProof{report, act} {
				seen[p.Leaf] = true
				leaf := sha256.Sum256(append([]byte{0}, p.Text...))
				if p.Leaf > 0 && p.Hashes != nil && !included(leaf, uint64(p.Leaf), uint64(size), p.Hashes, root) {
					t.Errorf("leaf %d is not proved to be in %d", p.Leaf, size)
				}
			}
			for _, err := range []error{err1, err2} {
				if err != nil && (size == tree.N || !errors.Is(err, ErrInvalid)) {
					t.Errorf("in %d: %v", size, err)
				}
			}
		}
		if size == tree.N && len(seen) != 2*each {
			t.Errorf("%d leaves are proved", len(seen))
		}
	}
}

// A process that ends at a commit leaves a log that verifies: with all of that commit, or nothing.
func TestLog_aCrashAtACommit(t *testing.T) {
	e := &memory.Engine{}
	for n, point := range []string{"commit", "c2.before", "c2.after-commit", "commit", ""} {
		crash := errors.New("the process ends")
		s, err := New(&notClosed{e}, Options{Fail: func(at string) error {
			if at == point {
				return crash
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Apply(t.Context(), logReport(n), nil); (err != nil) != (point != "") {
			t.Errorf("%s: %v", point, err)
		}
		s.Close()
		after := logStore(t, &notClosed{e}, nil)
		if err := after.VerifyLog(t.Context()); err != nil {
			t.Errorf("%s: %v", point, err)
		}
		want := int64(1)
		if n >= 2 {
			want = 2 // the third was durable, and its answer was lost
		}
		if point == "" {
			want = 3
		}
		if tree, err := after.LogHead(t.Context()); err != nil || tree.N != want {
			t.Errorf("%q: %d leaves, %v; want %d", point, tree.N, err, want)
		}
		after.Close()
	}
}

// notClosed is an engine whose rows outlive a store.
type notClosed struct{ rows.Engine }

func (notClosed) Close() error { return nil }

// Whatever is changed in the rows behind the store's back shows.
func TestVerifyLog_whatWasChanged(t *testing.T) {
	const entries = 21
	for name, change := range map[string]func(tx rows.Tx) error{
		"nothing": nil,
		"an entry": func(tx rows.Tx) error {
			row, err := tx.Get(tableAudit, number(5))
			return errors.Join(err, tx.Put(tableAudit, number(5), append(row[:len(row)-1:len(row)-1], " }"...)))
		},
		"an entry that has no leaf any more": func(tx rows.Tx) error {
			row := []byte(`{"seq":6,"at":"2026-01-01T00:00:00Z","who":"x","what":"y"}`)
			return tx.Put(tableAudit, number(6), join(make([]byte, 32), row))
		},
		"a leaf": func(tx rows.Tx) error { return flip(tx, uint64(tlog.StoredHashIndex(0, 6)), 0) },
		"a hash above": func(tx rows.Tx) error {
			return flip(tx, uint64(tlog.StoredHashIndex(0, 7)), 40)
		},
		"the last transaction": func(tx rows.Tx) error {
			return tx.Delete(tableLog, number(uint64(tlog.StoredHashIndex(0, entries))))
		},
		"a transaction in the middle": func(tx rows.Tx) error {
			return tx.Delete(tableLog, number(uint64(tlog.StoredHashIndex(0, 9))))
		},
		"the head": func(tx rows.Tx) error { return flipRow(tx, tableMeta, logHeadKey, 20) },
		"the head's size": func(tx rows.Tx) error {
			return flipRow(tx, tableMeta, logHeadKey, 7)
		},
	} {
		e := &notClosed{&memory.Engine{}}
		s := logStore(t, e, nil)
		for n := range entries {
			if err := s.Note(t.Context(), Act{Who: "ada", What: "x", Object: fmt.Sprint(n)}); err != nil {
				t.Fatal(err)
			}
		}
		if change != nil {
			editRows(t, e, change)
		}
		err := s.VerifyLog(t.Context())
		if (err != nil) != (change != nil) || err != nil && !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func flip(tx rows.Tx, hash uint64, at int) error { return flipRow(tx, tableLog, number(hash), at) }

func flipRow(tx rows.Tx, table rows.Table, key []byte, at int) error {
	row, err := tx.Get(table, key)
	if err != nil || len(row) <= at {
		return fmt.Errorf("no such row: %w", err)
	}
	row = append([]byte(nil), row...)
	row[at] ^= 1
	return tx.Put(table, key, row)
}

func editRows(t *testing.T, e rows.Engine, change func(rows.Tx) error) {
	t.Helper()
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := errors.Join(change(tx), tx.Commit()); err != nil {
		t.Fatal(err)
	}
}

// A store of before there was a log keeps its chain, whose end is the log's first leaf.
func TestLog_beginsWithTheEndOfTheChain(t *testing.T) {
	e := &notClosed{&memory.Engine{}}
	logStore(t, e, nil).Close()
	var head auditHead
	editRows(t, e, func(tx rows.Tx) error {
		err := errors.Join(tx.Delete(tableLog, number(0)), tx.Delete(tableMeta, logHeadKey),
			tx.Put(tableMeta, schemaKey, binary.BigEndian.AppendUint32(nil, 8)))
		for n := range 3 {
			row := fmt.Appendf(nil, `{"seq":%d,"at":"2026-01-01T00:00:00Z","who":"ada","what":"x","chain":""}`, n+1)
			head = head.after(row)
			err = errors.Join(err, tx.Put(tableAudit, number(head.Seq), join(head.Chain[:], row)))
		}
		return errors.Join(err, tx.Put(tableMeta, auditHeadKey, join(number(head.Seq), head.Chain[:])))
	})
	s := logStore(t, e, nil)
	want := sha256.Sum256(fmt.Appendf(nil, "\x00clawback chain\n3\n%x\n", head.Chain))
	if leaves := logLeaves(t, s); len(leaves) != 1 || leaves[0] != want {
		t.Errorf("leaves %x, want %x", leaves, want)
	}
	if err := s.Note(t.Context(), Act{Who: "ada", What: "y"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.VerifyLog(t.Context()), s.VerifyAudit(t.Context())); err != nil {
		t.Error(err)
	}
	tree, err := s.LogHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ProveAct(t.Context(), 3, tree.N); !errors.Is(err, ErrInvalid) {
		t.Errorf("an entry of before: %v", err)
	}
	if p, err := s.ProveAct(t.Context(), 4, tree.N); err != nil || p.Leaf != 1 {
		t.Errorf("an entry of after: %+v, %v", p, err)
	}
}

// The edge that is kept between transactions is that of the tree, whatever its size.
func TestLogHead_comesBackFromItsRow(t *testing.T) {
	var h logHead
	var leaves [][32]byte
	for range 300 {
		var leaf [32]byte
		binary.BigEndian.PutUint64(leaf[:], rand.Uint64())
		leaves = append(leaves, leaf)
		n := int64(h.size)
		want := tlog.StoredHashIndex(0, n+1) - tlog.StoredHashIndex(0, n)
		if stored := h.add(leaf, nil); int64(len(stored)) != 32*want {
			t.Fatalf("%d hashes of leaf %d", len(stored)/32, n)
		}
		back, err := readLogHead(h.row())
		if err != nil || back.root() != merkle(leaves) || back.size != h.size {
			t.Fatalf("after %d leaves: %v", len(leaves), err)
		}
		h = back
	}
	for _, row := range [][]byte{nil, make([]byte, 7), make([]byte, 9), append(number(3), make([]byte, 32)...)} {
		if _, err := readLogHead(row); !errors.Is(err, ErrTampered) {
			t.Errorf("%x: %v", row, err)
		}
	}
}
