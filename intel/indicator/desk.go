package indicator

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"clawback/config"
	"clawback/intel"
	"clawback/intel/brake"
	"clawback/store"
	"clawback/verdict"
)

// Store is what the desk keeps and reads; *store.Store with searches by the index is one.
type Store interface {
	Indicators(ctx context.Context, tenant string) ([]store.Indicator, error)
	Update(ctx context.Context, c store.Change) error
	Record(ctx context.Context, id string) (store.Record, error)
	Followed(ctx context.Context, id string) (store.Record, error)
	Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error)
	ProbeTerms(ctx context.Context, p store.Probe) (store.Hits, error)
	Rejudge(ctx context.Context, j store.Rejudgement) (store.Record, bool, error)
	Changes(ctx context.Context, after uint64, limit int) ([]store.Event, error)
	LastChange(ctx context.Context) (uint64, error)
	Cursor(ctx context.Context, follower string) (uint64, error)
	SetCursor(ctx context.Context, follower string, seq uint64) error
	DropCursor(ctx context.Context, follower string) error
	Seen(ctx context.Context, tenant string, since time.Time) (int, error)
	Raise(ctx context.Context, n store.Notice) (kept store.Notice, isNew bool, err error)
	Clear(ctx context.Context, kind, tenant, subject string) (bool, error)
	Notices(ctx context.Context, tenant string) ([]store.Notice, error)
}

// Judge judges a record's original anew. *intel.Judge is one.
type Judge interface {
	Again(ctx context.Context, rec store.Record, claim string) (verdict.Verdict, error)
}

// Options wire a Desk.
type Options struct {
	Store   Store
	Judge   Judge
	Tenants func() []config.Tenant               // as the configuration has them
	Plan    func(t *config.Tenant) store.Planner // the tenant's policy
	Wake    func()                               // there is something to retract
	Brake   brake.Limits                         // what one indicator may change without a person
	Feed    int                                  // and all of one feed's within a day; 0: 1000, or the brake's share
	Window  time.Duration                        // how far back stored mail is looked at; 0: 90 days
	Log     *slog.Logger                         // nil: nowhere
	Now     func() time.Time                     // nil: time.Now
}

// Desk keeps indicators, and judges messages anew by them. Safe for concurrent use.
type Desk struct {
	o Options

	writing sync.Mutex // held while indicators are written and then shown; taken before mu

	mu     sync.Mutex
	known  map[string]store.Indicator // by id and tenant; owned by mu, as is order, which is dropped when known changes
	order  []store.Indicator          // what is known, the newest first; nil: to be made. Never changed
	listed map[uint64]bool            // the terms of what is known; nil: to be made. Owned by mu, dropped with order
	acting map[string]store.Indicator // likewise: stored messages are being judged by it now; owned by mu

	reminded time.Time // when the notices of what waits were raised last; of Run's goroutine

	lately lately // what Carried has read

	work  chan struct{} // something is to be done
	terms sync.Map      // by id, which is made of kind and value: the term of each, made once
}

// New reads what is kept.
func New(ctx context.Context, o Options) (*Desk, error) {
	d := &Desk{o: o.withDefaults(), known: map[string]store.Indicator{}, acting: map[string]store.Indicator{},
		work: make(chan struct{}, 1)}
	list, err := o.Store.Indicators(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("read indicators: %w", err)
	}
	for _, i := range list {
		d.known[place(i)] = i
	}
	d.wake()
	return d, nil
}

func (o Options) withDefaults() Options {
	o.Brake = o.Brake.WithDefaults()
	o.Feed = cmp.Or(o.Feed, 1000)
	if o.Window <= 0 {
		o.Window = 90 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	return o
}

func place(i store.Indicator) string { return i.Tenant + " " + i.ID }

// tenant is a tenant of the configuration; nil where there is none.
func (d *Desk) tenant(id string) *config.Tenant {
	for _, t := range d.o.Tenants() {
		if t.ID == id {
			return &t
		}
	}
	return nil
}

// tenants are those that an indicator is of.
func (d *Desk) tenants(id string) []config.Tenant {
	if id == "" {
		return d.o.Tenants()
	}
	if t := d.tenant(id); t != nil {
		return []config.Tenant{*t}
	}
	return nil
}

func (d *Desk) now() time.Time { return d.o.Now().UTC().Round(0) }

func (d *Desk) wake() {
	select {
	case d.work <- struct{}{}:
	default: // it is awake
	}
}

// idOf is an indicator's identity.
func idOf(i verdict.Indicator) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s", i.Kind, i.Value))
	return "k" + hex.EncodeToString(sum[:6])
}

