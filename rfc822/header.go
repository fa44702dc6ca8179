package rfc822

import (
	"bytes"

	"clawback/internal/mailaddr"
)

// Header is the fields of a message or part, in order.
type Header struct {
	Fields   []Field
	Size     int64    // bytes up to the body, the empty line included
	Empty    bool     // no field was there, kept or not
	Skipped  []string // lines among the fields that are none; some mail programs begin the body with them
	Forgiven Forgiven
	Bounds   Bounds

	dropped map[string]int // by lower-case name, the fields that a bound kept out
}

// HeaderOptions bound the reading of a header. The zero value has the defaults.
type HeaderOptions struct {
	Keep        func(name []byte) bool // by lower-case name, which fields are worth memory; nil: all
	Ends        func(line []byte) bool // a line that ends the header though it is not empty: a delimiter; nil: none
	Octets      int64                  // of the header; 0: 8 MiB, Exchange writes several hundred KiB at times
	Fields      int                    // 0: 3000; beyond them the first field of each well-known name is kept
	FieldOctets int                    // of one field; 0: 64 KiB
	PerName     int                    // fields of one name; 0: any number
	NameOctets  int                    // of all fields of one name; 0: any number
	Room        *int                   // bytes that may be kept of this header and others; nil: any number
}

// The defaults of HeaderOptions.
const (
	defaultHeaderOctets = 8 << 20
	defaultHeaderFields = 3000
	defaultFieldOctets  = 64 << 10
)

// maxSkipped is how many lines that are no field are kept.
const maxSkipped = 20

func (o HeaderOptions) withDefaults() HeaderOptions {
	if o.Octets == 0 {
		o.Octets = defaultHeaderOctets
	}
	if o.Fields == 0 {
		o.Fields = defaultHeaderFields
	}
	if o.FieldOctets == 0 {
		o.FieldOctets = defaultFieldOctets
	}
	return o
}

// EndInDoubt reports whether readers differ in where the header ends, by the faults that were read past.
func (h *Header) EndInDoubt() bool { return h.Forgiven&(NoEmptyLine|BrokenLine|BareLineFeed) != 0 }

// First is the value of the first field of that name, "" when there is none.
func (h *Header) First(name string) string {
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			return h.Fields[i].Value
		}
	}
	return ""
}

// All are the values of the fields of that name, in order.
func (h *Header) All(name string) []string {
	var all []string
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			all = append(all, h.Fields[i].Value)
		}
	}
	return all
}

// Has reports whether a field of that name is there.
func (h *Header) Has(name string) bool { return h.Count(name) > 0 }

// Count is how often a field stands there, those that a bound kept out included.
func (h *Header) Count(name string) int {
	n := h.dropped[mailaddr.Lower(name)]
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			n++
		}
	}
	return n
}

// Text is the value of the first field of that name with its encoded words decoded.
func (h *Header) Text(name string) string { return DecodeWords(h.First(name)) }

// raws are the fields of that name as written, in order.
func (h *Header) raws(name string) []string {
	var all []string
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			all = append(all, h.Fields[i].Raw)
		}
	}
	return all
}

// ParseHeader parts a message or part into its header and its body.
func ParseHeader(raw []byte, o HeaderOptions) (Header, []byte) {
	l := LinesOf(raw)
	h := ReadHeader(l, o)
	return h, raw[l.Offset():]
}

// ReadHeader reads a header. The line that Next gives then is the body's first, or the line that o.Ends reported.
//
// A line that is no field begins the body, as in mail that lacks the empty line, but for these: an mbox "From " line
// before all fields; a parameter that is not indented below the field it belongs to; up to three lines that a
// well-known field follows; and a line that an empty line follows, unless it is base64 as the header says. The last two
// kinds are in Skipped, since a mail program may show them.
func ReadHeader(l *Lines, o HeaderOptions) Header {
	r := headerReader{lines: l, o: o.withDefaults()}
	for r.next() {
	}
	r.flush()
	r.h.Empty = !r.begun
	return r.h
}

// usualFields is how many fields there is room for at first: most headers of messages have 10 to 60.
const usualFields = 16

// headerReader builds a header from the pieces of its lines.
type headerReader struct {
	lines *Lines
	o     HeaderOptions
	h     Header

	begun      bool           // a field was there, kept or not
	kept       bool           // the field being read is kept
	structured bool           // it has parameters
	skipping   bool           // the last line that was not indented was skipped
	name       int            // how much of buf is its name
	buf        []byte         // its name, and what follows the colon, without line breaks
	folds      []int          // where in buf line breaks were
	bare       bool           // the last piece ended in a bare LF within its line
	lower      []byte         // its name in lower case, for Keep
	octets     int            // of the fields that were kept
	names      map[string]int // of tallies, nil until a bound of a name can be reached
	tallies    []tally
	late       map[string]bool // well-known names that were met beyond the bound of fields
	boundary   Boundary        // of the first fields
	bounded    int             // how many these are: each is read for it once, however often it is asked for
}

