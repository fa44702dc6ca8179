package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"
)

// printJSON writes one value on one line.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// table writes rows in aligned columns, the first row being the heads.
func (a *app) table(rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return w.Flush()
}

// ago says how long ago something was, or "never".
func ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return humanize.Time(t)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// clip shortens text for a column.
func clip(s string, width int) string {
	r := []rune(strings.Map(printable, s))
	if len(r) <= width {
		return string(r)
	}
	return string(r[:width-1]) + "…"
}

// printable keeps foreign text from steering the terminal.
func printable(r rune) rune {
	if r == '\n' || r == '\t' || steers(r) {
		return '?'
	}
	return r
}

func plural(n int, one string) string {
	switch {
	case n == 1:
		return "1 " + one
	case strings.HasSuffix(one, "x"):
		one += "e"
	}
	return humanize.Comma(int64(n)) + " " + one + "s"
}

// answer reads a line of standard input, until the context ends.
func (a *app) answer() (string, error) {
	type read struct {
		line string
		err  error
	}
	got := make(chan read, 1)
	go func() { // ends with the process where nobody writes
		in := bufio.NewScanner(a.in)
		in.Buffer(nil, 64<<10)
		if !in.Scan() {
			got <- read{"", cmp.Or(in.Err(), io.EOF)}
			return
		}
		got <- read{in.Text(), nil}
	}()
	select {
	case r := <-got:
		return r.line, r.err
	case <-a.ctx.Done():
		return "", a.ctx.Err()
	}
}

// isTerminal reports whether a person is at the other end of a stream.
func isTerminal(stream any) bool {
	if v, ok := stream.(*visibleWriter); ok {
		stream = v.w
	}
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// open opens a file to read; - is standard input.
func (a *app) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.in), nil
	}
	return os.Open(name)
}
