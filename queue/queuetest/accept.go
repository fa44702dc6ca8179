package queuetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

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

func listPages(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	var all, ofFabrikam []string
	for i := range 10 {
		tenant := contoso
		if i%3 == 0 {
			tenant = fabrikam
		}
		id := put(t, q, tenant, []byte("x"))
		all = append(all, id)
		if tenant == fabrikam {
			ofFabrikam = append(ofFabrikam, id)
		}
	}
	later := time.Now().Add(time.Hour)
	for i, it := range claim(t, q, 4) { // due in the opposite order
		must(t, q.Defer(t.Context(), it.ID, later.Add(-time.Duration(i)*time.Minute), "later"))
	}
	tests := []struct {
		name string
		f    queue.Filter
		want []string
	}{
		{"all", queue.Filter{}, all},
		{"first page", queue.Filter{Limit: 4}, all[:4]},
		{"second page", queue.Filter{After: all[3], Limit: 4}, all[4:8]},
		{"deferred", queue.Filter{State: queue.Deferred}, all[:4]},
		{"deferred, page", queue.Filter{State: queue.Deferred, After: all[1], Limit: 1}, all[2:3]},
		{"ready", queue.Filter{State: queue.Ready}, all[4:]},
		{"quarantined", queue.Filter{State: queue.Quarantined}, nil},
		{"tenant", queue.Filter{Tenant: fabrikam}, ofFabrikam},
		{"tenant, page", queue.Filter{Tenant: fabrikam, After: ofFabrikam[0], Limit: 2}, ofFabrikam[1:3]},
	}
	for _, test := range tests {
		items, err := q.List(t.Context(), test.f)
		must(t, err)
		if diff := cmp.Diff(test.want, itemIDs(items)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
