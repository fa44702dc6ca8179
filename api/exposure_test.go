package api

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
	"clawback/verdict"
)

var accepted = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// moved is a copy that came and went some seconds after the report was accepted.
func moved(came, went int, read bool) store.Taken {
	return store.Taken{State: store.TakenMoved, Read: read, Received: accepted.Add(time.Duration(came) * time.Second),
		At: accepted.Add(time.Duration(went) * time.Second)}
}

func TestExposure_whatIsKnownOfEachOutcome(t *testing.T) {
	n := func(n int64) *int64 { return &n }
	yes, no := true, false
	at := func(seconds int) time.Time { return accepted.Add(time.Duration(seconds) * time.Second) }
	for name, c := range map[string]struct {
		in   store.Intent
		want Exposure
	}{
		"taken": {store.Intent{Outcome: store.Done, Taken: []store.Taken{moved(-5, 40, false)}},
			Exposure{WasTaken, at(-5), at(40), &no, n(45), n(40)}},
		"two copies: from the first that came to the last that went": {
			store.Intent{Outcome: store.Done, Taken: []store.Taken{moved(-5, 40, true), moved(3, 700, false)}},
			Exposure{WasTaken, at(-5), at(700), &yes, n(705), n(700)}},
		"a clock that is ahead": {store.Intent{Outcome: store.Done, Taken: []store.Taken{moved(50, 40, false)}},
			Exposure{WasTaken, at(50), at(40), &no, n(0), n(40)}},
		"the mailbox did not say when it came": {store.Intent{Outcome: store.Done,
			Taken: []store.Taken{{State: store.TakenMoved, At: at(9)}}}, Exposure{WasTaken, time.Time{}, at(9), &no, nil, n(9)}},
		"a copy was moved, another failed": {store.Intent{Outcome: store.Failed, Taken: []store.Taken{moved(0, 9, false),
			{State: "kept"}}}, Exposure{State: PartlyTaken, Delivered: at(0), Taken: at(9), Read: &no}},
		"the answer was lost": {store.Intent{Outcome: store.Pending, Unknown: true, Taken: []store.Taken{{State: "trying", Read: true}}},
			Exposure{State: InDoubt}},
		"held":               {store.Intent{Outcome: store.Held}, Exposure{State: NotTaken}},
		"dry-run":            {store.Intent{Outcome: store.Skipped, DryRun: true}, Exposure{State: NotTaken}},
		"never came":         {store.Intent{Outcome: store.NotFound}, Exposure{State: NeverThere}},
		"somebody else did":  {store.Intent{Outcome: store.Gone, Taken: []store.Taken{{State: "lost"}}}, Exposure{State: WasGone}},
		"in its target ever": {store.Intent{Outcome: store.Done}, Exposure{State: WasGone}},
	} {
		c.in.Kind, c.in.Received = store.Retract, accepted
		if diff := cmp.Diff(&c.want, exposureOf(c.in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if e := exposureOf(store.Intent{Kind: store.Restore, Outcome: store.Done}); e != nil {
		t.Errorf("a restore exposes %+v", e)
	}
}

// A restore of the same mailbox, later, and done: nothing else makes a message lie there again.
func TestMarkRestored_onlyByItsOwnRestore(t *testing.T) {
	taken := store.Intent{ID: "i1", Record: "r1", Address: "Ada@contoso.example", Kind: store.Retract, Outcome: store.Done,
		Received: accepted, Taken: []store.Taken{moved(0, 40, false)}}
	for name, c := range map[string]struct {
		back store.Intent
		want ExposureState
	}{
		"restored":        {store.Intent{Address: "ada@contoso.example", Outcome: store.Done}, WasRestored},
		"another mailbox": {store.Intent{Address: "bob@contoso.example", Outcome: store.Done}, WasTaken},
		"not done":        {store.Intent{Address: "ada@contoso.example", Outcome: store.Failed}, WasTaken},
		"earlier": {store.Intent{Address: "ada@contoso.example", Outcome: store.Done,
			Changed: accepted.Add(-time.Hour)}, WasTaken},
	} {
		c.back.Kind, c.back.Record = store.Restore, "r1"
		if c.back.Changed.IsZero() {
			c.back.Changed = accepted.Add(time.Hour)
		}
		list := intentsOf([]store.Intent{taken, c.back})
		markRestored(list)
		if got := list[0].Exposure.State; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTotals_sumsAndTheMiddle(t *testing.T) {
	row := func(record string, in store.Intent) IncidentRow {
		in.Kind, in.Received = store.Retract, accepted
		return IncidentRow{Record: record, Intent: "i", Outcome: in.Outcome, Exposure: exposureOf(in)}
	}
	got := TotalsOf([]IncidentRow{
		row("r1", store.Intent{Outcome: store.Done, Taken: []store.Taken{moved(0, 10, true)}}),
		row("r1", store.Intent{Outcome: store.Done, Taken: []store.Taken{moved(0, 30, false)}}),
		row("r2", store.Intent{Outcome: store.Done, Taken: []store.Taken{moved(-100, 900, false)}}),
		row("r2", store.Intent{Outcome: store.Failed}), {Record: "r2"},
	})
	n := func(n int64) *int64 { return &n }
	want := IncidentTotals{Messages: 2, Recipients: 5, Outcomes: map[store.Outcome]int{store.Done: 3, store.Failed: 1, "none": 1},
		States: map[ExposureState]int{WasTaken: 3, NotTaken: 1}, Read: 1, Unread: 2,
		MedianFromDelivery: n(30), MostFromDelivery: n(1000), MedianFromReport: n(30), MostFromReport: n(900)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if none := TotalsOf(nil); none.MostFromReport != nil || none.Recipients != 0 {
		t.Errorf("of nothing: %+v", none)
	}
}

// Subjects and addresses are strangers': no cell is a formula, and each row has all of its cells.
func TestWriteIncident_cellsAreSafe(t *testing.T) {
	var out bytes.Buffer
	row := IncidentRow{Record: "r1", Subject: `=HYPERLINK("http://evil.example")`, From: "@evil", Recipient: "-1+1@contoso.example",
		Reason: "a\nb\u202e", Intent: "i", Outcome: store.Failed, Exposure: &Exposure{State: NotTaken}, Disposition: verdict.Malicious}
	if err := WriteIncident(&out, []IncidentRow{row, {Record: "r2"}}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 || len(rows[1]) != len(incidentHeads) {
		t.Fatalf("%q, %v", rows, err)
	}
	for _, cell := range rows[1] {
		if strings.IndexAny(cell, "=+-@") == 0 || strings.ContainsAny(cell, "\n\u202e") {
			t.Errorf("cell %q", cell)
		}
	}
	if got := rows[2][10]; got != "none" {
		t.Errorf("of nothing planned the outcome is %q", got)
	}
}

// The word of an operator stands above the verdict; that of a reporter teaches the classifier alone.
func TestStanding_whoseWordCounts(t *testing.T) {
	rec := store.Record{Received: accepted, Verdict: verdict.Verdict{Disposition: verdict.Malicious}, Pinned: "clean"}
	by := func(reporter bool) *Correction {
		return &Correction{Is: verdict.Clean, By: "ada", At: accepted.Add(time.Hour), Comment: "a test", Reporter: reporter}
	}
	for name, c := range map[string]struct {
		word *Correction
		want Standing
	}{
		"nobody's":      {nil, Standing{verdict.Malicious, "", accepted, "", true}},
		"an operator's": {by(false), Standing{verdict.Clean, "ada", accepted.Add(time.Hour), "a test", true}},
		"a reporter's":  {by(true), Standing{verdict.Malicious, "", accepted, "", true}},
	} {
		if diff := cmp.Diff(c.want, standingOf(rec, c.word)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	rec.Rejudged = &store.Rejudged{At: accepted.Add(time.Minute)}
	if got := standingOf(rec, nil).Since; got != accepted.Add(time.Minute) {
		t.Errorf("since %s", got)
	}
}

// Each look at a body is in the audit before it is taken; a list of what is attached is none.
func TestLooks_areInTheAudit(t *testing.T) {
	for name, look := range map[string]func(*Service) error{
		"message.text": func(s *Service) error {
			text, err := ShowText.Do(t.Context(), s, Root("ada"), MessageRef{Key: "record-a", Variant: 1})
			if err == nil && (text.Text != `text-1 of record-a \u001b[2J` || text.Subject != "secret-a" || len(text.Attachments) != 1) {
				t.Errorf("%+v", text)
			}
			return err
		},
		"message.original": func(s *Service) error {
			stream, err := ExportOriginal.Do(t.Context(), s, Root("ada"), MessageRef{Key: "record-a", Variant: 1})
			if err != nil {
				return err
			}
			if text, err := io.ReadAll(stream); string(text) != "original-1 of record-a" {
				t.Errorf("%q, %v", text, err)
			}
			return nil
		},
		"": func(s *Service) error {
			m, err := ShowMessage.Do(t.Context(), s, Root("ada"), MessageRef{Key: "record-a"})
			if err == nil && (len(m.Attachments) != 1 || m.Standing.By != "ada" || m.Changes == nil) {
				t.Errorf("%+v", m)
			}
			return err
		},
	} {
		w := &world{}
		if err := look(w.service()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		noted := strings.Join(w.done, "\n")
		if (noted != "") != (name != "") || !strings.Contains(noted, name) {
			t.Errorf("%s: the audit has %q", name, noted)
		}
	}
}

func TestKeyOrQuery(t *testing.T) {
	for text, isKey := range map[string]bool{
		"r2abc": true, "<a@b.example>": true, "<a:b@c.example>": true, "00000000-0000-4000-8000-000000000001": true,
		"from:evil.example": false, "-outcome:done": false, "invoice due": false, "since:2d": false, "tenant:a": false,
	} {
		if key, search := KeyOrQuery(text); (key != "") != isKey || (search != "") == isKey {
			t.Errorf("%q: key %q, search %q", text, key, search)
		}
	}
}
