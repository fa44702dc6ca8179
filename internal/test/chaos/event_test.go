package chaos

import (
	"context"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/retract/intent"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/verdict"
)

// event is one thing that happens meanwhile.
func (w *world) event() {
	l := w.letters[w.random.IntN(len(w.letters))]
	w.quiet.hours()
	switch w.random.IntN(31) {
	case 0, 1:
		w.crash()
	case 2, 3, 4:
		w.dieAtPoint()
	case 5:
		w.restart()
	case 6, 16:
		w.rejudge(l)
	case 7, 17, 18:
		w.order(l)
	case 8:
		w.answerHeld()
	case 9, 10:
		w.userMoves(l)
	case 11:
		w.fork(l)
	case 12:
		w.outage()
	case 13:
		w.turnover()
	case 14:
		w.lateMove()
	case 19, 20:
		w.bulk()
	case 21:
		w.cancelBulk()
	case 22, 23:
		w.quiet.write()
	case 24:
		w.quiet.lock()
	case 25, 26, 27:
		w.bringBack(l)
	case 28, 29:
		w.release(l)
	default:
		w.write()
	}
}

// dieAtPoint has the disk die at one of the next commit points.
func (w *world) dieAtPoint() {
	points := []string{"c2.before", "c2.after-commit", "c3.before", "c3.after-commit", "c4.before", "c4.after-commit", "commit"}
	w.disk.arm(points[w.random.IntN(len(points))], 1+w.random.IntN(4))
}

// rejudge changes a letter's verdict, as new indicators do, and plans again.
func (w *world) rejudge(l *letter) {
	l.rejudged++
	to := []verdict.Disposition{verdict.Clean, verdict.Malicious, verdict.Malicious, verdict.Spam, verdict.Suspicious}[w.random.IntN(5)]
	for range 50 {
		rec, err := w.st.Record(w.t.Context(), l.record)
		if err != nil {
			w.t.Fatal(err)
		}
		have, err := w.st.Intents(w.t.Context(), l.record)
		if err != nil {
			w.t.Fatal(err)
		}
		rec.Verdict.Disposition = to
		for i := range rec.Variants {
			rec.Variants[i].Verdict.Disposition = to
		}
		err = w.st.Update(context.Background(), store.Change{Record: &rec, Intents: policy.Plan(w.cfg, time.Now())(rec, have)})
		if err == nil || w.disk.dead.Load() {
			break // where it is not known whether it was written, the judge must cope: so must an operator
		}
	}
	w.engine.Wake()
}

// order is an operator's word about a letter. A refusal is an answer too.
func (w *world) order(l *letter) {
	ctx := context.Background()
	l.ordered++
	w.orders++
	switch w.random.IntN(4) {
	case 0, 1:
		l.restored++
		_, err := w.engine.Restore(ctx, "ada", l.record, "chaos")
		w.freeze(l, err, true)
	case 2:
		action := []config.Action{config.Junk, config.Trash, config.SoftDelete, config.HardDelete}[w.random.IntN(4)]
		l.frozen, l.putsBack = time.Time{}, false
		_, _ = w.engine.Retract(ctx, "ada", l.record, action, "chaos")
	default:
		_, err := w.engine.Clean(ctx, "ada", l.record, "chaos")
		w.freeze(l, err, false)
	}
}

// freeze notes an operator's word that a letter is good. Where its answer was lost it may hold or not; where a bulk job
// is under way, that may have the last word.
func (w *world) freeze(l *letter, err error, putsBack bool) {
	switch {
	case err != nil || len(w.jobs(false)) > 0:
		l.frozen, l.putsBack = time.Time{}, false
	default:
		l.frozen, l.putsBack = time.Now(), l.putsBack || putsBack
	}
}

