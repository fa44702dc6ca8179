package chaos

import (
	"context"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/retract/job"
	"clawback/store"
)

// order is a bulk job that was asked for. Where the answer was lost its id is not known.
type order struct {
	id        string
	cancelled time.Time // when that was answered
	tried     bool      // that it is cancelled: the answer may be lost
}

// jobs lists the bulk jobs that have ended, or that have not.
func (w *world) jobs(ended bool) (list []job.Status) {
	all, err := w.bulkJobs.Jobs(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, j := range all {
		if ended == (j.State.Final() && j.CallOff == "") {
			list = append(list, j)
		}
	}
	return list
}

// bulkRuns reports whether a job is under way that searches for its records.
func (w *world) bulkRuns() bool {
	return slices.ContainsFunc(w.jobs(false), func(j job.Status) bool { return j.Filter != nil })
}

// bulk starts a job, to retract or to put back, over some letters or all of them.
func (w *world) bulk() {
	spec := job.Spec{Who: "ada", Comment: "chaos", Restore: w.chance(3)}
	if !spec.Restore {
		spec.Action = []config.Action{config.Junk, config.Trash, config.SoftDelete, config.HardDelete}[w.random.IntN(4)]
	}
	over := w.letters
	if w.chance(2) {
		spec.Filter = &store.RecordFilter{Tenant: w.cfg.ID}
	} else {
		over = nil
		for range 1 + w.random.IntN(len(w.letters)) {
			l := w.letters[w.random.IntN(len(w.letters))]
			over, spec.Records = append(over, l), append(spec.Records, l.record)
		}
		if w.chance(4) {
			spec.Records = append(spec.Records, "r-that-is-not-there")
		}
	}
	for _, l := range over {
		l.ordered++
		l.frozen, l.putsBack = time.Time{}, false
		if spec.Restore {
			l.restored++
		}
	}
	w.orders++
	started, err := w.bulkJobs.StartJob(context.Background(), spec)
	if err == nil {
		w.ordered = append(w.ordered, order{id: started.ID})
	}
}

// cancelBulk cancels a job that is under way.
func (w *world) cancelBulk() {
	open := w.jobs(false)
	if len(open) == 0 {
		return
	}
	id := open[w.random.IntN(len(open))].ID
	at := slices.IndexFunc(w.ordered, func(o order) bool { return o.id == id })
	if at < 0 {
		w.ordered, at = append(w.ordered, order{id: id}), len(w.ordered)
	}
	w.ordered[at].tried = true
	if w.bulkJobs.CancelJob(context.Background(), "ada", id, "chaos") == nil {
		w.ordered[at].cancelled = time.Now()
	}
}

// bulk: every job has ended, its counters add up, and nothing was begun for one that was cancelled.
func (j *judge) bulk() {
	jobs, err := j.w.bulkJobs.Jobs(context.Background())
	if err != nil {
		j.wrong("jobs: %v", err)
	}
	for _, o := range j.w.ordered {
		if !slices.ContainsFunc(jobs, func(s job.Status) bool { return s.ID == o.id }) {
			j.wrong("job %s was started, and there is none", o.id)
		}
	}
	for _, s := range jobs {
		o := order{id: s.ID}
		if at := slices.IndexFunc(j.w.ordered, func(o order) bool { return o.id == s.ID }); at >= 0 {
			o = j.w.ordered[at]
		}
		j.job(s, o)
		if !o.cancelled.IsZero() {
			j.nothingAfter(o)
		}
	}
}

func (j *judge) job(s job.Status, o order) {
	c := s.Counters
	mailboxes := 0
	for _, n := range c.Outcomes {
		mailboxes += n
	}
	if c.Records != c.Waiting+c.Ordered+c.Refused || c.Mailboxes != mailboxes {
		j.wrong("job %s: the counters do not add up: %+v", s.ID, c)
	}
	unknown := 0
	ids, err := j.w.st.JobRecords(context.Background(), s.ID, 0, c.Records)
	if err != nil || len(ids) != c.Records {
		j.wrong("job %s has %d ids of %d, %v", s.ID, len(ids), c.Records, err)
	}
	for _, id := range ids {
		if s.Filter == nil && j.w.letterOf(id) == nil {
			unknown++
		}
	}
	switch {
	case s.State == store.JobCancelled && o.tried:
	case s.State == store.JobFailed && c.Ordered == 0 && c.Refused > 0 && c.Refused == unknown:
	case s.State == store.JobCompleted && c.Waiting == 0 && c.Outcomes[store.Pending] == 0 && c.Refused == unknown &&
		o.cancelled.IsZero():
	default:
		j.wrong("job %s is %s (%s), %+v; asked to cancel: %t; ids of no record: %d", s.ID, s.State, s.Error, c, o.tried,
			unknown)
	}
	if s.Filter != nil && s.State == store.JobCompleted && c.Records == 0 {
		j.wrong("job %s has found nothing", s.ID)
	}
}

// nothingAfter: no attempt to move anything was begun for a job after its cancellation was answered.
func (j *judge) nothingAfter(o order) {
	for _, l := range j.w.letters {
		for _, in := range j.intents(l) {
			if in.Job != o.id {
				continue
			}
			for _, a := range j.attempts(in) {
				// else it has only looked
				if changes(a) && a.Started.After(o.cancelled) && a.Finished.After(a.Started) {
					j.wrong("job %s was cancelled at %v, and attempt %d (%s) at %s of letter %d began at %v", o.id,
						o.cancelled, a.Seq, a.Operation, in.Address, l.n, a.Started)
				}
			}
		}
	}
}

// changes reports whether an attempt is one to change something in a mailbox.
func changes(a store.Attempt) bool {
	return strings.Contains(" move permanentDelete restore mark_read ", " "+a.Operation+" ")
}
