package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
	"clawback/verdict"
)

// told is what the events after a cursor say, without numbers and times.
func told(t *testing.T, s Store, after uint64) (list []string) {
	t.Helper()
	for _, e := range ok(s.Changes(t.Context(), after, 0)) {
		list = append(list, e.Kind.String()+" "+e.ID)
	}
	return list
}

func testChanges(t *testing.T, b *bench) {
	s := b.start(t)
	if last := ok(s.LastChange(t.Context())); last != 0 || len(told(t, s, 0)) != 0 {
		t.Fatalf("an empty store has changed: %d", last)
	}
	rec := apply(t, s, Report(Contoso, 1))
	in := ok(s.Intents(t.Context(), rec.ID))[0]
	expect := func(name string, after uint64, want ...string) uint64 {
		t.Helper()
		if diff := cmp.Diff(want, told(t, s, after)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		return ok(s.LastChange(t.Context()))
	}
	at := expect("a report", 0, "record_added "+rec.ID, "outcome_changed "+in.ID)
	apply(t, s, Report(Contoso, 1))
	at = expect("the same report again", at)
	in.Reason = "later"
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	at = expect("an intent with the same outcome", at)
	in = ok(s.Intent(t.Context(), in.ID))
	in.Outcome = store.Done
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	at = expect("an outcome", at, "outcome_changed "+in.ID)
	rec.Pinned = "clean"
	must(t, s.Update(t.Context(), store.Change{Record: &rec}))
	at = expect("a record", at, "record_changed "+rec.ID)
	if err := s.Update(t.Context(), store.Change{Record: &rec}); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("err = %v", err)
	}
	at = expect("a call that failed", at)
	fork := Report(Contoso, 1)
	fork.Key, fork.Record.Variants[0].SHA256 = "another", "ff"
	fork.Record.Variants[0].Verdict = verdict.Verdict{Disposition: verdict.Malicious, Score: 99}
	apply(t, s, fork)
	at = expect("a worse fork", at, "verdict_changed "+rec.ID)

	s = b.restart(t, s)
	expect("after a restart", at)
	apply(t, s, Report(Fabrikam, 2))
	if e := ok(s.Changes(t.Context(), at, 1)); len(e) != 1 || e[0].Seq != at+1 ||
		!e[0].At.Equal(b.now().Truncate(time.Second)) {
		t.Errorf("the next event is %+v, want number %d", e, at+1)
	}
	b.advance(48 * time.Hour)
	at = ok(s.LastChange(t.Context()))
	e := ok(s.Expire(t.Context(), store.Retention{Records: b.now().Add(-24 * time.Hour)}))
	expect("a record past its retention", at, "record_deleted "+rec.ID)
	if e.Records != 1 {
		t.Errorf("expired %+v", e)
	}
}

func testPruned(t *testing.T, b *bench) {
	s := b.start(t)
	for n := range 5 {
		a := Report(Contoso, n)
		if _, _, err := s.Apply(t.Context(), a, nil); err != nil {
			t.Fatal(err)
		}
	}
	must(t, s.SetCursor(t.Context(), "index", 0))
	must(t, s.SetCursor(t.Context(), "alerts", 4))
	b.advance(time.Hour)
	prune := func(before time.Time) int { return ok(s.Expire(t.Context(), store.Retention{Changes: before})).Changes }
	if n := prune(b.now()); n != 0 {
		t.Errorf("%d events were pruned that a follower has not seen", n)
	}
	must(t, s.SetCursor(t.Context(), "index", 3))
	if n := prune(Start); n != 0 {
		t.Errorf("%d events were pruned before their time", n)
	}
	if n := prune(b.now()); n != 3 {
		t.Errorf("%d events were pruned, want 3", n)
	}
	s = b.restart(t, s)
	if _, err := s.Changes(t.Context(), 2, 0); !errors.Is(err, store.ErrPruned) {
		t.Errorf("behind what is kept: %v, want ErrPruned", err)
	}
	if n := len(told(t, s, 3)); n != 2 {
		t.Errorf("%d events are left, want 2", n)
	}
	must(t, s.SetCursor(t.Context(), "index", 5))
	must(t, s.DropCursor(t.Context(), "alerts"))
	if n := prune(b.now()); n != 2 {
		t.Errorf("%d events were pruned, want 2", n)
	}
	s = b.restart(t, s)
	if last := ok(s.LastChange(t.Context())); last != 5 || ok(s.Cursor(t.Context(), "index")) != 5 {
		t.Errorf("with all events pruned the last number is %d, want 5", last)
	}
	apply(t, s, Report(Contoso, 9))
	if e := ok(s.Changes(t.Context(), 5, 1)); len(e) != 1 || e[0].Seq != 6 {
		t.Errorf("the next event is %+v, want number 6", e)
	}
	if err := s.SetCursor(t.Context(), "index", 100); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a cursor ahead of all changes: %v", err)
	}
}

