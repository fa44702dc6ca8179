package bolt

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
)

// The buckets of queue.db.
var (
	itemsBucket   = []byte("items")        // id -> Item
	indexBucket   = []byte("items.index")  // state, due time or tenant's number, id -> nothing
	bouncesBucket = []byte("bounces")      // id -> Bounce
	bounceIndex   = []byte("bounce.index") // state, due time, id -> nothing
	givenBucket   = []byte("given-up")     // id of an item -> id of its bounce
	logBucket     = []byte("log")          // segment of the spool -> offset up to which its log stands in items
)

// txn is a transaction of the committer. The first storage error sticks in err and fails the whole batch.
type txn struct {
	items, index, bounces, bindex, given, log *bbolt.Bucket

	now      time.Time
	err      error
	changed  bool
	deltas   []delta // what the tally has to count once this is committed
	due      dues
	suspects int    // that are in work
	turn     uint64 // which tenant is the first to claim for
	claims   claims // nil: none are kept
}

// dues are when the next items of those states are due that wait for a time; zero: there is none.
type dues struct{ deferred, suspect time.Time }

// newTxn is a transaction over all buckets of queue.db.
func newTxn(tx *bbolt.Tx, now time.Time) *txn {
	t := &txn{
		items: tx.Bucket(itemsBucket), index: tx.Bucket(indexBucket),
		bounces: tx.Bucket(bouncesBucket), bindex: tx.Bucket(bounceIndex),
		given: tx.Bucket(givenBucket), log: tx.Bucket(logBucket), now: now,
	}
	t.items.FillPercent = 0.9 // ids grow, so pages are filled in order
	return t
}

// item reads a row: ErrNotFound when there is none.
func (t *txn) item(id string) (*queue.Item, error) {
	if it := t.claims.item(id, t.items.Get([]byte(id))); it != nil {
		return it, nil
	}
	it, err := readItem(t.items, id)
	if err != nil {
		return nil, err
	}
	return &it, nil
}

func readItem(items *bbolt.Bucket, id string) (queue.Item, error) {
	var it queue.Item
	row := items.Get([]byte(id))
	if row == nil {
		return it, fmt.Errorf("%w: %q", queue.ErrNotFound, id)
	}
	if err := decodeItem(row, &it); err != nil {
		return it, fmt.Errorf("item %s: %w", id, err)
	}
	return it, nil
}

// set replaces old, nil for none, by it, nil for none, together with what is kept beside the row.
func (t *txn) set(old, it *queue.Item) error {
	if old != nil {
		t.delete(t.index, itemKey(old))
		t.count(-1, old)
		delete(t.claims, old.ID)
	}
	if it == nil {
		t.delete(t.items, []byte(old.ID))
		return t.err
	}
	it.Changed = t.now
	row, err := encodeItem(it)
	t.putRow(t.items, it.ID, row, err)
	t.put(t.index, itemKey(it), nil)
	t.count(+1, it)
	t.claims.keep(it, row)
	return t.err
}

// putJSON writes a row.
func (t *txn) putJSON(b *bbolt.Bucket, id string, v any) {
	row, err := json.Marshal(v)
	t.putRow(b, id, row, err)
}

// putRow writes a row, unless it could not be encoded.
func (t *txn) putRow(b *bbolt.Bucket, id string, row []byte, err error) {
	if err != nil {
		t.fail(fmt.Errorf("encode row %s: %w", id, err))
		return
	}
	t.put(b, []byte(id), row)
}

func (t *txn) put(b *bbolt.Bucket, key, value []byte) {
	t.changed = true
	t.fail(b.Put(key, value))
}

func (t *txn) delete(b *bbolt.Bucket, key []byte) {
	t.changed = true
	t.fail(b.Delete(key))
}

func (t *txn) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// stateLetters begin the index keys.
var stateLetters = map[queue.State]byte{queue.Ready: 'r', queue.Working: 'w', queue.Deferred: 'd', queue.Suspect: 's',
	queue.Quarantined: 'q'}

// itemKey sorts the items of one state: the deferred and the suspects by due time, the ready by tenant and id
// (share.go), all others by id, which is by age.
func itemKey(it *queue.Item) []byte {
	if it.State == queue.Ready {
		return readyKey(tenantNumber(it.Envelope.Tenant), it.ID)
	}
	var due time.Time
	if it.State == queue.Deferred || it.State == queue.Suspect {
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
func each(index *bbolt.Bucket, letter byte, visit func(due time.Time, id string) bool) {
	c := index.Cursor()
	for k, _ := c.Seek([]byte{letter}); len(k) > keyHead && k[0] == letter; k, _ = c.Next() {
		if !visit(keyDue(k), string(k[keyHead:])) {
			return
		}
	}
}

func (t *txn) nextDues() dues {
	_, deferred := nextDue(t.index, queue.Deferred)
	_, suspect := nextDue(t.index, queue.Suspect)
	return dues{deferred, suspect}
}

// nextDue is the first item of a state to be due, and when; "" when there is none.
func nextDue(index *bbolt.Bucket, state queue.State) (first string, next time.Time) {
	each(index, stateLetters[state], func(due time.Time, id string) bool {
		first, next = id, due
		return false
	})
	return first, next
}
