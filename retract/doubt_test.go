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

// givenUpInDoubt retracts a message, loses the move's answer, and has the mailbox away until it is given up.
func (r *rig) givenUpInDoubt() (store.Record, *retracttest.Message) {
	r.t.Helper()
	return r.givenUpInDoubtAs(verdict.Malicious)
}

func (r *rig) givenUpInDoubtAs(d verdict.Disposition) (store.Record, *retracttest.Message) {
	r.t.Helper()
	away := &fault.Fault{Class: fault.Retry, Slow: true, Status: 404, Code: "MailboxNotEnabledForRESTAPI", Detail: "on premises"}
	moved := false
	r.world.Script = func(op, _, _ string) *answer {
		switch {
		case op == "move" && !moved:
			moved = true
			return &answer{Act: true, Err: lostAnswer()}
		case moved:
			return &answer{Err: away}
		}
		return nil
	}
	m := r.world.Deliver("A", hit())
	letter := bad(anna)
	letter.disposition = d
	rec := r.report(letter)
	r.run(72 * time.Hour)
	r.world.Script = nil
	in := r.want(rec, anna, store.Failed, "whether the message was taken is not known")
	if !in.Unknown {
		r.t.Error("given up and not in doubt")
	}
	return rec, m
}

func lostAnswer() *fault.Fault {
	return &fault.Fault{Class: fault.Unknown, Status: 504, Detail: "gateway timeout"}
}

// Found by internal/test/chaos, seed 30170: an account that was removed while a move was in doubt ended the doubt, and
// nobody could tell that the message had been taken.
func TestVerify_accountRemovedStaysInDoubt(t *testing.T) {
	bubble(t, func(r *rig) {
		removed := false
		r.world.Script = func(op, _, _ string) *answer {
			switch {
			case op == "move":
				removed = true
				return &answer{Act: true, Err: lostAnswer()}
			case removed:
				return &answer{Err: &fault.Fault{Class: fault.GiveUp, Status: 404, Code: "Request_ResourceNotFound", Detail: "no such account"}}
			}
			return nil
		}
		m := r.world.Deliver("A", hit())
		rec := r.report(bad(anna))
		r.run(time.Hour)
		in := r.want(rec, anna, store.Failed, "whether the message was taken is not known")
		if !in.Unknown {
			t.Error("the intent is not in doubt any more, and nobody has looked")
		}
		r.world.Script = nil // the account is back
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(m, exchange.Inbox)
	})
}

// Found by internal/test/chaos: the restore of an intent that was given up in doubt waited for its verification for
// ever.
func TestRestore_ofOneGivenUpInDoubt(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, m := r.givenUpInDoubt()
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(m, exchange.Inbox)
	})
}

// Found by internal/test/chaos: an operator's retraction of an intent that was given up in doubt changed nothing.
func TestRetract_ofOneGivenUpInDoubt(t *testing.T) {
	bubble(t, func(r *rig) {
		rec, m := r.givenUpInDoubt()
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		in := r.want(rec, anna, store.Done, "")
		if moves := r.world.Peek(m).Moves; len(moves) != 1 || in.Unknown {
			t.Errorf("moved %v, want once; in doubt: %t", moves, in.Unknown)
		}
	})
}

// A worse verdict opens it again, and what the lost attempt did is still known to undo.
func TestWorse_ofOneGivenUpInDoubtKeepsUndo(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Actions[verdict.Spam] = config.Rule{Action: config.SoftDelete}
		rec, m := r.givenUpInDoubtAs(verdict.Spam)
		r.rejudge(rec.ID, verdict.Malicious)
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "")
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(m, exchange.Inbox)
	})
}

// Found by internal/test/chaos: a message that could not be proven was held at once, and the record's own, which came a
// little later, stayed.
func TestHeld_identityIsLookedAtAgain(t *testing.T) {
	bubble(t, func(r *rig) {
		stranger := hit()
		stranger.NetworkIDs = nil // the same content, and no id
		s := r.world.Deliver("A", stranger)
		late := hit()
		late.Hidden = time.Now().Add(time.Minute)
		m := r.world.Deliver("A", late)
		rec := r.report(bad(anna))
		r.run(5 * time.Second)
		r.want(rec, anna, store.Held, "not provable")
		r.run(10 * time.Minute)
		r.want(rec, anna, store.Done, "")
		r.lies(m, exchange.Deletions)
		r.lies(s, exchange.Inbox)
	})
}

// Found by internal/test/chaos: a restore that was asked for while the second, farther move was in doubt believed that
// the message had been taken there, and took the place of the first move for the user's doing.
func TestRestore_whileTheSecondMoveIsInDoubt(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.Actions[verdict.Spam] = config.Rule{Action: config.Trash}
		m := r.world.Deliver("A", hit())
		letter := bad(anna)
		letter.disposition = verdict.Spam
		rec := r.report(letter)
		r.run(time.Minute)
		r.lies(m, exchange.Deleted)
		r.world.Script = once("move", lostAnswer(), false)
		r.rejudge(rec.ID, verdict.Malicious)
		r.run(2 * time.Second)
		if in := r.want(rec, anna, store.Pending, "lost"); !in.Unknown {
			t.Fatal("not in doubt")
		}
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(m, exchange.Inbox)
	})
}

// Found by internal/test/chaos: an operator's retraction that had ended as mismatch was looked at again after the
// operator's word that the message is good, and took it.
func TestRestore_endsTheLooksOfAMismatch(t *testing.T) {
	bubble(t, func(r *rig) {
		stranger := hit()
		stranger.NetworkIDs = []string{nid2}
		r.world.Deliver("A", stranger)
		late := hit()
		late.Hidden = time.Now().Add(5 * time.Minute)
		m := r.world.Deliver("A", late)
		rec := r.report(bad(anna))
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.want(rec, anna, store.Mismatch, "")
		r.restore(rec)
		r.run(time.Hour)
		r.lies(m, exchange.Inbox)
	})
}

// Found by internal/test/chaos with the real daemon, seed 500002: after two refusals the first look at what became of a
// lost answer came after two minutes, not seconds, as if it had been the third.
func TestDoubt_firstLookIsSoonWhateverFailedBefore(t *testing.T) {
	bubble(t, func(r *rig) {
		moves, lost, looked := 0, time.Time{}, time.Time{}
		r.world.Script = func(op, _, _ string) *answer {
			switch {
			case op == "move" && moves < 3:
				if moves++; moves < 3 {
					return &answer{Err: &fault.Fault{Class: fault.Retry, After: time.Second, Status: 429}}
				}
				lost = time.Now()
				return &answer{Act: true, Err: lostAnswer()}
			case !lost.IsZero() && looked.IsZero():
				looked = time.Now()
			}
			return nil
		}
		r.world.Deliver("A", hit())
		rec := r.report(bad(anna))
		r.run(10 * time.Minute)
		r.want(rec, anna, store.Done, "")
		if waited := looked.Sub(lost); lost.IsZero() || waited > 10*time.Second {
			t.Errorf("the first look came %s after the lost answer", waited)
		}
	})
}
