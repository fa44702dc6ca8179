// Package retracttest is a model of a tenant's mailboxes for tests of retraction: nasty, seeded, and it takes notes.
//
// Reads: what a test seeds. Writes: nothing outside memory.
//
// Invariants: a World applies each call to its model before or instead of the fault that it answers, as the script or
// the seed says, and notes every call that a careful client would not have made (Violations): a move of a message that
// lies in the target already, a call before the server's Retry-After, a fifth call at once, a good message touched.
//
// On failure: a fault is a *fault.Fault, as of the real thing.
package retracttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/fault"
)

// Message is one message in a mailbox of the model.
type Message struct {
	ID         string
	Folder     string // well-known name, or the name of a folder of the user's own
	MessageID  string
	NetworkIDs []string
	NoHeaders  bool // the list answer lacks the headers; Headers still has them
	Subject    string
	From, Date string // of the header list
	Read       bool
	Draft      bool
	MIME       string
	Received   time.Time
	Good       bool // must never be touched
	Hidden     time.Time
	Moves      []string // folders it was moved to
	Purged     bool
}

// Box is one mailbox.
type Box struct {
	ID, Name string
	Folders  map[string]bool // of the user's own
	Messages []*Message
	shut     time.Time // Retry-After
	told     time.Time // when that was answered: a call of the same instant was on its way
	active   int
	peak     int // most calls at once
	recent   []time.Time
}

// Call is one call that was made.
type Call struct {
	At                    time.Time
	Op, Mailbox, Argument string
	Err                   error
}

// Answer is what a script has a call do: act or not, then give Err.
type Answer struct {
	Act bool
	Err error
}

// World is one tenant's mailboxes. Safe for concurrent use.
type World struct {
	mu         sync.Mutex
	Now        func() time.Time
	Latency    time.Duration
	Slow       map[string]time.Duration                   // latency of single mailboxes
	Script     func(op, mailbox, argument string) *Answer // nil answer: as the model has it
	Nasty      float64                                    // part of the calls that get a random fault
	NoPurge    bool                                       // the cloud has no permanentDelete
	Groups     map[string][]string                        // mailbox ids by a group's address, lower case
	random     *rand.Rand
	boxes      map[string]*Box
	addresses  map[string]string
	calls      []Call
	violations []string
	shut, told time.Time // Retry-After of the whole tenant
	down       bool
	next       int
}

// New makes an empty world from a seed.
func New(seed uint64) *World {
	return &World{
		Now: time.Now, random: rand.New(rand.NewPCG(seed, 7)),
		boxes: map[string]*Box{}, addresses: map[string]string{},
	}
}

// Mailbox adds a mailbox with its addresses; the first one is its name.
func (w *World) Mailbox(id string, addresses ...string) *Box {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := &Box{ID: id, Name: addresses[0], Folders: map[string]bool{}}
	w.boxes[id] = b
	for _, a := range addresses {
		w.addresses[strings.ToLower(a)] = id
	}
	return b
}

// Readdress has an address belong to another mailbox from now on.
func (w *World) Readdress(address, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addresses[strings.ToLower(address)] = id
}

// Deliver puts a message into a mailbox.
func (w *World) Deliver(box string, m Message) *Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	if m.ID == "" {
		m.ID = fmt.Sprintf("%s-m%d", box, w.next)
	}
	if m.Folder == "" {
		m.Folder = string(exchange.Inbox)
	}
	b := w.boxes[box]
	if !wellKnown(m.Folder) {
		b.Folders[m.Folder] = true
	}
	b.Messages = append(b.Messages, &m)
	return &m
}

// Drop removes a user's folder; Put moves a message as its user would.
func (w *World) Drop(box, folder string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.boxes[box].Folders, folder)
}

// Put moves a message as its user would; to "" deletes it for good.
func (w *World) Put(m *Message, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to == "" {
		m.Purged = true
		return
	}
	m.Folder = to
}

// Peek reads a message's state.
func (w *World) Peek(m *Message) Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return *m
}

// Set changes the world's settings while calls are under way.
func (w *World) Set(change func(w *World)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

// Crash lets every call under way act as it would have, and answers nothing any more until Restart.
func (w *World) Crash() { w.set(true) }

// Restart answers again. A Retry-After that was lost in the crash binds nobody.
func (w *World) Restart() {
	w.set(false)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = time.Time{}
	for _, b := range w.boxes {
		b.shut = time.Time{}
	}
}

func (w *World) set(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
}

// Violations are the calls that should not have been made.
func (w *World) Violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.violations...)
}

// Calls are the calls made, of one operation or of all.
func (w *World) Calls(op string) []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Call
	for _, c := range w.calls {
		if op == "" || c.Op == op {
			list = append(list, c)
		}
	}
	return list
}

// FolderOf is the id of a folder of the model.
func FolderOf(box, folder string) string { return "F/" + box + "/" + folder }

func wellKnown(folder string) bool {
	switch exchange.Folder(folder) {
	case exchange.Inbox, exchange.SentItems, exchange.Drafts, exchange.JunkEmail, exchange.Deleted, exchange.Deletions,
		exchange.Purges:
		return true
	}
	return false
}

