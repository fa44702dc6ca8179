package intel

import (
	"time"

	"clawback/score/learn"
)

// lessons are a tenant's corrections, and what they have taught. A value is never changed once others can see it.
type lessons struct {
	given map[string]time.Time // by record
	model *learn.Model
}

// copy is a value of its own.
func (l *lessons) copy() *lessons {
	out := &lessons{given: map[string]time.Time{}, model: &learn.Model{Tokens: map[string]learn.Counts{}}}
	if l != nil {
		for record, at := range l.given {
			out.given[record] = at
		}
		out.model.Bad, out.model.Good = l.model.Bad, l.model.Good
		for token, counts := range l.model.Tokens {
			out.model.Tokens[token] = counts
		}
	}
	return out
}

// without unlearns a lesson. Tokens that the model had to forget meanwhile stay forgotten.
func (l *lessons) without(one Lesson) {
	delete(l.given, one.Record)
	if len(one.Tokens) == 0 {
		return
	}
	if one.bad() {
		l.model.Bad--
	} else {
		l.model.Good--
	}
	for _, token := range one.Tokens {
		counts, have := l.model.Tokens[token]
		switch {
		case have && one.bad():
			counts.Bad = max(counts.Bad-1, 0)
		case have:
			counts.Good = max(counts.Good-1, 0)
		}
		l.model.Tokens[token] = counts
		if counts == (learn.Counts{}) {
			delete(l.model.Tokens, token)
		}
	}
}

// add learns a lesson.
func (l *lessons) add(one Lesson) {
	l.given[one.Record] = one.At
	if len(one.Tokens) > 0 {
		l.model.Train(one.Tokens, one.bad())
	}
}

// oldest is the record whose lesson gives way to a new one, or "".
func (l *lessons) oldest() string {
	if len(l.given) < maxLessons {
		return ""
	}
	record, first := "", time.Time{}
	for r, at := range l.given {
		if c := at.Compare(first); record == "" || c < 0 || c == 0 && r < record {
			record, first = r, at
		}
	}
	return record
}
