package extract

import (
	"bytes"
	"strconv"
	"strings"
)

// Part is one leaf of the message.
type Part struct {
	Path        string // 1.2.1, as IMAP numbers parts; "1" for a message of one part
	Type        string // media type, lower case
	Name        string // file name, decoded
	Disposition string // attachment, inline or ""
	Charset     string
	ContentID   string
	Encoding    string
	Nested      bool // lies inside an attached message
	Report      bool // lies inside a multipart/report
	Alternative bool // is one of several forms of the same text

	body []byte
}

// Body is the part's content, decoded. It is decoded at each call.
func (p *Part) Body() []byte { return decoded(p.body, p.Encoding) }

// Encoded is how many octets the part has before decoding.
func (p *Part) Encoded() int { return len(p.body) }

// Attached reports whether a mail program shows the part as a file.
func (p *Part) Attached() bool {
	return p.Disposition == "attachment" || p.Name != "" || !strings.HasPrefix(p.Type, "text/")
}

// Text is a text part's content in UTF-8, at most limit octets of it.
func (p *Part) Text(limit int) string {
	body := p.body
	if len(body) > 3*limit {
		body = body[:3*limit]
	}
	body = decoded(body, p.Encoding)
	if len(body) > limit {
		body = body[:limit]
	}
	return toUTF8(body, p.Charset)
}

// node is a part that may have parts of its own.
type node struct {
	header      Header
	body        []byte
	path        string
	depth       int
	nested      bool
	report      bool
	alternative bool
	kind        string // default media type
}

func (m *Mail) walk(n node) {
	if len(m.Parts) >= m.limits.Parts {
		m.problem("more parts than are looked at")
		return
	}
	contentType := n.header.First("Content-Type")
	media := mediaType(contentType)
	if media == "" {
		media = n.kind
	}
	if n.depth < m.limits.Depth {
		if strings.HasPrefix(media, "multipart/") && m.multipart(n, media, parameter(contentType, "boundary")) {
			return
		}
		if media == "message/rfc822" && m.attached(n) {
			return
		}
	} else {
		m.problem("parts are nested deeper than is looked at")
	}
	m.leaf(n, media, contentType)
}

func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	media, _, _ = strings.Cut(strings.TrimSpace(media), " ")
	return strings.ToLower(media)
}

func (m *Mail) leaf(n node, media, contentType string) {
	if media == "" || !strings.Contains(media, "/") || strings.HasPrefix(media, "multipart/") {
		media = "text/plain" // RFC 2045, section 5.2
	}
	disposition := n.header.First("Content-Disposition")
	p := Part{
		Path: orOne(n.path), Type: media, Charset: parameter(contentType, "charset"),
		Name: parameter(disposition, "filename"), Disposition: mediaType(disposition),
		ContentID: strings.Trim(n.header.First("Content-Id"), "<> "), Encoding: n.header.First("Content-Transfer-Encoding"),
		Nested: n.nested, Report: n.report, Alternative: n.alternative, body: n.body,
	}
	if p.Name == "" {
		p.Name = parameter(contentType, "name")
	}
	m.Parts = append(m.Parts, p)
}

func orOne(path string) string {
	if path == "" {
		return "1"
	}
	return path
}

// attached descends into an attached message.
func (m *Mail) attached(n node) bool {
	body := n.body
	if encoding := strings.ToLower(n.header.First("Content-Transfer-Encoding")); encoding == "base64" || encoding == "quoted-printable" {
		body = decoded(body, encoding) // not allowed by RFC 2045, section 6.4, and seen all the same
	}
	header, inner := parseHeader(body)
	if len(header.Fields) == 0 {
		return false
	}
	m.walk(node{header: header, body: inner, path: join(n.path, 1), depth: n.depth + 1, nested: true, report: n.report})
	return true
}

func join(path string, i int) string {
	if path == "" {
		return strconv.Itoa(i)
	}
	return path + "." + strconv.Itoa(i)
}

// multipart walks the parts between the boundaries. It answers false when there is not one.
func (m *Mail) multipart(n node, media, boundary string) bool {
	if boundary == "" {
		m.problem("multipart without boundary")
		return false
	}
	bodies := split(n.body, boundary, m.limits.Parts)
	if len(bodies) == 0 {
		m.problem("multipart in which the boundary does not occur")
		return false
	}
	kind := ""
	if media == "multipart/digest" {
		kind = "message/rfc822"
	}
	for i, body := range bodies {
		header, inner := parseHeader(body)
		m.walk(node{
			header: header, body: inner, path: join(n.path, i+1), depth: n.depth + 1, kind: kind, nested: n.nested,
			report: n.report || media == "multipart/report", alternative: n.alternative || media == "multipart/alternative",
		})
	}
	return true
}

// split cuts a body at its boundary lines. A missing end is forgiven.
func split(body []byte, boundary string, most int) [][]byte {
	delimiter := []byte("--" + boundary)
	var parts [][]byte
	start := -1
	for at := 0; at < len(body) && len(parts) < most; {
		found := bytes.Index(body[at:], delimiter)
		if found < 0 {
			break
		}
		found += at
		at = found + len(delimiter)
		if found > 0 && body[found-1] != '\n' {
			continue
		}
		line, _ := cutLine(body[found:])
		tail := bytes.TrimRight(line[len(delimiter):], " \t")
		if len(tail) > 0 && !bytes.Equal(tail, []byte("--")) {
			continue // a longer boundary that begins with this one
		}
		if start >= 0 {
			parts = append(parts, trimEnd(body[start:found]))
		}
		start = min(found+len(line)+lineEnd(body[found+len(line):]), len(body))
		if len(tail) == 2 {
			return parts
		}
	}
	if start >= 0 && start < len(body) && len(parts) < most {
		parts = append(parts, body[start:])
	}
	return parts
}

func lineEnd(rest []byte) int {
	return bytes.IndexByte(rest, '\n') + 1
}

// trimEnd drops the line end that belongs to the boundary (RFC 2046, section 5.1.1).
func trimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte{'\n'})
	return bytes.TrimSuffix(b, []byte{'\r'})
}
