package identity

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
)

const (
	maxDepth  = 24
	maxParts  = 2000 // digests
	maxBlocks = 4000 // header blocks, of empty parts and multiparts too; a message of 58 MB can have ten million
)

// parts walks a message's leaves in one pass.
type parts struct {
	lines      *lines
	boundaries [][]byte // "--" and the boundary of each multipart that is open
	found      []Part
	tags       []string
	blocks     int
	twofold    bool     // something can be read in two ways
	bounded    bool     // a bound was reached: the rest is hashed as it stands
	carried    *carried // shared with the messages in its files
}

// body reads what follows a header, to the delimiter that ends it or to the end.
func (p *parts) body(h header, depth int) {
	kind, params := mediaType(h.get("content-type"))
	boundary := params["boundary"]
	p.blocks++
	p.twofold = p.twofold || ambiguous(h, params)
	switch {
	case p.blocks > maxBlocks:
		p.rest()
	case depth >= maxDepth:
		p.bounded = true
		p.leaf(leaf{kind: "application/octet-stream", depth: depth})
	case strings.HasPrefix(kind, "multipart/") && boundary != "":
		p.multipart([]byte("--"+boundary), depth)
	case kind == "message/rfc822" && encoding(h) == "":
		p.message(name(h, params), depth)
	default:
		p.leaf(leaf{kind, name(h, params), params["charset"], encoding(h), depth})
	}
}

// message reads an attached message. What its header says is a part of its own.
func (p *parts) message(name string, depth int) {
	h, first := p.readHeader(), len(p.found)
	m := p.messageOf(h)
	p.add(Part{Type: "message/rfc822", Name: name, SHA256: digest([]string{strings.ToLower(m.From), m.date(), m.untagged})})
	at := p.carried.enter(m)
	p.body(h, depth+1)
	if !p.bounded {
		m.Parts = p.found[first+1:]
		p.carried.settle(at, m.Contents())
	}
}

// multipart reads the children; preamble and epilogue are passed over.
func (p *parts) multipart(boundary []byte, depth int) {
	outside := len(p.boundaries)
	p.boundaries = append(p.boundaries, boundary)
	p.skip()
	for p.enter(boundary) {
		p.body(p.readHeader(), depth+1)
		p.skip()
	}
	p.boundaries = p.boundaries[:outside]
	p.skip()
}

// enter takes the delimiter line that comes next, when it opens a part of this multipart.
func (p *parts) enter(boundary []byte) bool {
	line, _ := p.lines.next()
	if len(line) == 0 {
		return false
	}
	is, closing := delimits(line, boundary)
	if !is { // of a multipart further out: this one was not closed
		p.lines.unread()
	}
	return is && !closing
}

// skip drops lines up to a delimiter.
func (p *parts) skip() {
	_, _ = io.Copy(io.Discard, p.section()) // its only error is the input's, which Of looks at
}

func (p *parts) section() *section {
	return &section{lines: p.lines, boundaries: p.boundaries}
}

// leaf is a part that is no multipart.
type leaf struct {
	kind, name, charset, encoding string
	depth                         int
}

// leaf digests one part: decoded, or as it stands where decoding it fails or loses anything.
func (p *parts) leaf(l leaf) {
	raw, sum := sha256.New(), sha256.New()
	in := io.TeeReader(p.section(), raw)
	decoded := decode(in, l.encoding)
	var err error
	if strings.HasPrefix(l.kind, "text/") {
		err = sumText(sum, decoded, l.charset)
	} else {
		err = p.carried.file(io.TeeReader(decoded, sum), l.depth)
	}
	if err != nil {
		_, _ = io.Copy(io.Discard, in) // its only error is the input's, which Of looks at
		sum = raw
	}
	p.add(Part{Type: l.kind, Name: l.name, SHA256: hex.EncodeToString(sum.Sum(nil))})
}

// add keeps a part, unless it says nothing at all. With the last one that there is room for, the rest follows as it stands.
func (p *parts) add(part Part) {
	if part.Name == "" && !part.filled() {
		return
	}
	p.found = append(p.found, part)
	if len(p.found) == maxParts-1 {
		p.rest()
	}
}

// rest digests what has not been read yet as it stands, so that nothing goes uncompared, and ends the walk.
func (p *parts) rest() {
	sum := sha256.New()
	n, _ := p.lines.drain(sum) // its only error is the input's, which Of looks at
	if n > 0 {
		p.bounded = true
		p.found = append(p.found, Part{Type: "rest", SHA256: hex.EncodeToString(sum.Sum(nil))})
	}
}

func decode(r io.Reader, encoding string) io.Reader {
	switch encoding {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(bufio.NewReaderSize(r, lineBuffer)) // its own 4096 would fail on longer lines
	}
	return r
}

func encoding(h header) string {
	switch e := strings.ToLower(h.get("content-transfer-encoding")); e {
	case "base64", "quoted-printable":
		return e
	}
	return ""
}

// ambiguous reports whether programs may differ in what a part is: its structure is told twice, or its name.
func ambiguous(h header, contentType map[string]string) bool {
	for _, name := range []string{"content-type", "content-transfer-encoding", "content-disposition"} {
		if len(h[name]) > 1 {
			return true
		}
	}
	_, params := mediaType(h.get("content-disposition"))
	a, b := decodeWords(params["filename"]), decodeWords(contentType["name"])
	return a != "" && b != "" && a != b
}

const maxName = 1000

// name is a part's file name, "" when it has none.
func name(h header, contentType map[string]string) string {
	_, params := mediaType(h.get("content-disposition"))
	n := decodeWords(cmp.Or(params["filename"], contentType["name"]))
	return strings.TrimSpace(n[:min(len(n), maxName)])
}

// mediaType reads Content-Type as far as it goes.
func mediaType(value string) (string, map[string]string) {
	if value == "" {
		return "text/plain", nil
	}
	kind, params, err := mime.ParseMediaType(value)
	if err == nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(value, ";")
	params = map[string]string{}
	for f := range strings.SplitSeq(rest, ";") {
		name, v, _ := strings.Cut(f, "=")
		if name = strings.ToLower(strings.TrimSpace(name)); params[name] == "" {
			params[name] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}
