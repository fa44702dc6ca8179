package intel

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"clawback/verdict"
)

// Effect is what one rule would have done, alone and in mode act.
type Effect struct {
	ID      string         `json:"id"`
	Mode    string         `json:"mode"`
	File    string         `json:"file"`
	Line    int            `json:"line"`
	Matched int            `json:"matched"`
	By      map[string]int `json:"by"`               // matched messages by the disposition that they have
	Changed map[string]int `json:"changed"`          // "CLEAN to SPAM": how many
	Failed  int            `json:"failed,omitempty"` // messages on which the rule could not be run to its end
	Samples []Sample       `json:"samples"`          // those that it changes first
}

// Sample is a message that a rule matches.
type Sample struct {
	Record   string              `json:"record"`
	Received time.Time           `json:"received"`
	From     string              `json:"from"`
	Subject  string              `json:"subject"`
	Is       verdict.Disposition `json:"is"`    // without own rules
	Would    verdict.Disposition `json:"would"` // with this one
}

// maxSamples is how many samples a rule gives of messages to which it does the same.
const maxSamples = 3

// add notes what the rule does to one message.
func (e *Effect) add(y try, would verdict.Disposition) {
	is := y.base.Disposition
	e.Matched++
	e.By[y.rec.Verdict.Disposition.String()]++
	if would != is {
		e.Changed[is.String()+" to "+would.String()]++
	}
	kind := func(s Sample) bool { return s.Is == is && s.Would == would }
	if alike := countOf(e.Samples, kind); alike < maxSamples {
		e.Samples = append(e.Samples, Sample{y.rec.ID, y.rec.Received, y.rec.From, y.rec.Subject, is, would})
	}
}

func countOf[T any](list []T, is func(T) bool) (n int) {
	for _, one := range list {
		if is(one) {
			n++
		}
	}
	return n
}

// sorted puts the samples that the rule changes first, then the worst.
func (e *Effect) sorted() {
	slices.SortStableFunc(e.Samples, func(a, b Sample) int {
		if changed := (a.Is != a.Would); changed != (b.Is != b.Would) {
			return map[bool]int{true: -1, false: 1}[changed]
		}
		return cmp.Or(int(b.Would)-int(a.Would), int(b.Is)-int(a.Is), b.Received.Compare(a.Received),
			strings.Compare(a.Record, b.Record))
	})
}
