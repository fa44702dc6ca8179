package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"clawback/store/rows"
	"clawback/verdict/history"
)

// maxFindings bounds what one verification lists.
const maxFindings = 100

// Verify reads all rows and reports, a sentence each, what does not fit together: an index row that leads nowhere, a
// row without its index rows, a counter that differs from a recount, an audit entry that was changed. None is a sound
// store. It works on a snapshot, beside normal work, and holds no more than a row at a time.
func (s *Store) Verify(ctx context.Context) (findings []string, err error) {
	err = s.view(ctx, func(t *txn) error {
		v := &verification{t: t, want: map[rows.Table]int{}}
		v.records()
		v.intents()
		v.history()
		v.applied()
		v.indexCounts()
		v.orphans()
		v.jobTallies()
		v.editable()
		findings = v.found
		return nil
	})
	if err != nil {
		return findings, fmt.Errorf("verify store: %w", err)
	}
	if err = s.VerifyAudit(ctx); err == nil {
		err = s.VerifyLog(ctx)
	}
	if err != nil {
		findings = append(findings, err.Error())
	}
	return findings, nil
}

// verification counts the index rows that the rows should have. Where each of them is there, and an index has no more
// rows than were counted, the index is right.
type verification struct {
	t     *txn
	want  map[rows.Table]int
	found []string
}

func (v *verification) report(format string, args ...any) {
	if len(v.found) < maxFindings {
		v.found = append(v.found, fmt.Sprintf(format, args...))
	}
}

// index requires one index row.
func (v *verification) index(table rows.Table, key, value []byte) {
	v.want[table]++
	if have := v.t.get(table, key); !bytes.Equal(have, value) {
		v.report("index %s has %q at %q, and should have %q", title(table), have, key, value)
	}
}

func (v *verification) records() {
	counts := map[string]*Counts{}
	v.t.each(tableRecords, nil, func(k, row []byte) bool {
		rec, err := decodeRecord(row)
		if err != nil {
			v.report("record %s: %v", k, err)
			return true
		}
		seen := map[place]bool{}
		for row := range leadingTo(rec) {
			if at := row.place(); !seen[at] {
				seen[at] = true
				v.index(row.table, row.key, row.value)
			}
		}
		tenant := counts[rec.Tenant]
		if tenant == nil {
			tenant = &Counts{}
			counts[rec.Tenant] = tenant
		}
		tenant.Records++
		tenant.Dispositions = bump(tenant.Dispositions, rec.Verdict.Disposition, 1)
		return true
	})
	for _, tenant := range v.t.tenants("") {
		have, err := v.t.counts(tenant)
		want := counts[tenant]
		if want == nil {
			want = &Counts{}
		}
		if err != nil || have.Records != want.Records ||
			fmt.Sprint(have.Dispositions) != fmt.Sprint(want.Dispositions) {
			v.report("tenant %s counts %d records %v, and has %d %v (%v)",
				tenant, have.Records, have.Dispositions, want.Records, want.Dispositions, err)
		}
	}
}

// intents is also I5: a pending intent is in one due index, and no other intent is in any.
func (v *verification) intents() {
	v.t.each(tableIntents, nil, func(k, row []byte) bool {
		var in Intent
		if err := decode(tableIntents, row, &in); err != nil {
			v.report("intent %s: %v", k, err)
			return true
		}
		v.index(tableMailings, append(nulled(in.Record), k...), []byte{1})
		v.index(tableOutcomes, outcomeKey(in), []byte{1})
		v.dueIndexes(in)
		return true
	})
}

func (v *verification) dueIndexes(in Intent) {
	n := 0
	for table, key := range map[rows.Table][]byte{tableReady: readyKey(in), tableWaiting: waitingKey(in),
		tableSuspended: suspendedKey(in)} {
		if v.t.get(table, key) != nil {
			v.want[table]++
			n++
		}
	}
	if want := in.Outcome == Pending; want && n != 1 || !want && n != 0 {
		v.report("intent %s is %s, and in %d of the due indexes", in.ID, in.Outcome, n)
	}
}

func (v *verification) history() {
	v.t.each(tableHistory, nil, func(k, row []byte) bool {
		var e history.Entry
		if err := decode(tableHistory, row, &e); err != nil {
			v.report("history %q: %v", k, err)
			return true
		}
		v.index(tableOldest, oldestKey(string(k[:len(k)-17]), e), []byte{1})
		return true
	})
}

