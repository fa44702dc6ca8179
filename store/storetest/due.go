package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

// pending adds one record with one pending intent and returns that.
func pending(t *testing.T, s Store, tenant string, n, severity int, received, due time.Time) store.Intent {
	t.Helper()
	a := Report(tenant, n)
	a.Record.Received = received
	rec, _, err := s.Apply(t.Context(), a, func(rec store.Record, have []store.Intent) []store.Intent {
		in := PlanAll(rec, have)[0]
		in.Severity, in.NotBefore, in.Reason = severity, due, fmt.Sprint(n)
		return []store.Intent{in}
	})
	must(t, err)
	return ok(s.Intents(t.Context(), rec.ID))[0]
}

// numbers are the reasons of intents, by which the tests here tell them apart.
func numbers(list []store.Intent) (ns []string) {
	for _, in := range list {
		ns = append(ns, in.Reason)
	}
	return ns
}

func testDue(t *testing.T, b *bench) {
	s := b.start(t)
	hour := func(h int) time.Time { return Start.Add(time.Duration(h) * time.Hour) }
	pending(t, s, Contoso, 1, 3, hour(-5), Start)
	pending(t, s, Contoso, 2, 6, hour(-9), Start)
	newest := pending(t, s, Fabrikam, 3, 6, hour(-2), Start)
	pending(t, s, Fabrikam, 4, 6, hour(-7), hour(2))
	pending(t, s, Contoso, 5, 4, hour(-1), hour(1))

	tests := []struct {
		name string
		now  time.Time
		f    store.DueFilter
		want []string
	}{
		{"worst first, then newest", Start, store.DueFilter{}, []string{"3", "2", "1"}},
		{"limit", Start, store.DueFilter{Limit: 2}, []string{"3", "2"}},
		{"one tenant", Start, store.DueFilter{Tenant: Contoso}, []string{"2", "1"}},
		{"some skipped", Start, store.DueFilter{Limit: 1, Skip: func(id string) bool { return id == newest.ID }},
			[]string{"2"}},
		{"all skipped", Start, store.DueFilter{Skip: func(string) bool { return true }}, nil},
		{"an hour later", hour(1), store.DueFilter{}, []string{"3", "2", "5", "1"}},
		{"two hours later", hour(2), store.DueFilter{}, []string{"3", "4", "2", "5", "1"}},
		{"clock set back", Start, store.DueFilter{}, []string{"3", "2", "1"}},
		{"clock mended", hour(2), store.DueFilter{}, []string{"3", "4", "2", "5", "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, numbers(ok(s.Due(t.Context(), tt.now, tt.f)).Intents)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("pages", func(t *testing.T) {
		var all []string
		f := store.DueFilter{Limit: 2}
		for {
			page := ok(s.Due(t.Context(), hour(2), f))
			all = append(all, numbers(page.Intents)...)
			if f.After = page.Next; f.After == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"3", "4", "2", "5", "1"}, all); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a page goes on where the one before ended, whatever went away", func(t *testing.T) {
		first := ok(s.Due(t.Context(), hour(2), store.DueFilter{Limit: 2}))
		in := first.Intents[1]
		in.NotBefore = hour(9)
		must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
		rest := ok(s.Due(t.Context(), hour(2), store.DueFilter{After: first.Next}))
		if diff := cmp.Diff([]string{"2", "5", "1"}, numbers(rest.Intents)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a cursor that is none", func(t *testing.T) {
		if _, err := s.Due(t.Context(), hour(2), store.DueFilter{After: "!"}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("next due", func(t *testing.T) { testNextDue(t, &bench{open: b.open}) })
	t.Run("far due times are pulled in", func(t *testing.T) { testFarDue(t, &bench{open: b.open}) })
}

func testNextDue(t *testing.T, b *bench) {
	s := b.start(t)
	if next := ok(s.NextDue(t.Context())); !next.IsZero() {
		t.Errorf("an empty store is next due at %v", next)
	}
	odd := Start.Add(90*time.Second + 1) // not a whole millisecond
	in := pending(t, s, Contoso, 1, 3, Start, odd)
	next := ok(s.NextDue(t.Context()))
	if next.Before(odd) || next.After(odd.Add(time.Millisecond)) {
		t.Fatalf("next due at %v, want %v", next, odd)
	}
	if list := ok(s.Due(t.Context(), next.Add(-time.Millisecond), store.DueFilter{})).Intents; len(list) != 0 {
		t.Errorf("due before its time: %+v", list)
	}
	if list := ok(s.Due(t.Context(), next, store.DueFilter{})).Intents; len(list) != 1 {
		t.Errorf("at the time that NextDue named, %d intents are due, want 1", len(list))
	}
	in.NotBefore = Start.Add(time.Hour)
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	if next := ok(s.NextDue(t.Context())); !next.Equal(in.NotBefore) {
		t.Errorf("after it was put off, next due at %v, want %v", next, in.NotBefore)
	}
}

func testFarDue(t *testing.T, b *bench) {
	s := b.start(t)
	pending(t, s, Contoso, 1, 3, Start, Start.AddDate(10, 0, 0))
	s = b.restart(t, s)
	if next := ok(s.NextDue(t.Context())); next.After(Start.AddDate(0, 0, 32)) {
		t.Errorf("after a restart, next due at %v", next)
	}
	in := ok(s.Due(t.Context(), Start.AddDate(0, 0, 32), store.DueFilter{})).Intents[0]
	in.Outcome = store.Skipped
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	snapshot(t, s)
}