// tally is what is kept of the fields of one name.
type tally struct{ fields, octets int }

// next reads one piece and reports whether the header goes on.
func (r *headerReader) next() bool {
	piece, begins := r.lines.Next()
	line := bytes.TrimRight(piece, "\r\n")
	switch {
	case len(piece) == 0:
		r.notEnded()
		return false
	case begins && r.o.Ends != nil && r.o.Ends(piece):
		r.lines.Unread()
		r.notEnded()
		return false
	}
	if r.h.Size += int64(len(piece)); r.h.Size > r.o.Octets {
		r.h.Bounds |= HeaderOctets
		return false
	}
	bare := r.bare
	r.bare = r.lines.open && bytes.HasSuffix(piece, []byte{'\n'})
	switch {
	case !begins:
		r.goOn(piece, bare)
	case len(line) == 0:
		return false
	case (r.begun || r.skipping) && (line[0] == ' ' || line[0] == '\t'):
		r.fold(line)
	default:
		return r.line(line)
	}
	return true
}

// notEnded records that no empty line ended the header, where there was anything to end.
func (r *headerReader) notEnded() {
	if r.begun {
		r.h.Forgiven |= NoEmptyLine
	}
}

// goOn adds a piece that is not the first of its line. A bare LF before it reads as a blank.
func (r *headerReader) goOn(piece []byte, bare bool) {
	if bare {
		r.h.Forgiven |= BareLineFeed
		r.more([]byte{' '})
	}
	r.more(bytes.TrimRight(piece, "\r\n"))
}

// fold adds a line that continues the field.
func (r *headerReader) fold(line []byte) {
	switch {
	case r.skipping:
		r.keepSkipped(line)
	case r.kept:
		r.folds = append(r.folds, len(r.buf))
		r.more(line)
	}
}

func (r *headerReader) more(text []byte) {
	if !r.kept {
		return
	}
	room := r.o.FieldOctets - (len(r.buf) - r.name)
	if len(text) > room {
		r.h.Bounds |= FieldOctets
		text = text[:max(0, room)]
	}
	r.buf = append(r.buf, text...)
}

// line reads a line that continues nothing.
func (r *headerReader) line(line []byte) bool {
	if !r.begun {
		line = bytes.TrimPrefix(line, []byte("\ufeff")) // a byte order mark before the first field
	}
	name, value, ok := cutField(line)
	if !ok {
		return r.oddLine(line)
	}
	r.flush()
	r.begin(name)
	r.more(value)
	return true
}

// begin starts a field.
func (r *headerReader) begin(name []byte) {
	r.begun, r.structured, r.kept, r.skipping = true, hasParameters(name), true, false
	if r.o.Keep != nil {
		r.lower = appendLower(r.lower[:0], name) // not on the stack: what a function value is given escapes
		r.kept = r.o.Keep(r.lower)
	}
	r.buf = append(r.buf[:0], name...)
	r.folds, r.name = r.folds[:0], len(name)
}

// oddLine deals with a line that is no field. It reports whether the header goes on.
func (r *headerReader) oddLine(line []byte) bool {
	switch {
	case !r.begun && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))):
		return true
	case r.structured && isParameter(string(line)):
		r.h.Forgiven |= LooseParameter
		r.fold(append([]byte{' '}, line...)) // the semicolon before it may be missing too
		return true
	}
	if r.isBroken() {
		line = bytes.TrimRight(r.lines.piece, "\r\n") // it may have moved
		if name, value, ok := cutAnyField(line); ok && !bytes.ContainsAny(name, `<>"`) {
			r.flush()
			r.begin(name)
			r.more(value)
			return true
		}
		r.skip(line)
		return true
	}
	r.lines.Unread()
	r.h.Size -= int64(len(r.lines.piece))
	r.notEnded()
	return false
}

// maxBroken is how many lines that are no field may stand behind each other in a header.
const maxBroken = 3

// isBroken reports whether the last line is a broken one among fields, rather than the first of the body.
func (r *headerReader) isBroken() bool {
	const enough = 4 << 10
	if r.lines.open || r.isDelimiter(r.lines.piece) {
		return false
	}
	broken := 1
	for next := r.lines.ahead(enough); len(next) > 0; {
		var line []byte
		line, next, _ = bytes.Cut(next, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		switch {
		case len(line) == 0:
			return broken == 1 && r.begun && !r.isBase64Body()
		case line[0] == ' ' || line[0] == '\t': // it continues the broken line
			continue
		}
		name, _, ok := cutField(line)
		if ok && isKnownField(name) {
			return true
		}
		if broken++; broken > maxBroken || r.isDelimiter(line) {
			return false
		}
	}
	return false
}

// isDelimiter reports whether a line is a delimiter of the multipart whose header this is.
func (r *headerReader) isDelimiter(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("--")) {
		return false
	}
	r.flush()
	for ; r.bounded < len(r.h.Fields); r.bounded++ {
		if f := &r.h.Fields[r.bounded]; equalFold(f.Name, "Content-Type") {
			r.boundary.addType(f.Raw)
		}
	}
	return r.boundary.Ends(line)
}

