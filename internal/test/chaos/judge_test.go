package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/verdict"
)

// judge holds what the store says at the end against the mailboxes.
type judge struct {
	w        *world
	messages map[string]graphsim.Message // by key
	copies   map[string]*copied
	letters  map[string]*letter // by message key
	wrongs   []string
}

func (w *world) judge() *judge {
	j := &judge{w: w, messages: map[string]graphsim.Message{}, copies: map[string]*copied{}, letters: map[string]*letter{}}
	for _, p := range people {
		if p.kind != "" {
			for _, m := range w.sim.Messages(p.upn) {
				j.messages[m.Key] = m
			}
		}
	}
	for _, l := range w.letters {
		for _, c := range l.copies {
			j.copies[c.key], j.letters[c.key] = c, l
		}
	}
	for _, v := range w.sim.Violations() {
		j.wrong("Graph: %s", v)
	}
	j.touched()
	j.moves()
	j.store()
	j.calls()
	j.rate()
	j.bulk()
	j.neighbour()
	return j
}

func (j *judge) wrong(format string, args ...any) {
	j.wrongs = append(j.wrongs, fmt.Sprintf(format, args...))
}

// rank of a message that is there.
func rank(m graphsim.Message) exchange.Rank {
	if m.Purged {
		return exchange.RankPurges
	}
	return exchange.RankOf(exchange.Folder(m.Folder))
}

// touched: nothing was done to any message but the right ones.
func (j *judge) touched() {
	for _, m := range j.changed() {
		c, l := j.copies[m.Key], j.letters[m.Key]
		switch {
		case c == nil || !c.mine:
			j.wrong("message %s of %s, which is no letter's own, was touched: %v", m.Key, m.Mailbox, m.Changes)
		case j.w.dryRun:
			j.wrong("message %s of %s was touched in dry-run mode: %v", m.Key, m.Mailbox, m.Changes)
		case isExempt(m.Mailbox):
			j.wrong("message %s in the exempt mailbox %s was touched: %v", m.Key, m.Mailbox, m.Changes)
		case !c.provable && !j.w.approved[m.ImmutableID]:
			j.wrong("message %s, which nothing proves to be letter %d, was touched: %v", m.Key, l.n, m.Changes)
		case l.verdict == verdict.Clean && !j.behind(m, (*letter).meddled):
			j.wrong("message %s of the clean letter %d was touched: %v", m.Key, l.n, m.Changes)
		case !l.meddled() && l.carries == nil && j.w.rule(m.Mailbox, l.verdict).Action == config.None:
			j.wrong("message %s of %s was touched, and the rule of its mailbox is none: %v", m.Key, m.Mailbox,
				m.Changes)
		case l.hearsay && !j.behind(m, func(l *letter) bool { return l.ordered > 0 }):
			j.wrong("message %s of letter %d, which is hearsay, was touched: %v", m.Key, l.n, m.Changes)
		case len(m.Changes) > 1 && !j.behind(m, (*letter).meddled) && !c.moved:
			j.wrong("message %s of letter %d was changed more than once: %v", m.Key, l.n, m.Changes)
		}
	}
	j.undoable()
	j.lateCopies()
	for _, m := range j.messages {
		if c := j.copies[m.Key]; c != nil && m.Read != c.read {
			j.wrong("message %s of %s was delivered with read=%t and ends with read=%t: %v", m.Key, m.Mailbox, c.read,
				m.Read, m.Changes)
		}
	}
}

// changed lists the messages that were touched; those of the quiet tenant are judged apart.
func (j *judge) changed() (list []graphsim.Message) {
	for _, m := range j.w.sim.Changed() {
		if !strings.HasSuffix(m.Mailbox, "@quiet.example") {
			list = append(list, m)
		}
	}
	return list
}

// behind reports whether something is true of a letter on whose behalf a message may have been touched: its own, and
// where a person has approved it by its id, every one with its Message-ID.
func (j *judge) behind(m graphsim.Message, is func(*letter) bool) bool {
	own := j.letters[m.Key]
	return slices.ContainsFunc(j.w.letters, func(l *letter) bool {
		return (l == own || j.w.approved[m.ImmutableID] && l.mid == own.mid) && is(l)
	})
}

// undoable: of each message that was taken, some intent knows where it was, so that it can be put back.
func (j *judge) undoable() {
	known := map[string]bool{}
	for _, l := range j.w.letters {
		for _, in := range j.intents(l) {
			for _, t := range in.Taken {
				known[t.Message] = known[t.Message] || t.State == "moved" || t.State == "earlier" || in.Unknown
			}
		}
	}
	for _, m := range j.changed() {
		if c := j.copies[m.Key]; c != nil && !c.moved && !j.behind(m, restored) && !known[m.ImmutableID] {
			j.wrong("message %s of letter %d was taken (%v), and no intent knows of it", m.Key, j.letters[m.Key].n,
				m.Changes)
		}
	}
}

