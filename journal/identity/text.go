package identity

import (
	"bytes"
	"hash"
	"io"
	"sync"

	"clawback/rfc822"
)

// copyBuffers spare each text, which is short mostly, one of its own.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// sumText digests text so that its charset, line ends and blanks at line ends do not matter. It answers what was read
// past: of a text that is not wholly in its charset two different ones could become the same.
func sumText(h hash.Hash, r io.Reader, label string) rfc822.Forgiven {
	text := rfc822.NewTextReader(r, label)
	defer text.Close()
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	sum := textSums.Get().(*textSum)
	defer textSums.Put(sum)
	sum.reset(h)
	_, _ = io.CopyBuffer(sum, text, *buf) // its only error is the input's, which Of looks at
	sum.flush()
	return text.Forgiven()
}

const maxBlank = 64 << 10

// textSum hashes text with LF at line ends, and without blanks before them or empty lines at the end.
type textSum struct {
	h     hash.Hash
	blank []byte // blanks and line ends that may turn out to be the last
	text  []byte // what is to be hashed: a hash takes a block as quickly as a word
}

// textSums spare each text, which is short mostly, room for blocks of its own.
var textSums = sync.Pool{New: func() any { return &textSum{} }}

func (t *textSum) reset(h hash.Hash) { t.h, t.blank, t.text = h, t.blank[:0], t.text[:0] }

// textBlock is how much is hashed at once.
const textBlock = 4 << 10

// Write takes a line at a time: of its blanks only the last ones can be void.
func (t *textSum) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		for len(line) > 0 {
			end := bytes.IndexByte(line, '\r') + 1
			if end <= 0 || end == len(line)-1 && line[end] == '\n' { // up to the line end, as in most text
				end = len(line)
			}
			t.piece(line[:end])
			line = line[end:]
		}
	}
	return len(b), nil
}

// piece takes text and the blanks and line ends behind it.
func (t *textSum) piece(b []byte) {
	n := len(b)
	for n > 0 && (b[n-1] == ' ' || b[n-1] == '\t' || b[n-1] == '\r' || b[n-1] == '\n') {
		n--
	}
	if n > 0 {
		t.release()
		t.add(b[:n])
	}
	t.hold(b[n:])
}

// hold keeps blanks back; a line end makes those before it on its line void.
func (t *textSum) hold(b []byte) {
	for _, c := range b {
		switch {
		case c == '\r':
		case c == '\n':
			n := len(t.blank)
			for n > 0 && t.blank[n-1] != '\n' {
				n--
			}
			t.blank = append(t.blank[:n], '\n')
		default:
			t.blank = append(t.blank, c)
		}
		if len(t.blank) > maxBlank {
			t.release()
		}
	}
}

func (t *textSum) release() {
	t.add(t.blank)
	t.blank = t.blank[:0]
}

func (t *textSum) add(b []byte) {
	if t.text = append(t.text, b...); len(t.text) >= textBlock {
		t.flush()
	}
}

// flush hashes what was collected. Blanks at the end are never hashed.
func (t *textSum) flush() {
	t.h.Write(t.text)
	t.text = t.text[:0]
}
