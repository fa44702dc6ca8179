package indicator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"clawback/query"
	"clawback/store"
	"clawback/verdict"
)

// A feed brings thousands of indicators at a time. They are searched for by one probe, the messages that carry any of
// them are judged beside each other, so that their commits are made together, and what became of the indicators is one
// transaction.
const (
	mostCarriers = 1000 // messages of one indicator that are looked at so; one that more carry is applied by itself
	judges       = 128  // messages that are judged at once: so many share a transaction
)

// bulk is some indicators on their way, and the messages that may carry them.
type bulk struct {
	list     []store.Indicator
	carriers map[string][]int // numbers in list, by record
	records  []string         // the keys of carriers, as they were found
	carried  []int            // how many messages may carry each of list
	many     map[int]bool     // number in list: more carry it than are listed
}

// applyAll judges stored messages by indicators: first it counts, then those act that the brake lets through.
//
// One search is enough for both. Only Run's goroutine follows the changes, and it is here: what is committed before the
// probe is found by it, and what comes later is judged by follow, which has not seen it yet (I6).
func (d *Desk) applyAll(ctx context.Context, list []store.Indicator) error {
	if len(list) == 1 {
		return d.apply(ctx, list[0])
	}
	if len(list) == 0 {
		return nil
	}
	if err := d.begin(ctx); err != nil {
		return err
	}
	b, err := d.probe(ctx, list)
	if err != nil {
		return err
	}
	if err := d.weigh(ctx, b); err != nil {
		return err
	}
	if err := d.act(ctx, b); err != nil {
		return err
	}
	for n, i := range list {
		if b.many[n] {
			if err := d.apply(ctx, i); err != nil {
				return fmt.Errorf("indicator %s: %w", i.ID, err)
			}
		}
	}
	return nil
}

// probe finds the messages that carry any of the indicators.
func (d *Desk) probe(ctx context.Context, list []store.Indicator) (*bulk, error) {
	b := &bulk{list: slices.Clone(list), carriers: map[string][]int{}, carried: make([]int, len(list)),
		many: map[int]bool{}}
	p := store.Probe{Since: d.now().Add(-d.o.Window), Most: mostCarriers}
	var numbers []int // in list, of each term
	for n, i := range list {
		if term, known := query.TermOf(verdict.Indicator{Kind: i.Kind, Value: i.Value}); known {
			p.Terms, numbers = append(p.Terms, term), append(numbers, n)
		}
	}
	hits, err := d.o.Store.ProbeTerms(ctx, p)
	if err != nil {
		return nil, err
	}
	for term := range hits.More {
		b.many[numbers[term]] = true
	}
	for _, hit := range hits.List {
		if n := numbers[hit.Term]; !b.many[n] {
			if b.carriers[hit.Record] == nil {
				b.records = append(b.records, hit.Record)
			}
			b.carriers[hit.Record] = append(b.carriers[hit.Record], n)
			b.carried[n]++
		}
	}
	return b, nil
}

// counted is how many messages each of some indicators would change, by tenant.
func (d *Desk) counted(ctx context.Context, b *bulk, wanted func(n int) bool) ([]map[string]int, error) {
	counts := make([]map[string]int, len(b.list))
	for _, id := range b.records {
		if !slices.ContainsFunc(b.carriers[id], wanted) {
			continue
		}
		rec, err := d.o.Store.Record(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // past its retention
		}
		if err != nil {
			return nil, err
		}
		for _, n := range b.carriers[id] {
			if !wanted(n) || len(d.changes(rec, b.list[n:n+1])) == 0 {
				continue
			}
			if counts[n] == nil {
				counts[n] = map[string]int{}
			}
			counts[n][rec.Tenant]++
		}
	}
	return counts, nil
}

// weigh lets those wait that the brake lets through nowhere. What is carried by fewer messages than the brake looks at
// is not counted: it changes no more than carry it.
func (d *Desk) weigh(ctx context.Context, b *bulk) error {
	few := min(d.o.Brake.From, d.o.Brake.Messages)
	counts, err := d.counted(ctx, b, func(n int) bool { return b.list[n].Approved == "" && b.carried[n] > few })
	if err != nil {
		return err
	}
	for n := range b.list {
		if b.many[n] {
			continue // it is applied by itself
		}
		i := &b.list[n]
		if *i, err = d.weighed(ctx, *i, counts[n]); err != nil {
			return err
		}
		i.Hits = 0
	}
	if err := d.weighFeeds(ctx, b); err != nil {
		return err
	}
	var wait []store.Indicator
	for n, i := range b.list {
		if !b.many[n] && !acts(i) {
			wait = append(wait, i)
		}
	}
	return d.hold(ctx, wait)
}

// act puts the others in force, and judges what carries them.
func (d *Desk) act(ctx context.Context, b *bulk) error {
	active := b.active()
	if len(active) == 0 {
		return nil
	}
	begun := time.Now()
	defer d.inForceWhile(active)()
	var mu sync.Mutex // guards messages and hits
	messages, hits := 0, make([]int, len(b.list))
	err := eachOf(ctx, b.records, func(ctx context.Context, id string) error {
		hit, did, err := d.judgeCarrier(ctx, id, b)
		mu.Lock()
		defer mu.Unlock()
		messages += did
		for _, n := range hit {
			hits[n]++
		}
		return err
	})
	if err != nil {
		return err // they are applied again: what was judged is not changed a second time
	}
	for n := range hits {
		b.list[n].Hits = hits[n]
	}
	d.o.Log.Info("indicators are in force", "event", "indicator.active", "indicators", len(active),
		"messages", messages, "took", time.Since(begun).Round(time.Millisecond))
	return d.settled(ctx, b.active())
}

