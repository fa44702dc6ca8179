package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"clawback/config"
	"clawback/journal"
	"clawback/queue"
	"clawback/score"
	"clawback/spool"
)

// maxFaults is how often a stage may panic or run over its bounds on one item before the item is put aside.
const maxFaults = 3

// faultDelays are the waits after a fault, and after the scorer failed. The last one repeats.
var faultDelays = [...]time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour}

// job is one item in work.
type job struct {
	*Pipeline
	item   queue.Item
	tenant *config.Tenant
	body   spool.Body
	limit  time.Duration // of each stage
	report *journal.Report
	cut    bool // the report is that of the message's beginning: unwrapping it all ran over its time
}

// judge takes an item through the stages up to C2 and says how it ends. It never panics.
func (p *Pipeline) judge(ctx context.Context, it queue.Item) (end ending) {
	defer func() {
		if r := recover(); r != nil {
			p.o.Log.Error("stage panicked", "event", "stage.panic", "item", it.ID, "panic", r,
				"stack", string(debug.Stack()))
			end = p.fault(it, fmt.Errorf("panic: %v", r))
		}
	}()
	if it.Envelope.Purpose == queue.ForPostmaster {
		return p.postmaster()
	}
	t, known := p.o.Tenant(it.Envelope.Tenant)
	if !known {
		return p.wait(it, "tenant "+it.Envelope.Tenant+" is not in the configuration: add it again, or export the item")
	}
	body, err := p.o.Queue.Body(ctx, it)
	if err != nil {
		return p.unreadable(it, err)
	}
	defer body.Close()
	j := &job{Pipeline: p, item: it, tenant: t, body: body, limit: p.limit(body.Size())}
	j.report, err = stage(p, "unwrap", j.limit, func(ctx context.Context) (*journal.Report, error) {
		return p.unwrap(bound(ctx, body), body.Size())
	})
	switch {
	case overran(err):
		return j.tooCostly(ctx)
	case err != nil:
		return j.failed("unwrap", err)
	}
	return j.decide(ctx)
}

// postmaster: mail for a person. It takes the way of the bounces to the configured address (RFC 5321, section 4.5.1).
func (p *Pipeline) postmaster() ending {
	if p.o.Postmaster == nil || !p.o.Postmaster() {
		return quarantine(queue.CausePostmaster,
			"mail for postmaster: set smtp.postmaster to have such mail sent on, then clawback queue retry")
	}
	return ending{how: bounced, why: "mail for postmaster, sent on"}
}

// limitStep is how many bytes earn an item its limit once more.
const limitStep = 64 << 20

// limit is how long each stage may compute for a body of this size.
func (p *Pipeline) limit(size int64) time.Duration {
	return p.o.Limit * time.Duration(1+size/limitStep)
}

// decide goes down the table "where a report that cannot go on goes".
func (j *job) decide(ctx context.Context) ending {
	e, r := j.item.Envelope, j.report
	if e.Purpose == queue.ForSubmission {
		return j.submission()
	}
	if r.Kind == journal.KindValidation {
		return j.validated(ctx)
	}
	why := j.unattributed()
	switch {
	case why != "":
		return quarantine(doubt(e), "%s", why)
	case j.outerIsOwn():
		return j.ownReturned()
	case len(r.Originals) == 0 && e.Purpose == queue.ForRecovery:
		return quarantine(queue.CauseNoReport, "no journal report found in mail to the recovery address")
	case len(r.Originals) == 0:
		return ending{how: bounced, why: "cannot be unwrapped: " + problems(r)}
	case j.originalIsOwn():
		return ending{how: processed, why: "our own mail, journaled back"}
	}
	end := j.commit(ctx)
	if end.record != nil && len(j.tenant.Submissions) > 0 {
		if failed := j.journaledSubmissions(); failed != nil {
			return *failed
		}
	}
	return end
}

// unattributed says why the report is not believed to be the tenant's; "" also for one that a person has vouched for:
// clawback queue retry --trust.
func (j *job) unattributed() string {
	if j.item.Trusted != "" {
		return ""
	}
	why := attribute(j.tenant, j.item.Envelope, j.report)
	switch {
	case why == "":
		j.watch.seen(j.tenant.ID, attributed)
		return ""
	case doubt(j.item.Envelope) == queue.CauseNetwork:
		j.watch.seen(j.tenant.ID, outside)
	default:
		j.watch.seen(j.tenant.ID, contradicts)
	}
	return "not attributed to tenant " + j.tenant.Name + ": " + why
}

func (j *job) validated(ctx context.Context) ending {
	if why := j.unattributed(); why != "" {
		return quarantine(doubt(j.item.Envelope), "%s", why)
	}
	if err := j.o.Store.Validated(ctx, j.tenant.ID, j.item.Envelope.Received); err != nil {
		return ending{how: broken, err: fmt.Errorf("note validation: %w", err)}
	}
	return ending{how: processed, why: "connector validation mail: the connector reaches this gateway"}
}

// ownReturned: a bounce of ours came back to a journal or recovery address. Bouncing it again would be a loop.
func (j *job) ownReturned() ending {
	return quarantine(queue.CauseOwnMail,
		"our own bounce came back: the alternate mailbox of tenant %s leads to this gateway", j.tenant.Name)
}

func problems(r *journal.Report) string {
	if len(r.Problems) == 0 {
		return "no original attached"
	}
	return r.Problems[0]
}

// unreadable: the bytes that were acknowledged are not there. Nothing is thrown away, and a person must know.
func (p *Pipeline) unreadable(it queue.Item, err error) ending {
	if errors.Is(err, spool.ErrMissing) || errors.Is(err, spool.ErrCorrupt) {
		p.o.Alert("spool.damaged", "The body of an accepted report is missing or damaged in the spool.", "item", it.ID,
			"error", err)
		return quarantine(queue.CauseLost, "body: %v", err)
	}
	return p.fault(it, fmt.Errorf("open body: %w", err))
}

// overran reports whether a stage ended because its time was over.
func overran(err error) bool { return errors.Is(err, score.ErrOverrun) || errors.Is(err, errAbandoned) }

// failed logs the panic of a stage. Any failure may be the item's own doing.
func (j *job) failed(stage string, err error) ending {
	j.logPanic(err)
	return j.fault(j.item, fmt.Errorf("%s: %w", stage, err))
}

func (j *job) logPanic(err error) {
	var p panicked
	if errors.As(err, &p) {
		j.o.Log.Error("stage panicked", "event", "stage.panic", "item", j.item.ID, "panic", p.why, "stack", p.stack)
	}
}

// fault is an error that may be the item's own doing: it is tried again, and put aside with a bounce after the third
// time.
func (p *Pipeline) fault(it queue.Item, err error) ending {
	if it.Tries+1 < maxFaults {
		return p.wait(it, err.Error())
	}
	return p.giveUp(it, queue.CauseFault, fmt.Sprintf("tried %d times: %v", it.Tries+1, err))
}

// giveUp puts an item aside, with a bounce where it is a report.
func (p *Pipeline) giveUp(it queue.Item, cause queue.Cause, why string) ending {
	if it.Envelope.Purpose == queue.ForSubmission || it.Envelope.Purpose == queue.ForPostmaster {
		return quarantine(cause, "%s", why)
	}
	return ending{how: both, cause: cause, why: why}
}

func (p *Pipeline) wait(it queue.Item, why string) ending {
	delay := faultDelays[min(it.Tries, len(faultDelays)-1)]
	return ending{how: later, why: why, at: p.o.Now().Add(delay)}
}
