package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
	"clawback/verdict"
)

// testRejudge holds what Rejudge does for itself; what a verdict means for intents is the plan's.
func testRejudge(t *testing.T, b *bench) {
	for name, test := range map[string]func(*testing.T, *bench){
		"replaces the verdict, plans, and says why, once": testRejudgeReplaces,
		"a pinned record is not touched":                  testRejudgePinned,
		"what a person decided stands":                    testRejudgeDecided,
		"the worst form rules":                            testRejudgeWorstForm,
		"the record as it is kept is written":             testRejudgeKept,
		"what is refused":                                 testRejudgeRefused,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

// rejudged is a store with one record, and its verdict replaced by CLEAN with a plan that skips all of its intents.
func (b *bench) rejudged(t *testing.T) (Store, store.Record, store.Rejudgement) {
	t.Helper()
	s := (&bench{open: b.open}).start(t)
	rec := apply(t, s, Report(Contoso, 1))
	return s, rec, store.Rejudgement{Record: rec, Cause: "feed x withdrew it",
		Verdict: verdict.Verdict{Disposition: verdict.Clean, Score: 3},
		Plan: func(_ store.Record, have []store.Intent) []store.Intent {
			for i := range have {
				have[i].Outcome, have[i].Reason = store.Skipped, "planned"
			}
			return have
		}}
}

func firstIntent(t *testing.T, s Store, rec store.Record) store.Intent {
	t.Helper()
	return ok(s.Intents(t.Context(), rec.ID))[0]
}

func testRejudgeReplaces(t *testing.T, b *bench) {
	s, rec, j := b.rejudged(t)
	got, changed, err := s.Rejudge(t.Context(), j)
	if err != nil || !changed || got.Verdict.Disposition != verdict.Clean || got.Rejudged == nil ||
		got.Rejudged.Was != verdict.Malicious || got.Rejudged.Cause != j.Cause {
		t.Fatalf("%+v, %v, %v", got, changed, err)
	}
	if in := firstIntent(t, s, rec); in.Outcome != store.Skipped {
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
	if n := len(eventsAfter(t, s, at)); n != 0 ||
		len(ok(s.Audit(t.Context(), store.AuditFilter{What: "verdict.changed"}))) != 1 {
		t.Errorf("the second time left %d events", n)
	}
	if c := ok(s.Counts(t.Context(), Contoso)); c.Dispositions[verdict.Clean] != 1 {
		t.Errorf("counts %+v", c.Dispositions)
	}
}

// A caller has the record from somewhere else, and may have changed it: of his copy only the revision counts.
func testRejudgeKept(t *testing.T, b *bench) {
	for name, change := range map[string]func(*store.Record){
		"as it was read":    func(*store.Record) {},
		"another subject":   func(rec *store.Record) { rec.Subject = "made up" },
		"fewer recipients":  func(rec *store.Record) { rec.Recipients = nil },
		"pinned":            func(rec *store.Record) { rec.Pinned = "clean" },
		"not UTF-8":         func(rec *store.Record) { rec.Subject = "\xff" },
		"nothing but an id": func(rec *store.Record) { *rec = store.Record{ID: rec.ID, Rev: rec.Rev} },
	} {
		s, rec, j := b.rejudged(t)
		change(&j.Record)
		got, changed, err := s.Rejudge(t.Context(), j)
		if err != nil || !changed {
			t.Fatalf("%s: %v, %v", name, changed, err)
		}
		kept := ok(s.Record(t.Context(), rec.ID))
		if diff := cmp.Diff(got, kept); diff != "" {
			t.Errorf("%s: answered (-) and kept (+) differ:\n%s", name, diff)
		}
		if kept.Subject != rec.Subject || kept.Pinned != "" || len(kept.Recipients) != len(rec.Recipients) ||
			kept.Rev != rec.Rev+1 {
			t.Errorf("%s: kept is %+v", name, kept)
		}
	}
}

func testRejudgePinned(t *testing.T, b *bench) {
	for _, pin := range []string{"restored", "clean"} {
		s, rec, j := b.rejudged(t)
		rec.Pinned = pin
		must(t, s.Update(t.Context(), store.Change{Record: &rec}))
		j.Record.Rev, j.Verdict = rec.Rev+1, verdict.Verdict{Disposition: verdict.Malicious, Score: 100}
		if got, changed, err := s.Rejudge(t.Context(), j); err != nil || changed || got.Rejudged != nil {
			t.Errorf("%s: %v, %v", pin, changed, err)
		}
		if in := firstIntent(t, s, rec); in.Outcome != store.Pending {
			t.Errorf("%s: its intent is %s", pin, in.Outcome)
		}
	}
}

func testRejudgeDecided(t *testing.T, b *bench) {
	for name, decide := range map[string]func(*store.Intent){
		"asked for": func(in *store.Intent) { in.By = "ada" },
		"approved":  func(in *store.Intent) { in.Approved = "ada" },
		"rejected":  func(in *store.Intent) { in.By, in.Outcome = "ada", store.Skipped },
		"taken":     func(in *store.Intent) { in.By, in.Outcome = "ada", store.Done },
	} {
		s, rec, j := b.rejudged(t)
		in := firstIntent(t, s, rec)
		decide(&in)
		must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
		was := firstIntent(t, s, rec)
		if _, changed, err := s.Rejudge(t.Context(), j); err != nil || !changed {
			t.Errorf("%s: %v, %v", name, changed, err)
		}
		if diff := cmp.Diff(was, firstIntent(t, s, rec)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func testRejudgeWorstForm(t *testing.T, b *bench) {
	spam := verdict.Verdict{Disposition: verdict.Spam, Score: 70}
	s, _, j := b.rejudged(t)
	fork := Report(Contoso, 1)
	fork.Key, fork.Record.Variants[0].SHA256 = "another", "ff"
	fork.Record.Variants[0].Verdict, fork.Record.Verdict = spam, spam
	j.Record = apply(t, s, fork)
	got, changed, err := s.Rejudge(t.Context(), j) // of the form that rules
	if err != nil || !changed || got.Verdict.Disposition != verdict.Spam {
		t.Errorf("%s, %v, %v; want the verdict of the other form", got.Verdict.Disposition, changed, err)
	}
	worst := j
	worst.Record, worst.Report, worst.Verdict = got, "another",
		verdict.Verdict{Disposition: verdict.Malicious, Score: 80}
	if got, _, err = s.Rejudge(t.Context(), worst); err != nil || got.Verdict.Disposition != verdict.Malicious {
		t.Errorf("%s, %v; want the verdict of the form that was named", got.Verdict.Disposition, err)
	}
	if again := apply(t, s, Report(Contoso, 1)); again.Verdict.Disposition != verdict.Malicious {
		t.Errorf("a report that comes again has changed it to %s", again.Verdict.Disposition)
	}
}

func testRejudgeRefused(t *testing.T, b *bench) {
	s, rec, j := b.rejudged(t)
	for _, c := range []struct {
		name   string
		change func(*store.Rejudgement)
		want   error
	}{
		{"another revision", func(j *store.Rejudgement) { j.Record.Rev++ }, store.ErrConflict},
		{"no such record", func(j *store.Rejudgement) { j.Record.ID = "rnone" }, store.ErrNotFound},
		{"no such report", func(j *store.Rejudgement) { j.Report = "none" }, store.ErrNotFound},
		{"no verdict",
			func(j *store.Rejudgement) { j.Verdict = verdict.Verdict{Disposition: verdict.Unscored} },
			store.ErrInvalid},
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
	if in := firstIntent(t, s, rec); in.Outcome != store.Pending || ok(s.Record(t.Context(), rec.ID)).Rev != rec.Rev {
		t.Errorf("what was refused has left %s", in.Outcome)
	}
}