func (w *World) violate(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// call is one call: latency, then the script's answer, the seed's, or the model's.
func (w *World) call(ctx context.Context, op, mailbox, argument string, act func(*Box) error) error {
	if err := w.arrive(op, mailbox, argument); err != nil {
		return err
	}
	if latency := max(w.Latency, w.Slow[mailbox]); latency > 0 {
		select {
		case <-time.After(latency):
		case <-ctx.Done():
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.boxes[mailbox]
	if b != nil {
		b.active--
	}
	err := w.script(op, mailbox, argument, func() error { return act(b) })
	if w.down {
		err = lostAnswer()
	}
	w.calls = append(w.calls, Call{w.Now(), op, mailbox, argument, err})
	return err
}

// arrive checks that the call may be made now.
func (w *World) arrive(op, mailbox, argument string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	if now.Before(w.shut) && now.After(w.told) {
		w.violate("%s %s before the tenant's Retry-After (%s early)", op, argument, w.shut.Sub(now))
	}
	b := w.boxes[mailbox]
	if b == nil {
		if mailbox != "" {
			return failure(fault.GiveUp, 404, "Request_ResourceNotFound", "no such mailbox "+mailbox)
		}
		return nil
	}
	if now.Before(b.shut) && now.After(b.told) {
		w.violate("%s at %s before its Retry-After (%s early)", op, mailbox, b.shut.Sub(now))
	}
	b.active++
	b.peak = max(b.peak, b.active)
	if b.active > 4 {
		w.violate("%d calls at once at %s", b.active, mailbox)
	}
	b.recent = append(b.recent, now)
	for len(b.recent) > 0 && now.Sub(b.recent[0]) >= 10*time.Minute {
		b.recent = b.recent[1:]
	}
	if len(b.recent) > 10_000 {
		w.violate("%d calls in 10 minutes at %s", len(b.recent), mailbox)
	}
	return nil
}

func (w *World) script(op, mailbox, argument string, act func() error) error {
	var a *Answer
	if w.Script != nil {
		a = w.Script(op, mailbox, argument)
	}
	if a == nil && w.Nasty > 0 && w.random.Float64() < w.Nasty {
		a = w.nasty(op, mailbox)
	}
	if a == nil {
		return act()
	}
	if a.Act {
		if err := act(); err != nil {
			return err
		}
	}
	return a.Err
}

// nasty makes up a fault.
func (w *World) nasty(op, mailbox string) *Answer {
	changes := op == "move" || op == "purge" || op == "mark"
	switch w.random.IntN(6) {
	case 0, 1:
		if changes {
			return &Answer{Act: w.random.IntN(2) == 0, Err: lostAnswer()}
		}
		return &Answer{Err: failure(fault.Retry, 502, "", "bad gateway")}
	case 2:
		return &Answer{Err: w.throttle(mailbox, time.Duration(w.random.IntN(40_000))*time.Millisecond)}
	case 3:
		if changes {
			return &Answer{Act: w.random.IntN(2) == 0, Err: failure(fault.Unknown, 503, "serviceNotAvailable", "busy")}
		}
		return &Answer{Err: failure(fault.Retry, 503, "serviceNotAvailable", "busy")}
	case 4:
		if w.random.IntN(4) == 0 {
			return &Answer{Err: &fault.Fault{Class: fault.Auth, Tenant: true, Status: 401,
				Code: "InvalidAuthenticationToken", Detail: "token refused"}}
		}
		return &Answer{Err: &fault.Fault{Class: fault.Retry, Slow: true, Status: 404,
			Code: "MailboxNotEnabledForRESTAPI", Detail: "mailbox is being moved"}}
	}
	return &Answer{Err: failure(fault.Retry, 429, "TooManyRequests", "too many requests, without Retry-After")}
}

// Throttle is a fault with a Retry-After, which the world then holds callers to.
func (w *World) throttle(mailbox string, after time.Duration) error {
	f := failure(fault.Retry, 429, "TooManyRequests", "too many requests")
	f.After = after
	if b := w.boxes[mailbox]; b != nil {
		b.shut, b.told = later(b.shut, w.Now().Add(after)), w.Now()
		return f
	}
	f.Tenant = true
	w.shut, w.told = later(w.shut, w.Now().Add(after)), w.Now()
	return f
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func lostAnswer() *fault.Fault {
	return failure(fault.Unknown, 504, "", "the answer was lost")
}

func failure(c fault.Class, status int, code, detail string) *fault.Fault {
	return &fault.Fault{Class: c, Status: status, Code: code, Detail: detail}
}

// Box is a mailbox of the model, for a script, which is called with the model locked.
func (w *World) Box(id string) *Box { return w.boxes[id] }

// Peak is the most calls that were under way at once at a mailbox.
func (w *World) Peak(box string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.boxes[box].peak
}

// Active is how many calls are under way at mailboxes, for a script.
func (w *World) Active() int {
	n := 0
	for _, b := range w.boxes {
		n += b.active
	}
	return n
}
