package retract_test

import (
	"context"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

// copiesRig has the message taken from anna's mailbox.
func copiesRig(t *testing.T, d verdict.Disposition, test func(r *rig, rec store.Record, first *retracttest.Message)) {
	bubble(t, func(r *rig) {
		first := r.world.Deliver("A", hit())
		m := bad(anna)
		m.disposition = d
		rec := r.report(m)
		r.run(time.Minute)
		if in := r.want(rec, anna, store.Done, "taken to"); in.Tries != 1 {
			t.Fatalf("%d tries", in.Tries)
		}
		test(r, rec, first)
	})
}

func TestCopies_deliveredLaterAreTaken(t *testing.T) {
	copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, first *retracttest.Message) {
		soon := hit()
		soon.Folder = "By rule"
		second := r.world.Deliver("A", soon)
		r.run(5 * time.Minute)
		r.lies(second, "By rule")
		r.run(10 * time.Minute)
		r.lies(second, exchange.Deletions)
		third := r.world.Deliver("A", hit())
		r.run(3 * time.Hour)
		r.lies(third, exchange.Deletions)
		fourth := r.world.Deliver("A", hit())
		r.run(6 * time.Hour)
		r.lies(fourth, exchange.Inbox)
		r.run(42 * time.Hour)
		r.lies(fourth, exchange.Deletions)
		in := r.want(rec, anna, store.Done, "taken to")
		if len(in.Taken) != 4 || len(r.world.Calls("move")) != 4 {
			t.Errorf("%d are taken by %d moves", len(in.Taken), len(r.world.Calls("move")))
		}
		if n, err := r.st.RecordActed(t.Context(), rec.ID); n != 1 || err != nil {
			t.Errorf("the mailbox counts %d times for the brake, %v", n, err)
		}
		if _, err := r.e.Restore(context.Background(), "ada", rec.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(first, exchange.Inbox)
		r.lies(second, "By rule")
		r.lies(third, exchange.Inbox)
	})
}

// The looks are fewer and fewer, and have no end while the record is kept.
func TestCopies_nothingNewCostsFewLooks(t *testing.T) {
	copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, _ *retracttest.Message) {
		before := len(r.world.Calls("find"))
		for _, c := range []struct{ days, looks int }{{2, 4}, {10, 7}, {30, 8}, {90, 12}} {
			r.run(time.Duration(c.days)*24*time.Hour - time.Since(rec.Received))
			in := r.want(rec, anna, store.Done, "taken to")
			if n := len(r.world.Calls("find")) - before; n != c.looks || in.Looks != c.looks || in.NotBefore.IsZero() {
				t.Errorf("after %d days: %d calls, %d looks, the next one %s", c.days, n, in.Looks, in.NotBefore)
			}
		}
		if n := len(r.world.Calls("move")); n != 1 {
			t.Errorf("%d moves", n)
		}
	})
}

// Each way in which a look could take what it must not.
func TestCopies_leaveAlone(t *testing.T) {
	for name, c := range map[string]struct {
		disposition verdict.Disposition
		arrange     func(r *rig, rec store.Record, first *retracttest.Message) *retracttest.Message
		where       exchange.Folder
	}{
		"what the user has brought back": {verdict.Malicious, func(r *rig, _ store.Record, first *retracttest.Message) *retracttest.Message {
			r.world.Put(first, "Kept")
			return first
		}, "Kept"},
		"another message with the Message-ID": {verdict.Malicious, func(r *rig, _ store.Record, _ *retracttest.Message) *retracttest.Message {
			other := hit()
			other.NetworkIDs, other.Good = []string{nid2}, true
			return r.world.Deliver("A", other)
		}, exchange.Inbox},
		"a draft": {verdict.Malicious, func(r *rig, _ store.Record, _ *retracttest.Message) *retracttest.Message {
			m := hit()
			m.Folder, m.Draft = string(exchange.Drafts), true
			return r.world.Deliver("A", m)
		}, exchange.Drafts},
		"what lies out of sight already": {verdict.Malicious, func(r *rig, _ store.Record, _ *retracttest.Message) *retracttest.Message {
			m := hit()
			m.Folder = string(exchange.Deletions)
			return r.world.Deliver("A", m)
		}, exchange.Deletions},
		"a copy of what is not MALICIOUS": {verdict.Spoof, func(r *rig, _ store.Record, _ *retracttest.Message) *retracttest.Message {
			return r.world.Deliver("A", hit())
		}, exchange.Inbox},
		"a copy of what a person said is clean": {verdict.Malicious, func(r *rig, rec store.Record, _ *retracttest.Message) *retracttest.Message {
			if _, err := r.e.Clean(context.Background(), "ada", rec.ID, ""); err != nil {
				r.t.Fatal(err)
			}
			return r.world.Deliver("A", hit())
		}, exchange.Inbox},
		"a copy in a mailbox that is exempt by now": {verdict.Malicious, func(r *rig, _ store.Record, _ *retracttest.Message) *retracttest.Message {
			r.cfg.Exempt = []string{anna}
			return r.world.Deliver("A", hit())
		}, exchange.Inbox},
		"everything, in dry-run": {verdict.Malicious, func(r *rig, _ store.Record, _ *retracttest.Message) *retracttest.Message {
			r.cfg.Mode = "dry-run"
			return r.world.Deliver("A", hit())
		}, exchange.Inbox},
	} {
		t.Run(name, func(t *testing.T) {
			copiesRig(t, c.disposition, func(r *rig, rec store.Record, first *retracttest.Message) {
				m := c.arrange(r, rec, first)
				r.run(48 * time.Hour)
				r.lies(m, c.where)
				r.want(rec, anna, store.Done, "taken to")
				if n := len(r.world.Calls("move")); n != 1 {
					t.Errorf("%d moves", n)
				}
			})
		})
	}
}

