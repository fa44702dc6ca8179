package spooltest

import (
	"context"
	"errors"
	"testing"

	"clawback/spool"
)

const large = 600_000 // with a place of its own, whatever the engine joins

// What came before a time goes; what is younger or in use stays.
func expire(t *testing.T, h Harness) {
	h.Clock(arrival)
	old, used := h.Put(text(large)), h.Put(text(large+1))
	h.Clock(long)
	young := h.Put(text(large + 2))
	done, err := h.Keeper.Expire(t.Context(), after, after, using{used}.inUse)
	if err != nil || done.Files != 1 || done.Bytes != large || done.InUse != 1 {
		t.Errorf("%+v, %v; want the one of %d bytes", done, err, large)
	}
	wantMissing(t, h.Keeper, old)
	wantBody(t, h.Keeper, used, text(large+1))
	wantBody(t, h.Keeper, young, text(large+2))
	done, err = h.Keeper.Expire(t.Context(), after, after, using{}.inUse)
	if err != nil || done.Files != 1 {
		t.Errorf("not in use any more: %+v, %v", done, err)
	}
	wantMissing(t, h.Keeper, used)
	wantBody(t, h.Keeper, young, text(large+2))
}

// Where it cannot be told whether something is in use, it stays, and the caller hears why.
func expireUnsure(t *testing.T, h Harness) {
	h.Clock(arrival)
	small, old := h.Put(text(300)), h.Put(text(large))
	h.Clock(long)
	h.Put(text(10))
	unread := errors.New("the rows cannot be read")
	_, err := h.Keeper.Expire(t.Context(), after, after,
		func(context.Context, string) (bool, error) { return false, unread })
	if !errors.Is(err, unread) {
		t.Errorf("expire: %v", err)
	}
	_, err = h.Keeper.Detach(t.Context(), after,
		func(context.Context, string) ([]spool.Ref, bool, error) { return nil, false, unread })
	if err != nil && !errors.Is(err, unread) { // an engine that has nothing to detach does not ask
		t.Errorf("detach: %v", err)
	}
	wantBody(t, h.Keeper, small, text(300))
	wantBody(t, h.Keeper, old, text(large))
}

// What is needed of bodies that came together outlives the others, under its old Ref, and goes when it is needed no
// more.
func detach(t *testing.T, h Harness) {
	h.Clock(arrival)
	needed := h.Put(text(300))
	for range 100 {
		h.Put(text(8000))
	}
	whole, err := h.Keeper.Size(t.Context())
	must(t, err)
	h.Clock(long)
	h.Put(text(10))
	clean := func(u using) {
		t.Helper()
		_, err := h.Keeper.Expire(t.Context(), after, after, u.inUse)
		must(t, err)
		_, err = h.Keeper.Detach(t.Context(), after, u.needs)
		must(t, err)
	}
	clean(using{needed})
	wantBody(t, h.Keeper, needed, text(300))
	wantSize(t, h.Keeper, 300, whole/10)
	clean(using{})
	wantMissing(t, h.Keeper, needed)
}
