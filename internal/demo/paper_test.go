package demo

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		line          string
		width, indent int
		want          string
	}{
		{"short", 10, 2, "short"},
		{"exactly ten", 11, 2, "exactly ten"},
		{"one two three", 8, 2, "one two\n  three"},
		{"one two three", 7, 2, "one two\n  three"},
		{"a/very/long/path", 8, 2, "a/very/l\n  ong/pa\n  th"},
		{"  - ünï cödé wörds", 10, 4, "  - ünï\n    cödé\n    wörds"},
	} {
		if got := fold(c.line, c.width, c.indent); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.line, c.width, got, c.want)
		}
	}
}

// narrow is a terminal of so many columns and lines.
func narrow(out *bytes.Buffer, columns, lines int) Options {
	return Options{Out: out, Live: true, Width: func() (int, int) { return columns, lines }}
}

// On a terminal of any width no line is wider, so that what is drawn again lies where it lay; a terminal that is too
// low gets lines instead.
func TestScreen_fitsTheTerminal(t *testing.T) {
	one := &story{ID: "01", Title: strings.Repeat("a title that goes on ", 5)}
	for _, columns := range []int{41, 60, 80, 200} {
		var out bytes.Buffer
		s := &screen{o: narrow(&out, columns, 24), stories: []*story{one, one}}
		s.show(one, "MALICIOUS, "+strings.Repeat("3 done ", 40))
		s.draw()
		s.show(one, "again")
		s.draw()
		for line := range strings.Lines(out.String()) {
			for _, code := range []string{"\x1b[2K", "\x1b[2A", "\r", "\n"} {
				line = strings.ReplaceAll(line, code, "")
			}
			if n := len([]rune(line)); n >= columns {
				t.Errorf("%d columns on a terminal of %d: %q", n, columns, line)
			}
		}
		if strings.Count(out.String(), "\x1b[2A") != 1 {
			t.Errorf("drawn again otherwise than two lines further up: %q", out.String())
		}
	}
	var out bytes.Buffer
	s := &screen{o: narrow(&out, 80, 3), stories: []*story{one, one}}
	s.show(one, "accepted")
	s.draw()
	if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "accepted") {
		t.Errorf("on a terminal of 3 lines: %q", out.String())
	}
}

// Without a terminal lines are plain, and have 80 columns.
func TestSay_plain(t *testing.T) {
	var out bytes.Buffer
	o := Options{Out: &out}
	o.printf("%s\n\n  %s\nend", strings.Repeat("words ", 40), strings.Repeat("more ", 40))
	for line := range strings.Lines(out.String()) {
		if len(line) > plainWidth+1 || strings.Contains(line, "\x1b") {
			t.Errorf("%q", line)
		}
	}
	if !strings.HasSuffix(out.String(), "\nend") || fmt.Sprint(o.paint(red, "x")) != "x" {
		t.Errorf("%q", out.String())
	}
}
