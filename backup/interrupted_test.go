package backup_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"clawback/backup"
)

// ending takes so many bytes, then calls end for the rest.
type ending struct {
	bytes.Buffer
	left int
	end  func() error
}

func (e *ending) Write(p []byte) (int, error) {
	n, _ := e.Buffer.Write(p[:min(len(p), e.left)])
	if e.left -= n; n == len(p) {
		return n, nil
	}
	err := e.end()
	if err == nil {
		e.Buffer.Write(p[n:])
		n = len(p)
	}
	return n, err
}

// A backup that is interrupted, wherever it is, says so and leaves nothing beside the state; what was written of it is
// no backup. The state is as it was, and the next backup has all of it.
func TestTake_interrupted(t *testing.T) {
	s := open(t, t.TempDir())
	items := map[string]int{}
	accept := func() {
		n := len(items)
		id, err := s.accept(n)
		if err != nil {
			t.Fatal(err)
		}
		items[id] = n
	}
	for range 25 {
		accept()
	}
	from := backup.Source{Dir: s.dir, Queue: s.queue, Store: s.store, Spool: s.spool,
		About: backup.About{At: time.Now()}}
	var whole bytes.Buffer
	if err := backup.Take(t.Context(), &whole, from); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("the client went away")
	for _, at := range []int{0, 1, 700, whole.Len() / 2, whole.Len() - 1500} {
		for how, want := range map[string]error{"the client": gone, "its context": context.Canceled, "a crash": nil} {
			ctx, cancel := context.WithCancel(t.Context())
			out := &ending{left: at, end: func() error {
				switch how {
				case "the client":
					return gone
				case "its context":
					cancel()
				}
				return nil
			}}
			if how == "a crash" { // which leaves what it had copied
				cancel()
				copied := filepath.Join(s.dir, backup.Scratch)
				if err := errors.Join(os.MkdirAll(filepath.Join(copied, "store"), 0o700),
					os.WriteFile(filepath.Join(copied, "queue.db"), whole.Bytes()[:at], 0o600)); err != nil {
					t.Fatal(err)
				}
				out.Write(whole.Bytes()[:at])
			} else if err := backup.Take(ctx, out, from); !errors.Is(err, want) {
				t.Errorf("%s ends at %d: %v, want %v", how, at, err, want)
			}
			cancel()
			_, err := os.Stat(filepath.Join(s.dir, backup.Scratch))
			if how != "a crash" && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s ends at %d: %s is left: %v", how, at, backup.Scratch, err)
			}
			if _, err := backup.Restore(bytes.NewReader(out.Bytes()), filepath.Join(t.TempDir(), "half")); err == nil {
				t.Errorf("%s ends at %d: a state came of what was written", how, at)
			}
			accept()
			var next bytes.Buffer
			if err := backup.Take(t.Context(), &next, from); err != nil {
				t.Fatalf("after %s at %d: %v", how, at, err)
			}
			if at == 700 {
				restored(t, &next, items)
			}
		}
	}
}
