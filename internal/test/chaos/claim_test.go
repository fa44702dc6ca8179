package chaos

import (
	"context"
	"slices"
	"strings"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/verdict"
)

// claim is what one intent says at the end, and what is to be held against it.
type claim struct {
	*judge
	l    *letter
	in   store.Intent
	upn  string
	back store.Intent // the restore of the same address, or zero
}

func (c claim) false(format string, args ...any) {
	c.wrong("letter %d: "+string(c.in.Kind)+" ("+c.in.Action+") of "+c.in.Address+" is "+string(c.in.Outcome)+" ("+
		c.in.Reason+"), and "+format,
		append([]any{c.l.n}, args...)...)
}

// frozen checks that nothing took a message away after an operator's word that it is good, and that it was put back
// when that was the word.
func (c claim) frozen() {
	if c.l.frozen.IsZero() {
		return
	}
	for _, a := range c.attempts(c.in) {
		if (a.Operation == store.OpMove || a.Operation == store.OpPurge) && a.Started.After(c.l.frozen) {
			c.false("attempt %d (%s) began at %v, after the word of %v that the letter is good", a.Seq, a.Operation,
				a.Started, c.l.frozen)
		}
	}
	if !c.l.putsBack || c.back.Outcome == store.Held || c.back.Outcome == store.Failed || c.w.unreachable(c.upn) {
		return
	}
	for _, m := range c.inPlace() {
		now := c.messages[m.key]
		if len(now.Changes) > 0 && !now.Purged && now.Folder != m.folder && rank(now) < exchange.RankPurges {
			c.false("message %s lies in %s after %v, and was to be put back to %s; restore: %s (%s)", m.key, now.Folder,
				now.Changes, m.folder, c.back.Outcome, c.back.Reason)
		}
	}
}

// retraction checks that what a retraction says is true.
func (c claim) retraction() {
	c.frozen()
	switch c.in.Outcome {
	case store.Done:
		c.done()
	case store.NotFound, store.Gone, store.Mismatch:
		c.absent()
	case store.Failed:
		if !c.w.unreachable(c.upn) &&
			!(c.in.Action == string(config.HardDelete) && c.w.noPurge && !c.w.cfg.Graph.PurgesByMove) {
			c.false("its mailbox can be reached")
		}
	case store.Held:
		c.held()
	case store.Skipped:
		c.skipped()
	}
}

// done: each message that proves to be the letter's lies in the target or beyond, unless it was put back, its owner
// moved it, or it came later.
func (c claim) done() {
	undone := c.back.Outcome == store.Done || c.back.Round == c.in.Round && c.back.ID != ""
	if undone || strings.Contains(c.in.Reason, "before it was called off") { // as far as it had come
		return
	}
	target, _ := policy.Target(config.Action(c.in.Action))
	for _, m := range c.inPlace() {
		if rank(c.messages[m.key]) < exchange.RankOf(target) && m.visible.IsZero() &&
			!(c.in.Limit.UnreadOnly && m.read) {
			c.false("message %s lies in %s", m.key, c.messages[m.key].Folder)
		}
	}
}

// inPlace gives the letter's own messages in the mailbox that are where retraction, or nobody, has put them.
func (c claim) inPlace() (list []*copied) {
	for _, m := range c.l.copies {
		if m.upn == c.upn && m.mine && m.provable && !m.moved {
			list = append(list, m)
		}
	}
	return list
}

// absent: no message of the letter is in the mailbox's sight. One that was put back, or that came late after another
// one, may be.
func (c claim) absent() {
	if c.l.meddled() || c.w.unreachable(c.upn) {
		return
	}
	for _, m := range c.inPlace() {
		if rank(c.messages[m.key]) < exchange.RankDeletions && m.released.IsZero() {
			c.false("message %s lies in %s", m.key, c.messages[m.key].Folder)
		}
	}
}

func (c claim) held() {
	switch c.in.Hold {
	case intent.HoldBrake:
		if !c.w.braked {
			c.false("there is no brake")
		}
	case intent.HoldIdentity:
		c.unless(c.anyBare(), "every message with its Message-ID has a network message id")
	case intent.HoldForward:
		c.unless(c.l.carries != nil && (c.l.verdict == verdict.Clean || c.l.meddled()),
			"it is no forward, or bad itself")
	case intent.HoldHearsay:
		if !c.l.hearsay {
			c.false("the report was first-hand")
		}
	case intent.HoldCopy:
		c.unless(c.outOfSight(c.l, c.upn), "every message of it lies where it was taken to")
	default:
		c.false("it is held for %q", c.in.Hold)
	}
}

// anyBare reports whether some message of the mailbox bears the letter's Message-ID and no network message id.
func (c claim) anyBare() bool {
	for _, l := range c.w.letters {
		for _, m := range l.copies {
			if l.mid == c.l.mid && m.upn == c.upn && m.bare {
				return true
			}
		}
	}
	return false
}

func (c claim) skipped() {
	p := c.person()
	reason := c.in.Reason
	is := func(text string) bool { return strings.Contains(reason, text) }
	switch {
	case is("external recipient"):
		c.unless(strings.HasSuffix(p.address, "@fabrikam.example"), "the address is internal")
	case is("exempt"):
		c.unless(p.exempt, "the mailbox is not exempt")
	case is("same mailbox as"):
		c.unless(slices.ContainsFunc(c.l.to, func(o person) bool {
			return o.address != p.address &&
				slices.Contains(o.reach(), c.upn)
		}), "no other recipient has its mailbox")
	case is("the action for its mailbox"):
		c.unless(c.l.meddled() || c.w.rule(c.upn, c.l.verdict).Action == config.None, "the rule of its mailbox acts")
	case is("no mailbox of this tenant"):
		c.unless(c.upn == "" || c.w.unreachable(c.upn), "it has a mailbox")
	case is("a group that the report did not expand"):
		c.unless(len(p.members) > 0, "it is none")
	case is("what it forwards does not count"):
		c.unless(c.l.carries != nil, "it forwards nothing")
	case is("already read"):
		c.unless(c.in.Limit.UnreadOnly, "the rule is for all")
	case is("dry-run"):
		c.unless(c.w.dryRun, "the tenant is live")
	default:
		c.unless(c.l.meddled(), "nobody called it off")
	}
}

func (c claim) unless(ok bool, text string) {
	if !ok {
		c.false("%s", text)
	}
}

func (c claim) person() person {
	for _, p := range people {
		if strings.EqualFold(p.address, c.in.Address) {
			return p
		}
	}
	return person{}
}

// restore checks that what a restore says is true: there was a reason for it, and what it put back is not where the
// retraction had taken it.
func (c claim) restore() {
	if !c.l.meddled() {
		c.false("nobody asked for it")
	}
	forward, err := c.w.st.Intent(context.Background(),
		store.IntentID(c.in.Record, strings.ToLower(c.in.Address), store.Retract))
	if err != nil || c.in.Outcome != store.Done || forward.Round != c.in.Round {
		return
	}
	for _, t := range c.in.Taken {
		for _, m := range c.inPlace() {
			now := c.messages[m.key]
			if now.ImmutableID == t.Message && now.FolderID == t.Folder {
				c.false("message %s lies in %s, where it was taken to", m.key, now.Folder)
			}
		}
	}
}
