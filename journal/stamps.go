package journal

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

// Exchange writes its fields behind those of the sender (seen in all reports). So a sender may end the header where
// this reader ends it and Exchange does not, by lines that are no field or by line ends of another kind, and write a
// field of Exchange's before that in a way that Exchange does not know: then the sender's would be the only one that is
// seen. Where the end of the header is not beyond doubt, what Exchange's reader may have taken for the header is looked
// through too.

// networkField bears the network message id.
const networkField = "x-ms-exchange-organization-network-message-id"

// stamps are what a header is worth as a witness of what Exchange wrote into it.
type stamps struct {
	ids    int  // network message ids that stand there, in whatever way the header is read
	hidden bool // Exchange's own fields may stand where they are not read as fields
}

func (p *parser) stampsOf(h header, at Location) stamps {
	s := stamps{ids: h.Count(networkField)}
	switch {
	case h.Bounds&rfc822.HeaderOctets != 0: // Exchange's fields stand at the end, which was not read
		s.hidden = true
	case !p.endIsCertain(at, h):
		all, whole := p.networkFields(at)
		s.hidden = all > s.ids || !whole
		s.ids = max(s.ids, all)
	}
	return s
}

// endIsCertain reports whether any reader ends a header where this one does: at an empty line between two line ends
// that are whole. LF alone is whole only where the report, whose own header Exchange writes, has lines that end so:
// elsewhere it is the sender's, and there are readers that end nothing at it.
func (p *parser) endIsCertain(at Location, h header) bool {
	const last = 5
	if h.EndInDoubt() || h.Bounds&rfc822.HeaderOctets != 0 || h.Size < last {
		return false
	}
	end, err := io.ReadAll(at.within(Section{h.Size - last, last}).Open(p.src))
	if err != nil || len(end) < last {
		return false
	}
	return bytes.HasSuffix(end, []byte("\r\n\r\n")) && end[0] != '\r' && end[0] != '\n' ||
		bytes.HasSuffix(end, []byte("\n\n")) && end[2] != '\r' && end[2] != '\n' && p.endsLinesInLF()
}

// endsLinesInLF reports whether the first line of what is parsed ends in LF alone, as in a file of a mail store.
func (p *parser) endsLinesInLF() bool {
	line, err := bufio.NewReader(io.NewSectionReader(p.src, 0, p.src.size)).ReadSlice('\n')
	return err == nil && !bytes.HasSuffix(line, []byte("\r\n"))
}

// networkFields counts the lines that any reader may take for the field of a network message id, up to an empty line
// that ends the header for all. It is not whole where neither that line nor the end was met.
func (p *parser) networkFields(at Location) (n int, whole bool) {
	whole = p.rawLines(at, func(line []byte) {
		if mayBeField(line, networkField) {
			n++
		}
	})
	return n, whole
}

// rawLines gives the beginnings of what any reader may take for a line, up to an empty line that ends a header for all.
// It is not whole where neither that line nor the end was met.
func (p *parser) rawLines(at Location, each func(line []byte)) (whole bool) {
	in := bufio.NewReaderSize(io.LimitReader(at.Open(p.src), maxHeader), lineBufferSize)
	var line []byte
	var ends [4]byte // the last four bytes
	for read := 0; ; read++ {
		c, err := in.ReadByte()
		if err != nil || c == '\r' || c == '\n' {
			each(line)
			line = line[:0]
		} else if len(line) < len(networkField)+maxOdd {
			line = append(line, c)
		}
		copy(ends[:], ends[1:])
		if ends[3] = c; err != nil || string(ends[:]) == "\r\n\r\n" {
			return read < maxHeader && (err == nil || err == io.EOF && !p.cut)
		}
	}
}

// maxOdd is how many bytes before the field's name are looked past.
const maxOdd = 100

// mayBeField is meant to be met by more than any reader takes for the field: what stands before the name, and between
// it and the colon, readers pass over each in its own way.
func mayBeField(line []byte, name string) bool {
	return len(line) >= len(name) && strings.Contains(mailaddr.Lower(string(line)), name)
}

// outerOf is what the outer header says, with what may stand in it behind the end at which it was read: where another
// tenant's user wrote X-OriginatorOrg himself, or an insider hid the mark of his mailbox, Exchange's own stands there.
// Where that goes on beyond what is read, it may stand behind it.
func (p *parser) outerOf(h header, at Location) Outer {
	outer := readOuter(h)
	if p.endIsCertain(at, h) {
		return outer
	}
	const toItsEnd = 1 << 40
	rest := at.within(Section{h.Size, toItsEnd})
	if at.Encoding == "" {
		rest.Section.Size = max(0, at.Section.Size-h.Size)
	}
	whole := p.rawLines(rest, func(line []byte) {
		if mayBeField(line, "x-originatororg") {
			outer.OriginatorOrg = contradiction
		}
		for _, field := range submitted {
			if mayBeField(line, field) {
				outer.Submitted = field
			}
		}
	})
	if !whole {
		outer.OriginatorOrg, outer.Submitted = contradiction, "a header that is longer than is read"
	}
	return outer
}
