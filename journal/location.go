package journal

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"clawback/rfc822"
)

// crlf is the step of a Location that undoes what a mail store on Unix does to lines.
const crlf = "crlf"

// Location says where a run of octets lies in the parsed message and how it is encoded there.
type Location struct {
	Section Section `json:"section"`
	// Encoding is "" (identity), or one of rfc822's. Where the octets lie within a message that is itself
	// encoded (a report attached in base64 to a bounce), it is the way from the section inwards: encodings and
	// OFFSET+SIZE in the decoded octets, separated by spaces, as in "base64 1044+52311". A last step "crlf" gives the
	// lines of a file that a mail store wrote with LF their CRLF again.
	Encoding string `json:"encoding,omitempty"`
}

// Open answers the octets at the location, decoded. It reads r only as it is read itself. Several may be open at once.
func (l Location) Open(r io.ReaderAt) io.Reader {
	var out io.Reader = io.NewSectionReader(r, l.Section.Offset, l.Section.Size)
	for step := range strings.FieldsSeq(l.Encoding) {
		out = openStep(out, step)
	}
	return out
}

func openStep(r io.Reader, step string) io.Reader {
	switch step {
	case string(rfc822.Base64), string(rfc822.QuotedPrintable), string(rfc822.UUEncode):
		return rfc822.NewDecoder(r, rfc822.Encoding(step))
	case crlf:
		return &withCRLF{in: bufio.NewReaderSize(r, lineBufferSize)}
	}
	off, size, ok := parseRange(step)
	if !ok {
		return failing{fmt.Errorf("open location: unknown step %q", step)}
	}
	return &window{r: r, skip: off, left: size}
}

func parseRange(step string) (off, size int64, ok bool) {
	a, b, _ := strings.Cut(step, "+")
	off, err1 := strconv.ParseInt(a, 10, 64)
	size, err2 := strconv.ParseInt(b, 10, 64)
	return off, size, err1 == nil && err2 == nil && off >= 0 && size >= 0
}

// within answers the location of a run of this location's decoded octets.
func (l Location) within(s Section) Location {
	if l.Encoding == "" {
		l.Section = Section{l.Section.Offset + s.Offset, s.Size}
		return l
	}
	l.Encoding += fmt.Sprintf(" %d+%d", s.Offset, s.Size)
	return l
}

// decoded answers the location read through one more encoding.
func (l Location) decoded(encoding string) Location {
	l.Encoding = strings.TrimSpace(l.Encoding + " " + encoding)
	return l
}

// window is a run of a stream: skip octets are dropped, then left octets follow.
type window struct {
	r          io.Reader
	skip, left int64
}

func (w *window) Read(b []byte) (int, error) {
	if w.skip > 0 {
		n, err := io.CopyN(io.Discard, w.r, w.skip)
		if w.skip -= n; err != nil {
			return 0, err
		}
	}
	if w.left <= 0 {
		return 0, io.EOF
	}
	n, err := w.r.Read(b[:min(int64(len(b)), w.left)])
	w.left -= int64(n)
	return n, err
}

// withCRLF puts a CR before each LF that has none.
type withCRLF struct {
	in   *bufio.Reader
	last byte
}

func (w *withCRLF) Read(b []byte) (int, error) {
	for n := range b {
		c, err := w.in.ReadByte()
		if err != nil {
			return n, err
		}
		if c == '\n' && w.last != '\r' {
			c = '\r'
			_ = w.in.UnreadByte() // cannot fail after ReadByte
		}
		b[n], w.last = c, c
	}
	return len(b), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
