package identity

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/rfc822"
)

const (
	maxDepth  = 20   // as the scorer has it: what it reads as one text beyond that is in doubt here
	maxParts  = 2000 // digests
	maxBlocks = 4000 // header blocks, of empty parts and multiparts too; a message of 58 MB can have ten million
	wholeHead = 64 << 10
)

// findings are what is known of a message so far, from however many walks through its parts.
type findings struct {
	parts     []Part
	blocks    int
	ambiguous bool // something can be read in two ways
	bounded   bool // a bound was reached: the rest is hashed as it stands
	tags      []string
	attached  *attachedMessages // shared with the messages in its files
}

// structural are the faults that mail programs may read past in different ways, so that they see other parts. A body
// that does not decode cleanly is none of them: it is compared as it stands.
const structural = rfc822.BrokenLine | rfc822.NoEmptyLine | rfc822.LooseParameter | rfc822.SingleQuotes |
	rfc822.SectionOrder | rfc822.FieldTwice | rfc822.LooseEncoding | rfc822.EncodedMultipart |
	rfc822.UnclosedMultipart | rfc822.ReopenedMultipart | rfc822.LooseBoundary | rfc822.BareLineFeed

func (f *findings) note(forgiven rfc822.Forgiven, bounds rfc822.Bounds) {
	f.ambiguous = f.ambiguous || forgiven&structural != 0
	f.bounded = f.bounded || bounds != 0
}

// add keeps a part, unless it says nothing at all.
func (f *findings) add(p Part) {
	if p.Name != "" || p.filled() {
		f.parts = append(f.parts, p)
	}
}

// walk goes once through the parts that lie in some lines.
type walk struct {
	*findings
	lines *rfc822.Lines
	open  []rfc822.Boundary // of the multiparts that are open, the outermost first
	crlf  bool              // the last delimiter that opened a part ended in CRLF
}

// ends reports whether a line is a delimiter of any multipart that is open.
func (w *walk) ends(line []byte) bool { return w.outer(line, len(w.open)) }

// outer reports whether a line is a delimiter of one of the n outermost multiparts.
func (w *walk) outer(line []byte, n int) bool {
	if !bytes.HasPrefix(line, []byte("--")) {
		return false
	}
	for _, b := range w.open[:n] {
		if b.Ends(line) {
			return true
		}
	}
	return false
}

// section reads up to the next delimiter of any multipart that is open.
func (w *walk) section() io.Reader { return filled{w.lines.Until(w.ends, w.crlf)} }

// skip drops lines up to a delimiter.
func (w *walk) skip() { w.copy(io.Discard) }

// Its only error is the input's, which Of looks at.
func (w *walk) copy(to io.Writer) { _, _ = io.Copy(to, w.section()) }

// body reads what follows a header, to the delimiter that ends it or to the end. The header says what it is, or else
// kind.
func (w *walk) body(h *rfc822.Header, kind string, depth int) {
	w.blocks++
	l := leafOf(h, kind)
	w.note(l.forgiven, l.bounds)
	boundary := h.Boundary()
	switch {
	case w.blocks > maxBlocks || len(w.parts) >= maxParts-1:
		w.rest()
	case depth >= maxDepth:
		w.bounded = true
		w.leaf(leaf{kind: "application/octet-stream", depth: depth})
	case strings.HasPrefix(l.kind, "multipart/") && !boundary.None():
		w.ambiguous = w.ambiguous || boundary.Forms() > 1
		w.enter(h, func(in *walk) { in.multipart(boundary, l, depth) })
	case l.kind == "message/rfc822" || l.kind == "message/global":
		w.enter(h, func(in *walk) { in.message(l.name, depth) })
	default:
		l.depth = depth
		w.leaf(l)
	}
}

// enter reads a part that has parts. Where it is transfer-encoded as a whole, which the standard forbids and programs
// do, what lies in it is read from lines of its own.
func (w *walk) enter(h *rfc822.Header, read func(*walk)) {
	if h.Encoding() == rfc822.Identity {
		read(w)
		return
	}
	w.ambiguous = true
	in := bufio.NewReaderSize(w.section(), wholeHead)
	head, _ := in.Peek(wholeHead)
	encoding := h.Encoding()
	if !h.Boundary().None() {
		encoding = h.WholeEncoding(head)
	}
	lines := rfc822.NewLines(rfc822.NewDecoder(in, encoding))
	defer lines.Close()
	read(&walk{findings: w.findings, lines: lines})
	_, _ = io.Copy(io.Discard, in)
}

