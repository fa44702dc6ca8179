package query

import (
	"slices"

	"clawback/verdict"
)

// TermBits is how many of a term's upper bits an index keeps.
const TermBits = 48

// Ambiguous is the term of messages that have another term which an index cannot tell from a fact's.
var Ambiguous = Hash64(Is, "ambiguous")

// facts are the values of the fields that have few, and that no sender chooses: what is known of a message, and not
// what is written in it.
var facts = map[Field][]string{
	Disposition: dispositionNames(),
	Outcome:     {"pending", "done", "gone", "not_found", "mismatch", "failed", "held", "skipped"},
	Proof:       {"network_id", "content", "person"},
	Is:          {Pinned, Rejudged},
}

func dispositionNames() (names []string) {
	for _, d := range append(verdict.All(), verdict.Unscored) {
		names = append(names, d.String())
	}
	return names
}

// factTerms are what an index keeps of the terms of facts.
var factTerms = keptFacts()

func keptFacts() map[uint64]bool {
	terms := map[uint64]bool{}
	for f, values := range facts {
		for _, v := range values {
			terms[kept(Hash64(f, v))] = true
		}
	}
	return terms
}

// kept is what an index keeps of a term.
func kept(term uint64) uint64 { return term >> (64 - TermBits) }

// Excluded are the terms of facts that must not be true: an index may leave out what has one of them, unless it is
// [Ambiguous]. All other terms a sender may have made the message's own, so that what is written in it would hide it.
func (q Query) Excluded() (terms []uint64) {
	for _, t := range q.Terms {
		for _, v := range t.Values {
			if t.Not && slices.Contains(facts[t.Field], v) {
				terms = append(terms, Hash64(t.Field, v))
			}
		}
	}
	return terms
}

// resembles reports whether an index takes a term, of what is written in a message, for a fact's. Terms are no secret,
// and 48 bits are soon met by somebody who wants to be left out.
func resembles(f Field, term uint64) bool { return facts[f] == nil && factTerms[kept(term)] }