// answerHeld approves or rejects some of what is held.
func (w *world) answerHeld() {
	held, err := w.st.IntentsBy(w.t.Context(), store.IntentFilter{Outcomes: []store.Outcome{store.Held}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, in := range held {
		l := w.letterOf(in.Record)
		if l == nil {
			continue // of the quiet tenant
		}
		switch w.random.IntN(3) {
		case 0:
			l.ordered++
			w.orders++
			l.frozen, l.putsBack = time.Time{}, false
			if in.Kind == store.Restore {
				l.restored++
			}
			w.approve(in)
		case 1:
			l.ordered++
			w.orders++
			_ = w.engine.Reject(context.Background(), "ada", []string{in.ID}, "chaos")
		}
	}
}

// approve lets a held intent pass. Where it is held for what cannot be proven, the message that it names by then is the
// one.
func (w *world) approve(in store.Intent) {
	_ = w.engine.Approve(context.Background(), "ada", []string{in.ID}, "chaos")
	fresh, err := w.st.Intent(w.t.Context(), in.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if fresh.Approved != "" && fresh.Hold == intent.HoldIdentity {
		w.approved[fresh.Message] = true
	}
}

func (w *world) letterOf(record string) *letter {
	for _, l := range w.letters {
		if l.record == record {
			return l
		}
	}
	return nil
}

// userMoves has a mailbox's owner move or delete one of a letter's messages.
func (w *world) userMoves(l *letter) {
	if len(l.copies) == 0 {
		return
	}
	c := l.copies[w.random.IntN(len(l.copies))]
	if !c.mine {
		return
	}
	to := []string{"inbox", "Projects", "deleteditems", "junkemail", "recoverableitemsdeletions", ""}[w.random.IntN(6)]
	w.sim.UserMoves(c.upn, c.key, to)
	c.moved, c.movedAgain = true, true
	c.deleted = c.deleted || to == ""
}

// fork is another report of a letter: a new one for more recipients, sometimes worse, or one that only repeats it.
func (w *world) fork(l *letter) {
	if l.hearsay {
		return
	}
	more := people[w.random.IntN(len(people))]
	l.to = append(l.to, more)
	for _, upn := range more.reach() {
		if w.chance(2) && !l.had[upn] { // Exchange does not deliver a message to a mailbox twice
			l.had[upn] = true
			w.put(l, w.genuine(l, upn))
		}
	}
	if w.chance(3) {
		l.rejudged++ // the worst verdict rules
		l.verdict = verdict.Malicious
	}
	w.report(l)
}

// outage breaks Graph for all, or for one mailbox, for a while: errors, an authentication that fails, or a long
// Retry-After.
func (w *world) outage() {
	fault := graphsim.Fault{Status: 503, Code: "serviceNotAvailable", Message: "x"}
	switch w.random.IntN(4) {
	case 0:
		fault.RetryAfter = []string{"30", "120.5", "900"}[w.random.IntN(3)]
		fault.Status = 429
	case 1:
		fault = graphsim.Fault{Status: 401, Code: "InvalidAuthenticationToken", Message: "x"}
	case 2:
		fault = graphsim.Fault{Drop: true, Apply: true}
	}
	route := []graphsim.Route{"", "", graphsim.RouteMove, graphsim.RouteMessages, graphsim.RouteUsers}[w.random.IntN(5)]
	in := graphsim.Injection{Tenant: w.cfg.ID, Route: route, Times: 1 + w.random.IntN(6), Fault: fault}
	if w.chance(2) && route != graphsim.RouteUsers {
		in.Mailbox = people[w.random.IntN(5)].upn
	}
	w.sim.Inject(in)
}

// turnover is what happens to mailboxes and tokens.
func (w *world) turnover() {
	switch w.random.IntN(3) {
	case 0:
		w.sim.RevokeTokens()
	case 1:
		w.removeFolder(people[w.random.IntN(4)].upn)
	default:
		w.sim.SetKind("dora@contoso.example", []graphsim.Kind{graphsim.Unlisted, graphsim.OnPremises, graphsim.DeletedUser, graphsim.UserMailbox}[w.random.IntN(4)])
		w.doraLeft = true
	}
}

// removeFolder is the owner's act: what lay in the folder is in Deleted Items then.
func (w *world) removeFolder(upn string) {
	w.sim.RemoveFolder(upn, "Projects")
	for _, l := range w.letters {
		for _, c := range l.copies {
			c.moved, c.movedAgain = c.moved || c.upn == upn, c.movedAgain || c.upn == upn
		}
	}
}

// lateMove has a move carried out after the client has given up waiting for its answer. Nobody crashes meanwhile: a
// process that is started again within these seconds would look too early, as would a person.
func (w *world) lateMove() {
	w.disk.arm("", 0)
	late := w.sim.Inject(graphsim.Injection{Tenant: w.cfg.ID, Route: graphsim.RouteMove, Fault: graphsim.Fault{
		Name: "late", Apply: true, Drop: true, Delay: patience - 2*time.Second + time.Duration(w.random.IntN(5000))*time.Millisecond,
	}})
	w.run(4 * time.Minute)
	w.sim.Withdraw(late)
	w.run(time.Minute)
}
