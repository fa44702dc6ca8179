package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/api"
	"clawback/verdict"
)

func lowered(s string) string { return strings.ToLower(s) }

// The charts' canvas, in units of their own.
const (
	chartWidth  = 640
	chartHeight = 190
	chartFoot   = 28 // for the labels
)

// timeline is when the newest messages came, by disposition.
type timeline struct {
	Count      int
	From, To   time.Time
	Columns    []column
	Marks      []mark
	Most       int
	Width      int
	Height     int
	Top        int // of the axis
	Everything string
}

// column is one span of a timeline.
type column struct {
	X, Width int
	Parts    []columnPart
	Title    string
}

type columnPart struct {
	Y, Height int
	Tone      string
}

// mark is a label below an axis.
type mark struct {
	X      int
	Anchor string
	Text   string
}

const columns = 40

// timelineOf draws the newest messages from the oldest of them until now.
func timelineOf(records []api.Record, now time.Time) timeline {
	t := timeline{Count: len(records), Width: chartWidth, Height: chartHeight, Top: chartHeight - chartFoot}
	if len(records) == 0 {
		return t
	}
	t.From, t.To = records[0].Received, now
	for _, r := range records {
		if r.Received.Before(t.From) {
			t.From = r.Received
		}
		if r.Received.After(t.To) {
			t.To = r.Received
		}
	}
	span := max(t.To.Sub(t.From), time.Minute)
	t.From = t.To.Add(-span)
	var counts [columns]map[verdict.Disposition]int
	for i := range counts {
		counts[i] = map[verdict.Disposition]int{}
	}
	for _, r := range records {
		at := min(int(int64(r.Received.Sub(t.From))*columns/int64(span)), columns-1)
		counts[max(at, 0)][r.Verdict.Disposition]++
	}
	for _, c := range counts {
		sum := 0
		for _, n := range c {
			sum += n
		}
		t.Most = max(t.Most, sum)
	}
	for i, c := range counts {
		t.Columns = append(t.Columns, t.column(i, c, span))
	}
	middle := t.From.Add(span / 2)
	t.Marks = []mark{{0, "start", axisTime(t.From, span)}, {chartWidth / 2, "middle", axisTime(middle, span)},
		{chartWidth, "end", axisTime(t.To, span)}}
	return t
}

// column stacks what came in one span, the worst at the bottom.
func (t timeline) column(i int, counts map[verdict.Disposition]int, span time.Duration) column {
	const width = chartWidth / columns
	c := column{X: i*width + 2, Width: width - 4}
	y, told := t.Top, []string{}
	for _, d := range append(verdict.All(), verdict.Unscored) {
		n := counts[d]
		if n == 0 {
			continue
		}
		height := max(2, n*(t.Top-10)/t.Most)
		y -= height
		c.Parts = append(c.Parts, columnPart{y, height, "is-" + lowered(d.String())})
		told = append(told, fmt.Sprintf("%d %s", n, d))
	}
	if len(told) > 0 {
		from := t.From.Add(span * time.Duration(i) / columns)
		c.Title = axisTime(from, span) + ": " + strings.Join(told, ", ")
	}
	return c
}

// axisTime is a time as an axis over a span shows it.
func axisTime(at time.Time, span time.Duration) string {
	switch at = at.UTC(); {
	case span < time.Hour:
		return at.Format("15:04:05")
	case span < 24*time.Hour:
		return at.Format("15:04")
	case span < 7*24*time.Hour:
		return at.Format("Mon 15:04")
	}
	return at.Format("Jan 2")
}

// histogram is how long messages lay in mailboxes until they were taken.
type histogram struct {
	Count  int
	Rows   []bar
	Median *int64
}

// spans are the classes of a histogram, in seconds.
var spans = []struct {
	below int64
	label string
}{{5, "under 5 s"}, {30, "5 to 30 s"}, {120, "30 s to 2 min"}, {600, "2 to 10 min"}, {3600, "10 to 60 min"},
	{1<<63 - 1, "over an hour"}}

// histogramOf counts by the seconds from the report's acceptance to the move.
func histogramOf(rows []api.IncidentRow) (h histogram) {
	for _, s := range spans {
		h.Rows = append(h.Rows, bar{Label: s.label, Tone: "speed"})
	}
	var all []int64
	for _, r := range rows {
		if r.Exposure == nil || r.Exposure.State != api.WasTaken || r.Exposure.FromReport == nil {
			continue
		}
		n := *r.Exposure.FromReport
		all = append(all, n)
		for i, s := range spans {
			if n < s.below {
				h.Rows[i].Count++
				break
			}
		}
	}
	if h.Count = len(all); h.Count > 0 {
		slices.Sort(all)
		h.Median = &all[len(all)/2]
	}
	h.Rows = scale(h.Rows)
	return h
}
