package index

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"clawback/store"
)

// Rebuild asks for the index to be built anew from the records, while everything goes on; Status has the progress. The
// index that there is answers until the new one is whole.
func (x *Index) Rebuild() {
	select {
	case x.rebuild <- struct{}{}:
	default: // asked for already
	}
}

// pageSize is how many records one step of building reads.
const pageSize = 500

// build makes the index anew from the records.
func (x *Index) build(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	// What changes while it is built is replayed from here.
	last, err := x.store.LastChange(ctx)
	if err != nil {
		return err
	}
	progress := Progress{Running: true, Began: x.o.Now().UTC(), Why: x.progress.Load().Why, Total: x.total(ctx)}
	defer func() {
		progress.Running = false
		x.progress.Store(&progress)
	}()
	x.o.Log.Info("the index is built anew", "event", "index.building", "why", progress.Why)
	b := build{index: x, list: manifest{Format: format, Through: last, Segments: map[int][]file{}},
		byDay: map[int][]*segment{}}
	if err := b.run(ctx, &progress); err != nil {
		return err
	}
	b.list.Built = x.o.Now().UTC()
	old := x.manifest.names()
	x.bringing.Lock()
	defer x.bringing.Unlock()
	if err := x.commit(b.list); err != nil {
		return err
	}
	x.recent = builder{}
	x.publish(b.byDay, last, b.list.Built)
	x.changes.Forget()
	progress.Why = ""
	x.remove(old)
	x.o.Log.Info("the index is whole", "event", "index.built", "records", progress.Done,
		"took", time.Since(progress.Began))
	if last == 0 {
		return nil
	}
	return x.moveCursor(ctx)
}

// total is about how many records there are.
func (x *Index) total(ctx context.Context) int {
	c, err := x.store.Counts(ctx, "")
	if err != nil {
		return 0
	}
	return c.Records
}

// names are all files that the list names.
func (m manifest) names() (all []string) {
	for _, files := range m.Segments {
		for _, f := range files {
			all = append(all, f.Name)
		}
	}
	return all
}

// build is one under way. Its segments count when its list is in its place.
type build struct {
	index *Index
	batch builder
	list  manifest
	byDay map[int][]*segment
}

func (b *build) run(ctx context.Context, progress *Progress) error {
	x := b.index
	for cursor := ""; ; {
		began := time.Now()
		page, err := x.store.Scan(ctx, store.RecordFilter{Limit: pageSize, Scan: pageSize}, cursor)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		events := make([]store.Event, len(page.Records))
		for i, rec := range page.Records {
			events[i] = store.Event{Kind: store.RecordAdded, ID: rec.ID}
		}
		docs, err := x.store.Documents(ctx, events)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, d := range docs {
			b.batch.add(d)
		}
		progress.Done += len(docs)
		now := *progress
		x.progress.Store(&now)
		if cursor = page.Next; cursor == "" {
			return b.write()
		}
		if b.batch.len() >= x.o.Large {
			if err := b.write(); err != nil {
				return err
			}
		}
		if err := b.yield(ctx, time.Since(began)); err != nil {
			return err
		}
	}
}

// yield leaves the machine to the mail for as long as a step took, and lets what lies in memory be written.
func (b *build) yield(ctx context.Context, took time.Duration) error {
	x := b.index
	x.bringing.Lock()
	due := x.recent.len() >= x.o.Small
	x.bringing.Unlock()
	if due {
		if err := x.flush(ctx); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(took):
		return nil
	}
}

// write puts the batch on the disk.
func (b *build) write() error {
	list, opened, err := b.index.write(&b.batch, b.list)
	if err != nil {
		return err
	}
	for d, s := range opened {
		b.byDay[d] = append(slices.Clone(b.byDay[d]), s)
	}
	b.batch, b.list = builder{}, list
	b.list.Segments = maps.Clone(list.Segments)
	return nil
}
