package sighting

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"clawback/intel/feed"
	"clawback/query"
	"clawback/store"
	"clawback/verdict"
)

// Store is what was delivered. *store.Store with searches by the index is one.
type Store interface {
	Record(ctx context.Context, id string) (store.Record, error)
	Changes(ctx context.Context, after uint64, limit int) ([]store.Event, error)
	LastChange(ctx context.Context) (uint64, error)
	Cursor(ctx context.Context, follower string) (uint64, error)
	SetCursor(ctx context.Context, follower string, seq uint64) error
}

// Desk keeps indicators, and judges messages by them. *indicator.Desk is one.
type Desk interface {
	Of(v verdict.Indicator) (store.Indicator, bool) // every tenant's indicator of a value
	// Carried says of which values there is a message that was delivered and carries it.
	Carried(ctx context.Context, list []store.Indicator) ([]bool, error)
	Add(ctx context.Context, who string, i store.Indicator) (store.Indicator, error)
	AddMany(ctx context.Context, who string, list []store.Indicator) ([]store.Indicator, []error, error)
	Remove(ctx context.Context, who, tenant, id, comment string) (store.Indicator, error)
}

// Feeds answer which of them list a value. *feed.Scheduler is one.
type Feeds interface {
	Listed(key uint64) ([]feed.Listing, error)
	Empty() bool // nobody lists anything
}

// Options wire a Watch.
type Options struct {
	Store  Store
	Desk   Desk
	File   string                             // of which entries have become indicators
	Failed func(l feed.Listing, reason error) // is told of an entry that a message carries, and that the desk refuses
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now
}

// Watch holds mail against feeds. It is a feed.Consumer.
type Watch struct {
	o     Options
	feeds Feeds // set before Run

	mu   sync.Mutex // one change at a time; held while the desk is asked
	made *ledger    // of entries that became indicators; owned by mu
}

// New makes a Watch with what is known of sightings. Mail that comes from now on is held against feeds; what came
// before is searched when they are read.
func New(ctx context.Context, o Options) (*Watch, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	made, err := openLedger(o.File)
	if err != nil {
		return nil, fmt.Errorf("read sightings: %w", err) // without them a person's removal would be forgotten (I1)
	}
	w := &Watch{o: o, made: made}
	if cursor, err := o.Store.Cursor(ctx, follower); err != nil || cursor > 0 {
		return w, err
	}
	return w, w.skip(ctx)
}

// Follow says whom the Watch asks about messages that come. It is called once, before Run.
func (w *Watch) Follow(f Feeds) { w.feeds = f }

// who is how the desk and the audit name a feed.
func who(name string) string { return "feed " + name }

// ofFeed is the feed that an indicator is of; false where a person added it.
func ofFeed(i store.Indicator) (name string, is bool) { return strings.CutPrefix(i.By, "feed ") }

func keyOf(i verdict.Indicator) string { return i.Kind + " " + i.Value }

// Apply implements feed.Consumer.
func (w *Watch) Apply(ctx context.Context, d feed.Delta) error {
	carried, err := w.carried(ctx, d)
	if err != nil {
		return err
	}
	if err := w.makeAll(ctx, carried); err != nil {
		return err
	}
	for _, i := range d.Withdrawn {
		if err := w.end(ctx, d.Feed, i, true); err != nil {
			return err
		}
	}
	for _, i := range d.Expired {
		if err := w.end(ctx, d.Feed, i, false); err != nil {
			return err
		}
	}
	return nil
}

// carried are the entries that are new in a feed and that a message carries which was delivered: all of them are
// searched for at once.
func (w *Watch) carried(ctx context.Context, d feed.Delta) (found []feed.Listing, err error) {
	if len(d.Added) == 0 {
		return nil, nil
	}
	list := make([]store.Indicator, len(d.Added))
	for n, i := range d.Added {
		list[n] = store.Indicator{Kind: i.Kind, Value: i.Value}
	}
	carried, err := w.o.Desk.Carried(ctx, list)
	if err != nil {
		return nil, err
	}
	for n, i := range d.Added {
		if carried[n] {
			found = append(found, feed.Listing{Feed: d.Feed, Indicator: i})
		}
	}
	return found, nil
}

