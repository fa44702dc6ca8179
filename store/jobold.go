package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/store/rows"
)

// Where jobs were kept before version 2: a job's list was one value, as was each job.
const (
	oldJobs  = "retract/job/"
	oldLists = "retract/list/"
)

// oldJob is a job as it was kept before version 2, where that differs.
type oldJob struct {
	Job
	Records []string `json:"records"`
	Refused []string `json:"refused"`
	Final   *struct {
		Outcomes map[Outcome]int `json:"outcomes"`
		Absent   int             `json:"absent"`
	} `json:"final"`
}

// jobsInTables is version 2: jobs, their ids and their tallies in tables of their own.
func jobsInTables(tx rows.Tx) error {
	t := &txn{tx: tx, now: time.Now().UTC().Round(0)}
	var keys []string
	t.each(tableKV, []byte(oldJobs), func(k, _ []byte) bool {
		keys = append(keys, string(k))
		return true
	})
	for _, key := range keys {
		if err := t.moveJob(strings.TrimPrefix(key, oldJobs)); err != nil {
			return fmt.Errorf("move job %s to its table: %w", key, err)
		}
	}
	if err := t.failure(); err != nil {
		return err
	}
	return t.flushRows()
}

// moveJob writes one job's rows, and removes what they were before.
func (t *txn) moveJob(id string) error {
	var old oldJob
	if err := json.Unmarshal(t.get(tableKV, []byte(oldJobs+id)), &old); err != nil {
		return err
	}
	ids := old.Records
	if list := t.get(tableKV, []byte(oldLists+id)); len(ids) == 0 && len(list) > 0 {
		if err := json.Unmarshal(list, &ids); err != nil {
			return err
		}
	}
	j := old.Job
	j.ID, j.Rev, j.Refused = id, 1, len(old.Refused)
	j.Refusals = old.Refused[:min(len(old.Refused), 20)]
	if j.State == JobPending {
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	j.Found = len(ids)
	if j.State == JobDiscovering || j.State == JobPending && j.Filter == nil {
		j.restartSearch()
		if j.Filter != nil {
			ids = nil
		}
	}
	if old.Final != nil {
		j.Final = &JobTally{Outcomes: old.Final.Outcomes, Absent: old.Final.Absent}
	}
	for n, record := range ids {
		t.put(tableJobRecords, jobRecordKey(id, n), []byte(record))
	}
	t.del(tableKV, []byte(oldJobs+id))
	t.del(tableKV, []byte(oldLists+id))
	if err := t.save(tableJobs, []byte(id), j); err != nil {
		return err
	}
	return t.recount(id, ids)
}

// restartSearch has a job whose search was under way begin it again: there was no cursor.
func (j *Job) restartSearch() {
	if j.Filter == nil {
		j.State = JobProcessing
		return
	}
	j.State, j.Found, j.Ordered = JobDiscovering, 0, 0
}

// recount makes a job's tally from its intents.
func (t *txn) recount(job string, records []string) error {
	var n JobTally
	seen := map[string]bool{}
	for _, record := range records {
		if seen[record] {
			continue
		}
		seen[record] = true
		list, err := t.intentsOf(record)
		if err != nil {
			return err
		}
		for _, in := range list {
			if in.Job == job {
				n.add(in, 1)
			}
		}
	}
	return t.save(tableJobTally, []byte(job), n)
}
