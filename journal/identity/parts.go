package identity

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
)

const (
	maxDepth = 24
	maxParts = 2000
)

// parts walks a message's leaves in one pass.
type parts struct {
	lines      *lines
	boundaries [][]byte // "--" and the boundary of each multipart that is open
	sums       []string
	carried    *carried // shared with the messages in its files
}

// body reads what follows a header, to the delimiter that ends it or to the end.
func (p *parts) body(h header, depth int) {
	kind, params := mediaType(h.get("content-type"))
	boundary := params["boundary"]
	switch {
	case depth >= maxDepth:
		p.leaf(leaf{kind: "application/octet-stream", depth: depth})
	case strings.HasPrefix(kind, "multipart/") && boundary != "":
		p.multipart([]byte("--"+boundary), depth)
	case kind == "message/rfc822" && encoding(h) == "":
		p.message(depth)
	default:
		p.leaf(leaf{kind, params["charset"], encoding(h), depth})
	}
}

// message reads an attached message.
func (p *parts) message(depth int) {
	h, first := p.readHeader(), len(p.sums)
	m := messageOf(h)
	at := p.carried.enter(m)
	p.body(h, depth+1)
	if len(p.sums) < maxParts {
		m.Parts = p.sums[first:]
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
	kind, charset, encoding string
	depth                   int
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
	p.add(sum)
}

// add keeps a sum; past the limit it is folded into the last one, so that no part goes uncompared.
func (p *parts) add(h hash.Hash) {
	sum := h.Sum(nil)
	empty := sha256.Sum256(nil)
	switch {
	case bytes.Equal(sum, empty[:]):
	case len(p.sums) < maxParts:
		p.sums = append(p.sums, hex.EncodeToString(sum))
	default:
		last := &p.sums[maxParts-1]
		folded := sha256.Sum256(append([]byte(*last), sum...))
		*last = hex.EncodeToString(folded[:])
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
