package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"time"

	"clawback/config"
	"clawback/journal"
	"clawback/queue"
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
	body   *spool.Body
	report *journal.Report
}

// judge takes an item through the stages up to C2 and says how it ends. It never panics.
func (p *Pipeline) judge(ctx context.Context, it queue.Item) (end ending) {
	defer func() {
		if r := recover(); r != nil {
			p.o.Log.Error("stage panicked", "event", "stage.panic", "item", it.ID, "panic", r, "stack", string(debug.Stack()))
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
	body, err := p.o.Queue.Body(it)
	if err != nil {
		return p.unreadable(it, err)
	}
	defer body.Close()
	ctx, cancel := context.WithTimeout(ctx, p.limit(body.Size()))
	defer cancel()
	j := &job{Pipeline: p, item: it, tenant: t, body: body}
	if j.report, err = journal.Parse(bounded{ctx, body}, body.Size()); err != nil {
		return p.fault(it, fmt.Errorf("unwrap: %w", err))
	}
	return j.decide(ctx)
}

// postmaster: mail for a person. It takes the way of the bounces to the configured address (RFC 5321, section 4.5.1).
func (p *Pipeline) postmaster() ending {
	if p.o.Postmaster == nil || !p.o.Postmaster() {
		return quarantine(queue.CausePostmaster, "mail for postmaster: set smtp.postmaster to have such mail sent on, then clawback queue retry")
	}
	return ending{how: bounced, why: "mail for postmaster, sent on"}
}

// limitStep is how many octets earn an item its limit once more. A large report is read some four times, by several
// workers at once, perhaps from a slow disk: a limit that fits all sizes would bounce the large ones of a busy hour.
const limitStep = 64 << 20

// limit is how long unwrapping and scoring may take for a body of this size.
func (p *Pipeline) limit(size int64) time.Duration {
	return p.o.Limit * time.Duration(1+size/limitStep)
}

// decide goes down the table "where a report that cannot go on goes".
func (j *job) decide(ctx context.Context) ending {
	e, r := j.item.Envelope, j.report
	if e.Purpose == queue.ForSubmission {
		return j.submission(ctx)
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
		if failed := j.journaledSubmissions(ctx); failed != nil {
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
	j.watch.seen(j.tenant.ID, why != "")
	if why == "" {
		return ""
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
	return quarantine(queue.CauseOwnMail, "our own bounce came back: the alternate mailbox of tenant %s leads to this gateway", j.tenant.Name)
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
		p.o.Alert("spool.damaged", "The body of an accepted report is missing or damaged in the spool.", "item", it.ID, "error", err)
		return quarantine(queue.CauseLost, "body: %v", err)
	}
	return p.fault(it, fmt.Errorf("open body: %w", err))
}

// fault is an error that may be the item's own doing: it is tried again, and put aside with a bounce after the third time.
func (p *Pipeline) fault(it queue.Item, err error) ending {
	if it.Tries+1 < maxFaults {
		return p.wait(it, err.Error())
	}
	why := fmt.Sprintf("tried %d times: %v", it.Tries+1, err)
	if it.Envelope.Purpose == queue.ForSubmission {
		return quarantine(queue.CauseFault, "%s", why)
	}
	return ending{how: both, why: why}
}

func (p *Pipeline) wait(it queue.Item, why string) ending {
	delay := faultDelays[min(it.Tries, len(faultDelays)-1)]
	return ending{how: later, why: why, at: p.o.Now().Add(delay)}
}

// bounded stops a parser that reads on after its time.
type bounded struct {
	ctx context.Context
	r   io.ReaderAt
}

func (b bounded) ReadAt(p []byte, off int64) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, fmt.Errorf("ran over its time: %w", err)
	}
	runtime.Gosched() // judging a large report takes seconds of computing; small ones that arrive meanwhile go first
	return b.r.ReadAt(p, off)
}
