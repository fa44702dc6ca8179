package demo

import (
	"fmt"
	"strings"
)

// plainWidth is how wide lines are where nobody knows how wide the paper is.
const plainWidth = 80

// narrowest is the width that is assumed of a narrower terminal: below it nothing could be read.
const narrowest = 40

// width is how many columns a line may have now: one less than there are, so that no terminal breaks it.
func (o Options) width() int {
	if o.Width == nil {
		return plainWidth
	}
	if columns, _ := o.Width(); columns > 0 {
		return max(columns-1, narrowest)
	}
	return plainWidth
}

// height is how many lines a terminal has; 0 where that is not known.
func (o Options) height() int {
	if o.Width == nil {
		return 0
	}
	_, lines := o.Width()
	return lines
}

// printf writes text, each line of it broken to the width.
func (o Options) printf(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		text, end := strings.CutSuffix(line, "\n")
		fmt.Fprint(o.Out, fold(text, o.width(), indentOf(text)+2))
		if end {
			fmt.Fprintln(o.Out)
		}
	}
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// fold breaks a line at blanks where it is wider than width, and within a word that is; what follows is indented.
func fold(line string, width, indent int) string {
	var b strings.Builder
	rest := []rune(line)
	for len(rest) > width {
		cut := width
		for i := width; i > indent; i-- {
			if rest[i] == ' ' {
				cut = i
				break
			}
		}
		b.WriteString(strings.TrimRight(string(rest[:cut]), " ") + "\n")
		rest = append([]rune(strings.Repeat(" ", indent)), []rune(strings.TrimLeft(string(rest[cut:]), " "))...)
	}
	return b.String() + string(rest)
}

// The colours of a terminal (ECMA-48, SGR).
const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	plain = "\x1b[0m"
)

// paint colours a word, where colours are wanted.
func (o Options) paint(colour, word string) string {
	if !o.Colour {
		return word
	}
	return colour + word + plain
}
