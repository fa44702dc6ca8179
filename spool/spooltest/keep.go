package spooltest

import (
	"errors"
	"testing"

	"clawback/spool"
)

// A kept copy has the same bytes. Keeping a body again makes no second one.
func keep(t *testing.T, h Harness) {
	h.Clock(arrival)
	for _, size := range []int{1, 70_000, 600_000} {
		r := h.Put(text(size))
		kept, err := h.Keeper.Keep(t.Context(), r)
		must(t, err)
		if kept.File == r.File || kept.Size != r.Size || kept.CRC != r.CRC {
			t.Errorf("%+v is the copy of %+v", kept, r)
		}
		wantBody(t, h.Keeper, kept, text(size))
		held, err := h.Keeper.Size(t.Context())
		must(t, err)
		again, err := h.Keeper.Keep(t.Context(), r)
		if err != nil || again != kept {
			t.Errorf("again: %+v, %v; want %+v", again, err, kept)
		}
		wantSize(t, h.Keeper, held, held)
	}
}

// A kept copy outlives its body until its own time is over.
func keepOutlivesTheBody(t *testing.T, h Harness) {
	h.Clock(arrival)
	body := h.Put(text(3000))
	kept, err := h.Keeper.Keep(t.Context(), body)
	must(t, err)
	h.Clock(long)
	h.Put(text(10))
	_, err = h.Keeper.Expire(t.Context(), after, arrival.AddDate(0, 0, -1), using{}.inUse)
	must(t, err)
	wantMissing(t, h.Keeper, body)
	wantBody(t, h.Keeper, kept, text(3000))
	_, err = h.Keeper.Expire(t.Context(), after, after, using{kept}.inUse)
	must(t, err)
	wantBody(t, h.Keeper, kept, text(3000))
	_, err = h.Keeper.Expire(t.Context(), after, after, using{}.inUse)
	must(t, err)
	wantMissing(t, h.Keeper, kept)
}

// What is not there, or has other bytes than its Ref says, is never kept.
func keepRefuses(t *testing.T, h Harness) {
	h.Clock(arrival)
	r := h.Put(text(500))
	gone, damaged := r, r
	gone.File += "x"
	damaged.CRC ^= 1
	if kept, err := h.Keeper.Keep(t.Context(), gone); !errors.Is(err, spool.ErrMissing) {
		t.Errorf("what is not there: %+v, %v", kept, err)
	}
	if kept, err := h.Keeper.Keep(t.Context(), damaged); !errors.Is(err, spool.ErrCorrupt) {
		t.Errorf("other bytes: %+v, %v", kept, err)
	}
	kept, err := h.Keeper.Keep(t.Context(), r)
	must(t, err)
	wantBody(t, h.Keeper, kept, text(500))
}
