package retract_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/policy"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

var errInjected = errors.New("injected")

// lostReply is what a call answers whose answer was lost.
func lostReply() error {
	return &fault.Fault{Class: fault.Unknown, Status: 504, Detail: "gateway timeout"}
}

// The failure table: at each commit point the step fails, or succeeds and its answer is lost, or the process ends
// there; and the same at the call between them. After each: opened again, run to idle, and the message moved exactly
// once.
func TestCrash_table(t *testing.T) {
	for _, action := range []config.Action{config.Junk, config.SoftDelete, config.HardDelete} {
		call := "move"
		if action == config.HardDelete {
			call = "purge"
		}
		for _, c := range []struct {
			name     string
			sabotage func(r *rig, crash func())
		}{
			{"C3 fails", func(r *rig, _ func()) { r.failOnce("c3.before") }},
			{"C3 succeeds, answer lost", func(r *rig, _ func()) { r.failOnce("c3.after-commit") }},
			{"crash before C3", func(r *rig, crash func()) { r.crashAt("c3.before", crash) }},
			{"crash after C3", func(r *rig, crash func()) { r.crashAt("c3.after-commit", crash) }},
			{"call fails", func(r *rig, _ func()) {
				r.world.Script = once(call, &fault.Fault{Class: fault.Retry, Status: 503}, false)
			}},
			{"call not done, answer lost", func(r *rig, _ func()) { r.world.Script = once(call, lostReply(), false) }},
			{"call done, answer lost", func(r *rig, _ func()) { r.world.Script = once(call, lostReply(), true) }},
			{"call done, error of no kind", func(r *rig, _ func()) { r.world.Script = once(call, errInjected, true) }},
			{"crash in the call, not done", func(r *rig, crash func()) { r.crashIn(call, crash, false) }},
			{"crash in the call, done", func(r *rig, crash func()) { r.crashIn(call, crash, true) }},
			{"C4 fails", func(r *rig, _ func()) { r.failOnce("c4.before") }},
			{"C4 succeeds, answer lost", func(r *rig, _ func()) { r.failOnce("c4.after-commit") }},
			{"crash before C4", func(r *rig, crash func()) { r.crashAt("c4.before", crash) }},
			{"crash after C4", func(r *rig, crash func()) { r.crashAt("c4.after-commit", crash) }},
		} {
			t.Run(string(action)+"/"+c.name, func(t *testing.T) {
				bubble(t, func(r *rig) {
					r.action(action)
					m := r.world.Deliver("A", hit())
					dead := make(chan struct{})
					var once atomic.Bool
					c.sabotage(r, func() {
						if once.CompareAndSwap(false, true) {
							close(dead)
						}
					})
					rec := r.report(bad(anna))
					r.start()
					select {
					case <-dead:
						r.kill()
					case <-time.After(time.Hour):
					}
					r.world.Set(func(w *retracttest.World) { w.Script = nil })
					r.run(time.Hour)
					in := r.want(rec, anna, store.Done, "")
					if in.Unknown {
						t.Error("done, and still in doubt")
					}
					target, _ := policy.Target(action)
					r.lies(m, target)
					if moves := r.world.Peek(m).Moves; len(moves) != 1 {
						t.Errorf("moved %v, want once", moves)
					}
					r.noneOpen()
				})
			})
		}
	}
}

// failOnce has a point of the store fail once.
func (r *rig) failOnce(point string) {
	var done atomic.Bool
	r.sabotage(func(p string) error {
		if p == point && done.CompareAndSwap(false, true) {
			return errInjected
		}
		return nil
	})
}

// crashAt ends the process at a point of the store: from there on nothing is written.
func (r *rig) crashAt(point string, crash func()) {
	var dead atomic.Bool
	r.sabotage(func(p string) error {
		if p == point {
			dead.Store(true)
			crash()
		}
		if dead.Load() {
			return errInjected
		}
		return nil
	})
}

// crashIn ends the process within a call to the mailbox system.
func (r *rig) crashIn(op string, crash func(), act bool) {
	var dead atomic.Bool
	r.sabotage(func(string) error {
		if dead.Load() {
			return errInjected
		}
		return nil
	})
	r.world.Script = func(o, _, _ string) *answer {
		if o != op || dead.Load() {
			return nil
		}
		dead.Store(true)
		crash()
		return &answer{Act: act, Err: context.Canceled}
	}
}

// kill ends the engine as a crash does: what it still tries to write fails. Then the store is opened again.
func (r *rig) kill() {
	r.t.Helper()
	r.reopenWith(func() { r.fail.Store(nil) })
}

func (r *rig) reopenWith(between func()) {
	r.close()
	between()
	r.open()
}

