package query

import (
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"clawback/verdict"
)

// Match reports whether a message fits the query. The tenant is not looked at: whose messages are searched is the
// caller's to say.
func (q Query) Match(m Message) bool {
	if !q.Since.IsZero() && m.Received.Before(q.Since) || !q.Until.IsZero() && !m.Received.Before(q.Until) {
		return false
	}
	for _, t := range q.Terms {
		if t.match(m) == t.Not {
			return false
		}
	}
	return true
}

// match reports whether one of the values fits, the sign aside.
func (t Term) match(m Message) bool {
	var keys []string
	for _, v := range t.Values {
		if pattern(t.Field, v) {
			if slices.ContainsFunc(m.whole(t.Field), func(s string) bool { return glob(v, s) }) {
				return true
			}
			continue
		}
		if keys == nil {
			keys = m.keys(nil, t.Field)
		}
		if t.Field == Subject && phrase(keys, strings.Fields(v)) ||
			t.Field != Subject && every(keys, parts(t.Field, v)) {
			return true
		}
	}
	return false
}

// parts are the keys that a value needs, all of them.
func parts(f Field, value string) []string {
	switch f {
	case Subject, From, To:
		return strings.Fields(value)
	}
	return []string{value}
}

func every(keys, parts []string) bool {
	for _, p := range parts {
		if !slices.Contains(keys, p) {
			return false
		}
	}
	return len(parts) > 0
}

// phrase reports whether the words stand together, in their order.
func phrase(words, want []string) bool {
	for i := 0; i+len(want) <= len(words) && len(want) > 0; i++ {
		if slices.Equal(words[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// glob holds a text against a pattern in which * is any text. Its time grows with the sum of the lengths: what stands
// between two stars is looked for once, behind what was found before.
func glob(pattern, text string) bool {
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == text
	}
	text, fits := strings.CutPrefix(text, first)
	for fits {
		part, more, starred := strings.Cut(rest, "*")
		if !starred {
			return strings.HasSuffix(text, part)
		}
		_, text, fits = strings.Cut(text, part)
		rest = more
	}
	return false
}

// Hash64 is the term of a value in a field.
func Hash64(f Field, value string) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write([]byte{byte(f), ':'})
	_, _ = d.WriteString(value)
	return d.Sum64()
}

// fields are those that an index knows messages by.
var fields = [...]Field{From, To, Subject, Link, Hash, File, IP, ID, Disposition, Outcome, Reason, Proof, Is}

// Terms are the hashes of all that a message is found by, in order, each once.
func (m Message) Terms() []uint64 {
	var room struct { // for most messages
		terms [64]uint64
		keys  [32]string
	}
	terms, keys, ambiguous := room.terms[:0], room.keys[:0], false
	for _, f := range fields {
		keys = m.keys(keys[:0], f)
		for _, key := range keys {
			term := Hash64(f, key)
			terms, ambiguous = append(terms, term), ambiguous || resembles(f, term)
		}
	}
	if ambiguous {
		terms = append(terms, Ambiguous)
	}
	slices.Sort(terms)
	return slices.Clone(slices.Compact(terms))
}

// Groups are the terms that an index looks for: a message that fits has one of each group at least. A query without any
// can only be held against each message.
func (q Query) Groups() [][]uint64 {
	var groups [][]uint64
	for _, t := range q.Terms {
		if t.Not || slices.ContainsFunc(t.Values, func(v string) bool { return pattern(t.Field, v) }) {
			continue
		}
		if len(t.Values) > 1 { // alternatives, of one key each
			var any []uint64
			for _, v := range t.Values {
				any = append(any, Hash64(t.Field, v))
			}
			groups = append(groups, any)
			continue
		}
		for _, part := range parts(t.Field, t.Values[0]) {
			groups = append(groups, []uint64{Hash64(t.Field, part)})
		}
	}
	return groups
}

// keyOf is the field and the value by which messages that carry an indicator are known; false for a kind that none are.
func keyOf(i verdict.Indicator) (Field, string, bool) {
	f, value := Field(0), ""
	switch i.Kind {
	case "url":
		f, value = Link, linkValue(i.Value)
		if !strings.Contains(value, "/") {
			value += "/"
		}
	case "domain":
		f, value = Link, linkValue(i.Value)
	case "sha256":
		f, value = Hash, strings.ToLower(i.Value)
	case "ip":
		f, value = IP, i.Value
	case "email":
		f, value = From, addressValue(i.Value)
	}
	return f, value, f != 0 && value != ""
}

// TermOf is the term of an indicator, as messages that carry it have it; false for a kind that messages are not known
// by. A domain's term is of all messages that link to it or below it.
func TermOf(i verdict.Indicator) (uint64, bool) {
	f, value, known := keyOf(i)
	return Hash64(f, value), known
}

// Of is the query that finds the messages which carry an indicator; one of a kind that messages are not known by is
// false.
func Of(i verdict.Indicator) (Query, bool) {
	f, value, known := keyOf(i)
	return Query{Terms: []Term{{Field: f, Values: []string{value}}}}, known
}
