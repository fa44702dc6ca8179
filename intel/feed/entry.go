package feed

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"time"

	"clawback/config"
)

// maxRecord bounds one row or object of a list, and maxLine one line of text. The longest of the known lists has 10 KB.
const (
	maxRecord = 1 << 20
	maxLine   = 64 << 10
)

// entry is what a list says of one value, before it is judged.
type entry struct {
	kind, value string // as the list writes them; kind may be ""
	detail      string
	confidence  int       // -1: the list does not say
	date        time.Time // when its lifetime began; zero: the list does not say
	until       time.Time // when the publisher ends it; zero: he does not
	changed     time.Time // of several entries for one value the last one counts; zero: unknown
	exactOnly   bool      // a good site that was broken into: its name says nothing
	withdrawn   bool      // the publisher took it back
}

// sink takes the entries of a list, and counts those that a reader of a format had to pass over.
type sink interface {
	entry(e entry) error
	pass(skip Skip)
}

// Skip says why an entry is left out.
type Skip string

// Why an entry is left out.
const (
	SkipUnreadable Skip = "unreadable" // it is no indicator
	SkipKind       Skip = "kind"       // messages are not searched by such
	SkipUnsure     Skip = "unsure"     // below min_confidence
	SkipMany       Skip = "many"       // a warning list, a popular site, a domain of one's own: good mail has it too
	SkipOutlived   Skip = "outlived"   // its lifetime was over before it came
	SkipFilter     Skip = "filter"     // where leaves it out, or the publisher does not mean it for detection
	SkipPattern    Skip = "pattern"    // STIX: more than a list of values
)

// read reads a list in one of the formats that are one stream.
func read(r io.Reader, f *config.Feed, to sink) error {
	switch f.Format {
	case "csv":
		return readCSV(r, f, to)
	case "json":
		return readJSON(r, f, to)
	case "stix":
		return readSTIX(r, to)
	}
	return readText(r, f, to)
}

// paced ends a reader that takes too much for one record, so that no record is held in memory that is longer than any
// may be.
type paced struct {
	r    io.Reader
	most int64 // bytes of one record; 0: maxRecord
	read int64 // so far
	mark int64 // up to where records are whole
}

var errLongEntry = errors.New("an entry is too long")

func (p *paced) Read(b []byte) (int, error) {
	if p.read-p.mark > cmp.Or(p.most, maxRecord) {
		return 0, errLongEntry
	}
	n, err := p.r.Read(b[:min(len(b), 64<<10)])
	p.read += int64(n)
	return n, err
}

// broken says what an error of a format's reader means.
func broken(err error, what string) error {
	var known *Refusal
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, errLongEntry), errors.Is(err, bufio.ErrBufferFull):
		return refuse(LongEntry, "has an entry that is longer than any may be")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse(Format, "ends before its end: %w", err)
	}
	return refuse(Format, "is not %s: %w", what, err)
}

// dateLayouts are how lists write when.
var dateLayouts = []string{"2006-01-02 15:04:05", time.RFC3339, "2006-01-02 15:04:05 MST", "2006-01-02T15:04:05",
	time.DateOnly,
	"2006-01-02 15:04:05-07:00", "2006-01-02T15:04:05-0700"}

// readDate reads a date of a list; zero where it is none.
func readDate(s string) time.Time {
	for _, layout := range dateLayouts {
		if len(s) >= len(time.DateOnly) {
			if t, err := time.Parse(layout, s); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}
