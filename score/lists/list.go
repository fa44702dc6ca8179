package lists

import "strings"

// List is a set of lower-case strings, one a line in byte order, that is searched where it lies.
type List struct {
	text string
	// By the first two bytes of a line, folded to slots that keep their order: where the first such line begins.
	start []uint32
}

const (
	byteSlots = 43                    // kinds of byte that are told apart
	slots     = byteSlots * byteSlots // beginnings that are told apart
)

// slot folds the first two bytes of a line, or fewer, so that the order is kept.
func slot(s string) int {
	switch len(s) {
	case 0:
		return 0
	case 1:
		return byteSlot(s[0]) * byteSlots
	}
	return byteSlot(s[0])*byteSlots + byteSlot(s[1])
}

// byteSlot tells apart the bytes of host names.
func byteSlot(c byte) int {
	switch {
	case c < '-':
		return 0
	case c <= '9':
		return int(c-'-') + 1
	case c < 'a':
		return 14
	case c <= 'z':
		return int(c-'a') + 15
	}
	return 41
}

// newList takes text of sorted lines. Every line ends in a newline.
func newList(text string) List {
	l := List{text: text, start: make([]uint32, slots+1)}
	next, at := 0, 0
	for at < len(text) {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at - 1
		}
		for s := slot(text[at : at+end]); next <= s; next++ {
			l.start[next] = uint32(at)
		}
		at += end + 1
	}
	for ; next <= slots; next++ {
		l.start[next] = uint32(len(text))
	}
	return l
}

// Has reports whether s is one of the lines.
func (l List) Has(s string) bool {
	if s == "" || l.text == "" {
		return false
	}
	at := slot(s)
	low, high := int(l.start[at]), int(l.start[at+1])
	for low < high {
		start, end := l.line(low, high)
		switch strings.Compare(s, l.text[start:end]) {
		case 0:
			return true
		case -1:
			high = start
		default:
			low = end + 1
		}
	}
	return false
}

// line is the line in the middle of the octets from low to high, both of which are at the start of a line.
func (l List) line(low, high int) (start, end int) {
	middle := low + (high-low)/2
	start = low + strings.LastIndexByte(l.text[low:middle], '\n') + 1
	if n := strings.IndexByte(l.text[middle:], '\n'); n >= 0 {
		return start, middle + n
	}
	return start, len(l.text)
}

// HasSuffix reports whether host, or a domain that it lies under, is in the list, and which.
func (l List) HasSuffix(host string) (string, bool) {
	for host != "" {
		if l.Has(host) {
			return host, true
		}
		dot := strings.IndexByte(host, '.')
		if dot < 0 {
			return "", false
		}
		host = host[dot+1:]
	}
	return "", false
}

// lines calls f with each line, in order.
func (l List) lines(f func(string)) {
	for line := range strings.SplitSeq(l.text, "\n") {
		if line != "" {
			f(line)
		}
	}
}
