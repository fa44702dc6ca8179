package journal

import (
	"bytes"
	"io"

	"clawback/rfc822"
)

// headSize is how much of a body is looked at to choose among the transfer encodings that its header names.
const headSize = 16 << 10

// head answers the first octets at a location.
func (p *parser) head(at Location) []byte {
	b := make([]byte, headSize)
	n, _ := io.ReadFull(at.Open(p.src), b) // src keeps its error
	return b[:n]
}

// encodingOf is the transfer encoding of what lies at a location.
func (p *parser) encodingOf(at Location, h header) rfc822.Encoding {
	if all, _ := h.Encodings(); len(all) > 1 {
		return h.EncodingOf(p.head(at))
	}
	return h.Encoding()
}

// decoding answers the location of an attached message with the part's transfer encoding taken off. RFC 2046, section
// 5.2.1, allows none there, so it is doubted: where the octets are not strictly encoded and do not look like a message
// once they are decoded, they are the message.
func (p *parser) decoding(at Location, h header) (Location, bool) {
	e := p.encodingOf(at, h)
	if e == rfc822.Identity {
		return at, true
	}
	d := rfc822.NewDecoder(at.Open(p.src), e)
	head := make([]byte, 4<<10)
	n, _ := io.ReadFull(d, head)
	rest, _ := io.Copy(io.Discard, d) // src keeps its error
	if int64(n)+rest == 0 || !p.isEncoded(at, e, d.Forgiven(), head[:n]) {
		return at, false
	}
	return at.decoded(string(e)), true
}

// isEncoded reports whether a message is encoded as it says, by what its decoder forgave and the decoded head.
func (p *parser) isEncoded(at Location, e rfc822.Encoding, forgiven rfc822.Forgiven, head []byte) bool {
	if forgiven&^rfc822.PaddedRuns == 0 {
		return true
	}
	if e == rfc822.QuotedPrintable {
		// A message that is not encoded has a bare equals sign in almost any header, or none at all.
		return forgiven == rfc822.RawByte && bytes.IndexByte(p.head(at), '=') >= 0
	}
	return rfc822.BeginsWithHeader(head)
}