func restored(l *letter) bool { return l.restored > 0 }

func isExempt(upn string) bool {
	return slices.ContainsFunc(people, func(p person) bool { return p.upn == upn && p.exempt })
}

// moves: no message was brought back into sight but by an operator's word.
func (j *judge) moves() {
	for _, c := range j.w.sim.Calls() {
		if c.Route != graphsim.RouteMove || !c.Applied || c.Tenant != j.w.cfg.ID {
			continue
		}
		from, to := exchange.RankOf(exchange.Folder(c.From)), exchange.RankOf(exchange.Folder(c.To))
		if own := j.copies[c.Message]; own != nil && own.moved {
			continue // its owner may have moved it between our look and our call
		}
		if m, known := j.messages[c.Message]; to <= from &&
			!(known && j.letters[c.Message] != nil && j.behind(m, restored)) {
			j.wrong("message %s of %s was moved from %s to %s", c.Message, c.Mailbox, c.From, c.To)
		}
	}
}

// calls: each call that changes something had an attempt of its own on record, and no mailbox had more at once than
// configured. A call that was refused for its token may be sent again.
func (j *judge) calls() {
	sent := map[string]int{}
	for _, c := range j.w.sim.Calls() {
		switch c.Route {
		case graphsim.RouteMove, graphsim.RoutePurge, graphsim.RouteUpdate:
			if c.Status != 401 && c.Tenant == j.w.cfg.ID {
				sent[c.Mailbox]++
			}
		}
		if c.InFlight > j.w.cfg.Graph.MailboxConcurrent {
			j.wrong("%d calls at once for %s", c.InFlight, c.Mailbox)
		}
	}
	recorded := map[string]int{}
	for _, l := range j.w.letters {
		for _, in := range j.intents(l) {
			upn := mailboxOf(in.Address)
			for _, a := range j.attempts(in) {
				if changes(a) {
					recorded[upn]++
				}
			}
		}
	}
	for upn, n := range sent {
		if n > recorded[upn] {
			j.wrong("%d calls changed something in %s, and %d attempts are on record", n, upn, recorded[upn])
		}
	}
}

func mailboxOf(address string) string {
	for _, p := range people {
		if strings.EqualFold(p.address, address) {
			return p.upn
		}
	}
	return ""
}

// rate: the brake was not passed without a person's word.
func (j *judge) rate() {
	if !j.w.braked || j.w.orders > 0 {
		return
	}
	for _, l := range j.w.letters {
		acted := 0
		for _, in := range j.intents(l) {
			if !in.Acted.IsZero() {
				acted++
			}
		}
		if limit := j.w.cfg.Brake.MailboxesPerMail; acted > limit {
			j.wrong("letter %d: %d mailboxes were acted upon, the limit is %d", l.n, acted, limit)
		}
	}
}

func (j *judge) intents(l *letter) []store.Intent {
	have, err := j.w.st.Intents(context.Background(), l.record)
	if err != nil {
		j.wrong("intents of letter %d: %v", l.n, err)
	}
	return have
}

func (j *judge) attempts(in store.Intent) []store.Attempt {
	list, err := j.w.st.Attempts(context.Background(), in.ID)
	if err != nil {
		j.wrong("attempts at %s: %v", in.ID, err)
	}
	return list
}

// store: every letter's intents are true, every attempt has an outcome, and the counters equal a recount.
func (j *judge) store() {
	count := store.Counts{Outcomes: map[store.Outcome]int{}, Restores: map[store.Outcome]int{}}
	records := map[string]bool{}
	for _, l := range j.w.letters {
		if records[l.record] {
			continue
		}
		records[l.record] = true
		have := j.intents(l)
		for _, in := range have {
			j.attempted(l, in)
			if in.Kind == store.Restore {
				count.Restores[in.Outcome]++
			} else {
				count.Outcomes[in.Outcome]++
			}
			if in.Outcome == store.Held {
				count.Held++
			}
		}
		j.letter(l, have)
	}
	j.counted(count, len(records))
	if err := j.w.st.VerifyAudit(context.Background()); err != nil {
		j.wrong("audit: %v", err)
	}
}

func (j *judge) counted(count store.Counts, records int) {
	got, err := j.w.st.Counts(context.Background(), j.w.cfg.ID)
	if err != nil {
		j.wrong("counts: %v", err)
	}
	reports := 0
	for _, l := range j.w.letters {
		reports += l.reports
	}
	if got.Records != records || got.Processed != reports || got.Held != count.Held {
		j.wrong("counters say %d records, %d reports, %d held; there are %d, %d and %d",
			got.Records, got.Processed, got.Held, records, reports, count.Held)
	}
	if !equal(got.Outcomes, count.Outcomes) || !equal(got.Restores, count.Restores) {
		j.wrong("counters say %v and %v, a recount %v and %v", got.Outcomes, got.Restores, count.Outcomes,
			count.Restores)
	}
}

