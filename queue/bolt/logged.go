package bolt

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"clawback/queue"
	"clawback/spool"
)

// logged are the new items that stand in the log and not in queue.db yet. They are accepted: whoever reads the queue
// reads them as well, and the next commit, whatever it is for, brings them over first.
type logged struct {
	wake chan struct{} // holds one when bring would give another answer

	mu    sync.Mutex       // owns what follows
	rows  []row            // in the order of the log
	bytes int64            // of their notes
	marks map[string]int64 // segment -> offset behind the last of them
	stuck error            // why they could not be transferred the last time
}

// row is one of them.
type row struct {
	item      queue.Item
	note      []byte
	needsBody bool // the note does not say where the body lies: it was written before that was known
}

const (
	transferAfter = 50 * time.Millisecond // how long rows wait for a commit that takes them along
	transferRows  = 512                   // so many do not wait
	transferRetry = time.Second           // the wait after a transfer that failed
	maxLogged     = 32 << 20              // bytes of rows that wait, above which new mail is refused
)

func newLogged() *logged {
	return &logged{wake: make(chan struct{}, 1), marks: map[string]int64{}}
}

// add takes in what was appended to the log.
func (l *logged) add(batch []*put, to spool.Mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.rows)
	for _, p := range batch {
		l.rows = append(l.rows, row{p.item, p.entry.Note, p.entry.Ref.File != ""})
		l.bytes += int64(len(p.entry.Note))
	}
	l.marks[to.File] = to.End
	if before == 0 || before < transferRows && len(l.rows) >= transferRows {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// transferDue says when to transfer what waits, where nothing else is to be committed: nil for never.
func (l *logged) transferDue() <-chan time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stuck != nil:
		return time.After(transferRetry)
	case len(l.rows) == 0:
		return nil
	case len(l.rows) >= transferRows:
		return time.After(0)
	}
	return time.After(transferAfter)
}

// backlog is what waited at one time.
type backlog struct {
	rows  []row
	marks map[string]int64
}

func (l backlog) empty() bool { return len(l.rows)+len(l.marks) == 0 }

// backlog is all that waits now. The rows are not to be changed.
func (l *logged) backlog() backlog {
	l.mu.Lock()
	defer l.mu.Unlock()
	return backlog{slices.Clip(l.rows), maps.Clone(l.marks)}
}

// forget forgets what stands in queue.db now.
func (l *logged) forget(done backlog) {
	if done.empty() {
		return // what is stuck still is
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range done.rows {
		l.bytes -= int64(len(r.note))
	}
	l.rows = slices.Clone(l.rows[len(done.rows):])
	for file, end := range done.marks {
		if l.marks[file] == end {
			delete(l.marks, file)
		}
	}
	l.stuck = nil
}

func (l *logged) setStuck(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stuck = err
}

// refusal is the answer to new mail: nil, or why there must be no more of it until what waits is in queue.db.
func (l *logged) refusal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stuck == nil && l.bytes > maxLogged {
		return storage(fmt.Errorf("queue.db does not keep up with the log: %w", syscall.ENOSPC))
	}
	return l.stuck
}

// size says how many rows wait, and of how many bytes.
func (l *logged) size() (rows int, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.rows), l.bytes
}

// item is one of those that wait.
func (l *logged) item(id string) (queue.Item, bool) {
	for _, r := range l.backlog().rows {
		if r.item.ID == id {
			return r.item, true
		}
	}
	return queue.Item{}, false
}

// inUse reports whether the log in a segment is needed still.
func (l *logged) inUse(file string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, is := l.marks[file]
	return is
}

// transfer writes rows that wait into queue.db, and with them how far the log has been read.
func (t *txn) transfer(l backlog) {
	for _, r := range l.rows {
		whole, err := r.withBody()
		t.fail(err)
		t.put(t.items, []byte(r.item.ID), whole)
		t.put(t.index, itemKey(&r.item), nil)
	}
	for segment, end := range l.marks {
		t.put(t.log, []byte(segment), binary.BigEndian.AppendUint64(nil, uint64(end)))
	}
}

// withBody is the row as it stands in queue.db.
func (r row) withBody() ([]byte, error) {
	if !r.needsBody {
		return r.note, nil
	}
	ref, err := json.Marshal(r.item.Body)
	if err != nil {
		return nil, fmt.Errorf("encode row %s: %w", r.item.ID, err)
	}
	return slices.Concat([]byte(`{"body":`), ref, []byte(","), r.note[1:]), nil
}
