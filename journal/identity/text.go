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
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	_, _ = io.CopyBuffer(&textSum{h: h}, text, *buf) // its only error is the input's, which Of looks at
	return text.Forgiven()
}

const maxBlank = 64 << 10

// textSum hashes text with LF at line ends, and without blanks before them or empty lines at the end.
type textSum struct {
	h     hash.Hash
	blank []byte // blanks and line ends that may turn out to be the last
}

func (t *textSum) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		i := bytes.IndexFunc(b, func(c rune) bool { return !isBlank(c) })
		if i < 0 {
			i = len(b)
		}
		t.hold(b[:i])
		b = b[i:]
		j := bytes.IndexFunc(b, isBlank)
		if j < 0 {
			j = len(b)
		}
		if j > 0 {
			t.release()
			t.h.Write(b[:j])
		}
		b = b[j:]
	}
	return n, nil
}

func isBlank(c rune) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// hold keeps blanks back; a line end makes those before it on its line void.
func (t *textSum) hold(b []byte) {
	for _, c := range b {
		switch {
		case c == '\r':
		case c == '\n':
			t.blank = append(bytes.TrimRight(t.blank, " \t"), '\n')
		default:
			t.blank = append(t.blank, c)
		}
		if len(t.blank) > maxBlank {
			t.release()
		}
	}
}

func (t *textSum) release() {
	t.h.Write(t.blank)
	t.blank = t.blank[:0]
}