// noneOpen checks that no attempt is left without its end but those that a crash has left: these are verified.
func (r *rig) noneOpen() {
	r.t.Helper()
	open, err := r.st.Unfinished(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, a := range open {
		in, err := r.st.Intent(r.t.Context(), a.Intent)
		if err != nil || in.Outcome == store.Pending {
			r.t.Errorf("attempt %+v is open, its intent %s (%v)", a, in.Outcome, err)
		}
	}
}

// A doubt is verified before anything is repeated: where the message is looked at comes before the second move.
func TestCrash_doubtIsVerifiedFirst(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", hit())
		r.world.Script = once("move", lostReply(), false)
		rec := r.report(bad(anna))
		r.run(time.Minute)
		in := r.want(rec, anna, store.Done, "")
		var order []string
		for _, c := range r.world.Calls("") {
			if c.Op == "move" || c.Op == "locate" {
				order = append(order, c.Op)
			}
		}
		if len(order) != 3 || order[1] != "locate" {
			t.Errorf("calls %v, want move, locate, move", order)
		}
		attempts, _ := r.st.Attempts(t.Context(), in.ID)
		var ends []string
		for _, a := range attempts {
			ends = append(ends, a.Operation+" "+a.Outcome)
		}
		if len(ends) != 3 || ends[0] != "move unknown" || ends[2] != "move done" {
			t.Errorf("attempts %v, want move unknown, verify, move done", ends)
		}
	})
}

// The answer was lost and the id has changed: the message is found in its target by what it is.
func TestCrash_idChangedByTheMove(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", hit())
		r.world.Script = func(op, _, _ string) *answer {
			if op == "locate" {
				return &answer{Err: &fault.Fault{Class: fault.Gone, Status: 404, Code: "ErrorItemNotFound"}}
			}
			return once("move", lostReply(), true)(op, "", "")
		}
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		r.lies(m, exchange.Deletions)
	})
}

// Somebody else removes the message between find and move.
func TestCrash_removedByItsUser(t *testing.T) {
	for _, c := range []struct {
		name    string
		to      exchange.Folder
		outcome store.Outcome
		lies    exchange.Folder
	}{
		{"to Deleted Items", exchange.Deleted, store.Done, exchange.Deletions},
		{"to Recoverable Items", exchange.Deletions, store.Done, exchange.Deletions},
		{"for good", "", store.Gone, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				m := r.world.Deliver("A", hit())
				first := true
				r.world.Script = func(op, _, _ string) *answer {
					if op != "move" || !first {
						return nil
					}
					first = false
					m.Folder = string(c.to)
					m.Purged = c.to == ""
					return &answer{Err: &fault.Fault{Class: fault.Gone, Status: 404, Code: "ErrorItemNotFound"}}
				}
				rec := r.report(bad(anna))
				r.run(time.Minute)
				r.want(rec, anna, c.outcome, "")
				if c.lies != "" {
					r.lies(m, c.lies)
				}
			})
		})
	}
}

// A 404 of permanentDelete that was never answered otherwise is not our doing.
func TestCrash_goneBeforeThePurge(t *testing.T) {
	bubble(t, func(r *rig) {
		r.action(config.HardDelete)
		m := r.world.Deliver("A", hit())
		r.world.Script = func(op, _, _ string) *answer {
			m.Purged = m.Purged || op == "purge"
			return nil
		}
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.want(rec, anna, store.Gone, "the user or another program has removed it")
	})
}

// The verdict gets worse while a call is under way that then fails: the new action is carried out, once.
func TestCrash_worseVerdictDuringACallThatFails(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Latency = 2 * time.Second
		m := r.world.Deliver("A", hit())
		r.world.Script = once("move", &fault.Fault{Class: fault.Retry, Status: 503}, false)
		spam := bad(anna)
		spam.disposition = verdict.Spam
		rec := r.report(spam)
		r.start()
		for !r.intent(rec, anna, store.Retract).Unknown {
			time.Sleep(100 * time.Millisecond)
		}
		r.rejudge(rec.ID, verdict.Malicious)
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "taken to Recoverable Items")
		if moves := r.world.Peek(m).Moves; len(moves) != 1 {
			t.Errorf("moved %v, want once", moves)
		}
		if n := len(r.world.Calls("locate")); n != 0 {
			t.Errorf("%d verifications of a call that is known to have failed", n)
		}
	})
}

