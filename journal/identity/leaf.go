package identity

import (
	"crypto/sha256"
	"io"
	"strings"

	"clawback/rfc822"
)

// leaf is how a part that has no parts is read.
type leaf struct {
	kind, name, charset string
	encoding            rfc822.Encoding
	depth               int
	forgiven            rfc822.Forgiven
	bounds              rfc822.Bounds
}

// leafOf is what a header says of its part.
func leafOf(h *rfc822.Header, kind string) leaf {
	t, d := h.MediaType(), h.Disposition()
	encodings, forgiven := h.Encodings()
	l := leaf{
		kind: t.Type, charset: t.Get("charset"), encoding: h.Encoding(),
		forgiven: t.Forgiven | d.Forgiven | forgiven, bounds: t.Bounds | d.Bounds,
	}
	if l.kind == "" {
		l.kind = kind
	}
	if !strings.Contains(l.kind, "/") || strings.HasPrefix(l.kind, "multipart/") && h.Boundary().None() {
		l.kind = "text/plain" // RFC 2045, section 5.2
	}
	names := h.FileNames()
	if len(names) > 0 {
		l.name = names[0]
	}
	twice := h.Count("Content-Type") > 1 || h.Count("Content-Disposition") > 1 ||
		h.Count("Content-Transfer-Encoding") > 1
	if twice || len(names) > 1 || len(encodings) > 1 {
		l.forgiven |= rfc822.FieldTwice
	}
	return l
}

// leaf digests one part: decoded, or as it stands where decoding it is not clear or loses anything.
func (w *walk) leaf(l leaf) {
	raw, sum := sha256.New(), sha256.New()
	in := io.TeeReader(w.section(), raw)
	dec := rfc822.NewDecoder(in, l.encoding)
	out, decoded := io.Reader(dec), raw
	if l.encoding != rfc822.Identity { // else what is decoded is what stands there
		decoded = sha256.New()
		out = io.TeeReader(dec, decoded)
	}
	var forgiven rfc822.Forgiven
	if strings.HasPrefix(l.kind, "text/") {
		forgiven = sumText(sum, out, l.charset)
	} else {
		w.attached.readFile(io.TeeReader(out, sum), l.depth)
	}
	_, _ = io.Copy(io.Discard, in) // its only error is the input's, which Of looks at
	if forgiven|dec.Forgiven() != 0 {
		sum = raw
	}
	w.add(Part{Type: l.kind, Name: l.name, SHA256: hexOf(sum), Decoded: hexOf(decoded)})
}
