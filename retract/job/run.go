package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"clawback/config"
	"clawback/retract/policy"
	"clawback/store"
)

const (
	poll      = time.Second         // while a job waits for its intents; grows to pollMost while nothing changes
	pollMost  = time.Minute         //
	idle      = 5 * time.Minute     // when there is nothing to do: Wake comes before
	storeWait = 5 * time.Second     // after the store has failed
	keepFor   = 90 * 24 * time.Hour // after its end a job is listed; who asked for it stays in the audit

	findPage  = 1000 // records found in one step
	scanRows  = 5000 // looked at in one step: short, so that a cancellation is seen
	orderPage = 200  // records ordered in one step
	together  = 64   // of them, at once: they share the store's commits, whose syncs are what a job waits for

	// window is how many intents of a job may be due at once. Those whose messages are not there yet do not count.
	window = 2000
	// maxRefusals is how many refusals are kept in words.
	maxRefusals = 20
)

// Run carries unfinished jobs on, each a step at a time, until ctx is done. A step that has begun is brought to its
// end.
func (r *Runner) Run(ctx context.Context) error {
	work := context.WithoutCancel(ctx)
	waits := map[string]*rest{}
	for ctx.Err() == nil {
		timer := time.NewTimer(r.stepAll(ctx, work, waits))
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// rest is how long a job has been found unchanged, and when it is looked at again.
type rest struct {
	rev   uint64
	open  int
	until time.Time
	wait  time.Duration
}

// stepAll does one step of each unfinished job that does not rest, and says when to come back.
func (r *Runner) stepAll(ctx, work context.Context, rests map[string]*rest) time.Duration {
	jobs, err := r.unfinished(work)
	if err != nil {
		r.o.Log.Error("read jobs", "event", "job.failed", "error", err)
		return storeWait
	}
	next := idle
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		wait, err := r.step(work, j, rests)
		if err != nil && !errors.Is(err, store.ErrConflict) { // a person's word came between: the next step reads it
			r.o.Log.Error("job", "event", "job.failed", "job", j.ID, "error", err)
			wait = storeWait
		}
		next = min(next, wait)
	}
	return next
}

// step brings one job a page further, and says how long it needs no other.
func (r *Runner) step(ctx context.Context, j store.Job, rests map[string]*rest) (time.Duration, error) {
	switch {
	case j.CallOff != "":
		return 0, r.callOff(ctx, j)
	case j.Paused != "":
		return idle, nil
	case j.State == store.JobPending && j.Filter != nil:
		j.State = store.JobDiscovering
		return 0, r.put(ctx, store.JobChange{Job: j})
	case j.State == store.JobPending:
		j.State = store.JobProcessing
		return 0, r.put(ctx, store.JobChange{Job: j})
	case j.State == store.JobDiscovering:
		return 0, r.discover(ctx, j)
	}
	n, err := r.o.Store.JobTally(ctx, j.ID)
	if err != nil {
		return 0, err
	}
	switch due := n.Outcomes[store.Pending] - n.Absent; {
	case j.Ordered < j.Found && due < window:
		return 0, r.order(ctx, j)
	case j.Ordered == j.Found && n.Outcomes[store.Pending]+n.Returns == 0:
		return 0, r.complete(ctx, j, n)
	}
	return r.rest(j, n, rests), nil
}

func (r *Runner) put(ctx context.Context, c store.JobChange) error {
	_, err := r.o.Store.PutJob(ctx, c)
	return err
}

// rest says how long a job that waits for its intents needs no step: longer while nothing changes, for they may rest
// for days.
func (r *Runner) rest(j store.Job, n store.JobTally, rests map[string]*rest) time.Duration {
	open := n.Outcomes[store.Pending]*2 + n.Returns - n.Absent
	have := rests[j.ID]
	if have == nil || have.rev != j.Rev || have.open != open {
		have = &rest{rev: j.Rev, open: open, wait: poll, until: r.now().Add(poll)}
		rests[j.ID] = have
	} else if now := r.now(); !have.until.After(now) {
		have.wait = min(2*have.wait, pollMost)
		have.until = now.Add(have.wait)
	}
	return max(have.until.Sub(r.now()), time.Millisecond)
}

// discover finds one more page of a job's records. That no row of a step fits does not end the search.
func (r *Runner) discover(ctx context.Context, j store.Job) error {
	page, err := r.o.Store.Scan(ctx, search(j.Tenant, *j.Filter), j.Cursor)
	if err != nil {
		return fmt.Errorf("search records of job %s: %w", j.ID, err)
	}
	ids := make([]string, len(page.Records))
	for i, rec := range page.Records {
		ids[i] = rec.ID
	}
	j.Found += len(ids)
	if j.Cursor = page.Next; page.Next == "" {
		j.State = store.JobProcessing
	}
	return r.put(ctx, store.JobChange{Job: j, Records: ids})
}

// search is a filter bounded to a tenant and to one step.
func search(tenant string, f store.RecordFilter) store.RecordFilter {
	f.Limit, f.Scan = findPage, scanRows
	if tenant != "" {
		f.Tenant = tenant
	}
	return f
}

// order makes the intents of one more page of records, some at once.
func (r *Runner) order(ctx context.Context, j store.Job) error {
	ids, err := r.o.Store.JobRecords(ctx, j.ID, j.Ordered, orderPage)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return fmt.Errorf("job %s: %d of %d ids are there", j.ID, j.Ordered, j.Found)
	}
	results := make([]ordered, len(ids))
	var all sync.WaitGroup
	places := make(chan struct{}, together)
	for i, id := range ids {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			results[i] = r.orderOne(ctx, j, id)
		})
	}
	all.Wait()
	for i, one := range results {
		if one.broken {
			return one.err
		}
		j.Ordered++
		j.Standing += one.standing
		if one.err != nil {
			j.Refused++
			if len(j.Refusals) < maxRefusals {
				j.Refusals = append(j.Refusals, ids[i]+": "+one.err.Error())
			}
		}
	}
	return r.put(ctx, store.JobChange{Job: j})
}