// List lists a tenant's indicators and those of every tenant, or with "" all; the newest first.
func (d *Desk) List(tenant string) []store.Indicator {
	return filter(d.all(), func(i store.Indicator) bool { return tenant == "" || i.Tenant == "" || i.Tenant == tenant })
}

func filter(all []store.Indicator, fits func(store.Indicator) bool) (list []store.Indicator) {
	for _, i := range all {
		if fits(i) {
			list = append(list, i)
		}
	}
	return list
}

// all are the indicators, the newest first, in an order that is made when one has changed. The caller changes nothing
// in it.
func (d *Desk) all() []store.Indicator {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.order == nil {
		d.order = slices.SortedFunc(maps.Values(d.known), func(a, b store.Indicator) int {
			return cmp.Or(b.Added.Compare(a.Added), strings.Compare(a.ID, b.ID), strings.Compare(a.Tenant, b.Tenant))
		})
	}
	return d.order
}

// Of is every tenant's indicator of a value.
func (d *Desk) Of(v verdict.Indicator) (store.Indicator, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, have := d.known[place(store.Indicator{ID: idOf(v)})]
	return i, have && i.Kind == v.Kind && i.Value == v.Value
}

// Knows reports whether there is an indicator of a term, of whatever tenant and state.
func (d *Desk) Knows(term uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listed == nil {
		d.listed = make(map[uint64]bool, len(d.known))
		for _, i := range d.known {
			if t, known := d.term(i); known {
				d.listed[t] = true
			}
		}
	}
	return d.listed[term]
}

// find is an indicator of exactly this tenant's, or with "" of every tenant.
func (d *Desk) find(tenant, id string) (store.Indicator, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, have := d.known[tenant+" "+id]
	if !have {
		return i, fmt.Errorf("indicator %q: %w", id, store.ErrNotFound)
	}
	return i, nil
}

// maxIndicators bounds the indicators of one's own: each message that comes is held against all of them. Feeds, whose
// entries become indicators when a message carries them, and each tenant may have a share alone: a stranger who sends
// what feeds list must not leave no room for people, nor one tenant none for others.
const (
	maxIndicators = 10_000
	maxShare      = maxIndicators / 2
)

// capacity is how many indicators there are, and how many of them count for the share of whoever adds one.
type capacity struct{ all, alike int }

// ofFeeds reports whether an indicator was added for a feed.
func ofFeeds(by string) bool { return ofFeed(store.Indicator{By: by}) != "" }

// capacity counts what is there, for others that are added.
func (d *Desk) capacity(who, tenant string) *capacity {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &capacity{all: len(d.known)}
	for _, k := range d.known {
		if ofFeeds(who) && ofFeeds(k.By) || !ofFeeds(who) && tenant != "" && k.Tenant == tenant {
			r.alike++
		}
	}
	return r
}

// admit makes room for another one, beside so many that are new in the same transaction; or says why there is none.
func (r *capacity) admit(who string, fresh int) error {
	switch {
	case r.all+fresh >= maxIndicators:
		return intel.Refuse(intel.ErrInvalid, "there are %d indicators: that is the most", maxIndicators)
	case r.alike < maxShare:
		r.alike++
		return nil
	case ofFeeds(who):
		return intel.Refuse(intel.ErrInvalid, "there are %d indicators of feeds: that is the most", maxShare)
	}
	return intel.Refuse(intel.ErrInvalid, "there are %d indicators of this tenant: that is the most", maxShare)
}

// has reports whether there is an indicator of this kind and value, for the same tenants.
func (d *Desk) has(i store.Indicator) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, have := d.known[place(i)]
	return have
}

// Add adds an indicator, or changes one that is there, and has stored mail judged by it at once. It answers when that
// is durable; what it did to the mail shows in its state.
func (d *Desk) Add(ctx context.Context, who string, i store.Indicator) (store.Indicator, error) {
	list, refused, err := d.AddMany(ctx, who, []store.Indicator{i})
	if err != nil {
		return i, err
	}
	return list[0], refused[0]
}

