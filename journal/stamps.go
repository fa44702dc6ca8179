package journal

import (
	"bufio"
	"bytes"
	"io"

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

// endIsCertain reports whether any reader ends a header where this one does: at an empty line between two line ends
// that are whole.
func (p *parser) endIsCertain(at Location, h header) bool {
	if h.EndInDoubt() || h.Bounds&rfc822.HeaderOctets != 0 || h.Size < 5 {
		return false
	}
	const last = 5
	end, err := io.ReadAll(at.within(Section{h.Size - last, last}).Open(p.src))
	if err != nil || len(end) < last {
		return false
	}
	return bytes.HasSuffix(end, []byte("\r\n\r\n")) && end[0] != '\r' && end[0] != '\n' ||
		bytes.HasSuffix(end, []byte("\n\n")) && end[2] != '\r' && end[2] != '\n'
}

// networkFields counts the lines that any reader may take for the field of a network message id, up to an empty line
// that ends the header for all.
func (p *parser) networkFields(at Location) (n int) {
	in := bufio.NewReaderSize(io.LimitReader(at.Open(p.src), maxHeader), lineBufferSize)
	var line []byte  // its beginning
	var ends [4]byte // the last four bytes
	for {
		c, err := in.ReadByte()
		if err != nil || c == '\r' || c == '\n' {
			if isNetworkField(line) {
				n++
			}
			line = line[:0]
		} else if len(line) < len(networkField)+maxBlanks {
			line = append(line, c)
		}
		copy(ends[:], ends[1:])
		if ends[3] = c; err != nil || string(ends[:]) == "\r\n\r\n" {
			return n
		}
	}
}

// maxBlanks is how many blanks are looked past before a colon.
const maxBlanks = 100

func isNetworkField(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && mailaddr.Equal(string(bytes.Trim(name, " \t\ufeff\x00")), networkField)
}
