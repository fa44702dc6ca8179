package index

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"clawback/journal"
	"clawback/query"
	"clawback/store"
	"clawback/store/storetest"
)

// manyRecipients applies a report of a message with n mailboxes.
func (g *rig) manyRecipients(n int) store.Record {
	g.t.Helper()
	a := storetest.Report(storetest.Contoso, 1)
	a.Record.Recipients = nil
	for i := range n {
		a.Record.Recipients = append(a.Record.Recipients, journal.Recipient{Address: fmt.Sprintf("u%d@contoso.example",
			i)})
	}
	rec, _, err := g.s.Apply(g.t.Context(), a, storetest.PlanAll)
	must(g.t, err)
	return rec
}

// end gives an intent an outcome, and for done a moved message with its proof.
func (g *rig) end(id string, outcome store.Outcome, proof store.Proof) {
	g.t.Helper()
	in, err := g.s.Intent(g.t.Context(), id)
	must(g.t, err)
	in.Outcome, in.Taken = outcome, nil
	if outcome == store.Done {
		in.Taken = []store.Taken{{Message: "m", State: store.TakenMoved, Proof: proof}}
	}
	must(g.t, g.s.Update(g.t.Context(), store.Change{Intents: []store.Intent{in}}))
}

// likeAWalk holds what the index finds by outcomes and proofs against a walk.
func (g *rig) likeAWalk() {
	g.t.Helper()
	for _, text := range []string{"outcome:pending", "outcome:done", "outcome:held", "outcome:failed", "proof:content",
		"proof:network_id", "proof:person"} {
		q, err := query.Parse(text, g.now)
		must(g.t, err)
		f := store.RecordFilter{Query: q}
		want, err := g.s.Records(g.t.Context(), f)
		must(g.t, err)
		got, err := g.Records(g.t.Context(), f)
		must(g.t, err)
		if len(got) != len(want) {
			g.t.Fatalf("%s: the index finds %d, a walk %d", text, len(got), len(want))
		}
	}
}

// A message with many mailboxes is found by how far each of them is, whatever the order in which they end, and after
// restarts, rebuilds and changes of the record between.
func TestIndex_manyMailboxesOfOneMessage(t *testing.T) {
	for _, n := range []int{1, 31, 32, 33, 100} {
		r := rand.New(rand.NewPCG(uint64(n), 5))
		g := newRig(t)
		rec := g.manyRecipients(n)
		g.likeAWalk()
		intents, err := g.s.Intents(t.Context(), rec.ID)
		must(t, err)
		for round := range 3 * n {
			g.end(pick(r, intents...).ID, pick(r, store.Pending, store.Done, store.Done, store.Held, store.Failed),
				pick(r, store.ByContent, store.ByNetworkID, store.ByPerson))
			switch r.IntN(20) {
			case 0:
				must(t, g.Flush(t.Context()))
			case 1:
				g.again()
			case 2:
				must(t, g.build(t.Context()))
			case 3:
				g.change(r, []store.Record{rec})
			}
			if n <= 33 || round%10 == 0 {
				g.likeAWalk()
			}
		}
		for _, in := range intents {
			g.end(in.ID, store.Done, store.ByNetworkID)
		}
		g.likeAWalk()
	}
}

// What did not come into the index is read again, also where nothing has changed since.
func TestDocumentReader_forgets(t *testing.T) {
	g := newRig(t)
	rec := g.manyRecipients(50)
	intents, err := g.s.Intents(t.Context(), rec.ID)
	must(t, err)
	d := g.s.NewDocumentReader()
	through := uint64(0)
	read := func() int {
		t.Helper()
		events, err := g.s.Changes(t.Context(), through, 0)
		must(t, err)
		docs, err := d.Read(t.Context(), events)
		must(t, err)
		through = events[len(events)-1].Seq
		return len(docs)
	}
	for i, step := range []struct {
		what string
		do   func()
		want int
	}{
		{"it is new", func() {}, 1},
		{"the first is done", func() { g.end(intents[0].ID, store.Done, store.ByNetworkID) }, 1},
		{"another one is", func() { g.end(intents[1].ID, store.Done, store.ByNetworkID) }, 0},
		{"one by another proof", func() { g.end(intents[2].ID, store.Done, store.ByContent) }, 1},
		{"that is held now", func() { g.end(intents[2].ID, store.Held, "") }, 1},
		{"forgotten", func() { d.Forget(); g.end(intents[3].ID, store.Done, store.ByNetworkID) }, 1},
		{"the record has changed", func() {
			rec.Pinned = "clean"
			must(t, g.s.Update(t.Context(), store.Change{Record: &rec}))
		}, 1},
	} {
		step.do()
		if got := read(); got != step.want {
			t.Errorf("step %d, %s: %d documents, want %d", i, step.what, got, step.want)
		}
	}
	for _, in := range intents[:len(intents)-1] {
		g.end(in.ID, store.Done, store.ByNetworkID)
	}
	read()
	g.end(intents[len(intents)-1].ID, store.Done, store.ByNetworkID)
	if read() != 1 {
		t.Error("the last one that was pending is done, and the record is not told of")
	}
}