// AddMany is Add of many indicators, in one transaction. What is wrong with one of them is at its place in refused, and
// stops none of the others.
func (d *Desk) AddMany(ctx context.Context, who string,
	list []store.Indicator) (kept []store.Indicator, refused []error, err error) {
	kept, refused, change := d.prepare(who, list)
	if len(change.Acts) == 0 {
		return kept, refused, nil
	}
	return kept, refused, d.keepAll(ctx, change)
}

// prepare is what adding indicators would write.
func (d *Desk) prepare(who string,
	list []store.Indicator) (kept []store.Indicator, refused []error, change store.Change) {
	kept, refused = slices.Clone(list), make([]error, len(list))
	capacities, fresh := map[string]*capacity{}, map[string]bool{} // by tenant; by place
	for n := range kept {
		kept[n], refused[n] = d.checked(kept[n])
		i := &kept[n]
		if refused[n] == nil && !d.has(*i) && !fresh[place(*i)] {
			if capacities[i.Tenant] == nil {
				capacities[i.Tenant] = d.capacity(who, i.Tenant)
			}
			if refused[n] = capacities[i.Tenant].admit(who, len(fresh)); refused[n] == nil {
				fresh[place(*i)] = true
			}
		}
		if refused[n] != nil {
			continue
		}
		i.By, i.Added, i.State = who, d.now(), store.IndicatorApplying
		i.Approved, i.Why, i.Hits, i.Held = "", "", 0, nil
		change.Indicators.Put = append(change.Indicators.Put, *i)
		change.Acts = append(change.Acts, store.Act{At: d.now(), Who: who, What: "indicator.add", Tenant: i.Tenant,
			Object: i.ID, Comment: fmt.Sprintf("%s %s: %s; %s", i.Kind, i.Value, i.Disposition, i.Note)})
	}
	return kept, refused, change
}

// Remove withdraws an indicator: what rests on it is judged anew.
func (d *Desk) Remove(ctx context.Context, who, tenant, id, comment string) (store.Indicator, error) {
	i, err := d.find(tenant, id)
	if err != nil {
		return i, err
	}
	i.State = store.IndicatorWithdrawing
	act := store.Act{At: d.now(), Who: who, What: "indicator.remove", Tenant: tenant, Object: id, Comment: comment}
	return i, d.keep(ctx, i, &act)
}

// Approve lets an indicator that waits for a person pass the brake.
func (d *Desk) Approve(ctx context.Context, who, tenant, id, comment string) (store.Indicator, error) {
	i, err := d.find(tenant, id)
	if err != nil {
		return i, err
	}
	if i.State != store.IndicatorWaiting {
		return i, intel.Refuse(intel.ErrInvalid, "indicator %s does not wait for anybody: it is %s", id, i.State)
	}
	i.State, i.Approved, i.Held = store.IndicatorApplying, who, nil
	act := store.Act{At: d.now(), Who: who, What: "indicator.approve", Tenant: tenant, Object: id, Comment: comment}
	return i, d.keep(ctx, i, &act)
}

// keep makes an indicator durable, and then puts it in force.
func (d *Desk) keep(ctx context.Context, i store.Indicator, act *store.Act) error {
	return d.keepAll(ctx, store.Change{Indicators: store.Edit[store.Indicator]{Put: []store.Indicator{i}}, Act: act})
}

// keepAll makes indicators durable in one transaction, and then puts them in force.
func (d *Desk) keepAll(ctx context.Context, change store.Change) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if err := d.o.Store.Update(ctx, change); err != nil {
		return fmt.Errorf("keep indicators: %w", err)
	}
	d.put(change.Indicators.Put...)
	d.wake()
	return nil
}

// put shows indicators as they are now.
func (d *Desk) put(list ...store.Indicator) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.order, d.listed = nil, nil
	for _, i := range list {
		d.known[place(i)] = i
	}
}

// drop removes an indicator for good that was withdrawn, unless somebody has added it again meanwhile.
func (d *Desk) drop(ctx context.Context, i store.Indicator) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if now, err := d.find(i.Tenant, i.ID); err != nil || now.State != store.IndicatorWithdrawing {
		return nil
	}
	change := store.Change{Indicators: store.Edit[store.Indicator]{Remove: []store.Key{i.Key()}}}
	if err := d.o.Store.Update(ctx, change); err != nil {
		return fmt.Errorf("remove indicator: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, place(i))
	d.order, d.listed = nil, nil
	d.terms.Delete(i.ID)
	return nil
}
