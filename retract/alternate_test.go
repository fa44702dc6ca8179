package retract_test

import (
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/store"
)

const forged = "<forged@elsewhere.example>"

// The mailbox keeps the message under an id that only the report names: it is found, moved, and put back.
func TestAlternateID_findsTheMessage(t *testing.T) {
	for _, action := range []config.Action{config.Junk, config.SoftDelete, config.HardDelete} {
		t.Run(string(action), func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.action(action)
				under := hit()
				under.MessageID = forged
				m := r.world.Deliver("A", under)
				told := bad(anna)
				told.also = []string{"<none@elsewhere.example>", forged}
				rec := r.report(told)
				r.run(time.Second)
				r.want(rec, anna, store.Done, "taken to")
				if r.world.Peek(m).Folder == string(exchange.Inbox) {
					t.Error("it lies in the inbox still")
				}
			})
		})
	}
}

// Both are looked for: one under each id.
func TestAlternateID_besideTheOwnOne(t *testing.T) {
	bubble(t, func(r *rig) {
		own := r.world.Deliver("A", hit())
		under := hit()
		under.MessageID = forged
		other := r.world.Deliver("A", under)
		told := bad(anna)
		told.also = []string{forged}
		rec := r.report(told)
		r.run(time.Second)
		r.want(rec, anna, store.Done, "(2 copies)")
		r.lies(own, exchange.Deletions)
		r.lies(other, exchange.Deletions)
	})
}

// A sender who names the Message-ID of somebody else's message gets neither that one taken nor his own spared.
func TestAlternateID_ofAnotherMessage(t *testing.T) {
	for name, ids := range map[string][]string{"with an id of its own": {nid2}, "without one": nil} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				own := r.world.Deliver("A", hit())
				good := hit()
				good.MessageID, good.NetworkIDs, good.Good = forged, ids, true
				m := r.world.Deliver("A", good)
				told := bad(anna)
				told.also = []string{forged}
				rec := r.report(told)
				r.run(time.Second)
				r.want(rec, anna, store.Done, "")
				r.lies(own, exchange.Deletions)
				r.lies(m, exchange.Inbox)
			})
		})
	}
}

// Alone in the mailbox, the other message is a mismatch or held, as one with the own id is.
func TestAlternateID_onlyAnotherMessage(t *testing.T) {
	bubble(t, func(r *rig) {
		good := hit()
		good.MessageID, good.NetworkIDs, good.Good = forged, []string{nid2}, true
		m := r.world.Deliver("A", good)
		told := bad(anna)
		told.also = []string{forged}
		rec := r.report(told)
		r.run(time.Second)
		r.want(rec, anna, store.Mismatch, "")
		r.lies(m, exchange.Inbox)
	})
}
