package console

import (
	"github.com/dustin/go-humanize/english"

	"clawback/api"
	"clawback/store"
	"clawback/verdict"
)

// overviewPage is what came, what was taken, how fast, and what needs a person.
type overviewPage struct {
	Status       api.Status
	Tiles        []tile
	Needs        []need
	Notices      []api.Notice
	Dispositions []bar
	Outcomes     []bar
	Timeline     timeline
	Speed        histogram
	Totals       api.IncidentTotals
	TakenCut     bool
	Flagged      []api.Record
}

// tile is one number of the overview.
type tile struct {
	Key   string // by which the script finds it
	Label string
	Value int
	Note  string
	Path  string
	Tone  string
}

// need is a number of things that a person must decide on.
type need struct {
	Count int
	Text  string
	Path  string
}

// How much of the newest mail the overview reads.
const (
	overviewRecords = 300
	overviewTaken   = 100
	overviewFlagged = 8
)

func showOverview(v *visit) (view, error) {
	page := overviewPage{Status: v.status, Notices: firstOf(v.status.Notices, 4)}
	sums := sumsOf(v.status)
	page.Tiles, page.Needs = sums.tiles(), sums.needs(v)
	page.Dispositions, page.Outcomes = sums.dispositionBars(), sums.outcomeBars()
	newest, err := do(v, api.ListRecords, api.RecordQuery{Paging: api.Paging{Limit: overviewRecords}})
	if err != nil {
		return view{}, err
	}
	page.Timeline = timelineOf(newest.Items, v.now)
	flagged, err := do(v, api.ListRecords, api.RecordQuery{Paging: api.Paging{Limit: overviewFlagged},
		Search: api.Search{Dispositions: []verdict.Disposition{verdict.Malicious, verdict.Spoof}}})
	if err != nil {
		return view{}, err
	}
	page.Flagged = flagged.Items
	taken, err := do(v, api.ShowIncident, api.IncidentQuery{Paging: api.Paging{Limit: overviewTaken},
		Search: api.Search{Query: "outcome:done"}})
	if err != nil {
		return view{}, err
	}
	page.Totals, page.TakenCut = taken.Totals, taken.Cut != ""
	page.Speed = histogramOf(taken.Rows)
	return view{Page: "overview", Title: "Overview", Place: "/", Data: page}, nil
}

func firstOf[T any](list []T, n int) []T { return list[:min(len(list), n)] }

// sums are the numbers of all tenants together.
type sums struct {
	records, held, open, failing int
	dispositions                 map[verdict.Disposition]int
	outcomes                     map[store.Outcome]int
	restores                     int
	quarantined, waiting         int
	submissions                  int
	critical                     int
}

// sumsOf adds up what a person may see.
func sumsOf(s api.Status) sums {
	t := sums{dispositions: map[verdict.Disposition]int{}, outcomes: map[store.Outcome]int{}}
	for _, one := range s.Tenants {
		t.records += one.Counts.Records
		t.held += one.Counts.Held
		t.failing += one.Stuck
		t.restores += one.Counts.Restores[store.Done]
		for d, n := range one.Counts.Dispositions {
			t.dispositions[d] += n
		}
		for o, n := range one.Counts.Outcomes {
			t.outcomes[o] += n
		}
		t.submissions += one.Submissions["open"]
	}
	t.open = t.outcomes[store.Pending]
	for state, n := range s.Queue.Items {
		if string(state) == "quarantined" {
			t.quarantined += n.Count
		} else {
			t.waiting += n.Count
		}
	}
	for _, n := range s.Notices {
		if n.Severity == api.Critical {
			t.critical++
		}
	}
	return t
}

func (t sums) flagged() (n int) {
	for d, count := range t.dispositions {
		if d.Flagged() {
			n += count
		}
	}
	return n
}

func (t sums) tiles() []tile {
	return []tile{
		{"records", "Messages", t.records, "judged and kept", "/messages", ""},
		{"flagged", "Unwanted", t.flagged(), "spam or worse",
			"/messages?q=disposition%3Amalicious%2Cspoof%2Csuspicious%2Cspam", "warn"},
		{"done", "Taken back", t.outcomes[store.Done], "out of mailboxes", "/messages?q=outcome%3Adone", "good"},
		{"pending", "Under way", t.open, "retractions", "/messages?q=outcome%3Apending", ""},
		{"failed", "Failed", t.outcomes[store.Failed], "given up", "/messages?q=outcome%3Afailed", "bad"},
		{"waiting", "In the queue", t.waiting, "reports to be judged", "/system", ""},
	}
}

// needs are what a person must decide on, as far as this one may.
func (t sums) needs(v *visit) (list []need) {
	add := func(n int, one, more, path string, op api.Any) {
		if n > 0 && v.who.MaySomewhere(op) {
			list = append(list, need{n, english.PluralWord(n, one, more), path})
		}
	}
	add(t.held, "retraction waits for a decision", "retractions wait for a decision", "/held", api.ListHeld)
	add(t.submissions, "report by a user is open", "reports by users are open", "/submissions", api.ListSubmissions)
	add(t.quarantined, "report is in quarantine", "reports are in quarantine", "/system", api.ListGroups)
	return list
}

// bar is one row of a bar chart.
type bar struct {
	Label, Path, Tone string
	Count             int
	Width             int // of 1000
}

func (t sums) dispositionBars() (bars []bar) {
	for _, d := range verdict.All() {
		name := d.String()
		bars = append(bars, bar{Label: name, Path: "/messages?q=disposition%3A" + lowered(name),
			Tone: "is-" + lowered(name), Count: t.dispositions[d]})
	}
	return scale(bars)
}

func (t sums) outcomeBars() (bars []bar) {
	for o, n := range t.outcomes {
		if n > 0 {
			bars = append(bars, bar{Label: outcomeText(o), Path: "/messages?q=outcome%3A" + string(o),
				Tone: "out-" + string(o), Count: n})
		}
	}
	return sortBars(bars)
}

// scale gives each bar its width: the greatest has all of it, and none that counts something is too thin to be seen.
func scale(bars []bar) []bar {
	most := 1
	for _, b := range bars {
		most = max(most, b.Count)
	}
	for i := range bars {
		if bars[i].Count > 0 {
			bars[i].Width = max(8, bars[i].Count*1000/most)
		}
	}
	return bars
}

// badgesOf are the numbers beside entries of the navigation.
func badgesOf(s api.Status) map[string]int {
	t := sumsOf(s)
	return map[string]int{"/held": t.held, "/submissions": t.submissions, "/notices": len(s.Notices)}
}
