package bolt

import (
	"strconv"
	"testing"
	"time"

	"clawback/queue"
)

func TestClaims_giveTheItemOfItsRowAlone(t *testing.T) {
	kept := claims{}
	it := queue.Item{ID: "a", State: queue.Working, Envelope: queue.Envelope{Rcpts: []string{"journal@example.com"}}}
	kept.keep(&it, []byte("row"))
	it.Envelope.Rcpts[0] = "changed@example.com" // by the claimant, who has it too
	kept.keep(&queue.Item{ID: "b", State: queue.Ready}, []byte("row"))
	switch got := kept.item("a", []byte("row")); {
	case got == nil:
		t.Fatal("an item in work is not kept")
	case got.ID != "a" || got.Envelope.Rcpts[0] != "journal@example.com":
		t.Errorf("what is kept is %+v", got)
	}
	for id, row := range map[string][]byte{"a": []byte("another row"), "b": []byte("row"), "c": nil} {
		if got := kept.item(id, row); got != nil {
			t.Errorf("%s with the row %q: %+v", id, row, got)
		}
	}
	for i := range 2 * maxClaims {
		kept.keep(&queue.Item{ID: strconv.Itoa(i), State: queue.Working}, []byte("row"))
	}
	if len(kept) != maxClaims {
		t.Errorf("%d are kept", len(kept))
	}
}

func TestClaims_keepNothingOfWhatIsNotInWork(t *testing.T) {
	q := openTest(t, t.TempDir(), Options{})
	for range 4 {
		mustDeliver(t, q, []byte("letter"))
	}
	items, err := q.Claim(t.Context(), 3)
	if err != nil || len(items) != 3 || len(q.claims) != 3 {
		t.Fatalf("%d are claimed, %d kept, %v", len(items), len(q.claims), err)
	}
	for i, end := range []func() error{
		func() error { return q.Finish(t.Context(), items[0].ID) },
		func() error { return q.Defer(t.Context(), items[1].ID, time.Now().Add(time.Hour), "busy") },
		func() error { return q.Release(t.Context(), items[2].ID) },
	} {
		if err := end(); err != nil || len(q.claims) != 2-i {
			t.Errorf("end %d: %d are kept, %v", i, len(q.claims), err)
		}
	}
}
