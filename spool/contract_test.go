package spool_test

import (
	"errors"
	"testing"
	"time"

	"clawback/spool"
	"clawback/spool/spooltest"
)

func TestContract(t *testing.T) {
	spooltest.Run(t, func(t *testing.T) spooltest.Harness {
		var now time.Time
		s, err := spool.Open(t.TempDir(), spool.Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return spooltest.Harness{Keeper: s, Put: func(body []byte) spool.Ref { return put(t, s, body) },
			Clock: func(at time.Time) { now = at }}
	})
}

// put has a body come in as the queue's intake has it: in a segment, or in a file of its own.
func put(t *testing.T, s *spool.Spool, body []byte) spool.Ref {
	t.Helper()
	if len(body) > spool.DefaultInlineLimit {
		b, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Write(body)
		r, failed := b.Commit()
		if err := errors.Join(err, failed); err != nil {
			t.Fatal(err)
		}
		return r
	}
	small := s.Begin(int64(len(body)), spool.Regular)
	defer small.Release()
	_, err := small.Write(body)
	entry := &spool.Entry{Note: []byte("note"), Body: small}
	_, failed := s.Append([]*spool.Entry{entry})
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	return entry.Ref
}
