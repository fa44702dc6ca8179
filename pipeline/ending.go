package pipeline

import (
	"context"
	"fmt"
	"time"

	"clawback/queue"
	"clawback/store"
)

// how is the way in which the work on an item ends.
type how string

const (
	processed   how = "processed"   // C2 is done, or there was nothing to commit
	later       how = "deferred"    // due again
	quarantined how = "quarantined" // waits for a person
	bounced     how = "bounced"     // goes to the alternate mailbox and is done here
	both        how = "quarantined and bounced"
	broken      how = "broken" // queue or store: the daemon must start again
)

// ending is what judging an item came to.
type ending struct {
	how    how
	cause  queue.Cause // for quarantined and both
	why    string
	at     time.Time     // for later
	err    error         // for broken
	record *store.Record // for processed, when a record was written
	fresh  bool          // this report was not applied before
}

func quarantine(cause queue.Cause, format string, args ...any) ending {
	return ending{how: quarantined, cause: cause, why: fmt.Sprintf(format, args...)}
}

// carryOut writes the end of an item. It is the last step: a crash before it does the item once more, and the
// applied-set of C2 and the identity of C5 see to it that nothing happens twice.
func (p *Pipeline) carryOut(ctx context.Context, it queue.Item, end ending) error {
	var err error
	switch end.how {
	case processed:
		err = p.o.Queue.Finish(ctx, it.ID)
	case later:
		err = p.o.Queue.Defer(ctx, it.ID, end.at, end.why)
	case quarantined:
		err = p.o.Queue.Quarantine(ctx, it.ID, end.cause, end.why)
	case bounced, both:
		// C5: the item's end and the bounce are durable together, under an identity that follows from the item.
		// A crash before it judges the item again; a crash after it finds the bounce among those that are due.
		_, err = p.o.Queue.GiveUp(ctx, it.ID, end.why, end.cause)
	default:
		return end.err
	}
	if err != nil {
		return fmt.Errorf("end as %s: %w", end.how, err)
	}
	p.report(it, end)
	return nil
}

// report logs the end, and tells those who deliver bounces.
func (p *Pipeline) report(it queue.Item, end ending) {
	what := []any{"event", "item." + eventName[end.how], "item", it.ID, "tenant", it.Envelope.Tenant}
	switch log := p.o.Log; {
	case end.record != nil:
		log.Info("report processed", append(what, "record", end.record.ID,
			"disposition", end.record.Verdict.Disposition,
			"recipients", len(end.record.Recipients), "fresh", end.fresh)...)
	case end.how == processed:
		log.Info("item finished", append(what, "reason", end.why)...)
	case end.how == later:
		log.Warn("item deferred", append(what, "reason", end.why, "until", end.at)...)
	default:
		log.Warn("item "+string(end.how), append(what, "reason", end.why)...)
	}
	if (end.how == bounced || end.how == both) && p.o.Bounced != nil {
		p.o.Bounced()
	}
}

var eventName = map[how]string{
	processed: "processed", later: "deferred", quarantined: "quarantined", bounced: "bounced", both: "quarantined",
}
