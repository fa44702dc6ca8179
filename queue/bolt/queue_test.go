package bolt

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"clawback/queue"
	"clawback/spool"
)

// openTest opens a queue and its spool under dir.
func openTest(t *testing.T, dir string, o Options) *Queue {
	t.Helper()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := Open(filepath.Join(dir, "queue"), sp, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		if err := sp.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestQueue_smoke(t *testing.T) {
	q := openTest(t, t.TempDir(), Options{})
	for _, size := range []int{0, 5, 50 << 10, 1 << 20, 3 << 20} {
		want := bytes.Repeat([]byte("0123456789abcdef\n"), size/17+1)[:size]
		d, err := q.Begin(t.Context(), queue.Envelope{Tenant: "t1", Rcpts: []string{"a@example.com"}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Write(want); err != nil {
			t.Fatal(err)
		}
		id, err := d.Commit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		items, err := q.Claim(t.Context(), 10)
		if err != nil || len(items) != 1 || items[0].ID != id {
			t.Fatalf("Claim = %v, %v; want %s", items, err, id)
		}
		b, err := q.Body(t.Context(), items[0])
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("body of %d bytes: got %d, %v", size, len(got), err)
		}
		b.Close()
		if err := q.Finish(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}
