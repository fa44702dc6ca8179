package feed

import (
	"context"
	"time"

	"clawback/verdict"
)

// The kinds of an indicator, as messages have them.
const (
	kindURL    = "url"
	kindDomain = "domain"
	kindIP     = "ip"
	kindSHA256 = "sha256"
	kindEmail  = "email"
)

// Indicator is an entry of a feed's list.
type Indicator struct {
	verdict.Indicator
	Disposition verdict.Disposition // the most that this entry alone makes of a message: Malicious or Suspicious
	Confidence  int                 // 0 to 100
	Detail      string              // what the feed says it is, in a few words; "": nothing
	Until       time.Time           // when its lifetime ends; zero: while it is listed
}

// Delta is a part of what is new in one feed's list.
type Delta struct {
	Feed      string
	Added     []Indicator         // new, or of another disposition or confidence than before
	Withdrawn []verdict.Indicator // the feed does not stand by them any more: what rested on them is judged again
	Expired   []verdict.Indicator // their time is over: they match no more, and verdicts that rest on them stay
}

// maxDelta is how many changes a Delta has at most, so that a Consumer can commit it in one transaction.
const maxDelta = 10_000

// Consumer takes what is new in feeds.
type Consumer interface {
	// Apply makes a part durable before it returns. A part may come again after a crash, whole or cut otherwise, and
	// must change nothing then. After an error the part, and what follows it, comes again.
	Apply(ctx context.Context, d Delta) error
}

func (d Delta) len() int { return len(d.Added) + len(d.Withdrawn) + len(d.Expired) }