// make makes an indicator of an entry, unless there is one, or a person removed it (I1).
func (w *Watch) make(ctx context.Context, l feed.Listing) error {
	return w.makeAll(ctx, []feed.Listing{l})
}

// makeAll makes indicators of entries of one feed, in one transaction.
func (w *Watch) makeAll(ctx context.Context, list []feed.Listing) error {
	if len(list) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var made []feed.Listing
	var add []store.Indicator
	for _, l := range list {
		if w.wants(l) {
			made = append(made, l)
			add = append(add, store.Indicator{Kind: l.Kind, Value: l.Value, Disposition: l.Disposition, Until: l.Until,
				Note: note(l)})
		}
	}
	if len(add) == 0 {
		return w.made.flush()
	}
	_, refused, err := w.o.Desk.AddMany(ctx, who(list[0].Feed), add)
	if err != nil {
		return err
	}
	change := map[string]string{}
	for n, l := range made {
		if bad := refused[n]; bad != nil {
			if w.o.Failed != nil {
				w.o.Failed(l, bad)
			}
			continue
		}
		w.o.Log.Info("a message carries what a feed lists", "event", "feed.sighting", "feed", l.Feed, "kind", l.Kind)
		change[keyOf(l.Indicator.Indicator)] = l.Feed
	}
	return w.made.set(change)
}

// wants reports whether an entry becomes an indicator beside those that there are.
func (w *Watch) wants(l feed.Listing) bool {
	kept, is := w.o.Desk.Of(l.Indicator.Indicator)
	_, made := w.made.feed(keyOf(l.Indicator.Indicator))
	if !is {
		return !made
	}
	name, ofFeed := ofFeed(kept)
	same := kept.Disposition >= l.Disposition && kept.State != store.IndicatorWithdrawing
	return ofFeed && !(same && (name == l.Feed || made))
}

// note says in the verdict where an indicator comes from.
func note(l feed.Listing) string {
	if l.Detail == "" {
		return "feed " + l.Feed + " lists it"
	}
	return fmt.Sprintf("feed %s lists it as %s", l.Feed, l.Detail)
}

// lapse is how long an indicator still matches whose time is over: the desk takes none that is over already.
const lapse = time.Second

// end ends the indicator of an entry that its feed does not list any more, unless another one does (I2).
func (w *Watch) end(ctx context.Context, name string, v verdict.Indicator, withdrawn bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := keyOf(v)
	if feed, _ := w.made.feed(key); feed != name {
		return w.made.flush()
	}
	i, have := w.o.Desk.Of(v)
	if owner, is := ofFeed(i); !have || !is || owner != name {
		return w.made.set(map[string]string{key: ""}) // a person removed it, or made it his own
	}
	if others, err := w.others(name, v); err != nil {
		return err
	} else if len(others) > 0 {
		i.Note, i.Until = note(others[0]), others[0].Until
		if _, err := w.o.Desk.Add(ctx, who(others[0].Feed), i); err != nil {
			return err
		}
		return w.made.set(map[string]string{key: others[0].Feed})
	}
	var err error
	if withdrawn {
		_, err = w.o.Desk.Remove(ctx, who(name), "", i.ID, "the feed does not list it any more")
	} else if i.Until.IsZero() || i.Until.After(w.o.Now().Add(lapse)) {
		i.Until = w.o.Now().Add(lapse)
		_, err = w.o.Desk.Add(ctx, who(name), i)
	}
	if err != nil {
		return err
	}
	return w.made.set(map[string]string{key: ""})
}

// others are the feeds beside one that list a value.
func (w *Watch) others(name string, v verdict.Indicator) (all []feed.Listing, err error) {
	key, known := query.TermOf(v)
	if !known || w.feeds == nil {
		return nil, nil
	}
	listed, err := w.feeds.Listed(key)
	for _, l := range listed {
		if l.Feed != name {
			all = append(all, l)
		}
	}
	return all, err
}