// testRejudge holds what Rejudge does for itself; what a verdict means for intents is the plan's.
func testRejudge(t *testing.T, b *bench) {
	clean := verdict.Verdict{Disposition: verdict.Clean, Score: 3}
	spam := verdict.Verdict{Disposition: verdict.Spam, Score: 70}
	skipAll := func(_ store.Record, have []store.Intent) []store.Intent {
		for i := range have {
			have[i].Outcome, have[i].Reason = store.Skipped, "planned"
		}
		return have
	}
	open := func(t *testing.T) (Store, store.Record, store.Rejudgement) {
		s := (&bench{open: b.open}).start(t)
		rec := apply(t, s, Report(Contoso, 1))
		return s, rec, store.Rejudgement{Record: rec.ID, Rev: rec.Rev, Verdict: clean, Cause: "feed x withdrew it",
			Plan: skipAll}
	}
	first := func(t *testing.T, s Store, rec store.Record) store.Intent {
		return ok(s.Intents(t.Context(), rec.ID))[0]
	}

	t.Run("replaces the verdict, plans, and says why, once", func(t *testing.T) {
		s, rec, j := open(t)
		got, changed, err := s.Rejudge(t.Context(), j)
		if err != nil || !changed || got.Verdict.Disposition != verdict.Clean || got.Rejudged == nil ||
			got.Rejudged.Was != verdict.Malicious || got.Rejudged.Cause != j.Cause {
			t.Fatalf("%+v, %v, %v", got, changed, err)
		}
		if in := first(t, s, rec); in.Outcome != store.Skipped {
			t.Errorf("its intent is %s", in.Outcome)
		}
		acts := ok(s.Audit(t.Context(), store.AuditFilter{What: "verdict.changed"}))
		if len(acts) != 1 || acts[0].Object != rec.ID || acts[0].Comment != "MALICIOUS -> CLEAN: feed x withdrew it" {
			t.Errorf("audit %+v", acts)
		}
		at := ok(s.LastChange(t.Context()))
		if again, changed, err := s.Rejudge(t.Context(), j); err != nil || changed || again.Rev != got.Rev {
			t.Errorf("a second time: %v, %v", changed, err)
		}
		if n := len(told(t, s, at)); n != 0 ||
			len(ok(s.Audit(t.Context(), store.AuditFilter{What: "verdict.changed"}))) != 1 {
			t.Errorf("the second time left %d events", n)
		}
		if c := ok(s.Counts(t.Context(), Contoso)); c.Dispositions[verdict.Clean] != 1 {
			t.Errorf("counts %+v", c.Dispositions)
		}
	})
	t.Run("a pinned record is not touched", func(t *testing.T) {
		for _, pin := range []string{"restored", "clean"} {
			s, rec, j := open(t)
			rec.Pinned = pin
			must(t, s.Update(t.Context(), store.Change{Record: &rec}))
			j.Rev, j.Verdict = rec.Rev+1, verdict.Verdict{Disposition: verdict.Malicious, Score: 100}
			if got, changed, err := s.Rejudge(t.Context(), j); err != nil || changed || got.Rejudged != nil {
				t.Errorf("%s: %v, %v", pin, changed, err)
			}
			if in := first(t, s, rec); in.Outcome != store.Pending {
				t.Errorf("%s: its intent is %s", pin, in.Outcome)
			}
		}
	})
	t.Run("what a person decided stands", func(t *testing.T) {
		for name, decide := range map[string]func(*store.Intent){
			"asked for": func(in *store.Intent) { in.By = "ada" },
			"approved":  func(in *store.Intent) { in.Approved = "ada" },
			"rejected":  func(in *store.Intent) { in.By, in.Outcome = "ada", store.Skipped },
			"taken":     func(in *store.Intent) { in.By, in.Outcome = "ada", store.Done },
		} {
			s, rec, j := open(t)
			in := first(t, s, rec)
			decide(&in)
			must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
			was := first(t, s, rec)
			if _, changed, err := s.Rejudge(t.Context(), j); err != nil || !changed {
				t.Errorf("%s: %v, %v", name, changed, err)
			}
			if diff := cmp.Diff(was, first(t, s, rec)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
	t.Run("the worst form rules", func(t *testing.T) {
		s, rec, j := open(t)
		fork := Report(Contoso, 1)
		fork.Key, fork.Record.Variants[0].SHA256 = "another", "ff"
		fork.Record.Variants[0].Verdict, fork.Record.Verdict = spam, spam
		rec = apply(t, s, fork)
		j.Rev = rec.Rev
		got, changed, err := s.Rejudge(t.Context(), j) // of the form that rules
		if err != nil || !changed || got.Verdict.Disposition != verdict.Spam {
			t.Errorf("%s, %v, %v; want the verdict of the other form", got.Verdict.Disposition, changed, err)
		}
		worst := j
		worst.Rev, worst.Report, worst.Verdict = got.Rev, "another",
			verdict.Verdict{Disposition: verdict.Malicious, Score: 80}
		if got, _, err = s.Rejudge(t.Context(), worst); err != nil || got.Verdict.Disposition != verdict.Malicious {
			t.Errorf("%s, %v; want the verdict of the form that was named", got.Verdict.Disposition, err)
		}
		if again := apply(t, s, Report(Contoso, 1)); again.Verdict.Disposition != verdict.Malicious {
			t.Errorf("a report that comes again has changed it to %s", again.Verdict.Disposition)
		}
	})
	t.Run("what is refused", func(t *testing.T) {
		s, rec, j := open(t)
		for _, c := range []struct {
			name   string
			change func(*store.Rejudgement)
			want   error
		}{
			{"another revision", func(j *store.Rejudgement) { j.Rev++ }, store.ErrConflict},
			{"no such record", func(j *store.Rejudgement) { j.Record = "rnone" }, store.ErrNotFound},
			{"no such report", func(j *store.Rejudgement) { j.Report = "none" }, store.ErrNotFound},
			{"no verdict", func(j *store.Rejudgement) { j.Verdict = verdict.Verdict{Disposition: verdict.Unscored} }, store.ErrInvalid},
			{"no cause", func(j *store.Rejudgement) { j.Cause = "" }, store.ErrInvalid},
			{"a plan for another record", func(j *store.Rejudgement) {
				j.Plan = func(store.Record, []store.Intent) []store.Intent {
					return []store.Intent{{ID: "x", Record: "rother", Kind: store.Retract, Outcome: store.Pending}}
				}
			}, store.ErrInvalid},
		} {
			try := j
			c.change(&try)
			if _, changed, err := s.Rejudge(t.Context(), try); changed || !errors.Is(err, c.want) {
				t.Errorf("%s: %v, %v; want %v", c.name, changed, err, c.want)
			}
		}
		if in := first(t, s, rec); in.Outcome != store.Pending || ok(s.Record(t.Context(), rec.ID)).Rev != rec.Rev {
			t.Errorf("what was refused has left %s", in.Outcome)
		}
	})
}

func testNotices(t *testing.T, b *bench) {
	s := b.start(t)
	n := store.Notice{Kind: "brake", Tenant: Contoso, Subject: "r1", Text: "held", Do: "approve"}
	kept, isNew, err := s.Raise(t.Context(), n)
	if err != nil || !isNew || !kept.Since.Equal(b.now()) || kept.ID != store.NoticeID("brake", Contoso, "r1") {
		t.Fatalf("%+v, %v, %v", kept, isNew, err)
	}
	at := ok(s.LastChange(t.Context()))
	b.advance(time.Hour)
	again, isNew, err := s.Raise(t.Context(), n)
	if err != nil || isNew || !again.Since.Equal(kept.Since) || !again.Last.Equal(b.now()) || len(told(t, s, at)) != 0 {
		t.Errorf("raised again: %+v, %v, %v", again, isNew, err)
	}
	n.Text = "more held"
	if again, _, err = s.Raise(t.Context(), n); err != nil || again.Text != "more held" || len(told(t, s, at)) != 1 {
		t.Errorf("reworded: %+v, %v", again, err)
	}
	until := store.Notice{Kind: "engine.away", Text: "away", Until: b.now().Add(time.Hour)}
	if _, _, err := s.Raise(t.Context(), until); err != nil {
		t.Fatal(err)
	}
	s = b.restart(t, s)
	kinds := func(tenant string) (list []string) {
		for _, n := range ok(s.Notices(t.Context(), tenant)) {
			list = append(list, n.Kind)
		}
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff([]string{"brake", "engine.away"}, kinds(Contoso)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"engine.away"}, kinds(Fabrikam)); diff != "" {
		t.Errorf("another tenant's: %s", diff)
	}
	b.advance(time.Hour)
	if diff := cmp.Diff([]string{"brake"}, kinds("")); diff != "" {
		t.Errorf("after its end: %s", diff)
	}
	if e := ok(s.Expire(t.Context(), store.Retention{})); e.Notices != 1 {
		t.Errorf("expired %+v", e)
	}
	if !ok(s.Clear(t.Context(), "brake", Contoso, "r1")) || ok(s.Clear(t.Context(), "brake", Contoso, "r1")) ||
		len(kinds("")) != 0 {
		t.Errorf("after it was cleared: %q", kinds(""))
	}
	if _, err := s.Notice(t.Context(), kept.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a notice that was cleared: %v", err)
	}
	if _, _, err := s.Raise(t.Context(), store.Notice{Kind: "x"}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a notice without text: %v", err)
	}
}