func (w *walk) header() rfc822.Header {
	h := rfc822.ReadHeader(w.lines, rfc822.HeaderOptions{Keep: used, Ends: w.ends, PerName: maxFields})
	w.note(h.Forgiven, h.Bounds)
	return h
}

// message reads an attached message. What its header says is a part of its own.
func (w *walk) message(name string, depth int) {
	h := w.header()
	w.ambiguous = w.ambiguous || h.Empty || h.Size <= int64(len("\r\n")) // it may be no message
	m := w.messageOf(&h)
	w.add(Part{Type: "message/rfc822", Name: name,
		SHA256: digest([]string{mailaddr.Lower(m.From), m.date(), m.untagged})})
	at, first := w.attached.add(m), len(w.parts)
	w.body(&h, "text/plain", depth+1)
	w.ambiguous = w.ambiguous || len(w.parts) == first // its last field may be its text
	if !w.bounded {
		m.Parts = w.parts[first:]
		w.attached.setContents(at, m.Contents())
	}
}

// multipart reads the parts between the delimiters. What stands before the first and after the last is passed over, as
// mail programs do; where there are no parts at all it is text.
func (w *walk) multipart(b rfc822.Boundary, l leaf, depth int) {
	outside, kind := len(w.open), "text/plain"
	if l.kind == "multipart/digest" {
		kind = "message/rfc822"
	}
	w.open = append(w.open, b)
	text := sha256.New()
	w.between(text)
	m := delimited{walk: w, boundary: b, outside: outside, text: text}
	parts := 0
	for ; m.part(); parts++ {
		h := w.header()
		w.body(&h, kind, depth+1)
		w.skip()
	}
	w.open = w.open[:outside]
	if parts == 0 {
		w.add(Part{Type: "text/plain", Name: l.name, SHA256: hexOf(text), Decoded: hexOf(text)})
	}
	w.ambiguous = w.ambiguous || parts == 0 || !m.closed || m.reopened
	w.skip()
}

// between passes over what stands before, behind or between the parts of a multipart, where few programs show anything.
// Where it holds an address the scorer looks at it, and mailbox systems drop it.
func (w *walk) between(to io.Writer) {
	a := &addressSeen{}
	w.copy(io.MultiWriter(to, a))
	w.ambiguous = w.ambiguous || a.seen
}

// addressSeen watches for what an address of the web or of mail cannot be written without. A long text is taken to have
// one.
type addressSeen struct {
	size int
	seen bool
}

func (a *addressSeen) Write(b []byte) (int, error) {
	a.size += len(b)
	a.seen = a.seen || a.size > 4<<10 || bytes.ContainsAny(b, "/@") || bytes.Contains(bytes.ToLower(b), []byte("www."))
	return len(b), nil
}

// delimited finds the parts of one multipart.
type delimited struct {
	*walk
	boundary         rfc822.Boundary
	outside          int       // multiparts around it
	text             io.Writer // told what stands around the parts
	closed, reopened bool
}

// part goes to the next part and reports whether there is one. Parts behind the closing delimiter count, as in many
// programs.
func (m *delimited) part() bool {
	for {
		line, _ := m.lines.Next()
		if len(line) == 0 {
			return false
		}
		if m.outer(line, m.outside) { // this one was not closed, or has ended
			m.lines.Unread()
			return false
		}
		m.crlf = bytes.HasSuffix(line, []byte("\r\n"))
		_, closing := m.boundary.Match(line)
		m.note(m.boundary.Forgiven(line), 0)
		if !closing {
			m.reopened = m.reopened || m.closed
			return true
		}
		m.closed = true
		m.between(m.text)
	}
}

// rest digests what has not been read yet as it stands, so that nothing goes uncompared, and ends the walk.
func (w *walk) rest() {
	sum, open := sha256.New(), w.open
	w.open, w.bounded = nil, true
	w.copy(sum)
	w.open = open
	if last := len(w.parts) - 1; last >= maxParts-1 {
		w.parts[last].SHA256 = digest([]string{w.parts[last].SHA256, hexOf(sum)})
		return
	}
	w.add(Part{Type: "rest", SHA256: hexOf(sum), Decoded: hexOf(sum)})
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// filled reads as much as there is room for: what reads it hashes it, and short lines would be slow.
type filled struct{ r io.Reader }

func (f filled) Read(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = f.r.Read(b[n:])
		n += more
	}
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}
