package retract_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/retract"
	"clawback/store"
)

// A job is listed for 90 days after its end, across restarts, and then dropped with what it found; the audit stays.
func TestBulk_endedJobsAreKeptForAWhile(t *testing.T) {
	const day = 24 * time.Hour
	bubble(t, func(r *rig) {
		r.campaign(3)
		old := r.job(retract.JobSpec{Action: config.Trash, Filter: bySender()})
		r.run(10 * day)
		young := r.job(retract.JobSpec{Restore: true, Filter: bySender()})
		rows := func(wantJobs ...string) {
			t.Helper()
			var ids []string
			jobs, err := r.e.Jobs(t.Context())
			for _, j := range jobs {
				ids = append(ids, j.ID)
			}
			lists, listErr := r.st.MetaKeys(t.Context(), "retract/list/")
			if diff := cmp.Diff(wantJobs, ids); diff != "" || err != nil || listErr != nil || len(lists) != len(wantJobs) {
				t.Errorf("jobs (-want +got):\n%s%v, %v; lists %q", diff, err, listErr, lists)
			}
		}
		r.run(40 * day)
		r.reopen()
		r.run(39 * day)
		rows(young, old)
		r.run(2 * day)
		rows(young)
		if _, _, err := r.e.Job(t.Context(), old); !errors.Is(err, store.ErrNotFound) {
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
		id := r.job(retract.JobSpec{Action: config.Trash, Filter: bySender()})
		if jobs, err := r.e.Jobs(t.Context()); err != nil || len(jobs) != 1 || jobs[0].Final != nil {
			t.Errorf("jobs %+v, %v", jobs, err)
		}
		r.run(time.Hour)
		_, c := r.progress(id)
		jobs, err := r.e.Jobs(t.Context())
		i := slices.IndexFunc(jobs, func(j retract.Job) bool { return j.ID == id })
		if err != nil || i < 0 || jobs[i].Final == nil {
			t.Fatalf("jobs %+v, %v", jobs, err)
		}
		if diff := cmp.Diff(c, *jobs[i].Final); diff != "" || c.Outcomes[store.Done] != 3 {
			t.Errorf("final (-counted +kept):\n%s", diff)
		}
	})
}
