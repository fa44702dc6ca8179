package bolt

import (
	"errors"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"clawback/queue"
	"clawback/spool"
)

// disk says that it has so many bytes left, and notices what is written to large bodies.
type disk struct {
	spool.FS
	mu   sync.Mutex
	left int64
}

func (d *disk) Free(string) (spool.Space, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return spool.Space{Bytes: d.left, TotalBytes: 1 << 40}, nil
}

func openSmall(t *testing.T, left int64) (*Queue, *spool.Spool) {
	t.Helper()
	dir := t.TempDir()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{FS: &disk{FS: spool.OS(), left: left}})
	if err != nil {
		t.Fatal(err)
	}
	q, err := Open(dir, sp, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close(); sp.Close() })
	return q, sp
}

func reserved(t *testing.T, sp *spool.Spool) int64 {
	t.Helper()
	s, err := sp.Free()
	if err != nil {
		t.Fatal(err)
	}
	return s.Reserved
}

var (
	stranger = queue.Envelope{Tenant: "t", Purpose: queue.ForJournal}
	listed   = queue.Envelope{Tenant: "t", Purpose: queue.ForJournal, Network: "exchange-online"}
)

// What a peer announces reserves nothing: a hundred that announce much and send nothing leave the disk to others.
func TestBegin_anAnnouncementReservesNothing(t *testing.T) {
	q, sp := openSmall(t, 8<<30)
	for _, env := range []queue.Envelope{stranger, listed} {
		for range 110 {
			d, err := q.Begin(t.Context(), env, 400<<20)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Abort()
		}
	}
	if got := reserved(t, sp); got > 220*minRoom {
		t.Errorf("%d bytes are reserved for 220 messages of which nothing has arrived", got)
	}
	if err := q.Admit(t.Context(), listed, 400<<20); err != nil {
		t.Errorf("a listed peer's message: %v", err)
	}
	if err := q.Admit(t.Context(), listed, 9<<30); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a message larger than the disk: %v", err)
	}
}

// Strangers' messages on their way use an eighth of the space; it ends for them, and not for others.
func TestWrite_strangersShareAPart(t *testing.T) {
	q, _ := openSmall(t, 64<<20)
	part := make([]byte, 256<<10)
	var refused, drafts int
	for range 100 {
		d, err := q.Begin(t.Context(), stranger, 0)
		if err == nil {
			defer d.Abort()
			drafts++
			_, err = d.Write(part)
		}
		if errors.Is(err, syscall.ENOSPC) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if held := 100 - refused; held == 0 || held > 8<<20/len(part) {
		t.Errorf("%d of 100 messages of strangers are held in an eighth of 64 MiB", held)
	}
	for i := range 20 {
		d, err := q.Begin(t.Context(), listed, int64(len(part)))
		if err != nil {
			t.Fatalf("message %d of a listed peer: %v", i, err)
		}
		defer d.Abort()
		if _, err := d.Write(part); err != nil {
			t.Fatalf("message %d of a listed peer: %v", i, err)
		}
	}
}

// What is in a file is used space, and not promised besides; all is given back in the end.
func TestWrite_reservesWhatIsNotWritten(t *testing.T) {
	q, sp := openSmall(t, 8<<30)
	for _, end := range []string{"commit", "abort"} {
		d, err := q.Begin(t.Context(), listed, 64<<20)
		if err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 100<<10)
		most := int64(0)
		for range 300 {
			if _, err := d.Write(part); err != nil {
				t.Fatal(err)
			}
			most = max(most, reserved(t, sp))
		}
		if limit := int64(2*maxRoom + 2<<20); most > limit {
			t.Errorf("%d bytes were reserved while 30 MB arrived, want %d at most", most, limit)
		}
		if end == "commit" {
			if _, err := d.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		d.Abort()
		if got := reserved(t, sp); got != 0 {
			t.Errorf("%d bytes stay reserved after %s", got, end)
		}
	}
}
