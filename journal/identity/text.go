package identity

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

var (
	errCharset = errors.New("unknown charset")
	errLossy   = errors.New("octets that are not in the charset")
)

// sumText digests text so that its charset, line ends and blanks at line ends do not matter. What is not wholly in its
// charset is an error: two different texts could become the same one with replacement characters.
func sumText(h hash.Hash, r io.Reader, label string) error {
	if label == "" || strings.EqualFold(label, "us-ascii") {
		label = "utf-8" // of which ASCII is part
	}
	e, name := charset.Lookup(label)
	if e == nil || name == "replacement" { // the WHATWG's way of refusing one
		return fmt.Errorf("%w %q", errCharset, label)
	}
	t := &textSum{h: h}
	if _, err := io.Copy(t, e.NewDecoder().Reader(r)); err != nil {
		return err
	}
	if t.lossy {
		return errLossy
	}
	return nil
}

const maxBlank = 64 << 10

// textSum hashes text with LF at line ends, and without blanks before them or empty lines at the end.
type textSum struct {
	h     hash.Hash
	blank []byte // blanks and line ends that may turn out to be the last
	edge  []byte // the last two bytes that were written
	lossy bool   // a replacement character was there
}

func (t *textSum) Write(b []byte) (int, error) {
	n := len(b)
	t.lookForLoss(b)
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

// lookForLoss looks for the replacement character, three bytes that two writes may share.
func (t *textSum) lookForLoss(b []byte) {
	t.edge = append(t.edge, b[:min(len(b), 2)]...)
	t.lossy = t.lossy || bytes.Contains(t.edge, replacement) || bytes.Contains(b, replacement)
	if len(b) >= 2 {
		t.edge = append(t.edge[:0], b[len(b)-2:]...)
	} else {
		t.edge = append(t.edge[:0], t.edge[max(0, len(t.edge)-2):]...)
	}
}

var replacement = []byte("\ufffd")

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
