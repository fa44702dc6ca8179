package score

import (
	"context"
	"errors"

	"clawback/score/lists"
	"clawback/verdict"
)

// ErrOverrun is the cause by which a caller ends the context of Score once a message has had more time than any honest
// one needs.
var ErrOverrun = errors.New("it ran over its time")

// overrunSignal alone makes a message SUSPICIOUS: what could not be judged is never CLEAN.
const overrunSignal = "overrun.message"

func overran(ctx context.Context) bool {
	return ctx.Err() != nil && errors.Is(context.Cause(ctx), ErrOverrun)
}

// Unread is the verdict on a message of which nothing could be read in time. It teaches nothing.
func Unread(why string) Result {
	signal := byID(catalogue())[overrunSignal]
	all := []found{{Signal: signal, factor: 1, text: why, where: "message"}}
	t := sum(all)
	disposition, score := decide(t, narrowRule)
	return Result{Verdict: verdict.Verdict{
		Disposition: disposition, Score: score, Threat: t.Threat, Spoof: t.Spoof, Spam: t.Spam, Bulk: t.Bulk,
		Reasons: reasons(all), Rules: Version, Knowledge: lists.Version(),
	}}
}
