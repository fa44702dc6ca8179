package retract

import (
	"sync"
	"time"

	"clawback/retract/addresses"
	"clawback/retract/limit"
	"clawback/store"
)

// workers are those of one tenant: at which intents and mailboxes they are, and which intents rest.
type workers struct {
	e      *Engine
	tenant string // id
	limits *limit.Limiter
	dir    *directory

	mu      sync.Mutex
	running map[string]string    // intent -> mailbox key
	busy    map[string]int       // mailbox key -> workers
	resting map[string]time.Time // intent -> not before, in memory: the store could not be written, or a gate is shut
	behind  map[string]string    // intent -> mailbox key that had no place for it when it was last read
	group   sync.WaitGroup       // waited for by the scheduler's end
}

func newWorkers(e *Engine, tenant string, limits *limit.Limiter, dir *directory) *workers {
	return &workers{e: e, tenant: tenant, limits: limits, dir: dir,
		running: map[string]string{}, busy: map[string]int{}, resting: map[string]time.Time{},
		behind: map[string]string{}}
}

// behindMax bounds the intents that are remembered to wait for a mailbox; beyond it they are read again.
const behindMax = 100_000

// room says how many more may start.
func (w *workers) room() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.limits.Room(len(w.running))
}

// skip gives what tells, for one walk over what is due, the intents that need not be read: a worker is at them, they
// rest, or they wait for a mailbox that has no place for one more than those that this walk has not skipped. Thousands
// may wait for one mailbox.
func (w *workers) skip() func(intent string) bool {
	now, full, more := w.e.now(), map[string]bool{}, map[string]int{}
	return func(intent string) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if _, running := w.running[intent]; running || w.resting[intent].After(now) {
			return true
		}
		key, waits := w.behind[intent]
		if !waits {
			return false
		}
		if full[key] = full[key] || w.full(key, more[key], false); full[key] {
			return true
		}
		more[key]++
		delete(w.behind, intent)
		return false
	}
}

// at reports whether a worker is at an intent.
func (w *workers) at(intent string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.running[intent]
	return ok
}

// blocked reports whether an intent must wait: it is being worked on, or rests, or its mailbox is full. Full remembers
// the mailboxes found so.
func (w *workers) blocked(in store.Intent, full map[string]bool) bool {
	now := w.e.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unready(in, now) {
		return true
	}
	key := w.key(in)
	full[key] = full[key] || w.full(key, 0, false)
	if full[key] {
		w.wait(in.ID, key)
		return true
	}
	if in.Job == "" {
		return false
	}
	bulk := key + " bulk" // which may be out of tokens where a fresh verdict is not
	full[bulk] = full[bulk] || w.full(key, 0, true)
	return full[bulk]
}

// wait notes that an intent waits for a mailbox. The caller holds mu.
func (w *workers) wait(intent, key string) {
	if len(w.behind) >= behindMax {
		clear(w.behind)
	}
	w.behind[intent] = key
}

// unready reports whether an intent has a worker, or rests in memory, or its job is suspended. The caller holds mu.
func (w *workers) unready(in store.Intent, now time.Time) bool {
	_, running := w.running[in.ID]
	return running || w.resting[in.ID].After(now) || w.e.halted(in)
}

// full reports whether a mailbox has no place now for another worker, or one of a bulk job, beside those that it has
// and so many more. The caller holds mu.
func (w *workers) full(key string, more int, bulk bool) bool {
	busy := w.busy[key] + more
	return busy >= w.e.perMailbox(w.tenant) || !w.limits.Open(key, busy, bulk)
}

// admit takes an intent in, unless it is blocked by now.
func (w *workers) admit(in store.Intent) bool {
	now := w.e.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	key := w.key(in)
	if w.unready(in, now) || w.full(key, 0, in.Job != "") {
		return false
	}
	delete(w.resting, in.ID)
	delete(w.behind, in.ID)
	w.running[in.ID] = key
	w.busy[key]++
	return true
}

// leave gives back what admit took.
func (w *workers) leave(in store.Intent) {
	w.e.brake.Release(in.ID)
	w.mu.Lock()
	defer w.mu.Unlock()
	key := w.running[in.ID]
	delete(w.running, in.ID)
	if w.busy[key]--; w.busy[key] <= 0 {
		delete(w.busy, key)
	}
}

// rest has an intent wait until a time, in memory only.
func (w *workers) rest(in store.Intent, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resting[in.ID] = until
}

// next is the earliest time after now at which an intent has rested long enough; zero for none.
func (w *workers) next(now time.Time) (next time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, at := range w.resting {
		switch {
		case !at.After(now):
			delete(w.resting, id)
		case next.IsZero() || at.Before(next):
			next = at
		}
	}
	return next
}

// key is the mailbox as far as it is known before a worker starts: its id, else the address.
func (w *workers) key(in store.Intent) string {
	if in.Mailbox != "" {
		return in.Mailbox
	}
	if mb, ok := w.dir.known(in.Address, w.e.now()); ok && mb.ID != "" {
		return mb.ID
	}
	return addresses.Fold(in.Address)
}
