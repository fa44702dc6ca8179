package feed

import (
	"errors"

	"clawback/config"
	"clawback/verdict"
)

// judge decides of each entry whether it is used, and for what.
type judge struct {
	feed    *config.Feed
	caution *Caution
	limits  limits
	out     *sorter
	seen    int // entries, used or not
	used    int
	skipped map[Skip]int
}

func newJudge(f *config.Feed, c *Caution, l limits, out *sorter) *judge {
	return &judge{feed: f, caution: c, limits: l, out: out, skipped: map[Skip]int{}}
}

// pass counts an entry that is left out.
func (j *judge) pass(skip Skip) {
	j.seen++
	j.skipped[skip]++
}

// entry takes an entry, or leaves it out.
func (j *judge) entry(e entry) error {
	i, skip := j.weigh(&e)
	if skip != "" {
		j.pass(skip)
		return nil
	}
	j.seen++
	if j.used++; j.used > j.limits.entries {
		return refuse(TooLarge, "has more than %d entries", j.limits.entries)
	}
	r := record{kind: i.Kind, value: i.Value, disposition: most(i.Kind, j.feed.Disposition), confidence: e.confidence,
		until: lifeOf(j.feed, &e), changed: unixOf(e.changed), state: listed, detail: detailOf(e.detail)}
	if e.withdrawn {
		r.state = withdrawn
	}
	return j.out.add(&r)
}

// weigh brings an entry into the form of messages, and says why it is left out.
func (j *judge) weigh(e *entry) (verdict.Indicator, Skip) {
	i, err := normalise(e.kind, e.value)
	switch {
	case errors.Is(err, errOtherKind):
		return i, SkipKind
	case errors.Is(err, errNotPublic):
		return i, SkipMany
	case err != nil:
		return i, SkipUnreadable
	case j.feed.Kind != "" && e.kind != j.feed.Kind:
		return i, SkipFilter
	case e.exactOnly && i.Kind != kindURL && i.Kind != kindSHA256:
		return i, SkipMany
	}
	if e.confidence < 0 {
		e.confidence = j.feed.Confidence
	}
	switch {
	case e.confidence < j.feed.MinConfidence:
		return i, SkipUnsure
	case j.caution.spare(i) != "":
		return i, SkipMany
	}
	return i, ""
}

// leastJudged is how many entries a list has at least of which most must be readable.
const leastJudged = 10

// checkReadable refuses a list most of whose entries are no indicators: another format, or other columns, than were
// configured.
func (j *judge) checkReadable() error {
	if bad := j.skipped[SkipUnreadable]; j.seen >= leastJudged && bad*2 > j.seen {
		return refuse(Unreadable, "has %d entries, of which %d are no indicators", j.seen, bad)
	}
	return nil
}
