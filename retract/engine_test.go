package retract_test

import (
	"testing"
	"time"

	"clawback/retract/exchange"
	"clawback/store"
)

func TestRun_takesTheMessageFromEachRecipient(t *testing.T) {
	bubble(t, func(r *rig) {
		a, b := r.world.Deliver("A", hit()), r.world.Deliver("B", hit())
		rec := r.report(bad(anna, bert, "out@elsewhere.example"))
		r.run(time.Second)
		r.want(rec, anna, store.Done, `taken to Recoverable Items\Deletions`)
		r.want(rec, bert, store.Done, "taken to")
		r.want(rec, "out@elsewhere.example", store.Skipped, "external recipient")
		r.lies(a, exchange.Deletions)
		r.lies(b, exchange.Deletions)
	})
}
