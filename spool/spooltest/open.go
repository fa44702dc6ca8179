package spooltest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"clawback/spool"
)

// Each body opens to its own bytes, whatever its size.
func open(t *testing.T, h Harness) {
	h.Clock(arrival)
	bodies := map[spool.Ref][]byte{}
	for _, size := range []int{0, 1, 300, 70_000, 3 << 20} {
		r := h.Put(text(size))
		if r.Size != int64(size) {
			t.Errorf("the Ref of %d bytes says %d", size, r.Size)
		}
		bodies[r] = text(size)
	}
	for r, want := range bodies {
		wantBody(t, h.Keeper, r, want)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for r := range bodies {
		if b, err := h.Keeper.Open(ended, r); err == nil {
			must(t, b.Close()) // an engine that does not wait may answer
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("with an ended ctx: %v", err)
		}
	}
}

// A body is read at several places at once.
func openConcurrently(t *testing.T, h Harness) {
	h.Clock(arrival)
	want := text(200_000)
	b, err := h.Keeper.Open(t.Context(), h.Put(want))
	must(t, err)
	defer b.Close()
	var group sync.WaitGroup
	for at := 0; at < len(want); at += 10_000 {
		group.Go(func() {
			got := make([]byte, 10_000)
			if _, err := b.ReadAt(got, int64(at)); err != nil || !bytes.Equal(got, want[at:at+10_000]) {
				t.Errorf("at %d: wrong bytes, %v", at, err)
			}
		})
	}
	group.Wait()
	if n, err := b.ReadAt(make([]byte, 10), int64(len(want))-3); n != 3 || !errors.Is(err, io.EOF) {
		t.Errorf("beyond the end: %d bytes, %v; want 3 and EOF", n, err)
	}
}

// A Ref that names nothing is missing: never empty, never another body's bytes.
func openMissing(t *testing.T, h Harness) {
	h.Clock(arrival)
	r := h.Put(text(100))
	r.File += "x"
	wantMissing(t, h.Keeper, r)
}
