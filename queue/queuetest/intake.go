package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

func commitIsDurable(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	want := map[string][]byte{}
	for _, size := range []int{0, 1, 50 << 10, 1 << 20, 1<<20 + 1, 5 << 20} {
		body := bytes.Repeat(fmt.Appendf(nil, "bare\nand\r\n.\r\n\x00%d", size), size/10+1)[:size]
		want[put(t, q, contoso, body)] = body
	}
	check(t, q)
	q = reopen(t, h, q, queue.Options{})
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	if len(items) != len(want) {
		t.Errorf("%d items, want %d", len(items), len(want))
	}
	for _, it := range items {
		if !bytes.Equal(bodyOf(t, q, it), want[it.ID]) {
			t.Errorf("item %s: not the bytes that were accepted", it.ID)
		}
		if diff := cmp.Diff(envelope(contoso), it.Envelope); diff != "" {
			t.Errorf("envelope (-put +got):\n%s", diff)
		}
		if it.State != queue.Ready || it.Crashes != 0 || it.Tries != 0 {
			t.Errorf("new item: %+v", it)
		}
	}
}

// failOnce fails at one point, once armed.
type failOnce struct {
	point string
	armed bool
}

var errInjected = errors.New("injected")

func (f *failOnce) fail(point string) error {
	if f.armed && point == f.point {
		f.armed = false
		return errInjected
	}
	return nil
}

// C1 fails, or succeeds and its answer is lost. Either way the peer sends again, so that the item may be there twice,
// under two ids, but never not at all.
func commitFails(t *testing.T, h Harness) {
	tests := []struct {
		point string
		kept  int // items that the failed commit leaves
	}{
		{"c1.before-log", 0},
		{"c1.after-log", 1},
	}
	q := h.Open(t, queue.Options{})
	for _, test := range tests {
		for _, size := range []int{10, 2 << 20} {
			f := &failOnce{point: test.point}
			q = reopen(t, h, q, queue.Options{Fail: f.fail})
			before, err := q.List(t.Context(), queue.Filter{})
			must(t, err)
			f.armed = true
			body := bytes.Repeat([]byte("x"), size)
			if id, err := tryPut(q, contoso, body); !errors.Is(err, errInjected) {
				t.Errorf("%s: commit = %q, %v; want the injected error", test.point, id, err)
			}
			check(t, q)
			again := put(t, q, contoso, body)
			q = reopen(t, h, q, queue.Options{})
			after, err := q.List(t.Context(), queue.Filter{})
			must(t, err)
			if got := len(after) - len(before) - 1; got != test.kept {
				t.Errorf("%s: the failed commit left %d items, want %d", test.point, got, test.kept)
			}
			if !bytes.Equal(bodyOf(t, q, get(t, q, again)), body) {
				t.Errorf("%s: the commit after it has other bytes", test.point)
			}
		}
	}
}

func abortLeavesNothing(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	for _, size := range []int{0, 10, 3 << 20} {
		d, err := q.Begin(t.Context(), envelope(contoso), int64(size))
		must(t, err)
		_, err = d.Write(make([]byte, size))
		must(t, err)
		d.Abort()
		if id, err := d.Commit(t.Context()); err == nil {
			t.Errorf("commit after abort = %s", id)
		}
		d.Abort()
	}
	q = reopen(t, h, q, queue.Options{})
	if items, err := q.List(t.Context(), queue.Filter{}); err != nil || len(items) > 0 {
		t.Errorf("items = %v, %v; want none", itemIDs(items), err)
	}
}

func closed(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	waiting := make(chan error, 1)
	claim(t, q, 1)
	go func() { _, err := q.Claim(context.Background(), 1); waiting <- err }()
	d, err := q.Begin(t.Context(), envelope(contoso), 0)
	must(t, err)
	must(t, q.Close())
	must(t, q.Close())
	if err := <-waiting; !errors.Is(err, queue.ErrClosed) {
		t.Errorf("waiting Claim = %v, want ErrClosed", err)
	}
	_, commit := d.Commit(t.Context())
	_, getting := q.Get(t.Context(), id)
	for name, err := range map[string]error{
		"Commit": commit, "Get": getting, "Finish": q.Finish(t.Context(), id), "Probe": q.Probe(t.Context()),
	} {
		if !errors.Is(err, queue.ErrClosed) {
			t.Errorf("%s after Close = %v, want ErrClosed", name, err)
		}
	}
}

func probe(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	must(t, q.Probe(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // either may be seen first
		if err := q.Probe(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Probe of a cancelled context = %v", err)
		}
	}
}
