package config

import (
	"strconv"
	"strings"
)

// positions holds the line of each key and of each table of a TOML text, by its path: tenant[1].graph.client_id.
type positions map[string]int

// scanner finds the lines of keys. It reads only text that the TOML parser has already found to be good, so it need not
// judge anything: it skips what it does not care for, and at worst a line is missing.
type scanner struct {
	text  string
	at    int
	line  int
	found positions
	count map[string]int // elements so far of each array of tables
	depth int
}

// maxDepth bounds the nesting of arrays, inline tables and dotted keys whose lines are looked for.
const maxDepth = 64

// scan finds the line of every key and table in a TOML text.
func scan(text string) positions {
	s := &scanner{text: text, line: 1, found: positions{}, count: map[string]int{}}
	prefix := ""
	for s.space(true); s.at < len(s.text); s.space(true) {
		if s.peek() == '[' {
			prefix = s.header()
		} else {
			s.pair(prefix)
		}
	}
	return s.found
}

// header reads [a.b] or [[a.b]] and answers the path of the table it opens.
func (s *scanner) header() string {
	line := s.line
	double := strings.HasPrefix(s.text[s.at:], "[[")
	s.at++
	if double {
		s.at++
	}
	names := s.key()
	path := ""
	for i, name := range names {
		path = join(path, name)
		if i == len(names)-1 && double {
			s.count[path]++
		}
		if n := s.count[path]; n > 0 {
			path += "[" + strconv.Itoa(n-1) + "]"
		}
	}
	s.note(path, line)
	for s.peek() == ']' {
		s.at++
	}
	return path
}

// pair reads key = value below a path.
func (s *scanner) pair(prefix string) {
	line, start := s.line, s.at
	path := prefix
	for _, name := range s.key() {
		path = join(path, name)
		s.note(path, line)
	}
	s.space(false)
	if s.peek() == '=' {
		s.at++
	}
	s.space(false)
	s.value(path)
	if s.at == start { // not a key after all: go on, never stand still
		s.at++
	}
}

// note keeps the first line of a path.
func (s *scanner) note(path string, line int) {
	if _, seen := s.found[path]; !seen {
		s.found[path] = line
	}
}

// key reads a key, dotted and quoted as it may be.
func (s *scanner) key() []string {
	var names []string
	for {
		s.space(false)
		switch c := s.peek(); {
		case c == '"' || c == '\'':
			quoted := s.quoted()
			if name, err := strconv.Unquote(quoted); err == nil && c == '"' {
				names = append(names, name)
			} else {
				names = append(names, strings.Trim(quoted, "'\""))
			}
		default:
			start := s.at
			for s.at < len(s.text) && !strings.ContainsRune(" \t\r\n.=[]{},#\"'", rune(s.text[s.at])) {
				s.at++
			}
			names = append(names, s.text[start:s.at])
		}
		s.space(false)
		if s.peek() != '.' {
			return names[:min(len(names), maxDepth)]
		}
		s.at++
	}
}

// value skips a value, and notes the keys and elements inside it.
func (s *scanner) value(path string) {
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.nested(path, ']')
	case '{':
		s.nested(path, '}')
	default:
		for s.at < len(s.text) && !strings.ContainsRune(",]}#\n", rune(s.text[s.at])) {
			s.at++
		}
	}
}

// nested reads an array or an inline table up to its end.
func (s *scanner) nested(path string, end byte) {
	if s.depth++; s.depth > maxDepth {
		s.at = len(s.text)
	}
	defer func() { s.depth-- }()
	s.at++
	for n := 0; s.at < len(s.text); {
		s.space(true)
		switch c := s.peek(); {
		case c == end:
			s.at++
			return
		case c == ',':
			s.at++
			n++
		case end == '}':
			s.pair(path)
		default:
			s.element(path, n)
		}
	}
}

// element reads one value of an array.
func (s *scanner) element(path string, n int) {
	path += "[" + strconv.Itoa(n) + "]"
	s.note(path, s.line)
	start := s.at
	s.value(path)
	if s.at == start {
		s.at++
	}
}

// quoted reads a string of any of the four kinds, and answers it with its quotes.
func (s *scanner) quoted() string {
	start, quote := s.at, s.text[s.at:s.at+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.at:], triple) {
		quote = triple
	}
	s.at += len(quote)
	for s.at < len(s.text) && !strings.HasPrefix(s.text[s.at:], quote) {
		if s.text[s.at] == '\\' && quote[0] == '"' {
			s.at++
		}
		s.at++
	}
	s.at = min(s.at+len(quote), len(s.text))
	for len(quote) == 3 && s.peek() == quote[0] { // up to two quotes may stand before the closing three
		s.at++
	}
	s.line += strings.Count(s.text[start:s.at], "\n")
	return s.text[start:s.at]
}

// space skips blanks, and with lines also comments and line ends.
func (s *scanner) space(lines bool) {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || c == '\r':
			s.at++
		case lines && c == '\n':
			s.line++
			s.at++
		case lines && c == '#':
			if end := strings.IndexByte(s.text[s.at:], '\n'); end >= 0 {
				s.at += end
			} else {
				s.at = len(s.text)
			}
		default:
			return
		}
	}
}

// peek is the next octet, or 0 at the end.
func (s *scanner) peek() byte {
	if s.at >= len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// join adds a name to a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