func equal(a, b map[store.Outcome]int) bool {
	for _, o := range []store.Outcome{store.Pending, store.Done, store.Gone, store.NotFound, store.Mismatch, store.Failed, store.Held, store.Skipped} {
		if a[o] != b[o] {
			return false
		}
	}
	return true
}

// notKnown stands in the reason of an intent that was given up while its last attempt may have worked.
const notKnown = "whether the message was taken is not known"

func (j *judge) attempted(l *letter, in store.Intent) {
	for _, a := range j.attempts(in) {
		if a.Outcome == "" || a.Finished.IsZero() {
			j.wrong("letter %d, %s of %s (%s): attempt %d (%s) has no outcome", l.n, in.Kind, in.Address, in.Outcome,
				a.Seq, a.Operation)
		}
	}
	if in.Outcome == store.Pending || in.Unknown && !strings.Contains(in.Reason, notKnown) {
		j.wrong("letter %d: %s of %s is %s, in doubt: %t: %s", l.n, in.Kind, in.Address, in.Outcome, in.Unknown,
			in.Reason)
	}
}

// letter judges the intents of one letter.
func (j *judge) letter(l *letter, have []store.Intent) {
	back := map[string]store.Intent{}
	for _, in := range have {
		if in.Kind == store.Restore {
			back[in.Address] = in
		}
	}
	for _, in := range have {
		c := claim{judge: j, l: l, in: in, upn: mailboxOf(in.Address), back: back[in.Address]}
		if in.Kind == store.Retract {
			c.retraction()
		} else {
			c.restore()
		}
	}
	j.simple(l)
}

// simple: where nothing stood in the way, the message was taken. Without this, a daemon that does nothing would be
// right.
func (j *judge) simple(l *letter) {
	if l.meddled() || l.hearsay || j.w.dryRun || j.w.braked {
		return
	}
	for _, p := range l.to {
		for _, upn := range p.reach() {
			rule := j.w.rule(upn, l.verdict)
			if target, acts := policy.Target(rule.Action); acts && !rule.UnreadOnly && !j.w.purgeless(rule) {
				j.taken(l, upn, target)
			}
		}
	}
}

// taken: what must have been taken from a mailbox was. Its intent is done, or holds a copy that may be it: one that
// came at the same time as what was taken and can be seen no more, as after a purge.
func (j *judge) taken(l *letter, upn string, target exchange.Folder) {
	mine := j.undisturbed(l, upn)
	if len(mine) == 0 {
		return
	}
	have := j.intents(l)
	done := slices.ContainsFunc(have, func(in store.Intent) bool {
		return mailboxOf(in.Address) == upn && (in.Outcome == store.Done ||
			in.Outcome == store.Held && in.Hold == intent.HoldCopy)
	})
	if !done {
		j.wrong("letter %d: no intent of mailbox %s is done: %v", l.n, upn, outcomes(have))
	}
	for _, c := range mine {
		if m := j.messages[c.key]; rank(m) < exchange.RankOf(target) {
			j.wrong("letter %d: message %s of %s lies in %s, and was to go to %s", l.n, m.Key, upn, m.Folder, target)
		}
	}
}

func (w *world) purgeless(r config.Rule) bool {
	return r.Action == config.HardDelete && w.noPurge && !w.cfg.Graph.PurgesByMove
}

func outcomes(have []store.Intent) (list []string) {
	for _, in := range have {
		list = append(list, fmt.Sprintf("%s %s %s (%s)", in.Kind, in.Address, in.Outcome, in.Reason))
	}
	return list
}

// undisturbed gives the messages of the letter that must have been taken from a mailbox, if that can be said.
func (j *judge) undisturbed(l *letter, upn string) (mine []*copied) {
	if isExempt(upn) || j.w.unreachable(upn) {
		return nil
	}
	for _, c := range l.copies {
		if c.upn != upn || !c.mine {
			continue
		}
		if c.moved || !c.provable {
			return nil
		}
		if c.visible.IsZero() {
			mine = append(mine, c)
		}
	}
	return mine
}

// unreachable reports whether a mailbox could not be reached, at some time.
func (w *world) unreachable(upn string) bool {
	return strings.HasPrefix(upn, "plant@") || strings.HasPrefix(upn, "vault@") || strings.HasPrefix(upn, "guest@") ||
		w.doraLeft && strings.HasPrefix(upn, "dora@")
}
