package rejudge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// started is a rig whose schedule has known its version for two days.
func started(t *testing.T) *rig {
	g := newRig(t)
	g.pass(48 * time.Hour)
	g.s.scans = 0
	return g
}

// While rules and knowledge stay the same nothing is read, however much comes.
func TestSchedule_readsNothingWhileTheVersionStays(t *testing.T) {
	g := started(t)
	for range 50 {
		g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	}
	g.pass(48 * time.Hour)
	if g.s.scans > 0 || len(g.read) > 0 || g.changes() > 0 {
		t.Errorf("%d scans, %d originals read, %d verdicts replaced", g.s.scans, len(g.read), g.changes())
	}
	for _, s := range g.Schedules() {
		for _, stage := range s.Stages[1:] {
			if behind := g.now.Sub(stage.Until) - stage.After; behind > stretch {
				t.Errorf("%s: the stage of %s is %s behind", s.Tenant, stage.After, behind)
			}
			if len(stage.Spans) > 2 {
				t.Errorf("%d spans are kept", len(stage.Spans))
			}
		}
	}
}

// A new version judges at the next stage what came before it, once; what came after is judged by it already.
func TestSchedule_judgesByANewVersionOnce(t *testing.T) {
	for _, c := range []struct {
		name       string
		age        time.Duration // of the message when the version changes
		before, at time.Duration // after the change: not judged yet, judged
	}{
		{"at once after it came", time.Second, 4 * time.Minute, 7 * time.Minute},
		{"after an hour", time.Hour, 10*time.Hour + 50*time.Minute, 11*time.Hour + 10*time.Minute},
		{"after 13 hours", 13 * time.Hour, 10*time.Hour + 50*time.Minute, 11*time.Hour + 10*time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := started(t)
			rec := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
			g.pass(c.age)
			g.rules = "2"
			later := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
			g.pass(c.before)
			g.wants("before its time", rec, verdict.Clean)
			g.pass(c.at - c.before)
			g.wants("at its time", rec, verdict.Malicious)
			g.pass(48 * time.Hour)
			g.wants("one that came by the new version", later, verdict.Clean)
			if len(g.read) != 1 || g.changes() != 1 || !slices.Equal(g.planned, []string{"MALICIOUS"}) {
				t.Errorf("read %v, %d changes, planned %v", g.read, g.changes(), g.planned)
			}
			if cause := g.get(rec).Rejudged.Cause; !strings.HasPrefix(cause, "judged again ") ||
				!strings.HasSuffix(cause, "after it came: It is so.") {
				t.Errorf("the cause is %q", cause)
			}
		})
	}
}

// After the last of its stages a message is not judged again.
func TestSchedule_endsWithTheLastStage(t *testing.T) {
	g := started(t)
	rec := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	g.pass(25 * time.Hour)
	g.rules = "2"
	g.pass(48 * time.Hour)
	g.wants("of yesterday", rec, verdict.Clean)
}

// A version that says the same as before is noted, and asked again by no later stage.
func TestSchedule_sameVerdictIsNotWrittenNorReadAgain(t *testing.T) {
	g := started(t)
	rec := g.saying(g.mail(storetest.Contoso, verdict.Spam, nil), verdict.Spam)
	g.rules = "2"
	g.pass(48 * time.Hour)
	if len(g.read) != 1 || g.changes() != 0 || g.get(rec).Rev != rec.Rev {
		t.Errorf("read %d times, %d changes", len(g.read), g.changes())
	}
	g.rules = "1" // and back again: that is another epoch, of which the record has the version already
	again := g.saying(g.mail(storetest.Contoso, verdict.Spam, nil), verdict.Clean)
	g.rules = "3"
	g.pass(6 * time.Minute)
	g.wants("by a third one", again, verdict.Clean)
}

// The original of a message that what has changed does not concern is not read: by the schedule, nor by a rescan.
func TestSchedule_readsOnlyWhatIsTouched(t *testing.T) {
	g := started(t)
	touched := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Spam)
	other := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Spam)
	g.untouched[other.ID] = true
	g.rules = "2"
	g.pass(48 * time.Hour)
	g.wants("one that is touched", touched, verdict.Spam)
	g.wants("one that is not", other, verdict.Clean)
	g.rules = "3"
	one, err := g.Start(t.Context(), Order{Who: "ada", DryRun: true})
	must(t, err)
	g.settle()
	one, err = g.Rescan(one.ID)
	must(t, err)
	if len(g.read) != 2 || slices.Contains(g.read, other.ID) || one.Seen != 2 || one.Same != 1 || one.Read != 1 {
		t.Errorf("read were the originals of %v; the rescan %+v", g.read, one)
	}
}

