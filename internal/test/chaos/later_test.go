package chaos

import (
	"slices"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/store"
	"clawback/verdict"
)

// atRest reports whether the retraction of a letter from a mailbox is done, has taken a message (with an id: that one),
// and nothing is under way there that was decided before; and since when.
func (w *world) atRest(l *letter, upn, id string) (since time.Time, rests bool) {
	if len(w.jobs(false)) > 0 {
		return since, false
	}
	list, err := w.st.Intents(w.t.Context(), l.record)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, in := range list {
		if mailboxOf(in.Address) != upn {
			continue
		}
		if in.Outcome == store.Pending || in.Unknown {
			return since, false
		}
		for _, t := range in.Taken {
			if in.Kind == store.Retract && in.Outcome == store.Done && t.State == intent.Moved &&
				(t.Message == id || id == "") {
				since, rests = t.At, true
			}
		}
	}
	return since, rests
}

// message is one of a mailbox as it is now.
func (w *world) message(c *copied) (graphsim.Message, bool) {
	all := w.sim.Messages(c.upn)
	i := slices.IndexFunc(all, func(m graphsim.Message) bool { return m.Key == c.key })
	if i < 0 {
		return graphsim.Message{}, false
	}
	return all[i], true
}

// bringBack has a mailbox's owner bring a message back that was taken: to a folder of his, or through an archive that
// gives it another id.
func (w *world) bringBack(l *letter) bool {
	for _, i := range w.random.Perm(len(l.copies)) {
		c := l.copies[i]
		m, there := w.message(c)
		if !there || !c.mine || c.moved || len(m.Changes) == 0 || m.Purged || rank(m) >= exchange.RankPurges {
			continue
		}
		since, rests := w.atRest(l, c.upn, m.ImmutableID)
		if !rests {
			continue
		}
		to := graphsim.Later{Mailbox: c.upn, Key: c.key,
			Folder: []string{"inbox", "Projects", "archive"}[w.random.IntN(3)]}
		byArchive := w.chance(3) && time.Since(since) > time.Hour
		to.Copy = byArchive
		back, err := w.sim.Happen(to)
		if err != nil {
			w.t.Fatal(err)
		}
		c.moved = true
		if byArchive {
			w.sim.UserMoves(c.upn, c.key, "")
			c.deleted = true
			c = &copied{key: back.Key, upn: c.upn, folder: to.Folder, mine: true, provable: c.provable, bare: c.bare,
				moved: true}
			l.copies = append(l.copies, c)
		}
		c.back, c.orders = time.Now(), l.ordered
		w.broughtBack++
		return true
	}
	return false
}

// release has another message of a letter appear in a mailbox: by a release from quarantine or a backup, with a time of
// receipt of its own, or by a rule that copies.
func (w *world) release(l *letter) *copied {
	for _, i := range w.random.Perm(len(l.copies)) {
		c := l.copies[i]
		m, there := w.message(c)
		if !there || !c.mine || !c.back.IsZero() {
			continue
		}
		to := graphsim.Later{Mailbox: c.upn, Key: c.key, Copy: true,
			Folder: []string{"inbox", "Projects"}[w.random.IntN(2)]}
		if !w.chance(3) {
			to.Received = time.Now()
		}
		again, err := w.sim.Happen(to)
		if err != nil {
			w.t.Fatal(err)
		}
		_, rests := w.atRest(l, c.upn, "")
		later := &copied{key: again.Key, upn: c.upn, folder: to.Folder, mine: true, provable: c.provable, bare: c.bare,
			visible: time.Now(), released: time.Now(), rests: rests, sameTime: again.Received.Equal(m.Received),
			orders: l.ordered}
		l.copies = append(l.copies, later)
		w.released++
		return later
	}
	return nil
}

// aftermath is what happens once all is calm, and the days in which it is looked for: the waits between the looks have
// grown to four days by then.
func (w *world) aftermath() {
	w.late = true
	for _, l := range w.letters {
		switch w.random.IntN(3) {
		case 0:
			w.release(l)
		case 1:
			w.bringBack(l)
		}
	}
	for range 11 {
		w.run(24 * time.Hour)
	}
}

// lateCopies holds what was brought back and what appeared later against what may be done with it.
func (j *judge) lateCopies() {
	for _, l := range j.w.letters {
		for _, c := range l.copies {
			if !c.back.IsZero() && !c.movedAgain {
				j.broughtBackIsLeft(l, c)
			}
			if !c.released.IsZero() {
				j.lateCopyIsTaken(l, c)
			}
		}
	}
}

// broughtBackIsLeft: nothing takes what a person has brought back, unless a person asks for it later.
func (j *judge) broughtBackIsLeft(l *letter, c *copied) {
	m := j.messages[c.key]
	if l.ordered > c.orders || j.w.approved[m.ImmutableID] {
		return
	}
	for _, call := range j.w.sim.Calls() {
		if call.Message == c.key && call.Applied && call.Time.After(c.back) &&
			(call.Route == graphsim.RouteMove || call.Route == graphsim.RoutePurge) {
			j.wrong("message %s of letter %d was brought back by its owner at %v, and taken at %v: %v", c.key, l.n,
				c.back, call.Time, m.Changes)
		}
	}
}

// lateCopyIsTaken: what appears when a retraction is done is taken where that is MALICIOUS or a person's, and then it
// is, if there was time and nothing stands against it; else it is left.
func (j *judge) lateCopyIsTaken(l *letter, c *copied) {
	m := j.messages[c.key]
	touched := len(m.Changes) > 0
	stands := l.verdict == verdict.Malicious || l.meddled()
	switch {
	case touched && c.rests && !stands && !j.behind(m, (*letter).meddled):
		j.wrong("message %s of letter %d appeared when its retraction was done, which does not stand: %v", c.key, l.n,
			m.Changes)
	case touched || !j.w.late || !c.rests || !c.provable || c.moved || l.verdict != verdict.Malicious || l.meddled() ||
		l.hearsay || j.w.dryRun || j.w.braked || isExempt(c.upn) || j.w.unreachable(c.upn):
	case c.sameTime && j.outOfSight(l, c.upn): // it may be the one that was taken
	default:
		rule := j.w.rule(c.upn, l.verdict)
		if rule.UnreadOnly || j.w.purgeless(rule) {
			return
		}
		j.wrong("message %s of letter %d appeared at %v in %s of %s, and was never taken: %v", c.key, l.n, c.released,
			m.Folder, c.upn, outcomes(j.intents(l)))
	}
}

// outOfSight reports whether a message of the letter is not to be found where it was taken to: its owner has moved or
// deleted it, or it was deleted permanently.
func (j *judge) outOfSight(l *letter, upn string) bool {
	return slices.ContainsFunc(l.copies, func(c *copied) bool {
		return c.upn == upn && (c.moved || c.deleted || rank(j.messages[c.key]) >= exchange.RankPurges)
	})
}
