package sighting

import (
	"fmt"
	"testing"

	"clawback/store"
)

// A feed's update is one question to the store, however many entries it has, and one transaction of the desk's.
func TestApply_probesOnce(t *testing.T) {
	b := newBench(t)
	var values []string
	for n := range 3000 {
		values = append(values, fmt.Sprintf("http://site%d.example/a", n))
	}
	b.store.commit(values[7])
	b.store.commit(values[2999])
	b.store.commit("http://site7.example/b") // another page of a host that is listed by a page alone
	b.store.probes = 0
	if err := b.Apply(t.Context(), added("f", values...)); err != nil {
		t.Fatal(err)
	}
	if got, want := b.desk.done(), "feed f adds http://site7.example/a as MALICIOUS; feed f adds http://site2999.example/a as MALICIOUS"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if b.store.probes != 1 {
		t.Errorf("%d probes", b.store.probes)
	}
}

// A probe that fails is told to the feed, which tells the same again; nothing is half done.
func TestApply_theStoreFails(t *testing.T) {
	b := newBench(t)
	b.store.commit(page)
	b.store.fail = store.ErrStorage
	if err := b.Apply(t.Context(), added("f", page)); err == nil {
		t.Error("no error")
	}
	if b.store.fail = nil; b.desk.done() != "" || len(b.made.feeds) != 0 {
		t.Error("something was made of it")
	}
	if err := b.Apply(t.Context(), added("f", page)); err != nil || b.desk.done() == "" {
		t.Errorf("not told again: %v", err)
	}
}