// ordered is what came of one record's order.
type ordered struct {
	standing int // mailboxes whose intents are another order's
	broken   bool
	err      error
}

// orderOne orders one record, and counts the mailboxes whose intents are another order's.
func (r *Runner) orderOne(ctx context.Context, j store.Job, id string) (one ordered) {
	have, err := r.o.Engine.Order(ctx, policy.Order{Who: j.Who, Tenant: j.Tenant, Record: id, Comment: j.Comment,
		Action: config.Action(j.Action), Restore: j.Restore, Job: j.ID})
	if err != nil {
		return ordered{err: err, broken: unavailable(err)}
	}
	for _, in := range have {
		if in.Kind == kindOf(j.Restore) && in.Job != j.ID {
			one.standing++
		}
	}
	return one
}

// unavailable tells a store that cannot be read or written, or a stop, from a record that cannot be worked on.
func unavailable(err error) bool { return store.Unavailable(err) || errors.Is(err, store.ErrConflict) }

// complete ends a job of which nothing is open.
func (r *Runner) complete(ctx context.Context, j store.Job, n store.JobTally) error {
	j.State, j.Final = store.JobCompleted, &n
	if j.Refused > 0 && j.Refused == j.Ordered {
		j.State, j.Error = store.JobFailed, fmt.Sprintf("none of %d records could be worked on, the first: %s",
			j.Refused, j.Refusals[0])
	}
	return r.put(ctx, store.JobChange{Job: j})
}

// callOff calls off what waits of one more page of records. It goes a page beyond what was ordered, for a crash can
// have left a page of orders whose end was not written.
func (r *Runner) callOff(ctx context.Context, j store.Job) error {
	ids, err := r.o.Store.JobRecords(ctx, j.ID, j.CalledOff, min(orderPage, j.Ordered+orderPage-j.CalledOff))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.callOffRecord(ctx, j, id); err != nil {
			return fmt.Errorf("call off job %s: %w", j.ID, err)
		}
	}
	if j.CalledOff += len(ids); len(ids) == 0 || j.CalledOff >= j.Ordered+orderPage {
		if err := r.calledOff(ctx, &j); err != nil {
			return err
		}
	}
	if err := r.put(ctx, store.JobChange{Job: j}); err != nil {
		return err
	}
	r.suspend(j) // what was in doubt when it was called off is verified now, and ends
	return nil
}

// calledOff notes that nothing of a cancelled job waits any more.
func (r *Runner) calledOff(ctx context.Context, j *store.Job) error {
	n, err := r.o.Store.JobTally(ctx, j.ID)
	if err != nil {
		return err
	}
	j.CallOff = ""
	if n.Outcomes[store.Pending] == 0 { // else a call is under way that was too late to call off
		j.Final = &n
	}
	return nil
}

// callOffRecord calls off what a record has of a job.
func (r *Runner) callOffRecord(ctx context.Context, j store.Job, id string) error {
	list, err := r.o.Store.Intents(ctx, id)
	if err != nil {
		return fmt.Errorf("read intents of record %s: %w", id, err)
	}
	for _, in := range list {
		if in.Job != j.ID || in.Cancelled == j.CallOff {
			continue
		}
		if err := r.o.Engine.CallOff(ctx, in, j.CallOff); err != nil {
			return err
		}
	}
	return nil
}

// unfinished are the jobs that have something left to do. Those that ended are dropped in their time. The first call
// also says which jobs are suspended, and ends those whose list was not received whole.
func (r *Runner) unfinished(ctx context.Context) (list []store.Job, err error) {
	all, err := r.o.Store.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	r.load(all)
	for _, j := range all {
		switch {
		case j.Ended() && r.now().Sub(j.Changed) >= keepFor:
			err = r.o.Store.DropJob(ctx, j.ID)
		case j.Ended():
		case j.State == store.JobReceiving:
			err = r.notReceived(ctx, j)
		default:
			list = append(list, j)
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// load says once which jobs are suspended.
func (r *Runner) load(all []store.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded {
		return
	}
	for _, j := range all {
		if halted(j) {
			r.suspended[j.ID] = true
		}
	}
	r.loaded = true
	r.suspendInEngine()
}

// notReceived ends a job whose list was cut short: by the end of the process, or by an error that the caller was told.
func (r *Runner) notReceived(ctx context.Context, j store.Job) error {
	r.mu.Lock()
	now := r.receiving[j.ID]
	r.mu.Unlock()
	if now {
		return nil
	}
	j.State, j.Final = store.JobFailed, &store.JobTally{}
	j.Error = fmt.Sprintf("its list was not received whole (%d ids were): nothing was done; start it again", j.Found)
	return r.put(ctx, store.JobChange{Job: j})
}