// A copy beside one that the user has brought back: the copy alone is taken.
func TestCopies_besideOneBroughtBack(t *testing.T) {
	copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, first *retracttest.Message) {
		r.world.Put(first, "Kept")
		second := r.world.Deliver("A", hit())
		r.run(time.Hour)
		r.lies(first, "Kept")
		r.lies(second, exchange.Deletions)
	})
}

func TestCopies_survivesARestart(t *testing.T) {
	copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, _ *retracttest.Message) {
		r.reopen()
		second := r.world.Deliver("A", hit())
		r.run(time.Hour)
		r.lies(second, exchange.Deletions)
	})
}

func TestCopies_troubleIsTriedAgain(t *testing.T) {
	for name, f := range map[string]*fault.Fault{
		"busy":           {Class: fault.Retry, Status: 503, Detail: "busy"},
		"throttled":      {Class: fault.Retry, Status: 429, After: time.Minute, Detail: "wait"},
		"authentication": {Class: fault.Auth, Tenant: true, Status: 401, Detail: "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, _ *retracttest.Message) {
				second := r.world.Deliver("A", hit())
				r.world.Set(func(w *retracttest.World) { w.Script = once("find", f, false) })
				r.run(90 * time.Minute)
				r.lies(second, exchange.Deletions)
			})
		})
	}
}

// A verdict that drops while a further copy waits to be taken: the first is proposed to be put back, the copy stays.
func TestCopies_verdictDropsMeanwhile(t *testing.T) {
	copiesRig(t, verdict.Malicious, func(r *rig, rec store.Record, first *retracttest.Message) {
		second := r.world.Deliver("A", hit())
		r.world.Set(func(w *retracttest.World) {
			w.Script = script("move", &fault.Fault{Class: fault.Retry, Status: 503, Detail: "busy"}, false)
		})
		r.run(time.Hour)
		r.want(rec, anna, store.Pending, "busy")
		r.rejudge(rec.ID, verdict.Clean)
		r.want(rec, anna, store.Done, "taken before it was called off")
		in := r.wantKind(rec, anna, store.Restore, expectation{store.Held, "proposed"})
		r.world.Set(func(w *retracttest.World) { w.Script = nil })
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(24 * time.Hour)
		r.lies(first, exchange.Inbox)
		r.lies(second, exchange.Inbox)
	})
}

// What a person asked for as one message is looked after too; a bulk job is not.
func TestCopies_ofAPersonsRetraction(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", hit())
		m := bad(anna)
		m.disposition = verdict.Clean
		rec := r.report(m)
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		second := r.world.Deliver("A", hit())
		r.run(time.Hour)
		r.lies(second, exchange.Deleted)
	})
}

// A person who asked for it, and then says that it is clean, is not contradicted.
func TestCopies_ofWhatAPersonChangedHisMindAbout(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", hit())
		m := bad(anna)
		m.disposition = verdict.Clean
		rec := r.report(m)
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.Trash, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		if _, err := r.e.Clean(context.Background(), "ada", rec.ID, ""); err != nil {
			t.Fatal(err)
		}
		second := r.world.Deliver("A", hit())
		r.run(24 * time.Hour)
		r.lies(second, exchange.Inbox)
	})
}

// A verdict that has dropped to CLEAN before the looks for further copies ends them: what comes then is good mail.
func TestCopies_verdictDropsBeforeTheLook(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", hit())
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		r.rejudge(rec.ID, verdict.Clean)
		m := r.world.Deliver("A", hit())
		r.run(5 * time.Hour)
		r.lies(m, exchange.Inbox)
	})
}

// The same of a message that was not there, or another one was in its place: it is looked for again by a schedule.
func TestLooks_verdictDropsBeforeThem(t *testing.T) {
	for name, before := range map[string][]retracttest.Message{
		"mismatch":  {{MessageID: mid, NetworkIDs: []string{nid2}, Good: true}},
		"not_found": nil,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				for _, other := range before {
					r.world.Deliver("A", other)
				}
				rec := r.report(bad(anna))
				r.run(map[string]time.Duration{"mismatch": time.Minute, "not_found": 40 * time.Hour}[name])
				r.want(rec, anna, store.Outcome(name), "")
				r.rejudge(rec.ID, verdict.Clean)
				m := r.world.Deliver("A", hit())
				r.run(40 * 24 * time.Hour)
				r.lies(m, exchange.Inbox)
				r.rejudge(rec.ID, verdict.Malicious)
				r.run(time.Hour)
				r.lies(m, exchange.Deletions)
			})
		})
	}
}
