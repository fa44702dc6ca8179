package retract_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/retract/job"
	"clawback/store"
)

// A job is listed for 90 days after its end, across restarts, and then dropped with what it found; the audit stays.
func TestBulk_endedJobsAreKeptForAWhile(t *testing.T) {
	const day = 24 * time.Hour
	bubble(t, func(r *rig) {
		r.campaign(3)
		old := r.job(job.Spec{Action: config.Trash, Filter: bySender()})
		r.run(10 * day)
		young := r.job(job.Spec{Restore: true, Filter: bySender()})
		rows := func(wantJobs ...string) {
			t.Helper()
			var ids []string
			jobs, err := r.e.Jobs(context.Background())
			for _, j := range jobs {
				ids = append(ids, j.ID)
			}
			if diff := cmp.Diff(wantJobs, ids); diff != "" || err != nil {
				t.Errorf("jobs (-want +got):\n%s%v", diff, err)
			}
			for _, id := range []string{old, young} {
				list, err := r.st.JobRecords(context.Background(), id, 0, 10)
				if err != nil || (len(list) > 0) != slices.Contains(wantJobs, id) {
					t.Errorf("ids of job %s: %q, %v", id, list, err)
				}
			}
		}
		r.run(40 * day)
		r.reopen()
		r.run(39 * day)
		rows(young, old)
		r.run(2 * day)
		rows(young)
		if _, err := r.e.Job(context.Background(), old); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the dropped job: %v", err)
		}
		r.reopen()
		r.run(11 * day)
		rows()
		acts, err := r.st.Audit(t.Context(), store.AuditFilter{Object: old})
		if err != nil || len(acts) != 1 {
			t.Errorf("audit %+v, %v", acts, err)
		}
	})
}

// An ended job carries its counters, so that listing it reads no intents. One that goes on does not.
func TestBulk_endedJobsAreCountedOnce(t *testing.T) {
	bubble(t, func(r *rig) {
		r.campaign(3)
		id := r.job(job.Spec{Action: config.Trash, Filter: bySender()})
		if jobs, err := r.e.Jobs(context.Background()); err != nil || len(jobs) != 1 || jobs[0].Final != nil {
			t.Errorf("jobs %+v, %v", jobs, err)
		}
		r.run(time.Hour)
		_, c := r.progress(id)
		jobs, err := r.e.Jobs(context.Background())
		i := slices.IndexFunc(jobs, func(j job.Status) bool { return j.ID == id })
		if err != nil || i < 0 || jobs[i].Final == nil {
			t.Fatalf("jobs %+v, %v", jobs, err)
		}
		if diff := cmp.Diff(c, job.Count(jobs[i].Job, *jobs[i].Final)); diff != "" || c.Outcomes[store.Done] != 3 {
			t.Errorf("final (-counted +kept):\n%s", diff)
		}
	})
}
