package api

import (
	"strings"
	"testing"
	"time"

	"clawback/retract/job"
)

// A large job, one about a large part of the mail, and one that cannot be undone are started with the number of their
// messages alone, whoever asks and by whatever door; a smaller number starts nothing.
func TestStartJob_aLargeOneNeedsItsNumber(t *testing.T) {
	found := &Search{Sender: "x"}
	trash, purge, restore := JobOrder{Action: "trash", Search: found}, JobOrder{Action: "hard_delete", Search: found},
		JobOrder{Restore: true, Search: found}
	for name, c := range map[string]struct {
		order     JobOrder
		records   int // of 1,000 that are kept
		bounded   bool
		confirmed int
		starts    bool
	}{
		"two":                      {trash, 2, false, 0, true},
		"2 % of all":               {trash, 20, false, 0, true},
		"more than 2 %":            {trash, 21, false, 0, false},
		"more than 2 %, known":     {trash, 21, false, 21, true},
		"one too few":              {trash, 101, false, 100, false},
		"no more than":             {trash, 101, false, 200, true},
		"a restore":                {restore, 101, false, 0, false},
		"a restore, known":         {restore, 101, false, 101, true},
		"one hard delete":          {purge, 1, false, 0, false},
		"one hard delete, known":   {purge, 1, false, 1, true},
		"more than can be counted": {trash, 5000, true, 1_000_000, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{preview: &job.Preview{Records: c.records, Bounded: c.bounded}}
			c.order.Confirmed = c.confirmed
			shown, err := PreviewJob.Do(t.Context(), w.service(), Root("ada"), c.order)
			if err != nil || (shown.Confirm == "") != (c.starts && c.confirmed == 0) {
				t.Errorf("the preview asks for a number: %q, %v", shown.Confirm, err)
			}
			_, err = StartJob.Do(t.Context(), w.service(), Root("ada"), c.order)
			if (err == nil) != c.starts || err != nil && CodeOf(err) != Unconfirmed {
				t.Errorf("starting it: %v", err)
			}
			if started := strings.Contains(strings.Join(w.done, "\n"), "start "); started != c.starts {
				t.Errorf("started: %t; done is %q", started, w.done)
			}
			// What was counted is what the job is about.
			if n := strings.Count(strings.Join(w.done, "\n"), "found-"); c.starts && n != c.records {
				t.Errorf("it was started with %d records of %d", n, c.records)
			}
		})
	}
}

// A job that searches leaves alone what came after its preview, and never what a search without an end would find
// later.
func TestJob_endsAtItsPreview(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		asOf  time.Time
		until time.Time // of the search
		want  time.Time
	}{
		"as of the preview":   {at, time.Time{}, at},
		"the search is later": {at, at.Add(time.Hour), at},
		"the search is over":  {at, at.Add(-time.Hour), at.Add(-time.Hour)},
	} {
		j, asOf, err := (&world{}).service().spec(t.Context(), access{Root("ada"), StartJob.Operation},
			JobOrder{Action: "trash", AsOf: c.asOf, Search: &Search{Sender: "x", Until: c.until}})
		if err != nil || !j.Filter.Until.Equal(c.want) || !asOf.Equal(at) {
			t.Errorf("%s: it ends at %s, want %s (%v)", name, j.Filter.Until, c.want, err)
		}
	}
	j, asOf, err := (&world{}).service().spec(t.Context(), access{Root("ada"), StartJob.Operation},
		JobOrder{Action: "trash", Search: &Search{Sender: "x"}})
	if err != nil || !j.Filter.Until.Equal(asOf) || time.Since(asOf) > time.Hour {
		t.Errorf("without a preview it ends at %s, %v", j.Filter.Until, err)
	}
}
