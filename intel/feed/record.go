package feed

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"clawback/internal/mailaddr"
	"clawback/internal/visible"
	"clawback/verdict"
)

// A record is a line of a list as it lies on the disk, its fields with tabs between them: kind, value, disposition,
// confidence, end of its lifetime, when the publisher changed it, state, detail. No value has a tab or a line end:
// Normalise sees to it.
type record struct {
	kind, value string
	disposition verdict.Disposition
	confidence  int
	until       int64 // seconds since 1970; 0: while it is listed
	changed     int64 // as above; 0: unknown
	state       state
	detail      string
}

// state says what became of a record since the list before.
type state byte

// The states of a record. Those that are told are so once the Consumer has them all: the file's name says whether it
// has.
const (
	listed    state = '-' // in the list, and told
	added     state = 'a' // in the list, to be told
	gone      state = 'g' // not in the list any more, and still living
	withdrawn state = 'w' // to be told, then forgotten
	expired   state = 'x' // to be told, then forgotten
)

// lives reports whether an indicator matches in this state.
func (s state) lives() bool { return s == listed || s == added || s == gone }

// maxDetail bounds what a publisher says of an entry.
const maxDetail = 120

func detailOf(s string) string {
	if mailaddr.Equal(s, "none") || mailaddr.Equal(s, "n/a") { // as ThreatFox and MalwareBazaar say nothing
		return ""
	}
	s = strings.ToValidUTF8(visible.Line(strings.TrimSpace(cut(s, maxDetail))), "")
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, s)
}

// append writes the record as a line.
func (r *record) append(line []byte) []byte {
	line = append(append(append(append(line, r.kind...), '\t'), r.value...), '\t')
	line = append(strconv.AppendInt(line, int64(r.disposition), 10), '\t')
	line = append(strconv.AppendInt(line, int64(r.confidence), 10), '\t')
	line = append(strconv.AppendInt(line, r.until, 10), '\t')
	line = append(strconv.AppendInt(line, r.changed, 10), '\t', byte(r.state), '\t')
	return append(append(line, r.detail...), '\n')
}

var errRecord = errors.New("a line is damaged")

// parse reads a line, with or without its end.
func (r *record) parse(line []byte) error {
	fields := strings.SplitN(strings.TrimSuffix(string(line), "\n"), "\t", 8)
	if len(fields) != 8 || len(fields[6]) != 1 {
		return errRecord
	}
	disposition, err1 := strconv.ParseUint(fields[2], 10, 8)
	confidence, err2 := strconv.ParseUint(fields[3], 10, 8)
	until, err3 := strconv.ParseInt(fields[4], 10, 64)
	changed, err4 := strconv.ParseInt(fields[5], 10, 64)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return errRecord
	}
	*r = record{kind: fields[0], value: fields[1],
		disposition: verdict.Disposition(disposition), confidence: int(confidence),
		until: until, changed: changed, state: state(fields[6][0]), detail: fields[7]}
	return nil
}

// compare orders records as their lines are sorted.
func (r *record) compare(o *record) int {
	if c := strings.Compare(r.kind, o.kind); c != 0 {
		return c
	}
	return strings.Compare(r.value, o.value)
}

// before reports which of two records for one value counts: the one that the publisher changed last, else the worse,
// else the surer.
func (r *record) before(o *record) bool {
	switch {
	case r.changed != o.changed && r.changed != 0 && o.changed != 0:
		return r.changed > o.changed
	case r.disposition != o.disposition:
		return r.disposition > o.disposition
	case r.confidence != o.confidence:
		return r.confidence > o.confidence
	}
	return r.until == 0 || o.until != 0 && r.until > o.until
}

// sameVerdict reports whether two records make the same of their value. Other words for it are no news.
func (r *record) sameVerdict(o *record) bool {
	return r.disposition == o.disposition && r.confidence == o.confidence
}

func (r *record) key() verdict.Indicator { return verdict.Indicator{Kind: r.kind, Value: r.value} }

func (r *record) indicator() Indicator {
	i := Indicator{Indicator: r.key(), Disposition: r.disposition, Confidence: r.confidence, Detail: r.detail}
	if r.until != 0 {
		i.Until = time.Unix(r.until, 0).UTC()
	}
	return i
}

// keyLen is how long the part of a line is by which lines are sorted: kind and value, with their tabs.
func keyLen(line []byte) int {
	kind := bytes.IndexByte(line, '\t') + 1
	return kind + bytes.IndexByte(line[kind:], '\t') + 1
}
