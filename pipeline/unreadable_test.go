package pipeline

import (
	"slices"
	"testing"
	"time"

	"clawback/score"
	"clawback/store"
	"clawback/store/memory"
	"clawback/store/storetest"
	"clawback/verdict"
	"clawback/verdict/history"
)

// Whatever cannot be read of the store, no verdict is committed that followed from not knowing it: the report waits,
// and has its right verdict once the store is read again. The sender is known here, and the scorer calls a stranger
// MALICIOUS.
func TestJudge_aStoreThatCannotBeRead(t *testing.T) {
	var tables []string
	for _, name := range store.Tables() {
		tables = append(tables, name)
	}
	slices.Sort(tables)
	waited := map[string]bool{}
	for _, table := range tables {
		t.Run(table, func(t *testing.T) {
			f := newFixture(t)
			engine := &storetest.Unreadable{Engine: &memory.Engine{}}
			st, err := store.New(engine, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { st.Close() })
			known := storetest.Report(tenantID, 1)
			known.History = []history.Observation{{Key: "from:known@example.com", At: time.Now(), Aligned: true}}
			if _, _, err := st.Apply(t.Context(), known, nil); err != nil {
				t.Fatal(err)
			}
			f.p.o.Store = st
			f.scorer = func(m score.Message) (score.Result, error) {
				known, err := m.History.Entries(t.Context(), []string{"from:known@example.com"})
				if err != nil {
					return score.Result{}, err
				}
				if len(known) == 0 {
					return result(verdict.Malicious), nil
				}
				return result(verdict.Clean), nil
			}
			id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))

			engine.Fail(table)
			items, err := f.queue.Claim(t.Context(), 10)
			if err != nil || len(items) != 1 {
				t.Fatal(items, err)
			}
			// what breaks the store ends the run: the item is claimed by the next one
			failed := f.p.work(t.Context(), items[0])
			engine.Fail("")

			records, err := st.Records(t.Context(), store.RecordFilter{})
			if err != nil {
				t.Fatal(err)
			}
			judged := slices.DeleteFunc(records,
				func(r store.Record) bool { return r.MessageID == known.Record.MessageID })
			for _, rec := range judged {
				if rec.Verdict.Disposition != verdict.Clean {
					t.Errorf("committed as %s", rec.Verdict.Disposition)
				}
			}
			it, err := f.queue.Get(t.Context(), id)
			if finished := err != nil; finished != (len(judged) == 1) {
				t.Errorf("finished %t (state %s) with %d records, %v", finished, it.State, len(judged), failed)
			}
			waited[table] = len(judged) == 0
		})
	}
	for _, table := range []string{"history", "applied", "records"} {
		if !waited[table] {
			t.Errorf("a report was judged without %s", table)
		}
	}
}