// What better rules find good is called off and proposed to be put back, which is the plan's part.
func TestSchedule_milder(t *testing.T) {
	g := started(t)
	rec := g.saying(g.mail(storetest.Contoso, verdict.Malicious, nil), verdict.Clean)
	g.rules = "2"
	g.pass(time.Hour)
	g.wants("milder", rec, verdict.Clean)
	if !slices.Equal(g.planned, []string{"CLEAN"}) {
		t.Errorf("planned %v", g.planned)
	}
}

// Each way in which a verdict must stay as it is.
func TestSchedule_leavesAlone(t *testing.T) {
	malicious := func(r *store.Record) { r.Variants[0].Verdict.Disposition = verdict.Malicious }
	for name, c := range map[string]struct {
		edit func(*store.Record)
		says verdict.Verdict
	}{
		"unscored": {func(r *store.Record) { r.Variants[0].Verdict = verdict.Verdict{} },
			verdict.Verdict{Disposition: verdict.Malicious}},
		"milder, and an engine could not be asked": {malicious,
			verdict.Verdict{Disposition: verdict.Clean, Degraded: []string{"clamd: away"}}},
		"milder, and it ran over its time": {malicious, verdict.Verdict{Disposition: verdict.Suspicious,
			Reasons: []verdict.Reason{{ID: "overrun.message", Family: "overrun"}}}},
		"worse, and it ran over its time": {nil, verdict.Verdict{Disposition: verdict.Suspicious,
			Reasons: []verdict.Reason{{ID: "overrun.message", Family: "overrun"}}}},
		"it ran over its time at first": {func(r *store.Record) {
			r.Variants[0].Verdict.Reasons = []verdict.Reason{{ID: "overrun.message", Family: "overrun"}}
		}, verdict.Verdict{Disposition: verdict.Malicious}},
		"milder, and it rested on an indicator": {func(r *store.Record) {
			malicious(r)
			r.Variants[0].Verdict.Reasons = []verdict.Reason{{ID: "intel.indicator", Where: "k1"}}
		}, verdict.Verdict{Disposition: verdict.Clean}},
		"no verdict at all": {malicious, verdict.Verdict{}},
	} {
		t.Run(name, func(t *testing.T) {
			g := started(t)
			rec := g.mail(storetest.Contoso, verdict.Clean, c.edit)
			g.says[rec.ID] = c.says
			neighbour := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
			g.rules = "2"
			g.pass(48 * time.Hour)
			if now := g.get(rec); now.Rev != rec.Rev {
				t.Errorf("its verdict is %+v", now.Verdict)
			}
			g.wants("its neighbour", neighbour, verdict.Malicious)
		})
	}
}

// What a person has decided on stands.
func TestSchedule_aPersonsDecisionStands(t *testing.T) {
	for name, decide := range map[string]func(*store.Record){
		"restored":  func(r *store.Record) { r.Pinned = "restored" },
		"clean":     func(r *store.Record) { r.Pinned = "clean" },
		"retracted": func(r *store.Record) { r.RetractedBy = "ada" },
	} {
		g := started(t)
		rec := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
		decided := rec
		decide(&decided)
		must(t, g.s.Update(t.Context(), store.Change{Record: &decided}))
		neighbour := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
		g.rules = "2"
		g.pass(48 * time.Hour)
		g.wants(name, rec, verdict.Clean)
		g.wants("its neighbour", neighbour, verdict.Malicious)
		if !slices.Equal(g.read, []string{neighbour.ID}) {
			t.Errorf("%s: read %v", name, g.read)
		}
	}
}

// A tenant whose schedule is switched off has none, and another one's goes on. Switched on again it begins anew.
func TestSchedule_switchOfATenant(t *testing.T) {
	g := started(t)
	g.off = true
	mine := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	other := g.saying(g.mail(storetest.Fabrikam, verdict.Clean, nil), verdict.Malicious)
	g.rules = "2"
	g.pass(30 * time.Hour)
	g.wants("switched off", mine, verdict.Clean)
	g.wants("another tenant's", other, verdict.Malicious)
	if list := g.Schedules(); len(list) != 1 || list[0].Tenant != storetest.Fabrikam {
		t.Errorf("schedules %+v", list)
	}
	g.off = false
	g.pass(time.Hour)
	g.wants("past its stages", mine, verdict.Clean)
}

// Of an original that is not kept any more the indicators decide that are kept.
func TestSchedule_withoutItsOriginal(t *testing.T) {
	g := started(t)
	gone := g.mail(storetest.Contoso, verdict.Clean, nil)
	listed := g.mail(storetest.Contoso, verdict.Clean, nil)
	g.raised[listed.ID] = verdict.Suspicious
	g.rules = "2"
	g.pass(time.Hour)
	g.wants("nothing known", gone, verdict.Clean)
	g.wants("an indicator", listed, verdict.Suspicious)
}

