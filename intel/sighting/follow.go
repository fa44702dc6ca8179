package sighting

import (
	"context"
	"errors"
	"time"

	"clawback/store"
)

// follower is the name of the Watch among those that follow the store's changes.
const follower = "feeds"

// every is how often the store is asked for changes, and batch how many are read at once.
const (
	every = 200 * time.Millisecond
	batch = 500
)

// Run holds mail that comes against what feeds list, until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	timer := time.NewTicker(every)
	defer timer.Stop()
	said := ""
	for {
		err := w.follow(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			said = ""
		case err.Error() != said:
			said = err.Error()
			w.o.Log.Warn("hold mail against feeds", "event", "feed.follow", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
	}
}

// follow reads what changed since it was last read.
func (w *Watch) follow(ctx context.Context) error {
	if done, err := w.idle(ctx); done || err != nil {
		return err
	}
	cursor, err := w.o.Store.Cursor(ctx, follower)
	for more := true; more && err == nil; {
		var events []store.Event
		events, err = w.o.Store.Changes(ctx, cursor, batch)
		if errors.Is(err, store.ErrPruned) {
			w.o.Log.Warn("changes were dropped before mail was held against feeds", "event", "feed.missed")
			return w.skip(ctx)
		}
		if more = len(events) == batch; err != nil || len(events) == 0 {
			break
		}
		if err = w.hold(ctx, events); err != nil {
			break
		}
		cursor = events[len(events)-1].Seq
		err = w.o.Store.SetCursor(ctx, follower, cursor)
	}
	return err
}

// skip goes on from the last change.
func (w *Watch) skip(ctx context.Context) error {
	last, err := w.o.Store.LastChange(ctx)
	if err != nil || last == 0 {
		return err
	}
	return w.o.Store.SetCursor(ctx, follower, last)
}

// far is how many changes may be behind while no feed lists anything: a cursor is a write.
const far = 5000

// idle reports whether no feed lists anything, and goes on from the last change then. That is read before the feeds are
// asked: what comes later is held against them, and what came before is searched when they are read (I3).
func (w *Watch) idle(ctx context.Context) (bool, error) {
	last, err := w.o.Store.LastChange(ctx)
	if err != nil || !w.feeds.Empty() {
		return false, err
	}
	cursor, err := w.o.Store.Cursor(ctx, follower)
	if err == nil && last > cursor+far {
		err = w.o.Store.SetCursor(ctx, follower, last)
	}
	return true, err
}

// hold holds the records of some changes against what feeds list.
func (w *Watch) hold(ctx context.Context, events []store.Event) error {
	for _, e := range events {
		if e.Kind != store.RecordAdded && e.Kind != store.RecordChanged && e.Kind != store.VerdictChanged {
			continue
		}
		rec, err := w.o.Store.Record(ctx, e.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue // past its retention
		}
		if err != nil {
			return err
		}
		for _, key := range rec.Searchable(nil).Terms() {
			listed, err := w.feeds.Listed(key)
			if err != nil {
				return err
			}
			for _, l := range listed {
				if err := w.make(ctx, l); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
