package pipeline

import (
	"context"
	"errors"
	"io"
	"slices"

	"clawback/config"
	"clawback/intel/submission"
	"clawback/internal/mailaddr"
	"clawback/internal/nospace"
	"clawback/journal"
	"clawback/queue"
	"clawback/store"
)

// submission takes what users report at an address of this daemon. It is never bounced: the alternate mailbox is for
// reports.
func (j *job) submission() ending {
	if j.outerIsOwn() {
		return ending{how: processed, why: "our own mail, sent to a submission address"}
	}
	l := submission.Letter{Sender: j.item.Envelope.MailFrom, Unproven: attribute(j.tenant, j.item.Envelope, j.report)}
	if j.report.Kind == journal.KindReport && len(j.report.Originals) > 0 { // a journal rule for the reporting mailbox
		l.Journaled, l.Sender = true, j.report.Sender
		if l.Unproven == "" && !j.report.FirstHand {
			l.Unproven = "the journal report of it is not first-hand"
		}
	}
	reported := 0
	for _, to := range j.item.Envelope.Rcpts {
		l.Via = mailaddr.Address(to)
		at := slices.IndexFunc(j.tenant.Submissions, func(s config.Submission) bool { return s.Address == l.Via })
		if at < 0 {
			return j.wait(j.item, "its recipient is no submission address any more: configure it again, or export "+
				"the item")
		}
		taken, end := j.submit(l, j.tenant.Submissions[at])
		if end != nil {
			return *end
		}
		reported += len(taken)
	}
	if reported == 0 && l.Unproven == "" {
		return quarantine(queue.CauseNoReport,
			"nothing is reported: no message is attached, and the subject names none")
	}
	return ending{how: processed, why: "reported by a user"}
}

// journaledSubmissions takes what users report to mailboxes of the organisation: the journal tells of it. The message
// itself was committed like any other. It is nil when all is well.
func (j *job) journaledSubmissions() *ending {
	for _, s := range j.tenant.Submissions {
		at := slices.IndexFunc(j.report.Recipients, func(r journal.Recipient) bool {
			return slices.Contains(s.Mailboxes, mailaddr.Address(r.Address))
		})
		if at < 0 {
			continue
		}
		l := submission.Letter{Journaled: true, Sender: j.report.Sender,
			Via: mailaddr.Address(j.report.Recipients[at].Address)}
		if !j.firstHand() {
			l.Unproven = "the journal report of it is not first-hand"
		}
		if _, end := j.submit(l, s); end != nil {
			return end
		}
	}
	return nil
}

// submit keeps what a user's mail reports. The bytes of what was accepted are kept for longer, as those of flagged mail
// are. A crash before the item's end takes it once more, which changes nothing.
func (j *job) submit(l submission.Letter, s config.Submission) ([]submission.Taken, *ending) {
	if j.o.Submissions == nil {
		end := j.wait(j.item, "submissions are not taken")
		return nil, &end
	}
	l.Tenant, l.Claim, l.Trusted, l.Body, l.Received = j.tenant.ID, s.Claim, s.Trusted, j.item.Body,
		j.item.Envelope.Received
	if j.o.Keep != nil {
		ref, err := j.o.Keep(context.Background(), j.item.Body)
		if err != nil {
			return nil, j.unkept(err)
		}
		l.Body = ref
	}
	taken, err := stage(j.Pipeline, "submission", j.limit,
		func(ctx context.Context) (taken []submission.Taken, err error) {
			err = submission.Within(bound(ctx, j.body), j.body.Size(), l.Journaled,
				func(octets io.ReaderAt, size int64) (err error) {
					l.Octets, l.Size = octets, size
					taken, err = j.o.Submissions.Take(ctx, l)
					return err
				})
			return taken, err
		})
	if err != nil {
		return nil, j.unkept(err)
	}
	if err := j.o.Fail("submission.after-keep"); err != nil {
		return nil, &ending{how: broken, err: err}
	}
	for _, t := range taken {
		if t.Fresh {
			j.o.Log.Info("a user reports a message", "event", "submission.taken", "item", j.item.ID,
				"tenant", j.tenant.ID, "submission", t.ID,
				"record", t.Record, "claim", t.Claim, "state", t.State, "unproven", t.Unproven)
		}
	}
	return taken, nil
}

// unkept: a disk that is full is waited for, a broken store ends the run, and all else may be the mail's own doing.
func (j *job) unkept(err error) *ending {
	var end ending
	switch {
	case nospace.Is(err):
		end = j.wait(j.item, err.Error())
	case overran(err):
		end = quarantine(queue.CauseFault, "reading what is reported took longer than "+
			"any message needs, and was stopped")
	case errors.Is(err, store.ErrStorage), errors.Is(err, store.ErrClosed):
		end = ending{how: broken, err: err}
	default:
		end = j.failed("submission", err)
	}
	return &end
}
