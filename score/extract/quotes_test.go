package extract

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What stands in quoted text is told from what the author writes himself, whatever program wrote the quotation. Links
// to /own are the author's, those to /quoted are not.
func TestRead_whatIsQuoted(t *testing.T) {
	const own, quoted = "https://a.example/own", "https://evil.example/quoted"
	const sent = "From: Eve <eve@evil.example>\nSent: Monday, 30 November 2026 10:00\nTo: Bob\nSubject: Hi\n\n"
	page := func(body string) string { return "Content-Type: text/html\n\n<html><body>" + body }
	anchor := func(to string) string { return `<a href="` + to + `">here</a>` }
	for name, text := range map[string]string{
		"lines that begin with >":  "\nSee " + own + "\n> first\n> " + quoted + "\n",
		"and an answer below":      "\nOn 1 Nov 2026, Eve <eve@evil.example> wrote:\n> " + quoted + "\n\nNo: " + own + "\n",
		"quoted twice":             "\n>> see\n>>" + quoted + "\n> no\n" + own,
		"indented":                 "\n  > " + quoted + "\n" + own,
		"an answer of Outlook's":   "\nSee " + own + "\n\n" + sent + quoted,
		"in German":                "\n" + own + "\n\nVon: Eve <eve@evil.example>\nGesendet: Montag\nAn: Bob\n\n" + quoted,
		"in Spanish":               "\n" + own + "\n\nDe: Eve <eve@evil.example>\nEnviado el: lunes\n\n" + quoted,
		"a forward of Gmail's":     "\n" + own + "\n---------- Forwarded message ---------\nFrom: Eve <eve@evil.example>\nDate: Mon\n\n" + quoted,
		"introduced, not marked":   "\n" + own + "\nAm 30.11.2026 um 10:00 schrieb Eve <eve@evil.example>:\n\n" + quoted,
		"introduced in Japanese":   "Content-Type: text/plain; charset=utf-8\n\n" + own + "\n2026年11月30日 Eve <eve@evil.example>:\n" + quoted,
		"a blockquote":             page(anchor(own) + "<blockquote type=cite><p>x" + anchor(quoted) + "</blockquote>" + anchor(own)),
		"a blockquote in another":  page(anchor(own) + "<blockquote>x<blockquote>y</blockquote>" + anchor(quoted) + "</blockquote>"),
		"one that is never closed": page(anchor(own) + "<blockquote>x" + anchor(quoted)),
		"written out in it":        page("<p>" + own + "</p><blockquote>x " + quoted + " y</blockquote>" + "<p>" + own),
		"a picture in it":          page(anchor(own) + `<blockquote>x<img src="` + quoted + `"></blockquote>`),
		"Outlook's header":         page(anchor(own) + "<hr><div><b>From:</b> Eve &lt;eve@evil.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Bob</div><p>" + anchor(quoted)),
		"> in a page":              page(anchor(own) + "<br>&gt; see " + anchor(quoted) + "<br>" + anchor(own)),
		"no header: no date":       "\nFrom: us, at help@a.example\nsee " + own + "\n" + own,
		"no header: no address":    "\nFrom: now on\nDate: any\n" + own,
		"> within a line":          "\na > b: " + own,
		"after an empty one":       page("<blockquote></blockquote>" + anchor(own)),
		"the end tag alone":        page("</blockquote>" + anchor(own)),
	} {
		t.Run(name, func(t *testing.T) {
			m := read(t, "From: ann@a.example\n"+text)
			found := 0
			for _, l := range m.Links {
				if found++; l.Quoted != strings.HasSuffix(l.Raw, "/quoted") {
					t.Errorf("%s: quoted is %v", l.Raw, l.Quoted)
				}
			}
			if want := strings.Count(text, own) + strings.Count(text, quoted); found != want {
				t.Errorf("%d links, want %d", found, want)
			}
		})
	}
}

// Where lines and blocks lie within each other, each place is in one of them or in none.
func TestQuotes_blocksAndLines(t *testing.T) {
	var text strings.Builder
	var want []string
	for n := range 300 {
		line := fmt.Sprintf("https://x.example/%d", n)
		switch {
		case n%7 == 0:
			text.WriteString("<br>&gt; " + line)
			want = append(want, line)
		case n%50 > 40:
			text.WriteString("<blockquote>" + line + "</blockquote>")
			want = append(want, line)
		default:
			text.WriteString("<br>" + line)
		}
	}
	var got []string
	for _, l := range read(t, "Content-Type: text/html\n\n<p>"+text.String()).Links {
		if l.Quoted {
			got = append(got, l.Raw)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
