package main

import (
	"fmt"
	"io"
)

// required is a row of the table of what is needed, aimed at and measured.
type required struct{ what, needed, aim, measured string }

// requirements are the rows so far.
type requirements struct{ rows []required }

// table1 is the run's.
var table1 requirements

func (r *requirements) add(what, needed, aim, format string, args ...any) {
	r.rows = append(r.rows, required{what, needed, aim, fmt.Sprintf(format, args...)})
}

// print writes the table as Markdown.
func (r *requirements) print(out io.Writer) {
	fmt.Fprintf(out, "\n| | needed | aim | measured |\n|---|---|---|---|\n")
	for _, row := range r.rows {
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", row.what, row.needed, row.aim, row.measured)
	}
}
