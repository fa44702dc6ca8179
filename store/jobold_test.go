package store

import (
	"encoding/json"
	"fmt"
	"testing"

	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/verdict"
)

// A job that the version before had under way goes on: its ids are rows, its intents are counted.
func TestMigrate_jobsMoveToTheirTables(t *testing.T) {
	e := &memory.Engine{}
	s, err := New(e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rec, _, err := s.Apply(t.Context(), Application{Key: "k", Tenant: "t", Record: Record{MessageID: "<m@x>", Content: "c",
		Verdict: verdict.Verdict{Disposition: verdict.Clean}, Variants: []Variant{{SHA256: "c"}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := Intent{ID: IntentID(rec.ID, "a@x", Retract), Record: rec.ID, Tenant: "t", Address: "a@x", Kind: Retract, Outcome: Pending, Job: "j1"}
	if err := s.Update(t.Context(), Change{Intents: []Intent{in}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reopened := e.Reopen()
	list, _ := json.Marshal([]string{rec.ID, "r2"})
	edit(t, reopened, func(tx rows.Tx) error {
		for key, value := range map[string]string{
			"retract/job/j1":  `{"who":"ada","action":"trash","filter":{"Sender":"eve"},"id":"j1","state":"processing","found":2,"ordered":1,"refused":["r2: no"]}`,
			"retract/job/j2":  `{"who":"bob","restore":true,"records":["b","a","b"],"id":"j2","state":"pending","found":0,"ordered":0}`,
			"retract/job/j3":  `{"who":"eve","action":"junk","filter":{},"id":"j3","state":"discovering","found":2,"ordered":0}`,
			"retract/list/j1": string(list), "retract/list/j3": string(list),
		} {
			if err := tx.Put(tableKV, []byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return tx.Put(tableMeta, schemaKey, []byte{0, 0, 0, 1})
	})
	s = openStore(t, reopened, Options{})
	for _, c := range []struct {
		id, want string
	}{
		{"j1", fmt.Sprint("ada trash processing 2 1 1 ", []string{rec.ID, "r2"}, map[Outcome]int{Pending: 1})},
		{"j2", fmt.Sprint("bob  processing 2 0 0 ", []string{"a", "b"}, map[Outcome]int(nil))},
		{"j3", fmt.Sprint("eve junk discovering 0 0 0 ", []string(nil), map[Outcome]int(nil))},
	} {
		j, err := s.Job(t.Context(), c.id)
		ids, idsErr := s.JobRecords(t.Context(), c.id, 0, 10)
		n, tallyErr := s.JobTally(t.Context(), c.id)
		got := fmt.Sprint(fmt.Sprintf("%s %s %s %d %d %d ", j.Who, j.Action, j.State, j.Found, j.Ordered, j.Refused),
			ids, n.Outcomes)
		if got != c.want || err != nil || idsErr != nil || tallyErr != nil {
			t.Errorf("job %s is %q, want %q; %v, %v, %v", c.id, got, c.want, err, idsErr, tallyErr)
		}
	}
	if findings, err := s.Verify(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("the rows do not fit together: %q, %v", findings, err)
	}
}