func (v *verification) applied() {
	v.t.each(tableApplied, nil, func(k, row []byte) bool {
		var a Applied
		if err := decode(tableApplied, row, &a); err != nil {
			v.report("applied report %x: %v", k, err)
			return true
		}
		v.index(tableAge, join(stamp(a.At), k), []byte{1})
		return true
	})
}

// indexCounts requires that no index has a row that no row should have.
func (v *verification) indexCounts() {
	for _, table := range []rows.Table{
		tableTime, tableNames, tableFiles, tableMailings, tableOutcomes, tableReady, tableWaiting, tableSuspended,
		tableOldest, tableAge,
	} {
		have := 0
		v.t.each(table, nil, func(_, _ []byte) bool { have++; return true })
		if want := v.want[table]; have != want {
			v.report("index %s has %d rows, and should have %d", title(table), have, want)
		}
	}
}

// orphans requires that what hangs on a record or an intent has one.
func (v *verification) orphans() {
	owner := func(table, of rows.Table, id func(k []byte) []byte) {
		v.t.each(table, nil, func(k, _ []byte) bool {
			if v.t.get(of, id(k)) == nil {
				v.report("%s %q belongs to no row of %s", title(table), k, title(of))
			}
			return true
		})
	}
	head := func(k []byte) []byte { return k[:max(0, bytes.IndexByte(k, 0))] }
	owner(tableTally, tableRecords, func(k []byte) []byte { return k })
	owner(tableFacts, tableRecords, head)
	owner(tableAttempts, tableIntents, head)
	owner(tableOpen, tableAttempts, func(k []byte) []byte { return k })
	v.t.each(tableTally, nil, func(k, _ []byte) bool {
		unfinished := 0
		list, err := v.t.intentsOf(string(k))
		for _, in := range list {
			unfinished += open(in)
		}
		if have := v.t.tally(string(k)).Open; err != nil || int(have) != unfinished {
			v.report("record %s counts %d unfinished intents, and has %d (%v)", k, have, unfinished, err)
		}
		return true
	})
}

// jobTallies is the invariant that verification checks: each tally equals a recount.
func (v *verification) jobTallies() {
	want := map[string]*JobTally{}
	v.t.each(tableIntents, nil, func(_, row []byte) bool {
		var in Intent
		if decode(tableIntents, row, &in) == nil && in.Job != "" {
			if want[in.Job] == nil {
				want[in.Job] = &JobTally{}
			}
			want[in.Job].add(in, 1)
		}
		return true
	})
	v.t.each(tableJobTally, nil, func(k, row []byte) bool {
		counted, _ := json.Marshal(orZero(want[string(k)]))
		if !bytes.Equal(counted, row) {
			v.report("job %s counts %s, and has %s", k, row, counted)
		}
		return true
	})
}

func orZero(n *JobTally) JobTally {
	if n == nil {
		return JobTally{}
	}
	return *n
}

// editable requires of the rows that others than the store fill that each stands under its own key, and that nothing is
// left where they were before version 4.
func (v *verification) editable() {
	ownKeys[Policy](v, tablePolicies)
	ownKeys[Correction](v, tableCorrections)
	ownKeys[Submission](v, tableSubmissions)
	ownKeys[Address](v, tableAddresses)
	ownKeys[Gate](v, tableGates)
	ownKeys[Order](v, tableOrders)
	ownKeys[Indicator](v, tableIndicators)
	ownKeys[Schedule](v, tableSchedules)
	ownKeys[Rescan](v, tableRescans)
	ownKeys[Token](v, tableTokens)
	ownKeys[TokenUse](v, tableTokenUses)
	ownKeys[Session](v, tableSessions)
	ownKeys[KeyUse](v, tableKeyUses)
	ownKeys[KeyAnswer](v, tableKeyAnswers)
	v.t.each(tableKV, nil, func(k, _ []byte) bool {
		v.report("%s %q is of no version that is known", title(tableKV), k)
		return true
	})
}

func ownKeys[T Row](v *verification, table rows.Table) {
	v.t.each(table, nil, func(k, value []byte) bool {
		var row T
		if err := decode(table, value, &row); err != nil || !bytes.Equal(k, row.Key().bytes()) {
			v.report("%s %q is another's row (%v)", title(table), k, err)
		}
		return true
	})
}