// A message at which the scorer panics keeps its verdict, and holds up nothing.
func TestSchedule_panic(t *testing.T) {
	g := started(t)
	bad := g.mail(storetest.Contoso, verdict.Clean, nil)
	g.panics[bad.ID] = true
	neighbour := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	g.rules = "2"
	g.pass(time.Hour)
	g.wants("its neighbour", neighbour, verdict.Malicious)
	g.wants("itself", bad, verdict.Clean)
}

// The process is killed at each write in turn: in the end each verdict was replaced once.
func TestSchedule_killedAnywhere(t *testing.T) {
	for after := range 12 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			g := started(t)
			var bad []store.Record
			for range 3 {
				bad = append(bad, g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious))
				g.now = g.now.Add(time.Minute)
			}
			g.rules = "2"
			g.now = g.now.Add(6 * time.Minute)
			g.s.after = after
			for more := true; more; {
				var err error
				if more, err = g.step(t.Context()); err != nil && !errors.Is(err, errKilled) {
					t.Fatal(err)
				} else if err != nil {
					break
				}
			}
			g.s.after = -1
			g.open()
			g.pass(25 * time.Hour)
			for i, rec := range bad {
				g.wants(fmt.Sprint(i), rec, verdict.Malicious)
			}
			if n := g.changes(); n != len(bad) {
				t.Errorf("%d verdicts were replaced", n)
			}
		})
	}
}

// A stretch that the process does not survive is passed over at the third time, and told; the later stages try again.
func TestSchedule_passesOverWhatKills(t *testing.T) {
	g := started(t)
	killer := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	g.rules = "2"
	g.pass(time.Second)
	g.now = g.now.Add(7 * time.Minute)
	for range tries {
		g.s.after = 1 // the note that it begins is written, and nothing behind it
		more, err := true, error(nil)
		for more && err == nil {
			more, err = g.step(t.Context())
		}
		if !errors.Is(err, errKilled) {
			t.Fatalf("%v, want it killed", err)
		}
		g.s.after = -1
		g.open()
	}
	g.pass(time.Hour)
	g.wants("passed over", killer, verdict.Clean)
	if !slices.Equal(g.notices(), []string{"rejudge.passed"}) {
		t.Errorf("told are %v", g.notices())
	}
	g.pass(12 * time.Hour)
	g.wants("at the next stage", killer, verdict.Malicious)
}

// A store that fails is no end of the process: however often it does so, and wherever, nothing is passed over, and what
// was replaced before counts for the brake.
func TestSchedule_storeFails(t *testing.T) {
	for after := range 8 { // writes that succeed each time
		for _, scans := range []bool{false, true} {
			t.Run(fmt.Sprint(after, scans), func(t *testing.T) {
				g := started(t)
				var bad []store.Record
				for range 4 {
					bad = append(bad, g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious))
				}
				g.rules = "2"
				g.pass(time.Second)
				g.now = g.now.Add(7 * time.Minute)
				for range 2 * tries {
					g.s.after, g.s.noScans = after, scans
					for more, err := true, error(nil); more && err == nil; {
						more, err = g.step(t.Context())
					}
				}
				g.s.after, g.s.noScans = -1, false
				g.settle()
				for i, rec := range bad {
					g.wants(fmt.Sprint(i), rec, verdict.Malicious)
				}
				if told := g.notices(); len(told) > 0 {
					t.Errorf("told are %v", told)
				}
				for _, s := range g.Schedules() {
					if s.Tenant == storetest.Contoso &&
						(s.Changed != len(bad) || s.Used["takes"] != len(bad) || s.Tries > 0) {
						t.Errorf("it is %+v", s)
					}
				}
			})
		}
	}
}

// Who looks at a schedule while it is worked on sees it as it was.
func TestSchedule_isNotChangedUnderWhoLooks(t *testing.T) {
	g := started(t)
	g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	g.rules = "2"
	g.pass(time.Second)
	s := clone(g.Schedules()[0])
	s.Used, s.Held = map[string]int{"takes": 1}, map[string]string{"takes": "x"}
	g.setSchedule(s)
	want := fmt.Sprint(g.Schedules())
	s.Stages[1].Seen, s.Stages[0].Spans[0].Epoch = 99, 99
	s.Used["takes"], s.Held["takes"] = 99, "y"
	if got := fmt.Sprint(g.Schedules()); got != want {
		t.Errorf("it is\n%s, want\n%s", got, want)
	}
}

// A clock that was wrong once does not hold the schedule up.
func TestSchedule_clockSetBack(t *testing.T) {
	g := started(t)
	g.pass(24 * time.Hour)
	g.now = g.now.Add(-24 * time.Hour)
	g.settle()
	rec := g.saying(g.mail(storetest.Contoso, verdict.Clean, nil), verdict.Malicious)
	g.rules = "2"
	g.pass(time.Hour)
	g.wants("after the clock was set back", rec, verdict.Malicious)
}