// The same, and the call succeeds: the message goes on to where the worse verdict wants it, and undo knows the way
// back.
func TestCrash_worseVerdictDuringACallThatSucceeds(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Latency = 2 * time.Second
		m := r.world.Deliver("A", at("Projects"))
		spam := bad(anna)
		spam.disposition = verdict.Spam
		rec := r.report(spam)
		r.start()
		for !r.intent(rec, anna, store.Retract).Unknown {
			time.Sleep(100 * time.Millisecond)
		}
		r.rejudge(rec.ID, verdict.Malicious)
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "taken to Recoverable Items")
		r.lies(m, exchange.Deletions)
		r.restore(rec)
		r.lies(m, "Projects")
	})
}

// The verdict drops to CLEAN while the answer of a move is being waited for.
func TestCrash_cancelledWhileInFlight(t *testing.T) {
	for _, acted := range []bool{true, false} {
		bubble(t, func(r *rig) {
			m := r.world.Deliver("A", hit())
			r.world.Script = once("move", lostReply(), acted)
			rec := r.report(bad(anna))
			r.run(time.Second)
			r.want(rec, anna, store.Pending, "the answer was lost")
			r.rejudge(rec.ID, verdict.Clean)
			r.run(time.Minute)
			if !acted {
				r.want(rec, anna, store.Skipped, "cancelled before it was done: the verdict is now CLEAN")
				r.lies(m, exchange.Inbox)
				return
			}
			r.want(rec, anna, store.Done, "")
			back := r.wantKind(rec, anna, store.Restore, expectation{store.Held, "approve"})
			if err := r.e.Approve(context.Background(), "ada", []string{back.ID}, ""); err != nil {
				t.Fatal(err)
			}
			r.run(time.Minute)
			r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
			r.lies(m, exchange.Inbox)
		})
	}
}

// The same, with the call itself under way when the verdict changes.
func TestCrash_verdictChangesDuringTheCall(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Latency = 2 * time.Second
		m := r.world.Deliver("A", hit())
		rec := r.report(bad(anna))
		r.start()
		for r.intent(rec, anna, store.Retract).Unknown == false {
			time.Sleep(100 * time.Millisecond)
		}
		r.rejudge(rec.ID, verdict.Clean)
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "taken")
		r.wantKind(rec, anna, store.Restore, expectation{store.Held, "called off"})
		r.lies(m, exchange.Deletions)
	})
}

func TestCrash_panicHoldsTheIntentAlone(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", hit())
		b := r.world.Deliver("B", hit())
		r.world.Script = func(op, mailbox, _ string) *answer {
			if op == "find" && mailbox == "A" {
				panic("a bug")
			}
			return nil
		}
		rec := r.report(bad(anna, bert))
		r.run(time.Minute)
		r.want(rec, anna, store.Held, "internal error: a bug")
		r.want(rec, bert, store.Done, "")
		if alerts := r.alertsOf("internal"); len(alerts) != 1 || !strings.Contains(alerts[0].Text, "a bug") {
			t.Errorf("alerts %v, want one of the fault", alerts)
		}
		r.lies(b, exchange.Deletions)
	})
}

// A stop waits for the attempt under way and writes its outcome.
func TestRun_stopFinishesTheAttempt(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Latency = 3 * time.Second
		m := r.world.Deliver("A", hit())
		rec := r.report(bad(anna))
		r.run(10 * time.Second) // resolve, find, and the move is on its way
		r.halt()
		r.want(rec, anna, store.Done, "")
		r.lies(m, exchange.Deletions)
	})
}

// A stop whose time is over leaves the attempt Unknown, and the next start verifies it.
func TestRun_stopDoesNotWaitForEver(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", hit())
		r.world.Script = func(op, _, _ string) *answer {
			if op == "move" {
				return &answer{Act: true, Err: context.Canceled}
			}
			return nil
		}
		rec := r.report(bad(anna))
		r.run(time.Second)
		r.halt()
		if in := r.want(rec, anna, store.Pending, "lost"); !in.Unknown {
			t.Error("not in doubt after a call that was cut off")
		}
		r.world.Script = nil
		r.reopen()
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		if moves := r.world.Peek(m).Moves; len(moves) != 1 {
			t.Errorf("moved %v, want once", moves)
		}
	})
}

// Found by internal/test/chaos, seed 320957: the verdict changed during a permanentDelete that the cloud does not have,
// and what was wanted by then was not done either.
func TestPurge_refusedWhileAnotherActionIsWanted(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Actions[verdict.Malicious] = config.Rule{Action: config.HardDelete}
		r.world.NoPurge = true
		var rec store.Record
		r.world.Script = func(op, _, _ string) *answer {
			if op == "purge" {
				r.rejudge(rec.ID, verdict.Spoof)
			}
			return nil
		}
		m := r.world.Deliver("A", hit())
		rec = r.report(bad(anna))
		r.run(time.Hour)
		r.want(rec, anna, store.Done, "taken to Deleted Items")
		r.lies(m, exchange.Deleted)
	})
}
