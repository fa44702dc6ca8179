package alert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"clawback/config"
	"clawback/store"
	"clawback/verdict"
)

// Store is what the follower reads of the store.
type Store interface {
	Changes(ctx context.Context, after uint64, limit int) ([]store.Event, error)
	LastChange(ctx context.Context) (uint64, error)
	Cursor(ctx context.Context, follower string) (uint64, error)
	SetCursor(ctx context.Context, follower string, seq uint64) error
	DropCursor(ctx context.Context, follower string) error
	Notice(ctx context.Context, id string) (store.Notice, error)
	Followed(ctx context.Context, id string) (store.Record, error)
	Intent(ctx context.Context, id string) (store.Intent, error)
}

const (
	follower = "alert"
	// chunk is how many changes are read, and become durable as events, at once.
	chunk = 1000
	// saveEvery bounds how far the cursor in the store lies behind: it only keeps changes from being dropped, and is
	// where a lost alerts.db begins again.
	saveEvery = 30 * time.Second
	// tellAgain is how long a notice that is worded anew, as with another number, is not told again to people.
	tellAgain = time.Hour
)

// targets are the routes of now, with the GUIDs of their tenants.
type targets struct {
	routes  []config.Alert
	tenants map[string]map[string]bool // by route; nil: all
	names   map[string]string          // of tenants, by GUID
	// What the routes want at all, so that what none wants is not read.
	verdicts, actions, notices bool
}

func targetsOf(cfg *config.Config) *targets {
	t := &targets{routes: cfg.Alerts, tenants: map[string]map[string]bool{}, names: map[string]string{}}
	for _, tenant := range cfg.Tenants {
		t.names[tenant.ID] = tenant.Name
	}
	for _, a := range cfg.Alerts {
		for _, name := range a.Tenants {
			if t.tenants[a.Name] == nil {
				t.tenants[a.Name] = map[string]bool{}
			}
			if tenant, err := cfg.FindTenant(name); err == nil {
				t.tenants[a.Name][tenant.ID] = true
			}
		}
		for _, word := range a.Events {
			_, err := verdict.Parse(word)
			switch {
			case word == config.EveryVerdict || err == nil:
				t.verdicts = true
			case word == config.EveryAction:
				t.actions = true
			default:
				t.notices = true
			}
		}
	}
	return t
}

// telling lists the routes that tell of an event.
func (t *targets) telling(e Event) (list []string) {
	for _, a := range t.routes {
		if concerns(a, t.tenants[a.Name], e) {
			list = append(list, a.Name)
		}
	}
	return list
}

// pass is one step of the follower: changes that become events in one transaction.
type pass struct {
	d       *Dispatcher
	t       *targets
	list    []routed
	notices map[string]*told
	revs    map[string]uint64 // of the rows that it tells of
}

// follow makes events of a part of what changed, and says whether there is more.
func (d *Dispatcher) follow(ctx context.Context, t *targets) (more bool, err error) {
	after, err := d.place(ctx)
	if err != nil {
		return false, err
	}
	changes, err := d.o.Store.Changes(ctx, after, chunk)
	if errors.Is(err, store.ErrPruned) {
		return false, d.skip(ctx, t)
	}
	if err != nil || len(changes) == 0 {
		return false, err
	}
	p := pass{d: d, t: t, notices: map[string]*told{}, revs: map[string]uint64{}}
	for _, c := range changes {
		if err := p.add(ctx, c); err != nil {
			return false, fmt.Errorf("read what change %d is about: %w", c.Seq, err)
		}
	}
	last := changes[len(changes)-1].Seq
	if err := d.outbox.add(last, p.list, p.notices); err != nil {
		return false, fmt.Errorf("keep events for receivers: %w", err)
	}
	p.keepRevs()
	d.wakeWorkers(p.list)
	return len(changes) == chunk, d.save(ctx, last)
}

// place is where the follower stands. It begins at the end of the changes; where alerts.db was lost, at the cursor in
// the store.
func (d *Dispatcher) place(ctx context.Context) (uint64, error) {
	at, found, err := d.outbox.cursor()
	if err != nil {
		return 0, fmt.Errorf("read where the follower is: %w", err)
	}
	last, err := d.o.Store.LastChange(ctx)
	if err != nil {
		return 0, err
	}
	if found && at <= last {
		return at, nil
	}
	kept, err := d.o.Store.Cursor(ctx, follower)
	if err != nil {
		return 0, err
	}
	if kept == 0 || kept > last {
		kept = last
	}
	if err := d.outbox.add(kept, nil, nil); err != nil {
		return 0, err
	}
	return kept, d.o.Store.SetCursor(ctx, follower, kept)
}

