package retract_test

import (
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/policy"
	"clawback/retract/retracttest"
	"clawback/store"
)

// busy is a 503 on a change: it may have acted.
func busy() error {
	return &fault.Fault{Class: fault.Unknown, Status: 503, Code: "ErrorServerBusy", Detail: "move message: the mailbox server is not available"}
}

// A 503, a reset, a gateway's timeout after the message was moved: it is this daemon's doing, the reason says so, and a
// restore brings it back. Whatever comes between the move and the look.
func TestUnmoved_movedByACallWithoutAnAnswer(t *testing.T) {
	for _, action := range []config.Action{config.Junk, config.Trash, config.SoftDelete} {
		for _, c := range []struct {
			name string
			err  error
		}{
			{"503", busy()}, {"504", lostReply()}, {"error of no kind", errInjected},
			{"503 that asks to wait", &fault.Fault{Class: fault.Unknown, Status: 503, After: 90 * time.Second, Detail: "busy"}},
		} {
			t.Run(string(action)+"/"+c.name, func(t *testing.T) {
				bubble(t, func(r *rig) {
					r.action(action)
					m := r.world.Deliver("A", hit())
					r.world.Script = once("move", c.err, true)
					rec := r.report(bad(anna))
					r.run(5 * time.Minute)
					in := r.want(rec, anna, store.Done, "taken to ")
					if !strings.Contains(in.Reason, "the answer was lost; it was found there") || len(in.Taken) != 1 ||
						in.Taken[0].State != "moved" {
						t.Errorf("%s, %+v", in.Reason, in.Taken)
					}
					r.restore(rec)
					r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
					r.lies(m, exchange.Inbox)
				})
			})
		}
	}
}

// The look that follows finds the message still there, and then the server carries the move out after all.
func TestUnmoved_movedAfterTheLook(t *testing.T) {
	for _, action := range []config.Action{config.Junk, config.Trash, config.SoftDelete} {
		t.Run(string(action), func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.action(action)
				m := r.world.Deliver("A", hit())
				r.world.Script = once("move", busy(), false)
				rec := r.report(bad(anna))
				r.run(7 * time.Second) // the look was after 5
				target, _ := policy.Target(action)
				r.world.Put(m, string(target))
				r.run(time.Minute)
				in := r.want(rec, anna, store.Done, "the answer was lost; it was found there")
				if n := len(r.world.Calls("move")); n != 1 || len(in.Taken) != 1 || in.Taken[0].State != "moved" {
					t.Errorf("%d moves, %+v", n, in.Taken)
				}
				r.restore(rec)
				r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
				r.lies(m, exchange.Inbox)
			})
		})
	}
}

// What a refused call did not do is not claimed: the user moved it.
func TestUnmoved_refusedCallIsNotClaimed(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", hit())
		r.world.Script = once("move", &fault.Fault{Class: fault.Retry, Status: 429, After: 30 * time.Second}, false)
		rec := r.report(bad(anna))
		r.run(5 * time.Second)
		r.world.Put(m, string(exchange.Deletions))
		r.run(time.Minute)
		in := r.want(rec, anna, store.Done, "nothing to do")
		for _, taken := range in.Taken {
			if taken.State == "moved" {
				t.Errorf("claimed: %+v", taken)
			}
		}
	})
}

// A move that always fails, each time without an answer that says so, is tried by the schedule, with an end, and a
// person is told.
func TestUnmoved_lastingFailureHasAScheduleAndAnEnd(t *testing.T) {
	for _, c := range []struct {
		name, op string
		action   config.Action
		err      error
	}{
		{"500 on the move", "move", config.SoftDelete, &fault.Fault{Class: fault.Unknown, Status: 500, Code: "ErrorMoveCopyFailed", Detail: "move message: an error"}},
		{"500 on the purge", "purge", config.HardDelete, &fault.Fault{Class: fault.Unknown, Status: 500, Detail: "delete message: an error"}},
		{"timeout", "move", config.Junk, &fault.Fault{Class: fault.Unknown, Code: fault.CodeTimeout, Detail: "move message: no answer in time"}},
		{"404 by its id, which lists show", "move", config.SoftDelete, &fault.Fault{Class: fault.Gone, Status: 404, Code: "ErrorItemNotFound", Detail: "move message: gone"}},
		{"404 of the purge", "purge", config.HardDelete, &fault.Fault{Class: fault.Gone, Status: 404, Code: "ErrorItemNotFound", Detail: "delete message: gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.action(c.action)
				m := r.world.Deliver("A", hit())
				r.world.Script = script(c.op, c.err, false)
				rec := r.report(bad(anna))
				r.run(9 * time.Minute)
				if n := len(r.world.Calls(c.op)); n < 4 || n > 6 {
					t.Errorf("%d tries in nine minutes, want the schedule's", n)
				}
				r.run(time.Hour)
				if len(r.alerts) == 0 || r.alerts[0].Kind != "stuck" || !strings.Contains(r.alerts[0].Text, anna) ||
					!strings.Contains(r.alerts[0].Text, rec.ID) {
					t.Errorf("alerts %v, want one that names message and mailbox", r.alerts)
				}
				if s := r.standing(); s.Stuck != 1 || !strings.Contains(s.Why, rec.ID) {
					t.Errorf("standing %+v", s)
				}
				r.run(8 * 24 * time.Hour)
				r.want(rec, anna, store.Failed, "given up after ")
				n := len(r.world.Calls(c.op))
				if n > 200 {
					t.Errorf("%d tries in a week", n)
				}
				r.lies(m, exchange.Inbox)
				r.run(24 * time.Hour)
				if len(r.world.Calls(c.op)) != n {
					t.Error("tried again after it was given up")
				}
			})
		})
	}
}

