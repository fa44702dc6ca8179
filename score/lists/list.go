package lists

import "strings"

// List is a set of lower-case strings, one a line in byte order, that is searched where it lies: nothing is built when the program starts.
type List struct {
	text string
}

// NewList takes text of sorted lines. Every line ends in a newline.
func NewList(text string) List { return List{text: text} }

// Has reports whether s is one of the lines.
func (l List) Has(s string) bool {
	low, high := 0, len(l.text)
	for low < high {
		start, end := l.line(low, high)
		switch strings.Compare(s, l.text[start:end]) {
		case 0:
			return s != ""
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

// Lines calls f with each line, in order.
func (l List) Lines(f func(string)) {
	for line := range strings.SplitSeq(l.text, "\n") {
		if line != "" {
			f(line)
		}
	}
}