// skip goes to the end of the changes, where those behind the follower are not kept any more, and tells of the gap.
func (d *Dispatcher) skip(ctx context.Context, t *targets) error {
	last, err := d.o.Store.LastChange(ctx)
	if err != nil {
		return err
	}
	gap := cutEvent(Lost{}, d.o.Now().UTC(), fmt.Sprintf("gap-%d", last))
	d.o.Log.Error("changes were dropped before they could be told", "event", "alert.missed")
	if err := d.outbox.add(last, []routed{{gap, t.telling(gap)}}, nil); err != nil {
		return err
	}
	for _, a := range t.routes {
		d.o.Teller.RouteDrops(a.Name)
	}
	return d.o.Store.SetCursor(ctx, follower, last)
}

// save moves the cursor in the store along, now and then.
func (d *Dispatcher) save(ctx context.Context, last uint64) error {
	if now := d.o.Now(); now.Sub(d.saved) >= saveEvery {
		d.saved = now
		return d.o.Store.SetCursor(ctx, follower, last)
	}
	return nil
}

// add makes an event of a change. A row that has gone since tells nothing.
func (p *pass) add(ctx context.Context, c store.Event) (err error) {
	switch c.Kind {
	case store.RecordAdded, store.VerdictChanged:
		if p.t.verdicts {
			err = p.addVerdict(ctx, c)
		}
	case store.OutcomeChanged:
		if p.t.actions {
			err = p.addAction(ctx, c)
		}
	case store.NoticeChanged:
		if p.t.notices {
			err = p.addNotice(ctx, c)
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// maxRevs bounds what is known of rows that were told lately.
const maxRevs = 20_000

// isNew reports whether a row as it is now was not told yet. An event of it has the same id in any case.
func (p *pass) isNew(id string, rev uint64) bool {
	for _, seen := range []map[string]uint64{p.revs, p.d.revs} {
		if last, known := seen[id]; known {
			return last != rev && p.remember(id, rev)
		}
	}
	return p.remember(id, rev)
}

func (p *pass) remember(id string, rev uint64) bool {
	p.revs[id] = rev
	return true
}

// keepRevs keeps what a pass has told once that is durable: one that fails is done again.
func (p *pass) keepRevs() {
	if len(p.d.revs) >= maxRevs {
		clear(p.d.revs)
	}
	maps.Copy(p.d.revs, p.revs)
}

// put gives an event to the routes that tell of it.
func (p *pass) put(c store.Event, e Event) {
	if e.ID == "" {
		e.ID = fmt.Sprintf("%d-%s", c.Seq, c.ID)
	}
	e.At, e.TenantName = c.At, p.t.names[e.Tenant]
	e.clean(p.d.o.Teller.Clean)
	if routes := p.t.telling(e); len(routes) > 0 {
		p.list = append(p.list, routed{e, routes})
	}
}

func (p *pass) addVerdict(ctx context.Context, c store.Event) error {
	rec, err := p.d.o.Store.Followed(ctx, c.ID)
	if err != nil || rec.Verdict.Disposition == verdict.Unscored {
		return err
	}
	if p.isNew(rec.ID, rec.Rev) {
		e := eventOfVerdict(rec)
		e.ID = fmt.Sprintf("%s-%d", rec.ID, rec.Rev)
		p.put(c, e)
	}
	return nil
}

func (p *pass) addAction(ctx context.Context, c store.Event) error {
	in, err := p.d.o.Store.Intent(ctx, c.ID)
	if err != nil || in.Outcome == store.Pending {
		return err
	}
	rec, err := p.d.o.Store.Followed(ctx, in.Record)
	if err != nil || !p.isNew(in.ID, in.Rev) {
		return err
	}
	e := eventOfAction(in, rec)
	e.ID = fmt.Sprintf("%s-%d", in.ID, in.Rev)
	p.put(c, e)
	return nil
}

// addNotice tells of a notice that stands, or is over. What was told of it before is known by its id.
func (p *pass) addNotice(ctx context.Context, c store.Event) error {
	before, known := p.notices[c.ID]
	if !known {
		var err error
		if before, err = p.d.outbox.toldOf(c.ID); err != nil {
			return err
		}
	}
	n, err := p.d.o.Store.Notice(ctx, c.ID)
	if errors.Is(err, store.ErrNotFound) {
		if before != nil {
			over := before.Event
			over.Type, over.Severity, over.Do = OfClear, Informational, ""
			p.put(c, over)
			p.notices[c.ID] = nil
		}
		return nil
	}
	if err != nil {
		return err
	}
	e := eventOfNotice(n, p.d.o.Teller.Critical(n.Kind))
	at := c.At
	if before != nil && before.Event.Notice != nil && before.Event.Notice.Since.Equal(n.Since) {
		if before.Event.Text == e.Text {
			return nil // both changes were read as one
		}
		if e.Notice.Again = c.At.Sub(before.At) < tellAgain; e.Notice.Again {
			at = before.At
		}
	}
	p.put(c, e)
	e.Notice.Again = false
	p.notices[c.ID] = &told{Event: e, At: at}
	return nil
}
