package feed

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// listFormats are the formats, each with a list of so many addresses.
func listFormats() map[string]struct {
	feed string
	list func(n int) string
} {
	each := func(n int, form string) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf(form, fmt.Sprintf("http://host%d.example/x", i)))
		}
		return all
	}
	return map[string]struct {
		feed string
		list func(n int) string
	}{
		"text": {"kind = \"url\"", func(n int) string { return strings.Join(each(n, "%s\n"), "") }},
		"csv": {"format = \"csv\"\nkind = \"url\"\ncolumns = { value = \"url\" }",
			func(n int) string { return "id,url\n" + strings.Join(each(n, "1,\"%s\"\n"), "") }},
		"json": {"format = \"json\"\nkind = \"url\"\npath = \"data[]\"",
			func(n int) string { return `{"data":[` + strings.Join(each(n, "%q"), ",") + `]}` }},
		"stix": {"format = \"stix\"", func(n int) string {
			return `{"type":"bundle","objects":[` + strings.Join(each(n,
				`{"type":"indicator","pattern_type":"stix","pattern":"[url:value = '%s']"}`), ",") + `]}`
		}},
	}
}

// Whatever the format, an answer that is no such list, or cannot be the next state of the one before, is refused, and
// the last good copy stays in use.
func TestLook_hostileAnswersOfEachFormat(t *testing.T) {
	const known = 60
	for format, f := range listFormats() {
		good := f.list(known)
		wide := func(order func(b byte) []byte) string {
			var out []byte
			for i := range len(good) {
				out = append(out, order(good[i])...)
			}
			return string(out)
		}
		for name, c := range map[string]struct {
			answer string
			want   []Code
		}{
			"a web page":            {"<!doctype html><title>Sign in</title>", []Code{HTML}},
			"a page behind a mark":  {"\ufeff\n<html>", []Code{HTML}},
			"a value of 10 MB":      {strings.Replace(good, "host7.", strings.Repeat("x", 10<<20), 1), []Code{LongEntry}},
			"a quarter of it":       {good[:len(good)/4], []Code{Shrank, Format}},
			"half an entry":         {good[:len(good)/known/2], []Code{Columns, Empty, Format, Shrank, Unreadable}},
			"one entry":             {f.list(1), []Code{Shrank}},
			"a hundred times":       {f.list(100 * known), []Code{Grew}},
			"others, as many":       {strings.ReplaceAll(good, "host", "other"), []Code{Shrank}},
			"no indicators":         {strings.ReplaceAll(good, "http://host", "host of "), []Code{Unreadable, Empty}},
			"nothing":               {"", []Code{Empty, Format, Columns}},
			"blanks":                {strings.Repeat(" \n", 5000), []Code{Empty, Format, Columns}},
			"another format":        {`{"error":{"code":429,"message":"slow down"}}`, []Code{Columns, Unreadable, Empty}},
			"UTF-16, little end":    {"\xff\xfe" + wide(func(b byte) []byte { return []byte{b, 0} }), []Code{Format}},
			"UTF-16, big end":       {wide(func(b byte) []byte { return []byte{0, b} }), []Code{Format}},
			"a gzip bomb":           {string(gzipped(strings.Repeat(good, 9000))), []Code{TooLarge, Format}},
			"brackets without end":  {strings.Repeat(`[{"a":`, 200_000), []Code{Format, Unreadable, LongEntry, Columns}},
			"quotes without end":    {good + `"` + strings.Repeat("x\n", 2<<20), []Code{LongEntry, Unreadable, Format}},
			"bytes of no character": {strings.Repeat("\xff\xc0\x80\n", 1000), []Code{Unreadable, Format, Columns}},
		} {
			t.Run(format+", "+name, func(t *testing.T) {
				answer := good
				s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
				s.Config.ErrorLog = quiet()
				l := smallLimits()
				l.wire, l.unpacked = 32<<20, 16<<20
				b := newBench(t, s.feed(t, `url = "SERVER/"`+"\n"+f.feed), l)
				if r, _, err := b.poll(t.Context()); err != nil || r.Counts.Living != known {
					t.Fatalf("%+v, %v", r, err)
				}
				before := lastGood(t, b)
				clear(b.told)
				answer = c.answer
				if _, _, err := b.poll(t.Context()); !slices.Contains(c.want, codeOf(err)) {
					t.Errorf("refused as %q (%v), want one of %q", codeOf(err), err, c.want)
				}
				if after := lastGood(t, b); after != before || len(b.told) > 0 {
					t.Errorf("the last good copy is another one, or something was told: %v", b.told)
				}
				answer = good
				if r, _, err := b.poll(t.Context()); err != nil || r.Counts.Living != known || len(b.told) > 0 {
					t.Errorf("the good list again: %+v, %v, told %v", r, err, b.told)
				}
			})
		}
	}
}
