package rfc822

import (
	"bytes"
	"io"
)

// uuLine decodes one line of uuencode; it is not ok when the line is none. Blanks at its end may have been lost on the
// way: they stand for zero.
func uuLine(dst, line []byte) (out []byte, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return dst, false
	}
	n := int(line[0]-' ') & 0x3f
	chars := (n + 2) / 3 * 4
	line = line[1:]
	if len(bytes.TrimRight(line, " \t")) > chars+2 { // some programs add a checksum
		return dst, false
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			return dst, false
		}
	}
	at := func(i int) uint32 {
		if i >= len(line) {
			return 0
		}
		return uint32(line[i]-' ') & 0x3f
	}
	for i := 0; n > 0; i, n = i+4, n-3 {
		v := at(i)<<18 | at(i+1)<<12 | at(i+2)<<6 | at(i+3)
		dst = append(dst, []byte{byte(v >> 16), byte(v >> 8), byte(v)}[:min(n, 3)]...)
	}
	return dst, true
}

// uuBegin reads the line "begin MODE NAME", also with more blanks, as Outlook does.
func uuBegin(line []byte) (name string, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte("begin "))
	if !ok {
		return "", false
	}
	rest = bytes.TrimLeft(rest, " ")
	mode := 0
	for mode < len(rest) && '0' <= rest[mode] && rest[mode] <= '7' {
		mode++
	}
	if mode < 3 || mode > 4 || mode == len(rest) || rest[mode] != ' ' {
		return "", false
	}
	name = string(bytes.Trim(rest[mode:min(len(rest), mode+maxName)], " \t\r\n"))
	if n := len(name); n > 2 && name[0] == '"' && name[n-1] == '"' {
		name = name[1 : n-1]
	}
	return name, true
}

func isUUEnd(line []byte) bool { return string(bytes.TrimRight(line, " \t\r\n")) == "end" }

// uuState decodes lines. What stands before the line that begins a file, and after the one that ends it, is passed
// over; where no line begins one, the lines are taken as they are.
type uuState struct {
	begun    bool
	ended    bool
	forgiven Forgiven
}

func (d *uuState) decode(dst, line []byte) []byte {
	switch {
	case len(bytes.TrimRight(line, "\r\n")) == 0:
		return dst
	case isBegin(line):
		d.begun, d.ended = true, false
		return dst
	case d.ended:
		d.forgiven |= BadUUEncode
		return dst
	case isUUEnd(line):
		d.ended = true
		return dst
	}
	out, ok := uuLine(dst, line)
	if !ok || !d.begun {
		d.forgiven |= BadUUEncode
	}
	return out
}

func isBegin(line []byte) bool {
	_, ok := uuBegin(line)
	return ok
}

func decodeUU(b []byte) ([]byte, Forgiven) {
	var d uuState
	out := make([]byte, 0, len(b)/4*3+3)
	for l := LinesOf(b); ; {
		line, _ := l.Next()
		if len(line) == 0 {
			return out, d.close()
		}
		out = d.decode(out, line)
	}
}

func (d *uuState) close() Forgiven {
	if !d.ended {
		d.forgiven |= BadUUEncode
	}
	return d.forgiven
}

// uuReader decodes a stream. A piece of a line longer than the buffer is no line of uuencode.
type uuReader struct {
	lines *Lines
	state uuState
	buf   []byte
	out   []byte // what of buf is not read yet
	done  bool
}

// Forgiven implements Decoder.
func (u *uuReader) Forgiven() Forgiven { return u.state.forgiven }

// Read implements io.Reader.
func (u *uuReader) Read(p []byte) (int, error) {
	for len(u.out) == 0 && !u.done && len(p) > 0 {
		line, begins := u.lines.Next()
		if u.done = len(line) == 0; u.done {
			u.state.close()
		} else if begins {
			u.buf = u.state.decode(u.buf[:0], line)
			u.out = u.buf
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// UUBlock is a file that is uuencoded within a text.
type UUBlock struct {
	Start, End int // within the text, the lines that begin and end it included
	Name       string
}

// FindUU finds the files within a text, at most the first most of them. One that does not end, or has nothing in it
// that decodes, is none: people write of beginnings, too.
func FindUU(text []byte, most int) []UUBlock {
	var all []UUBlock
	for at := 0; len(all) < most; {
		next := indexBegin(text[at:])
		if next < 0 {
			break
		}
		start := at + next
		block, ok := uuBlock(text, start)
		if ok {
			all = append(all, block)
		}
		at = max(block.End, start+len("begin "))
	}
	return all
}

// indexBegin finds "begin " at the beginning of a line.
func indexBegin(text []byte) int {
	if bytes.HasPrefix(text, []byte("begin ")) {
		return 0
	}
	if i := bytes.Index(text, []byte("\nbegin ")); i >= 0 {
		return i + 1
	}
	return -1
}

// uuBlock reads the file that may begin at start. Where it is none, End is where to look on.
func uuBlock(text []byte, start int) (UUBlock, bool) {
	l := LinesOf(text[start:])
	line, _ := l.Next()
	name, ok := uuBegin(line)
	if !ok {
		return UUBlock{End: start + int(l.Offset())}, false
	}
	b := UUBlock{Start: start, Name: name}
	var scratch [64]byte
	for size := 0; ; {
		line, _ = l.Next()
		b.End = start + int(l.Offset())
		if len(line) == 0 || isUUEnd(line) { // what is cut short is a file too
			return b, size > 0
		}
		out, ok := uuLine(scratch[:0], line)
		if !ok && len(bytes.TrimSpace(line)) > 0 {
			b.End -= len(line)
			return b, size > 0
		}
		size += len(out)
	}
}
