package journal

import (
	"io"
	"sync"

	"clawback/rfc822"
)

// lines are readers of lines that nobody uses: a report is read several times over, each time from one place on, and
// their buffers would be most of its garbage.
var lines = sync.Pool{New: func() any { return rfc822.NewLines(nil) }}

// linesOf cuts a stream into lines. Who gives it back with release keeps nothing that it gave.
func linesOf(r io.Reader) *rfc822.Lines {
	l, _ := lines.Get().(*rfc822.Lines) // New makes no other
	l.Reset(r)
	return l
}

func release(l *rfc822.Lines) {
	l.Reset(nil) // what it read is kept by nobody else
	lines.Put(l)
}
