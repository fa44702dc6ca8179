package feed

import (
	"time"

	"clawback/config"
)

// compared puts the records of a new list beside those of the kept one, and says what became of each.
type compared struct {
	feed    *config.Feed
	caution *Caution
	now     time.Time
	change  change
}

// merge goes through both lists in order. next is the new one.
func (c *compared) merge(old, next func(*record) (bool, error), put func(*record) error) error {
	var a, b record
	haveA, err := old(&a)
	if err != nil {
		return err
	}
	haveB, err := next(&b)
	for err == nil && (haveA || haveB) {
		order := 0
		switch {
		case !haveA:
			order = 1
		case !haveB:
			order = -1
		default:
			order = a.compare(&b)
		}
		var out *record
		switch {
		case order < 0:
			out = c.left(&a)
		case order > 0:
			out = c.newEntry(&b)
		default:
			out = c.knownEntry(&a, &b)
		}
		if out != nil {
			c.change.count(out)
			err = put(out)
		}
		if err == nil && order <= 0 {
			haveA, err = old(&a)
		}
		if err == nil && order >= 0 {
			haveB, err = next(&b)
		}
	}
	return err
}

// newEntry is what becomes of an entry that is new; nil: nothing.
func (c *compared) newEntry(b *record) *record {
	if c.ended(b.until) {
		c.change.outlived++
		return nil
	}
	if b.state == withdrawn {
		return nil
	}
	b.state = added
	return b
}

// knownEntry is what becomes of an entry that was known.
func (c *compared) knownEntry(a, b *record) *record {
	if a.state != gone {
		c.change.before++
	}
	switch {
	case b.state == withdrawn:
		b.state = withdrawn
		c.change.lost++
	case c.ended(b.until):
		b.state = expired
	case a.sameVerdict(b):
		b.state = listed
	default:
		b.state = added
	}
	return b
}

// left is what becomes of an entry that is not in the list any more. Where the list has the newest alone, that is no
// word against it.
func (c *compared) left(a *record) *record {
	if a.state != gone {
		c.change.before++
		c.change.lost++
	}
	switch {
	case c.caution.spare(a.key()) != "":
		a.state = withdrawn
	case c.ended(a.until):
		a.state = expired
	case c.feed.Complete:
		a.state = withdrawn
	case a.state != gone:
		a.state = gone
		if end := c.now.Add(c.feed.Lifetime).Unix(); a.until == 0 || a.until > end {
			a.until = end
		}
	}
	return a
}

// ended reports whether a lifetime is over.
func (c *compared) ended(until int64) bool { return until != 0 && until <= c.now.Unix() }

// age says what became of the entries of a kept list by time alone: of all of it, where it could not be looked at for
// too long.
func (c *compared) age(old func(*record) (bool, error), stale bool, put func(*record) error) error {
	var a record
	for {
		more, err := old(&a)
		if !more || err != nil {
			return err
		}
		switch {
		case c.ended(a.until), stale && a.until == 0:
			a.state = expired
		case a.state == added:
			a.state = listed
		}
		c.change.count(&a)
		if err := put(&a); err != nil {
			return err
		}
	}
}

// leastCompared is how many entries a list has at least whose length is compared: shorter ones change much from day
// to day.
const leastCompared = 20

// checkChange refuses a list that lost or gained too much at once: a cut file, another file, or a publisher's mistake.
// One that is had from elsewhere, or read otherwise than before, has nothing to be compared with.
func (c *compared) checkChange(same bool) error {
	f, ch := c.feed, &c.change
	if ch.listed == 0 && f.MaxShrink != config.Off {
		return refuse(Empty, "holds no indicator")
	}
	if !same || ch.before < leastCompared {
		return nil
	}
	lost := ch.before - ch.listed
	if f.Complete {
		lost = ch.lost // one that has as many entries, but others, is another list
	}
	switch {
	case f.MaxShrink != config.Off && float64(lost) > float64(ch.before)*f.MaxShrink/100:
		return refuse(Shrank, "lost %d of %d entries: more than %g %% at once", lost, ch.before, f.MaxShrink)
	case f.MaxGrowth != config.Off && ch.listed > ch.before*f.MaxGrowth:
		return refuse(Grew, "grew from %d to %d entries: more than %d times at once", ch.before, ch.listed, f.MaxGrowth)
	}
	return nil
}
