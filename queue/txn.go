package queue

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The buckets of queue.db.
var (
	itemsBucket   = []byte("items")        // id -> Item
	indexBucket   = []byte("items.index")  // state, due time, id -> nothing
	bouncesBucket = []byte("bounces")      // id -> Bounce
	bounceIndex   = []byte("bounce.index") // state, due time, id -> nothing
	givenBucket   = []byte("given-up")     // id of an item -> id of its bounce
	logBucket     = []byte("log")          // segment of the spool -> offset up to which its log stands in items
)

// txn is a transaction of the committer. The first storage error sticks in err and fails the whole batch.
type txn struct {
	items, index, bounces, bindex, given, log *bolt.Bucket

	now      time.Time
	err      error
	changed  bool
	deltas   []delta // what the tally has to count once this is committed
	due      dues
	suspects int // that are in work
}

// dues are when the next items of those states are due that wait for a time; zero: there is none.
type dues struct{ deferred, suspect time.Time }

func newTxn(tx *bolt.Tx, now time.Time) *txn {
	t := &txn{
		items: tx.Bucket(itemsBucket), index: tx.Bucket(indexBucket),
		bounces: tx.Bucket(bouncesBucket), bindex: tx.Bucket(bounceIndex),
		given: tx.Bucket(givenBucket), log: tx.Bucket(logBucket), now: now,
	}
	t.items.FillPercent = 0.9 // ids grow, so pages are filled in order
	return t
}

// item reads a row: ErrNotFound when there is none.
func (t *txn) item(id string) (*Item, error) {
	it, err := readItem(t.items, id)
	if err != nil {
		return nil, err
	}
	return &it, nil
}

func readItem(items *bolt.Bucket, id string) (Item, error) {
	var it Item
	row := items.Get([]byte(id))
	if row == nil {
		return it, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	if err := decode(row, &it); err != nil {
		return it, fmt.Errorf("item %s: %w", id, err)
	}
	return it, nil
}

// set replaces old, nil for none, by it, nil for none, together with what is kept beside the row.
func (t *txn) set(old, it *Item) error {
	if old != nil {
		t.delete(t.index, itemKey(old))
		t.count(-1, old)
	}
	if it == nil {
		t.delete(t.items, []byte(old.ID))
		return t.err
	}
	it.Changed = t.now
	t.putJSON(t.items, it.ID, it)
	t.put(t.index, itemKey(it), nil)
	t.count(+1, it)
	return t.err
}

func (t *txn) putJSON(b *bolt.Bucket, id string, v any) {
	row, err := json.Marshal(v)
	if err != nil {
		t.fail(fmt.Errorf("encode row %s: %w", id, err))
		return
	}
	t.put(b, []byte(id), row)
}

func (t *txn) put(b *bolt.Bucket, key, value []byte) {
	t.changed = true
	t.fail(b.Put(key, value))
}

func (t *txn) delete(b *bolt.Bucket, key []byte) {
	t.changed = true
	t.fail(b.Delete(key))
}

func (t *txn) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// stateLetters begin the index keys.
var stateLetters = map[State]byte{Ready: 'r', Working: 'w', Deferred: 'd', Suspect: 's', Quarantined: 'q'}

// itemKey sorts the items of one state: the deferred and the suspects by due time, all others by id, which is by age.
func itemKey(it *Item) []byte {
	var due time.Time
	if it.State == Deferred || it.State == Suspect {
		due = it.NotBefore
	}
	return indexKey(stateLetters[it.State], due, it.ID)
}

// keyHead is the length of an index key without its id: a letter and a time.
const keyHead = 1 + 8

func indexKey(letter byte, due time.Time, id string) []byte {
	key := make([]byte, keyHead, keyHead+len(id))
	key[0] = letter
	if due.After(time.Unix(0, 0)) {
		binary.BigEndian.PutUint64(key[1:], uint64(due.UnixNano()))
	}
	return append(key, id...)
}

func keyDue(key []byte) time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(key[1:keyHead]))).UTC()
}

// each visits the ids under a letter in the index's order until visit answers false. The index must not be changed
// meanwhile.
func each(index *bolt.Bucket, letter byte, visit func(due time.Time, id string) bool) {
	c := index.Cursor()
	for k, _ := c.Seek([]byte{letter}); len(k) > keyHead && k[0] == letter; k, _ = c.Next() {
		if !visit(keyDue(k), string(k[keyHead:])) {
			return
		}
	}
}

// lastOf is up to max ids from the end of a state's index, the last one first.
func lastOf(index *bolt.Bucket, letter byte, max int) (ids []string) {
	c := index.Cursor()
	k, _ := c.Seek([]byte{letter + 1})
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	for ; len(k) > keyHead && k[0] == letter && len(ids) < max; k, _ = c.Prev() {
		ids = append(ids, string(k[keyHead:]))
	}
	return ids
}

func (t *txn) nextDues() dues {
	_, deferred := nextDue(t.index, Deferred)
	_, suspect := nextDue(t.index, Suspect)
	return dues{deferred, suspect}
}

// nextDue is the first item of a state to be due, and when; "" when there is none.
func nextDue(index *bolt.Bucket, state State) (first string, next time.Time) {
	each(index, stateLetters[state], func(due time.Time, id string) bool {
		first, next = id, due
		return false
	})
	return first, next
}
