package main

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// visibleWriter makes what would steer a terminal, or change the order in which a line is read, visible: \u001b instead of an
// escape, in the spelling of JSON, so that objects stay objects. Foreign text reaches the terminal in many places, subjects
// first of all; this is the one where none gets past.
type visibleWriter struct {
	w    io.Writer
	held []byte // the beginning of a character that the next write ends
}

// visible wraps what a command writes for a person or a program to read.
func visible(w io.Writer) io.Writer { return &visibleWriter{w: w} }

// Write implements io.Writer.
func (v *visibleWriter) Write(b []byte) (int, error) {
	text := append(v.held, b...)
	v.held = nil
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		if !utf8.FullRune(text) {
			v.held = append(v.held, text...)
			break
		}
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if steers(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r) // what is no UTF-8 becomes U+FFFD
		}
	}
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// steers reports whether a character is a control (C0 but for line end and tab, DEL, C1), a direction of writing (UAX 9), or
// an end of a line or paragraph that only some programs know.
func steers(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// bars is where progress bars are drawn, which steer the terminal on purpose.
func (a *app) bars() io.Writer {
	if v, ok := a.errOut.(*visibleWriter); ok {
		return v.w
	}
	return a.errOut
}
