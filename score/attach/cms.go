package attach

import (
	"bytes"
)

// Object identifiers of CMS (RFC 5652, RFC 3274), in DER.
const (
	oidSigned     = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidData       = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidCompressed = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"
)

// Bounds of a structure of CMS.
const (
	maxBERDepth    = 40
	maxBERElements = 20_000
)

// sniffCMS reports whether bytes are a signed or a compressed message of S/MIME: a sequence that begins with the type
// of its content.
func sniffCMS(b []byte) bool {
	if len(b) < 20 || b[0] != 0x30 {
		return false
	}
	head := b[:min(len(b), 24)]
	return bytes.Contains(head, []byte("\x06\x09"+oidSigned)) || bytes.Contains(head, []byte("\x06\x0b"+oidCompressed))
}

// cms looks at what is signed where it stands in the signature (RFC 8551, section 3.5.2), or compressed: mail
// programs show it as the message.
func (w *work) cms(it item) {
	r := berReader{left: maxBERElements}
	content := r.content(it.body, 0)
	if r.left <= 0 {
		w.notRead("Of the signed file %q the first %d elements were read.", it.name, maxBERElements)
	}
	if len(content) == 0 {
		return // the signature of another part, or encrypted
	}
	if r.compressed && len(content) > 2 {
		w.decode(w.deflated(bytes.NewReader(content[2:])), maxInner, func(b []byte, cut bool) {
			w.message(item{name: it.name, body: bytes.Clone(b), depth: it.depth, cut: cut}) // depth 0 makes no copy
		})
		return
	}
	w.message(item{name: it.name, body: content, depth: it.depth})
}

// berReader reads elements of BER (ITU-T X.690), whose lengths may be indefinite.
type berReader struct {
	left       int
	compressed bool
}

// element cuts off the first element: its tag, its content, and what follows. The content of an indefinite length
// ends where its end mark is.
func (r *berReader) element(b []byte, depth int) (tag byte, content, rest []byte, ok bool) {
	if r.left--; len(b) < 2 || r.left <= 0 || depth > maxBERDepth || b[0]&0x1f == 0x1f {
		return 0, nil, nil, false
	}
	tag, length, body := b[0], int(b[1]), b[2:]
	switch {
	case length == 0x80:
		rest = body
		for !bytes.HasPrefix(rest, []byte{0, 0}) {
			if _, _, rest, ok = r.element(rest, depth+1); !ok {
				return tag, body, nil, true // cut short
			}
		}
		return tag, body[:len(body)-len(rest)], rest[2:], true
	case length > 0x84:
		return 0, nil, nil, false
	case length > 0x80:
		n := length & 0x7f
		if len(body) < n {
			return 0, nil, nil, false
		}
		length = 0
		for _, c := range body[:n] {
			length = length<<8 | int(c)
		}
		body = body[n:]
	}
	length = min(length, len(body)) // what is cut short is shown too
	return tag, body[:length], body[length:], true
}

// content finds what stands behind the type "data".
func (r *berReader) content(b []byte, depth int) []byte {
	data := false
	for len(b) > 0 {
		tag, inner, rest, ok := r.element(b, depth)
		if !ok {
			return nil
		}
		b = rest
		switch {
		case tag == 0x06:
			data = string(inner) == oidData
			r.compressed = r.compressed || string(inner) == oidCompressed
		case tag == 0xa0 && data:
			return r.strings(inner, depth+1)
		case tag&0x20 != 0:
			if found := r.content(inner, depth+1); found != nil {
				return found
			}
		}
	}
	return nil
}

// strings joins the pieces of an octet string.
func (r *berReader) strings(b []byte, depth int) (all []byte) {
	for len(b) > 0 {
		tag, inner, rest, ok := r.element(b, depth)
		if !ok {
			return all
		}
		b = rest
		switch tag {
		case 0x04:
			if all == nil && len(b) == 0 {
				return inner
			}
			all = append(all, inner...)
		case 0x24:
			all = append(all, r.strings(inner, depth+1)...)
		}
	}
	return all
}
