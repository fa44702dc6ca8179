package bolt_test

import (
	"path/filepath"
	"testing"

	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/queue/queuetest"
	"clawback/spool"
)

func TestContract(t *testing.T) {
	queuetest.Run(t, func(t *testing.T) queuetest.Harness { return harness{t.TempDir()} })
}

// harness opens the embedded queue with a spool of its own in one directory.
type harness struct{ dir string }

func (h harness) Open(t *testing.T, o queue.Options) queue.Queue {
	t.Helper()
	sp, err := spool.Open(filepath.Join(h.dir, "spool"), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := bolt.Open(filepath.Join(h.dir, "queue"), sp, bolt.Options{Options: o})
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
