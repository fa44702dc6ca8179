package sighting

import (
	"errors"
	"testing"

	"clawback/intel/feed"
	"clawback/query"
	"clawback/verdict"
)

// known are the terms of some values.
type known map[uint64]bool

func (k known) Knows(term uint64) bool { return k[term] }

// broken is a feed's list that cannot be read.
type broken struct{ fakeFeeds }

func (broken) Listed(uint64) ([]feed.Listing, error) { return nil, errors.New("damaged") }

func TestLists(t *testing.T) {
	term, _ := query.TermOf(verdict.Indicator{Kind: "domain", Value: "bad.example"})
	l := &Lists{}
	asks := func(kind, value string, want bool) {
		t.Helper()
		if got := l.Listed(verdict.Indicator{Kind: kind, Value: value}); got != want {
			t.Errorf("%s %s: %v, want %v", kind, value, got, want)
		}
	}
	asks("domain", "bad.example", false) // nobody lists anything yet
	l.Ask(known{term: true}, fakeFeeds{"f": {"http://evil.example/login", "listed.example"}})
	asks("domain", "bad.example", true)
	asks("domain", "www.bad.example", true)
	asks("url", "https://www.bad.example/x", true)
	asks("url", "https://evil.example/login", true) // http and https are one
	asks("url", "https://evil.example/", false)
	asks("domain", "a.listed.example", true)
	asks("domain", "good.example", false)
	l.Ask(known{term: true}, broken{})
	asks("domain", "good.example", false)
	asks("domain", "bad.example", true)
}
