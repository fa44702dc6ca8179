package retract_test

import (
	"context"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/retracttest"
	"clawback/store"
)

// Found by internal/test/chaos, seed 140377: a copy that its user had deleted for good since was looked for where it
// had been taken to, and the other copy was put back to its folder.
func TestRestore_anotherCopyIsNotTheOneThatIsGone(t *testing.T) {
	bubble(t, func(r *rig) {
		gone := r.world.Deliver("A", hit())
		m := r.world.Deliver("A", at("Projects"))
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "2 copies")
		r.world.Set(func(w *retracttest.World) { gone.Purged = true })
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Done, "put back"})
		r.lies(m, "Projects")
	})
}

// Found by internal/test/chaos, seed 140235: a message that was gone when it was to be moved was taken for the copy
// that lay in the target of itself, and a restore brought that one into the Inbox.
func TestVerify_anotherCopyIsNotTheOneThatIsGone(t *testing.T) {
	bubble(t, func(r *rig) {
		r.action(config.Junk)
		m := r.world.Deliver("A", hit())
		there := r.world.Deliver("A", at(exchange.JunkEmail))
		r.world.Script = func(op, _, _ string) *answer {
			if op == "move" {
				m.Purged = true // by its user
			}
			return nil
		}
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "nothing to do: it lies in Junk Email")
		if _, err := r.e.Restore(context.Background(), "ada", rec.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(there, exchange.JunkEmail)
	})
}

// Found by internal/test/chaos, seed 500859: the message that was taken to Junk Email is deleted for good; another copy
// came later, and its user has put that one there. It is not brought into the Inbox, and stays read.
func TestRestore_aLaterCopyIsNotTheOneThatIsGone(t *testing.T) {
	bubble(t, func(r *rig) {
		r.action(config.Junk)
		first, later := hit(), at(exchange.JunkEmail)
		first.Received, later.Received = time.Now(), time.Now().Add(time.Hour)
		later.Read = true
		gone := r.world.Deliver("A", first)
		rec := r.report(bad(anna))
		r.run(time.Minute)
		r.lies(gone, exchange.JunkEmail)
		other := r.world.Deliver("A", later)
		r.world.Set(func(w *retracttest.World) { gone.Purged = true })
		r.restore(rec)
		r.wantKind(rec, anna, store.Restore, expectation{store.Gone, "no longer in the mailbox"})
		r.lies(other, exchange.JunkEmail)
		if !other.Read {
			t.Error("another copy was marked unread")
		}
	})
}
