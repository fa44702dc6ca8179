package bolt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"clawback/queue"
)

// fate is what has become of a message.
type fate struct{ where where }

type where string

const (
	nowhere    where = "nowhere" // not accepted
	inReady    where = "ready"
	inWork     where = "working"
	inDeferred where = "deferred"
	suspected  where = "suspect"
	setAside   where = "quarantined"
	bounced    where = "quarantined, with a bounce"
	finished   where = "finished"
	given      where = "given up"
	thrown     where = "discarded"
)

func (f fate) gone() bool {
	return f.where == nowhere || f.where == finished || f.where == given || f.where == thrown
}

func (f fate) there() bool { return !f.gone() }

// reopened is what may be found of it by the next process. A claim may have been under way.
func (f fate) reopened() []fate {
	switch f.where {
	case nowhere:
		return []fate{f, {setAside}} // its row was written, and not all of its bytes
	case inReady, inDeferred, suspected, inWork:
		return []fate{f, {inReady}, {suspected}}
	}
	return []fate{f}
}

// message is one that was put, with all that may have become of it: one fate, or several while nobody has answered.
type message struct {
	n       int
	id      string // "" while it is not known
	may     []fate
	claims  int
	suspect bool // it was one when it was claimed
	torn    bool // it was not accepted, and its row was found without all of its bytes
}

// bytes are those of a message: none, a few, many, or so many that they get a file of their own.
func (m *message) content(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(m.n)))
	size := []int{0, 1 + r.IntN(100), 1 + r.IntN(3000), 4096, 1 + r.IntN(12000), crashInline, crashInline + 1 + r.IntN(crashInline)}[r.IntN(7)]
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// fates is the model: what was put, and what was answered before the crash.
type fates struct {
	t *testing.T

	mu       sync.Mutex
	messages map[string]*message // by what their envelope has as its session
	crashed  bool                // what is answered from now on counts for nothing
}

// put notes a message that is about to be put.
func (fs *fates) put() *message {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	m := &message{n: len(fs.messages), may: []fate{{where: nowhere}, {where: inReady}}}
	fs.messages[fmt.Sprint(m.n)] = m
	return m
}

// accepted notes that Commit returned an id. Somebody may have claimed it before.
func (fs *fates) accepted(m *message, id string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.crashed {
		return
	}
	if m.may[0].where == nowhere {
		m.id, m.may = id, m.may[1:]
	}
}

// of is what may have become of a message.
func (fs *fates) of(m *message) []fate {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return m.may
}

// claimed notes what Claim handed out, and answers with those that count.
func (fs *fates) claimed(items []queue.Item) (out []*message) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, it := range items {
		if fs.crashed {
			return nil
		}
		m := fs.messages[it.Envelope.Session]
		if !slices.ContainsFunc(m.may,
			func(f fate) bool { return f.where == inReady || f.where == inDeferred || f.where == suspected }) {
			fs.t.Errorf("message %d was handed out; it was %v", m.n, m.may)
		}
		m.suspect = it.Crashes > 0
		m.id, m.may = it.ID, []fate{{inWork}}
		m.claims++
		out = append(out, m)
	}
	return out
}

// change carries a change out that has one result when it succeeds, and is uncertain while it has not. What it has made
// ready may be claimed before its answer is here.
func (fs *fates) change(m *message, to fate, op func() error) {
	fs.mu.Lock()
	if fs.crashed {
		fs.mu.Unlock()
		return
	}
	m.may = append(slices.Clone(m.may), to)
	claims := m.claims
	fs.mu.Unlock()
	err := op()
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err == nil && !fs.crashed && claims == m.claims {
		m.may = []fate{to}
	}
}

// begin begins another life.
func (fs *fates) begin() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.crashed = false
}

// crash is the moment that counts.
func (fs *fates) crash() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.crashed = true
}

// over says whether there was a crash.
func (fs *fates) over() bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.crashed
}

// any is a message that is there for certain, nil when there is none.
func (fs *fates) any(w where) *message {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, m := range fs.messages {
		if len(m.may) == 1 && m.may[0].where == w && !m.torn {
			return m
		}
	}
	return nil
}

// reopen takes over what the next process has found: it must be one of the things that may have become of each message.
func (fs *fates) reopen(found map[string]fate) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for session, m := range fs.messages {
		f, there := found[session]
		delete(found, session)
		possible := map[fate]bool{}
		for _, before := range m.may {
			for _, after := range before.reopened() {
				possible[after] = true
			}
		}
		if !there && possible[fate{where: nowhere}] {
			continue // what a disk had of it that could neither sync nor cut may still come up
		}
		if !there {
			f.where = finished // which leaves no trace
		}
		if !possible[f] {
			fs.t.Errorf("message %d (%s) is %v; it was %v", m.n, m.id, f, m.may)
		}
		m.may = []fate{f}
	}
	for session := range found {
		fs.t.Errorf("nobody has put message %q", session)
	}
}
