package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"clawback/retract"
	"clawback/store"
)

// noticeStore is where notices are durable.
type noticeStore interface {
	Raise(ctx context.Context, n store.Notice) (kept store.Notice, isNew bool, err error)
	Clear(ctx context.Context, kind, tenant, subject string) (bool, error)
	Notices(ctx context.Context, tenant string) ([]store.Notice, error)
}

// board is what a person must be told. Whoever meets a trouble raises it here; log, status and metrics show what
// stands, and nothing else decides what a person is told. A notice is logged when it begins to stand, and written by
// run behind whoever raised it, who may hold locks.
type board struct {
	store noticeStore
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	known   map[string]told         // by id: what stands, as it was last raised; owned by mu
	unsaved map[string]store.Notice // by id: what is to be written; without a text it is to be cleared; owned by mu
	waking  chan struct{}
	looks   uint64 // how many looks at the state have begun; owned by mu
	settled uint64 // the last of them that settled; owned by settling
	// settling is held while a look settles: taken before mu.
	settling sync.Mutex
	saving   sync.Mutex // held while unsaved is written, so that an older state never follows a newer one
}

// told is a notice that stands.
type told struct {
	store.Notice
	met uint64 // how many looks had begun when it was last raised
}

const (
	maxKnown  = 1000        // subjects come from outside; beyond it the notices of a kind and tenant are one
	saveAgain = time.Minute // a notice that stands is not written again before
	// grace is how long what stood before the start stands on without being met again.
	grace = 30 * time.Minute
)

// newBoard takes over what stood before the start. What follows from the state is looked at anew; a refused reload and
// the need of a restart are over, for the file was read; any other trouble ends unless it is met again.
func newBoard(ctx context.Context, s noticeStore, log *slog.Logger) (*board, error) {
	return boardAt(ctx, s, log, time.Now)
}

func boardAt(ctx context.Context, s noticeStore, log *slog.Logger, now func() time.Time) (*board, error) {
	b := &board{store: s, log: log, now: now, known: map[string]told{}, unsaved: map[string]store.Notice{},
		waking: make(chan struct{}, 1)}
	list, err := s.Notices(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	for _, n := range list {
		b.known[n.ID] = told{Notice: n}
		switch {
		case n.Kind == "config.refused", n.Kind == "config.restart":
			b.clear(n.Kind, n.Tenant, n.Subject)
		case n.Until.IsZero() && !kinds[n.Kind].state:
			n.Until = b.now().Add(grace)
			b.known[n.ID], b.unsaved[n.ID] = told{Notice: n}, n
		}
	}
	return b, nil
}

// raise tells a person of a trouble. It never blocks. attrs are for the log alone.
func (b *board) raise(n store.Notice, attrs ...any) {
	kind := kinds[n.Kind]
	n.Do = cmp.Or(n.Do, kind.do, "see the log")
	now := b.now()
	if kind.lasts > 0 {
		n.Until = now.Add(kind.lasts)
	}
	b.mu.Lock()
	n.ID = store.NoticeID(n.Kind, n.Tenant, n.Subject)
	old, stands := b.standing(n.ID, now)
	if !stands && len(b.known) >= maxKnown {
		b.prune(now)
		if len(b.known) >= maxKnown {
			n.Subject = "(and others)"
			n.ID = store.NoticeID(n.Kind, n.Tenant, n.Subject)
			old, stands = b.standing(n.ID, now)
		}
	}
	news := old.Until.IsZero() != n.Until.IsZero() || kind.state && n.Text != old.Text
	if stands && !news && now.Sub(old.Last) < saveAgain {
		old.met = b.looks
		b.known[n.ID] = old
		b.mu.Unlock()
		return
	}
	n.Since, n.Last = now, now
	if stands {
		n.Since = old.Since
	}
	b.known[n.ID], b.unsaved[n.ID] = told{n, b.looks}, n
	b.mu.Unlock()
	b.wake()
	if !stands {
		b.logRaised(n, attrs)
	}
}

// standing is a notice that stands. The caller holds mu.
func (b *board) standing(id string, now time.Time) (told, bool) {
	n, ok := b.known[id]
	return n, ok && (n.Until.IsZero() || now.Before(n.Until))
}

// prune forgets what is over. The caller holds mu.
func (b *board) prune(now time.Time) {
	for id := range b.known {
		if _, stands := b.standing(id, now); !stands {
			delete(b.known, id)
		}
	}
}

// logRaised logs a notice that begins to stand. What reads it in the log is the operator's choice.
func (b *board) logRaised(n store.Notice, attrs []any) {
	line := []any{"event", "alert." + n.Kind}
	level := slog.LevelError
	if event := kinds[n.Kind].event; event != "" {
		level, line[1] = slog.LevelWarn, event
	}
	if len(attrs) == 0 && n.Subject != "" {
		attrs = []any{"subject", n.Subject}
	}
	if n.Tenant != "" && !slices.Contains(attrs, any("tenant")) {
		attrs = append(attrs, "tenant", n.Tenant)
	}
	b.log.Log(context.Background(), level, n.Text, append(append(line, attrs...), "do", n.Do)...)
}

// clear ends a notice. It reports whether one stood.
func (b *board) clear(kind, tenant, subject string) bool {
	id := store.NoticeID(kind, tenant, subject)
	b.mu.Lock()
	_, stood := b.known[id]
	if stood {
		delete(b.known, id)
		b.unsaved[id] = store.Notice{ID: id, Kind: kind, Tenant: tenant, Subject: subject}
	}
	b.mu.Unlock()
	if stood {
		b.wake()
	}
	return stood
}

// beginLook begins a look at the state, and gives its number for settle.
func (b *board) beginLook() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	return b.looks
}

