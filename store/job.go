package store

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// JobState is where a bulk job stands.
type JobState string

// The states of a bulk job, in their order.
const (
	JobReceiving   JobState = "receiving"   // the ids of its list are being written
	JobPending     JobState = "pending"     // nothing was done yet
	JobDiscovering JobState = "discovering" // its records are being searched for
	JobProcessing  JobState = "processing"  // intents are made and carried out
	JobCompleted   JobState = "completed"   // no intent of it is pending or comes back by itself; some may be held
	JobFailed      JobState = "failed"
	JobCancelled   JobState = "cancelled"
)

// String is the state's word.
func (s JobState) String() string { return string(s) }

// Final reports whether the job has ended.
func (s JobState) Final() bool { return s == JobCompleted || s == JobFailed || s == JobCancelled }

// Job is the row of a bulk job. It is small whatever the job's size: its ids are rows of their own.
type Job struct {
	ID      string        `json:"id"`
	Who     string        `json:"who"`
	Tenant  string        `json:"tenant,omitempty"` // no other tenant's records; "" for every tenant
	Comment string        `json:"comment"`
	Action  string        `json:"action,omitempty"`
	Restore bool          `json:"restore,omitempty"`
	Filter  *RecordFilter `json:"filter,omitempty"` // nil: its records were listed

	State    JobState `json:"state"`
	Paused   string   `json:"paused,omitempty"` // who paused it; "": it runs
	Error    string   `json:"error,omitempty"`
	Cursor   string   `json:"cursor,omitempty"` // where the search goes on
	Found    int      `json:"found"`            // records
	Ordered  int      `json:"ordered"`          // of them, those that were looked at, from the first one on
	Refused  int      `json:"refused,omitempty"`
	Refusals []string `json:"refusals,omitempty"` // the first of these, in words
	// Mailboxes whose intents stood as asked for already, by another's order.
	Standing int `json:"standing,omitempty"`

	CallOff string `json:"call_off,omitempty"` // why, while the intents of a cancelled job are being called off
	// Records whose intents have been called off, from the first one on.
	CalledOff int       `json:"called_off,omitempty"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
	Final     *JobTally `json:"final,omitempty"` // as it was when the job ended; nil while intents were pending
	Rev       uint64    `json:"rev"`             // counts the writes; a write with another one is a conflict
}

// Ended reports whether nothing is left to do for a job.
func (j Job) Ended() bool { return j.State.Final() && j.CallOff == "" }

// JobTally counts the intents of a job. It is kept where an intent is written, in the same transaction.
type JobTally struct {
	Outcomes map[Outcome]int `json:"outcomes,omitempty"`
	Absent   int             `json:"absent,omitempty"`  // pending, and the message is not in the mailbox yet
	Returns  int             `json:"returns,omitempty"` // not found or held, and looked at again by themselves
}

// Returns reports whether an intent that has ended, or is held, will be looked at again by itself.
func (in Intent) Returns() bool {
	if in.NotBefore.IsZero() {
		return false
	}
	switch in.Outcome {
	case Done, NotFound, Mismatch:
		return true
	case Held:
		return in.Hold == HoldIdentity
	}
	return false
}

// HoldIdentity is the Intent.Hold of a message that could not be proven to be the record's.
const HoldIdentity = "identity"

// JobChange is one write of a job: all of it is durable, or nothing.
type JobChange struct {
	Job     Job      // new with Rev 0, else with the Rev it was read with
	Records []string // ids that were found, the last of Job.Found
	Act     *Act     // entry of the audit
}

// PutJob writes a job's row, and the ids that it found in rows of their own. ErrConflict when somebody else wrote the
// row since it was read. It gives the row as it is stored.
func (s *Store) PutJob(ctx context.Context, c JobChange) (Job, error) {
	j := c.Job
	err := s.do(ctx, "", func(t *txn) error {
		var err error
		j, err = t.putJob(c)
		return err
	})
	if err != nil {
		return c.Job, fmt.Errorf("write job %s: %w", c.Job.ID, err)
	}
	return j, nil
}

func (t *txn) putJob(c JobChange) (Job, error) {
	j := c.Job
	if err := checkID("job", j.ID); err != nil {
		return j, err
	}
	var old Job
	if _, err := t.load(tableJobs, []byte(j.ID), &old); err != nil {
		return j, err
	}
	if err := conflict("job", j.ID, j.Rev, old.Rev); err != nil {
		return j, err
	}
	if first := j.Found - len(c.Records); first < 0 {
		return j, fmt.Errorf("%w: job %s found %d records, and is given %d", ErrInvalid, j.ID, j.Found, len(c.Records))
	}
	for i, id := range c.Records {
		if err := checkID("record", id); err != nil {
			return j, err
		}
		t.put(tableJobRecords, jobRecordKey(j.ID, j.Found-len(c.Records)+i), []byte(id))
	}
	if c.Act != nil {
		if _, err := t.note(*c.Act); err != nil {
			return j, err
		}
	}
	j.Rev, j.Changed = old.Rev+1, t.now
	return j, t.save(tableJobs, []byte(j.ID), j)
}

func jobRecordKey(job string, n int) []byte {
	return binary.BigEndian.AppendUint64(nulled(job), uint64(n))
}

// Job reads a job's row, or ErrNotFound.
func (s *Store) Job(ctx context.Context, id string) (j Job, err error) {
	err = s.view(ctx, func(t *txn) error {
		found, err := t.load(tableJobs, []byte(id), &j)
		if err == nil && !found {
			err = fmt.Errorf("job %s: %w", id, ErrNotFound)
		}
		return err
	})
	return j, err
}

// Jobs reads the rows of all jobs, the newest first.
func (s *Store) Jobs(ctx context.Context) (list []Job, err error) {
	err = s.view(ctx, func(t *txn) error {
		var failed error
		t.each(tableJobs, nil, func(_, row []byte) bool {
			var j Job
			if failed = decode(tableJobs, row, &j); failed == nil {
				list = append(list, j)
			}
			return failed == nil
		})
		return failed
	})
	slices.SortFunc(list, func(a, b Job) int { return b.Created.Compare(a.Created) })
	return list, err
}

// JobRecords reads the ids of a job's records from a number on, limit at most, in their order.
func (s *Store) JobRecords(ctx context.Context, id string, from, limit int) (ids []string, err error) {
	err = s.view(ctx, func(t *txn) error {
		for n := from; n < from+limit; n++ {
			row := t.get(tableJobRecords, jobRecordKey(id, n))
			if row == nil {
				break
			}
			ids = append(ids, string(row))
		}
		return nil
	})
	return ids, err
}

// JobTally reads how far the intents of a job are: one row.
func (s *Store) JobTally(ctx context.Context, id string) (n JobTally, err error) {
	err = s.view(ctx, func(t *txn) error {
		_, err := t.load(tableJobTally, []byte(id), &n)
		return err
	})
	return n, err
}

// dropPage is how many rows of a job are dropped in one commit.
const dropPage = 1000

// DropJob forgets a job: its ids a page at a time, its row last, so that a crash between two pages has it dropped the
// next time.
func (s *Store) DropJob(ctx context.Context, id string) error {
	for more := true; more; {
		err := s.do(ctx, "", func(t *txn) error {
			n := 0
			t.each(tableJobRecords, nulled(id), func(k, _ []byte) bool {
				t.del(tableJobRecords, k)
				n++
				return n < dropPage
			})
			if more = n == dropPage; !more {
				t.del(tableJobTally, []byte(id))
				t.del(tableJobs, []byte(id))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("drop job %s: %w", id, err)
		}
	}
	return nil
}

// countJob adds an intent to its job's tally, or takes it out with n -1. A job that was dropped is counted no more.
func (t *txn) countJob(in Intent, n int) error {
	if in.Job == "" || t.get(tableJobs, []byte(in.Job)) == nil {
		return nil
	}
	var have JobTally
	if _, err := t.load(tableJobTally, []byte(in.Job), &have); err != nil {
		return err
	}
	have.add(in, n)
	return t.save(tableJobTally, []byte(in.Job), have)
}

func (n *JobTally) add(in Intent, by int) {
	n.Outcomes = bump(n.Outcomes, in.Outcome, by)
	if in.Outcome == Pending && in.Misses > 0 {
		n.Absent += by
	}
	if in.Returns() && in.Outcome != Done { // copies are looked for long after a job has ended
		n.Returns += by
	}
}

// RecordPage is one step of a search.
type RecordPage struct {
	Records []Record
	Next    string // where to go on; "": the search has come to its end
}

// Scan is Records a step at a time: it looks at f.Scan records, finds f.Limit at most, and says where to go on. The
// cursor stays good when records expire. f.After is not used.
func (s *Store) Scan(ctx context.Context, f RecordFilter, cursor string) (page RecordPage, err error) {
	f = f.narrowed()
	f.Limit, f.Scan, f.After = orDefault(f.Limit, 100), orDefault(f.Scan, maxScan), ""
	err = s.view(ctx, func(t *txn) error {
		from, err := t.scanFrom(f, cursor)
		if err != nil {
			return err
		}
		list, last, err := t.scan(f, from)
		if errors.Is(err, ErrBound) {
			err = nil
		}
		page = RecordPage{list, base64.RawURLEncoding.EncodeToString(last)}
		return err
	})
	return page, err
}

func (t *txn) scanFrom(f RecordFilter, cursor string) ([]byte, error) {
	if cursor == "" {
		return t.searchFrom(f)
	}
	after, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, fmt.Errorf("%w: cursor %.40q", ErrInvalid, cursor)
	}
	return append(after, 0), nil
}