// active are those that act, somewhere at least, and are not applied by themselves.
func (b *bulk) active() (list []store.Indicator) {
	for n, i := range b.list {
		if !b.many[n] && acts(i) {
			list = append(list, i)
		}
	}
	return list
}

// judgeCarrier judges a record by those of b that it may carry and that act. It gives those of them that would have
// changed it each by itself, and 1 where its verdict is another one now.
func (d *Desk) judgeCarrier(ctx context.Context, id string, b *bulk) (hits []int, did int, err error) {
	carried := slices.DeleteFunc(slices.Clone(b.carriers[id]), func(n int) bool { return !acts(b.list[n]) })
	if len(carried) == 0 {
		return nil, 0, nil
	}
	if rec, lately := d.lately.record(id); lately {
		// The store changes nothing that is another one by now; that nothing is to be changed must be said of what is.
		if hits, did, err = d.judgeBulk(ctx, rec, b, carried); err != nil || did > 0 {
			return hits, did, err
		}
	}
	rec, err := d.o.Store.Record(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil // past its retention
	}
	if err != nil {
		return nil, 0, err
	}
	return d.judgeBulk(ctx, rec, b, carried)
}

func (d *Desk) judgeBulk(ctx context.Context, rec store.Record, b *bulk,
	carried []int) (hits []int, did int, err error) {
	var known []store.Indicator
	for _, n := range carried {
		if known = append(known, b.list[n]); len(carried) > 1 && len(d.changes(rec, b.list[n:n+1])) > 0 {
			hits = append(hits, n)
		}
	}
	did, err = d.judge(ctx, rec, known)
	if len(carried) == 1 && did > 0 {
		hits = carried
	}
	return hits, did, err
}

// settled keeps what became of indicators that act, and tells a person of those that wait somewhere.
func (d *Desk) settled(ctx context.Context, list []store.Indicator) error {
	var active, wait []store.Indicator
	for _, i := range list {
		if i.State == store.IndicatorWaiting {
			wait = append(wait, i)
		} else {
			active = append(active, i)
		}
	}
	if err := d.settle(ctx, active); err != nil {
		return err
	}
	if err := d.hold(ctx, wait); err != nil {
		return err
	}
	return d.clear(ctx, active)
}

// eachOf calls fn for ids, some at once. It returns the first error.
func eachOf(ctx context.Context, ids []string, fn func(ctx context.Context, id string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan string)
	var workers sync.WaitGroup
	for range min(judges, len(ids)) {
		workers.Go(func() {
			for id := range next {
				if err := fn(ctx, id); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, id := range ids {
		select {
		case next <- id:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// hold has indicators wait for a person.
func (d *Desk) hold(ctx context.Context, list []store.Indicator) error {
	if err := d.settle(ctx, list); err != nil {
		return err
	}
	for _, i := range list {
		d.o.Log.Warn("an indicator waits for a person", "event", "indicator.waiting", "indicator", i.ID, "why", i.Why)
	}
	if len(list) > mostReminded {
		d.reminded = time.Time{} // their notices are bounded
		return nil
	}
	for _, i := range list {
		if err := d.raise(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// clear ends the notices of indicators that waited.
func (d *Desk) clear(ctx context.Context, list []store.Indicator) error {
	standing, err := d.o.Store.Notices(ctx, "")
	if err != nil {
		return err
	}
	for _, n := range standing {
		if n.Kind != kindWaiting || !slices.ContainsFunc(list, func(i store.Indicator) bool {
			return i.ID == n.Subject && i.Tenant == n.Tenant
		}) {
			continue
		}
		if _, err := d.o.Store.Clear(ctx, n.Kind, n.Tenant, n.Subject); err != nil {
			return err
		}
	}
	return nil
}

// asLeft reports whether an indicator is still the one that was being applied: nobody has removed it, or added it
// again. The caller holds mu.
func (d *Desk) asLeft(i store.Indicator) bool {
	now, have := d.known[place(i)]
	return have && now.Added.Equal(i.Added) && now.By == i.By && now.Approved == i.Approved &&
		now.State != store.IndicatorWithdrawing
}

// inForceWhile has indicators match for whoever judges the same messages meanwhile. How far they are stays as it is
// until it is durable.
func (d *Desk) inForceWhile(list []store.Indicator) (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range list {
		d.acting[place(i)] = i
	}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, i := range list {
			delete(d.acting, place(i))
		}
	}
}

// settle keeps what became of indicators that were applied, in one transaction. One that a person removed or added
// again meanwhile is his: it stays as he left it.
func (d *Desk) settle(ctx context.Context, list []store.Indicator) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	var change store.Change
	d.mu.Lock()
	for _, i := range list {
		if d.asLeft(i) {
			change.Indicators.Put = append(change.Indicators.Put, i)
		}
	}
	d.mu.Unlock()
	if len(change.Indicators.Put) == 0 {
		return nil
	}
	if err := d.o.Store.Update(ctx, change); err != nil {
		return fmt.Errorf("keep indicators: %w", err)
	}
	d.put(change.Indicators.Put...)
	return nil
}