// settle raises what a look at the state has shown, and clears what it shows no more. A look that began before another
// that has settled says nothing: it would clear what came since.
func (b *board) settle(look uint64, shown []store.Notice) {
	b.settling.Lock()
	defer b.settling.Unlock()
	if look < b.settled {
		return
	}
	b.settled = look
	stands := map[string]bool{}
	for _, n := range shown {
		stands[store.NoticeID(n.Kind, n.Tenant, n.Subject)] = true
		b.raise(n)
	}
	b.mu.Lock()
	var over []store.Notice
	for id, n := range b.known {
		if kinds[n.Kind].state && !stands[id] {
			over = append(over, n.Notice)
		}
	}
	b.mu.Unlock()
	for _, n := range over {
		b.clear(n.Kind, n.Tenant, n.Subject)
	}
}

// clearAll ends the notices of a kind and tenant that a look does not show, but for those that were raised after it had
// begun.
func (b *board) clearAll(look uint64, kind, tenant string) {
	b.mu.Lock()
	var subjects []string
	for _, n := range b.known {
		if n.Kind == kind && n.Tenant == tenant && n.met < look {
			subjects = append(subjects, n.Subject)
		}
	}
	b.mu.Unlock()
	for _, subject := range subjects {
		b.clear(kind, tenant, subject)
	}
}

func (b *board) wake() {
	select {
	case b.waking <- struct{}{}:
	default:
	}
}

// run writes what is raised and cleared until ctx ends, and at its end what is left.
func (b *board) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			b.save(context.WithoutCancel(ctx))
			return nil
		case <-b.waking:
			b.save(ctx)
		}
	}
}

// save makes durable what was raised and cleared. What could not be written is tried again with the next; the log has
// it.
func (b *board) save(ctx context.Context) {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	unsaved := b.unsaved
	b.unsaved = map[string]store.Notice{}
	b.mu.Unlock()
	for id, n := range unsaved {
		var err error
		if n.Text == "" {
			_, err = b.store.Clear(ctx, n.Kind, n.Tenant, n.Subject)
		} else {
			_, _, err = b.store.Raise(ctx, n)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, context.Canceled) {
			b.log.Warn("write a notice", "event", "notice.failed", "kind", n.Kind, "error", err)
		}
		b.mu.Lock()
		if _, newer := b.unsaved[id]; !newer {
			b.unsaved[id] = n
		}
		b.mu.Unlock()
	}
}

// list is what stands, the gateway's first, then by tenant and kind. Where the store cannot be written, what could not
// be is in it all the same.
func (b *board) list(ctx context.Context) ([]store.Notice, error) {
	// A disk that hangs must not keep what is known from being told.
	within, cancel := context.WithTimeout(ctx, 2*time.Second)
	b.save(within)
	cancel()
	list, err := b.store.Notices(ctx, "")
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, n := range b.unsaved {
		list = slices.DeleteFunc(list, func(have store.Notice) bool { return have.ID == id })
		if n.Text != "" {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b store.Notice) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// alert raises a notice for a part of the daemon. Of the attributes, tenant is whose it is, and subject, item or engine
// what it is about.
func (d *daemon) alert(event, text string, attrs ...any) {
	n := store.Notice{Kind: event, Text: text}
	for i := 0; i+1 < len(attrs); i += 2 {
		value := fmt.Sprint(attrs[i+1])
		switch attrs[i] {
		case "tenant":
			n.Tenant = value
		case "subject", "item", "engine":
			n.Subject = value
		}
	}
	if kinds[event].state { // what is to be done follows from the state; this is one case of it
		d.log.Error(text, append([]any{"event", "alert." + event}, attrs...)...)
		return
	}
	d.board.raise(n, attrs...)
}

// alertRetract raises what the engine tells, and clears what it says is over.
func (d *daemon) alertRetract(a retract.Alert) {
	if a.Kind == "resumed" {
		d.board.clear("retract.auth", a.Tenant, "")
		d.board.clear("retract.outage", a.Tenant, "")
		d.log.Error(a.Text, "event", "alert.retract.resumed", "tenant", a.Tenant)
		return
	}
	if kinds["retract."+a.Kind].state {
		d.log.Error(a.Text, "event", "alert.retract."+a.Kind, "tenant", a.Tenant)
		return
	}
	d.board.raise(store.Notice{Kind: "retract." + a.Kind, Tenant: a.Tenant, Subject: a.Subject, Text: a.Text}, "tenant",
		a.Tenant)
}

// alertEngineAway tells of an engine beside the scorer that cannot be asked, as each message does that is judged
// without it.
func (d *daemon) alertEngineAway(engine, why string) {
	if d.away.failed(engine, d.board.now()) {
		d.alert("engine.away", "An engine beside the scorer cannot be asked; mail is judged without it.", "subject",
			engine)
	}
	d.log.Debug("engine not asked", "event", "engine.away", "engine", engine, "error", why)
}

// watchState looks every minute at what a person must be told of the daemon's state.
func (d *daemon) watchState(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if _, err := d.status(ctx); err != nil && ctx.Err() == nil {
				d.log.Warn("look at the state", "event", "notice.failed", "error", err)
			}
		}
	}
}
