package bolt

import (
	"cmp"
	"sync"
	"time"

	"clawback/queue"
)

// delta is a change of the tally: n things of one state more or fewer.
type delta struct {
	n       int
	state   queue.State
	suspect bool              // it was being scored when the process ended
	bounce  queue.BounceState // when it is a bounce
	source  queue.Source
	file    string // "" when it holds none
	size    int64
}

// tally counts what is in the queue, so that nobody has to read all rows for it. It is built at open, and changed by
// the intake after each batch and by the committer after each commit.
type tally struct {
	mu      sync.Mutex // owns everything
	items   map[queue.State]queue.Count
	tenants map[string]map[queue.State]queue.Count
	bounces map[queue.BounceState]queue.Count
	sources map[queue.Source]queue.Usage
	files   map[string]int // spool file -> items and unfinished bounces that refer to it, or are about to
	due     dues
	trying  int           // suspects in work
	wake    chan struct{} // closed, and replaced, when there may be something to claim
}

func newTally() *tally {
	return &tally{
		items: map[queue.State]queue.Count{}, tenants: map[string]map[queue.State]queue.Count{},
		bounces: map[queue.BounceState]queue.Count{},
		sources: map[queue.Source]queue.Usage{}, files: map[string]int{}, wake: make(chan struct{}),
	}
}

// count notes that an item begins or ceases to be in its state.
func (t *txn) count(n int, it *queue.Item) {
	d := itemDelta(n, it)
	t.deltas = append(t.deltas, d)
	t.suspects += d.trying()
}

func itemDelta(n int, it *queue.Item) delta {
	return delta{n: n, state: it.State, suspect: it.Crashes > 0, source: it.Envelope.Source(),
		file: cmp.Or(it.Body.File, anyFile), size: it.Body.Size}
}

// trying is by how many the suspects in work are more or fewer.
func (d delta) trying() int {
	if d.suspect && d.state == queue.Working {
		return d.n
	}
	return 0
}

// anyFile stands for the file of an item of which it is not known: it may be each of them.
const anyFile = "*"

// countBounce notes that a bounce begins or ceases to be in its state. One that was sent needs its bytes no more.
func (t *txn) countBounce(n int, b *queue.Bounce) {
	d := delta{n: n, bounce: b.State, source: b.Envelope.Source(), size: b.Body.Size}
	if b.State != queue.BounceSent {
		d.file = b.Body.File
	}
	t.deltas = append(t.deltas, d)
}

// hold keeps the files that changes are about to refer to until release, so that nobody deletes one between the moment
// in which a row stands and that in which the tally counts it. It comes before the commit.
func (y *tally) hold(deltas []delta) (release func()) {
	y.holdAll(deltas, +1)
	return func() { y.holdAll(deltas, -1) }
}

func (y *tally) holdAll(deltas []delta, n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, d := range deltas {
		if d.n > 0 && d.file != "" {
			y.refer(d.file, n)
		}
	}
}

// refer notes that n more things refer to a file. The caller holds mu.
func (y *tally) refer(file string, n int) {
	y.files[file] += n
	if y.files[file] == 0 {
		delete(y.files, file)
	}
}

// commit takes in what a transaction changed, once it is committed.
func (y *tally) commit(t *txn) {
	y.mu.Lock()
	defer y.mu.Unlock()
	due := y.due != t.due
	y.due = t.due
	y.applyAll(t.deltas, due)
}

// arrive takes in new items, once they are in the log.
func (y *tally) arrive(deltas []delta) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.applyAll(deltas, false)
}

// applyAll counts changes in, and wakes those that wait in Claim where one of them may be of use. The caller holds mu.
func (y *tally) applyAll(deltas []delta, wake bool) {
	trying := y.trying
	for _, d := range deltas {
		y.apply(d)
	}
	if wake || y.items[queue.Ready].Count > 0 || y.trying < trying {
		close(y.wake)
		y.wake = make(chan struct{})
	}
}

// apply counts one change in: by state, tenant, source and body file. The caller holds mu.
func (y *tally) apply(d delta) {
	y.trying += d.trying()
	if d.bounce != "" {
		addTo(y.bounces, d.bounce, d)
	} else {
		addTo(y.items, d.state, d)
		tenant := d.source.Tenant
		if y.tenants[tenant] == nil {
			y.tenants[tenant] = map[queue.State]queue.Count{}
		}
		addTo(y.tenants[tenant], d.state, d)
		if len(y.tenants[tenant]) == 0 {
			delete(y.tenants, tenant)
		}
	}
	y.applySource(d)
	if d.file != "" {
		y.refer(d.file, d.n)
	}
}

func addTo[K comparable](m map[K]queue.Count, key K, d delta) {
	c := m[key]
	c.Count += d.n
	c.Bytes += int64(d.n) * d.size
	m[key] = c
	if c.Count == 0 {
		delete(m, key)
	}
}

// claimable says whether there is something to claim now, and if not, what to wait for: wake, or until the time due,
// which is zero when nothing waits for a time.
func (y *tally) claimable(now time.Time) (yes bool, wake <-chan struct{}, due time.Time) {
	y.mu.Lock()
	defer y.mu.Unlock()
	due = y.due.deferred
	if suspect := y.due.suspect; y.trying == 0 && !suspect.IsZero() && (due.IsZero() || suspect.Before(due)) {
		due = suspect
	}
	yes = y.items[queue.Ready].Count > 0 || !due.IsZero() && !due.After(now)
	return yes, y.wake, due
}

// suspectsInWork is one at most.
func (y *tally) suspectsInWork() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.trying
}

func (y *tally) inUse(file string) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.files[file] > 0 || y.files[anyFile] > 0
}