// isBase64Body reports whether the last line can be the first of a base64 body, as the header says.
func (r *headerReader) isBase64Body() bool {
	r.flush()
	line := bytes.TrimRight(r.lines.piece, "\r\n")
	return r.h.Encoding() == Base64 && len(line)%4 == 0 && isBase64(line)
}

func (r *headerReader) skip(line []byte) {
	r.flush()
	r.kept, r.structured, r.skipping = false, false, true
	r.h.Forgiven |= BrokenLine
	r.keepSkipped(line)
}

func (r *headerReader) keepSkipped(line []byte) {
	if len(r.h.Skipped) == maxSkipped {
		r.h.Bounds |= HeaderFields
		return
	}
	r.h.Skipped = append(r.h.Skipped, string(line[:min(len(line), r.o.FieldOctets)]))
}

// flush keeps the field that was read.
func (r *headerReader) flush() {
	if !r.kept {
		return
	}
	r.kept = false
	octets := len(r.buf) - r.name
	if bound := r.admit(octets); bound != 0 {
		r.h.Bounds |= bound
		r.drop()
		return
	}
	for i := range r.folds {
		r.folds[i] -= r.name
	}
	text := string(r.buf)
	f := Field{Name: text[:r.name], Raw: text[r.name:]}
	f.Value = unfold(f.Raw, r.folds)
	if r.h.Fields == nil {
		r.h.Fields = make([]Field, 0, usualFields)
	}
	r.h.Fields = append(r.h.Fields, f)
	r.octets += octets
}

// admit reports which bound, if any, keeps a field out.
func (r *headerReader) admit(octets int) Bounds {
	name := r.buf[:r.name]
	if len(r.h.Fields) >= r.o.Fields && !r.admitLate(name) {
		return HeaderFields
	}
	if r.o.Room != nil && octets > *r.o.Room {
		return HeaderRoom
	}
	if r.mayBound(octets) {
		t := r.ofName(name)
		switch {
		case r.o.PerName > 0 && t.fields >= r.o.PerName:
			return FieldsOfName
		case r.o.NameOctets > 0 && t.octets+octets > r.o.NameOctets:
			return FieldOctets
		}
		if r.names != nil {
			t := r.tally(name)
			t.fields++
			t.octets += octets
		}
	}
	if r.o.Room != nil {
		*r.o.Room -= octets
	}
	return 0
}

// admitLate reports whether a field beyond the bound is the first of a name that mail programs look for: whoever writes
// thousands of fields must not hide it.
func (r *headerReader) admitLate(name []byte) bool {
	var buf [maxName]byte
	lower := appendLower(buf[:0], name)
	if !isCommonField(lower) || r.late[string(lower)] {
		return false
	}
	if r.late == nil {
		r.late = map[string]bool{}
	}
	r.late[string(lower)] = true
	return r.h.First(string(lower)) == ""
}

// mayBound reports whether the fields of any one name, with one more of so many octets, can be more than are kept.
func (r *headerReader) mayBound(octets int) bool {
	return r.o.PerName > 0 && len(r.h.Fields) >= r.o.PerName || r.o.NameOctets > 0 && r.octets+octets > r.o.NameOctets
}

// fewFields are looked through by name; more have tallies.
const fewFields = 64

// ofName is what is kept of the fields of a name.
func (r *headerReader) ofName(name []byte) (t tally) {
	if r.names != nil || len(r.h.Fields) > fewFields {
		return *r.tally(name)
	}
	for i := range r.h.Fields {
		if f := &r.h.Fields[i]; len(f.Name) == len(name) && equalFold(f.Name, string(name)) {
			t.fields++
			t.octets += len(f.Raw)
		}
	}
	return t
}

// tally is the one of a name, valid until the next call. The first time, it counts the fields that are kept already.
func (r *headerReader) tally(name []byte) *tally {
	if r.names == nil {
		r.names = map[string]int{}
		for i := range r.h.Fields {
			t := r.tally([]byte(r.h.Fields[i].Name))
			t.fields++
			t.octets += len(r.h.Fields[i].Raw)
		}
	}
	var buf [maxName]byte
	lower := appendLower(buf[:0], name)
	at, have := r.names[string(lower)]
	if !have {
		at = len(r.tallies)
		r.names[string(lower)], r.tallies = at, append(r.tallies, tally{})
	}
	return &r.tallies[at]
}

// drop counts a field that is not kept.
func (r *headerReader) drop() {
	if r.h.dropped == nil {
		r.h.dropped = map[string]int{}
	}
	name := mailaddr.Lower(string(r.buf[:r.name]))
	if _, have := r.h.dropped[name]; have || len(r.h.dropped) < r.o.Fields {
		r.h.dropped[name]++
	}
}
