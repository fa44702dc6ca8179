package index

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/cputime"
	"clawback/journal"
	"clawback/query"
	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// A message to 10,000 mailboxes, with 10,000 links and names, and with a subject that fills a field, is found by each
// of them, beside a small one; what that takes of the disk and of computing time is bounded, and so is a search.
func TestIndex_largestMessage(t *testing.T) {
	g := newRig(t)
	a := storetest.Report(storetest.Contoso, 1)
	a.Record.Recipients = nil
	var subject strings.Builder
	for i := range 10_000 {
		a.Record.Recipients = append(a.Record.Recipients, journal.Recipient{Address: fmt.Sprintf("some.body.%d@mail.dept.contoso.example", i)})
		a.Record.Variants[0].Verdict.Indicators = append(a.Record.Variants[0].Verdict.Indicators,
			verdict.Indicator{Kind: "url", Value: fmt.Sprintf("https://h%d.a.b.evil.example/%s?q=%d", i, strings.Repeat("x", 100), i)},
			verdict.Indicator{Kind: "file", Value: fmt.Sprintf("%s.%d.pdf", strings.Repeat("n", 200), i)})
		if subject.Len() < 60<<10 {
			fmt.Fprintf(&subject, "word%d ", i)
		}
	}
	a.Record.Subject = subject.String() + strings.Repeat("z", 4<<10)
	_, _, err := g.s.Apply(t.Context(), a, nil)
	must(t, err)
	_, _, err = g.s.Apply(t.Context(), storetest.Report(storetest.Contoso, 2), nil)
	must(t, err)

	began := cputime.Used()
	must(t, g.Flush(t.Context()))
	status, err := g.Status(t.Context())
	must(t, err)
	if status.Bytes > 8<<20 {
		t.Errorf("the index has %d bytes", status.Bytes)
	}
	for text, want := range map[string]int{
		"to:some.body.9999@mail.dept.contoso.example": 1, "to:dept.contoso.example": 1, "to:body": 1, "to:some.body.10000@mail.dept.contoso.example": 0,
		"link:h9999.a.b.evil.example": 1, "link:b.evil.example": 1, "link:h10000.a.b.evil.example": 0, "file:*.pdf": 1, "word4000": 1,
		strings.Repeat("z", 4<<10): 1, strings.Repeat("z", 4<<10-1): 0, "\"word1 word2 word3\"": 1, "\"word1 word3\"": 0, "to:*body.77@*": 1,
	} {
		q, err := query.Parse(text, g.now)
		must(t, err)
		found, err := g.Records(t.Context(), store.RecordFilter{Query: q})
		must(t, err)
		if len(found) != want {
			t.Errorf("%.60s: %d found, want %d", text, len(found), want)
		}
	}
	if used := cputime.Used() - began; used > 10*time.Second && !raced {
		t.Errorf("%v of computing time", used)
	}
}
