package sighting

import (
	"sync/atomic"

	"clawback/query"
	"clawback/verdict"
)

// Terms are those of the indicators that are kept. *indicator.Desk has them.
type Terms interface {
	Knows(term uint64) bool
}

// Lists answers the scorer whether a value is one of an indicator's, or listed by a feed. It is made before these,
// which judge by the scorer, and knows of nothing until it was told of them. Safe for concurrent use.
type Lists struct{ all atomic.Pointer[listed] }

type listed struct {
	terms Terms
	feeds Feeds
}

// Ask has the lists ask indicators and feeds.
func (l *Lists) Ask(terms Terms, feeds Feeds) { l.all.Store(&listed{terms, feeds}) }

// Listed reports whether a value is listed now, in any of the forms in which a message has it. Where a feed's list
// cannot be read it is not.
func (l *Lists) Listed(i verdict.Indicator) bool {
	all := l.all.Load()
	if all == nil {
		return false
	}
	for _, term := range (query.Message{Indicators: []verdict.Indicator{i}}).Terms() {
		if all.terms.Knows(term) {
			return true
		}
		if list, err := all.feeds.Listed(term); err == nil && len(list) > 0 {
			return true
		}
	}
	return false
}
