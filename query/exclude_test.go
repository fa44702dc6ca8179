package query

import (
	"slices"
	"testing"
	"time"
)

// An index can tell the terms of all facts from one another, and from the one of messages that look like them.
func TestFacts_differ(t *testing.T) {
	n := 0
	for _, values := range facts {
		n += len(values)
	}
	if len(factTerms) != n || factTerms[kept(Ambiguous)] {
		t.Errorf("%d terms of %d facts", len(factTerms), n)
	}
}

// What is written in a message is never taken for what is known of it: another value with the term of a fact makes the
// message one that no search leaves out.
func TestResembles(t *testing.T) {
	clean := Hash64(Disposition, "CLEAN")
	for _, c := range []struct {
		field Field
		term  uint64
		want  bool
	}{
		{Subject, clean, true}, {File, clean ^ 0xffff, true}, {Reason, clean, true},
		{Subject, clean ^ 0x10000, false}, {Disposition, clean, false},
	} {
		if got := resembles(c.field, c.term); got != c.want {
			t.Errorf("%s with the term %x resembles a fact: %t", c.field, c.term, got)
		}
	}
	if slices.Contains((Message{Subject: "clean done pinned"}).Terms(), Ambiguous) {
		t.Error("the words of facts alone make a message ambiguous")
	}
}

// Facts that must not be true are what an index may leave out, and nothing that a sender chooses.
func TestExcluded(t *testing.T) {
	for text, want := range map[string][]uint64{
		"-disposition:clean,bulk": {Hash64(Disposition, "CLEAN"), Hash64(Disposition, "BULK")},
		"-outcome:done -is:pinned -proof:person": {Hash64(Outcome, "done"), Hash64(Is, Pinned),
			Hash64(Proof, "person")},
		"disposition:clean outcome:done": nil, "-from:evil.example -lunch -reason:link.qr -file:*.iso -id:x": nil,
	} {
		q, err := Parse(text, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Excluded(); !slices.Equal(got, want) {
			t.Errorf("%s excludes %x, want %x", text, got, want)
		}
	}
}