// The same for a restore.
func TestUnmoved_lastingFailureOfARestore(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", hit())
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.lies(m, exchange.Deletions)
		r.world.Script = script("move", &fault.Fault{Class: fault.Unknown, Status: 500, Detail: "move message: an error"}, false)
		before := len(r.world.Calls("move"))
		r.restore(rec)
		r.run(9 * time.Minute)
		if n := len(r.world.Calls("move")) - before; n < 4 || n > 7 {
			t.Errorf("%d tries, want the schedule's", n)
		}
		r.world.Set(func(w *retracttest.World) { w.Script = nil })
		r.run(2 * time.Hour)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(m, exchange.Inbox)
	})
}

// An id that answers 404 for a while, which lists show all the same: nothing is said to be gone, or purged, that is
// there.
func TestUnmoved_idAnswers404ForAWhile(t *testing.T) {
	gone := &fault.Fault{Class: fault.Gone, Status: 404, Code: "ErrorItemNotFound", Detail: "not there"}
	for _, action := range []config.Action{config.Junk, config.SoftDelete, config.HardDelete} {
		for _, lost := range []bool{false, true} {
			name := string(action) + "/move answers 404"
			if lost {
				name = string(action) + "/answer of the move is lost"
			}
			t.Run(name, func(t *testing.T) {
				bubble(t, func(r *rig) {
					r.action(action)
					m := r.world.Deliver("A", hit())
					until := time.Now().Add(time.Minute)
					first := true
					r.world.Script = func(op, _, _ string) *answer {
						if time.Now().After(until) {
							return nil
						}
						switch op {
						case "move", "purge":
							if lost && first {
								first = false
								return &answer{Err: lostReply()}
							}
							return &answer{Err: gone}
						case "locate", "headers", "mime":
							return &answer{Err: gone}
						}
						return nil
					}
					rec := r.report(bad(anna))
					r.run(20 * time.Second)
					r.want(rec, anna, store.Pending, "")
					r.run(30 * time.Minute)
					r.want(rec, anna, store.Done, "")
					target, _ := policy.Target(action)
					r.lies(m, target)
				})
			})
		}
	}
}

// A restore whose message's id answers 404: it is looked for by folder, and goes back to where it was.
func TestRestore_idAnswers404(t *testing.T) {
	gone := &fault.Fault{Class: fault.Gone, Status: 404, Code: "ErrorItemNotFound", Detail: "not there"}
	for _, action := range []config.Action{config.Junk, config.Trash, config.SoftDelete} {
		for name, ops := range map[string]string{"of the look": "locate", "of look and move, for a while": "locate move"} {
			t.Run(string(action)+"/"+name, func(t *testing.T) {
				bubble(t, func(r *rig) {
					r.action(action)
					h := hit()
					h.Folder = "Projects"
					m := r.world.Deliver("A", h)
					rec := r.report(bad(anna))
					r.run(time.Minute)
					until := time.Now().Add(time.Minute)
					r.world.Script = func(op, _, _ string) *answer {
						if strings.Contains(ops, op) && (op == "locate" || time.Now().Before(until)) {
							return &answer{Err: gone}
						}
						return nil
					}
					r.restore(rec)
					r.run(30 * time.Minute)
					r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
					r.lies(m, "Projects")
				})
			})
		}
	}
}

// Found by internal/test/chaos, seed 45: two copies, one of them in Recoverable Items already. The purge of the other
// one lost its answer, and the first was taken for it.
func TestUnmoved_anotherCopyIsNotTakenForThePurgedOne(t *testing.T) {
	bubble(t, func(r *rig) {
		r.action(config.HardDelete)
		deep := hit()
		deep.Folder = string(exchange.Deletions)
		first, second := r.world.Deliver("A", hit()), r.world.Deliver("A", deep)
		r.world.Script = once("purge", busy(), true)
		rec := r.report(bad(anna))
		r.run(5 * time.Minute)
		in := r.want(rec, anna, store.Done, "taken to")
		if len(in.Taken) != 2 || !r.world.Peek(first).Purged || !r.world.Peek(second).Purged {
			t.Errorf("%+v", in.Taken)
		}
		for _, taken := range in.Taken {
			if taken.State != "moved" || taken.Message != first.ID && taken.Message != second.ID {
				t.Errorf("%+v", taken)
			}
		}
	})
}
