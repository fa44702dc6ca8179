package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"golang.org/x/term"

	"clawback/internal/visible"
)

// printf writes to standard output. It, warnf, table, printJSON and writeNew are the only ways out for text, and none
// of them lets foreign text steer the terminal, begin a line or fill a cell of its own (package visible). The format is
// ours alone.
func (a *app) printf(format string, args ...any) error {
	for i := range args {
		args[i] = safe(args[i])
	}
	_, err := fmt.Fprintf(a.out, format, args...)
	return err
}

// warnf is printf to standard error.
func (a *app) warnf(format string, args ...any) {
	for i := range args {
		args[i] = safe(args[i])
	}
	fmt.Fprintf(a.errOut, format, args...)
}

// safe is an argument in one line. An error may have several: what follows the first one is indented.
func safe(arg any) any {
	if err, is := arg.(error); is && err != nil {
		return strings.ReplaceAll(visible.Text(strings.ReplaceAll(err.Error(), "\t", " ")), "\n", "\n    ")
	}
	switch v := reflect.ValueOf(arg); v.Kind() {
	case reflect.String:
		if s, is := arg.(fmt.Stringer); is {
			return visible.Line(s.String())
		}
		return visible.Line(v.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint,
		reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return arg
	}
	return visible.Line(fmt.Sprint(arg))
}

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
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = visible.Line(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return w.Flush()
}

// clearScreen moves a terminal's cursor home and clears what is below it (ECMA-48: CUP, ED).
func (a *app) clearScreen() { io.WriteString(a.raw, "\x1b[H\x1b[J") }

// ago says how long ago something was, or "never".
func ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return humanize.Time(t)
}

// stampLayout has the zone, so that a time means the same on another machine, and query since: reads it.
const stampLayout = "2006-01-02 15:04:05Z07:00"

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(stampLayout)
}

// clip shortens foreign text for a column, and defangs its links.
func clip(s string, width int) string { return fit(visible.Defang(s), width) }

// fit shortens text that is looked up or used again as it stands.
func fit(s string, width int) string {
	r := []rune(strings.Map(printable, s))
	if len(r) <= width {
		return string(r)
	}
	return string(r[:width-1]) + "…"
}

// printable keeps foreign text from steering the terminal.
func printable(r rune) rune {
	if r == '\n' || r == '\t' || visible.Steers(r) {
		return '?'
	}
	return r
}

func plural(n int, one string) string {
	return humanize.Comma(int64(n)) + " " + english.PluralWord(n, one, "")
}

// readLine reads a line of standard input, until the context ends.
func (a *app) readLine() (string, error) {
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
	if v, ok := stream.(*visible.Writer); ok {
		stream = v.Unwrap()
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
