package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/store/memory"
)

// TestCommit_callsShareACommitAndNoFailure sends calls of all sorts into one transaction.
func TestCommit_callsShareACommitAndNoFailure(t *testing.T) {
	var commits atomic.Int64
	s := openStore(t, &memory.Engine{}, Options{Fail: func(point string) error {
		if point == "commit" {
			commits.Add(1)
		}
		return nil
	}})
	bad := errors.New("bad")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	put := func(key string) func(*txn) error {
		return func(tx *txn) error { tx.put(tableKV, []byte(key), []byte("x")); return nil }
	}
	batch := []*call{
		{ctx: t.Context(), fn: put("first")},
		{ctx: t.Context(), fn: func(tx *txn) error { _ = put("failing")(tx); return bad }},
		{ctx: t.Context(), fn: func(tx *txn) error { _ = put("panicking")(tx); panic("no") }},
		{ctx: cancelled, fn: put("cancelled")},
		{ctx: t.Context(), fn: func(tx *txn) error {
			if !bytes.Equal(tx.get(tableKV, []byte("first")), []byte("x")) {
				return errors.New("a call does not see the one before it")
			}
			return put("last")(tx)
		}},
	}
	for _, c := range batch {
		c.done = make(chan struct{})
	}
	s.commit(batch)
	if n := commits.Load(); n != 1 {
		t.Errorf("%d commits, want 1", n)
	}

	wants := []error{nil, bad, nil, context.Canceled, nil}
	for i, c := range batch {
		<-c.done
		if i != 2 && !errors.Is(c.err, wants[i]) || i == 2 && c.err == nil {
			t.Errorf("call %d answers %v, want %v", i, c.err, wants[i])
		}
	}
	var keys []string
	err := s.view(t.Context(), func(tx *txn) error {
		tx.each(tableKV, nil, func(k, _ []byte) bool { keys = append(keys, string(k)); return true })
		return nil
	})
	if got := fmt.Sprint(keys); err != nil || got != "[first last]" {
		t.Errorf("written are %s, %v; want [first last]", got, err)
	}
}

func TestCommit_waitingCallsShareOneCommit(t *testing.T) {
	var commits atomic.Int64
	hold := make(chan struct{})
	s := openStore(t, &memory.Engine{}, Options{Fail: func(point string) error {
		if point == "commit" && commits.Add(1) == 1 {
			<-hold
		}
		return nil
	}})
	const callers = 64
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			if err := s.Note(t.Context(), Act{Who: fmt.Sprint(i), What: "x"}); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // let the others begin to wait
	close(hold)
	wg.Wait()
	if n := commits.Load(); n > callers/2 {
		t.Errorf("%d calls at once took %d commits", callers, n)
	}
}

func TestCommit_diskFullBreaksTheStore(t *testing.T) {
	full := errors.New("no space left on device")
	s := openStore(t, &memory.Engine{}, Options{Fail: func(point string) error {
		if point == "commit" {
			return full
		}
		return nil
	}})
	if err := s.Note(t.Context(), Act{Who: "a", What: "x"}); !errors.Is(err, full) || !errors.Is(err, ErrStorage) {
		t.Errorf("error %v, want ErrStorage that wraps its cause", err)
	}
	<-s.Broken()
	if err := s.Probe(t.Context()); !errors.Is(err, ErrStorage) {
		t.Errorf("Probe: %v, want ErrStorage", err)
	}
	if _, err := s.Counts(t.Context(), ""); err != nil {
		t.Errorf("a broken store cannot be read: %v", err)
	}
}
