package score

import (
	"context"
	"io"
	"time"

	"clawback/config"
	"clawback/score/engines"
	"clawback/score/learn"
	"clawback/verdict"
	"clawback/verdict/history"
)

// Message is one original to be judged, and what is known of it from outside.
type Message struct {
	Original   io.ReaderAt
	Size       int64
	Sender     string   // envelope sender
	Recipients []string // envelope recipients
	Received   time.Time
	Direction  string // "in", "out", "internal", or "" to take it from what Exchange stamped
	FirstHand  bool   // the report was attributed: what Exchange stamped can be believed
	Cut        bool   // Original is only its beginning: the report was too costly to unwrap
	Tenant     *config.Tenant

	History History // what the tenant's mail has taught. nil: nothing is known
	// Keys answers the DKIM key record of a selector, where it is known. nil: none is. It must not ask the network.
	Keys func(domain, selector string) (string, bool)

	Findings []engines.Finding // what the engines beside the scorer found; they are asked before
	Degraded []string          // which of them could not be asked
	Claim    string            // what people of the organisation said of it: phish, junk, not_junk; "": nothing
	Learnt   *learn.Model      // what the tenant's corrections have taught. nil: nothing
}

// History is what a tenant's mail has taught, as it was when the message is judged.
type History interface {
	// Entries gives those of the keys that are known, in any order. An error is no answer: Score ends with it, since a
	// verdict made in ignorance of a known sender is none.
	Entries(ctx context.Context, keys []string) ([]history.Entry, error)
}

// Result is the verdict, what the message teaches, and what was read to reach it.
type Result struct {
	verdict.Verdict
	Observations []history.Observation
	Read         []history.Entry
	Author       string // the address in From
	Subject      string
}
