// Package tomlpos finds where the keys of a TOML text stand, for messages about their values.
//
// The parser of the values, BurntSushi/toml, keeps no positions of keys that it accepted:
// https://github.com/BurntSushi/toml/issues/462. Once it does, this package can go.
//
// Reads: a text that the parser of the values has accepted.
//
// Writes: nothing.
//
// Invariants:
//
//	I1 what is found in a text that another parser refuses is less, never an error
//	I2 the work is bounded by the text: at most maxDepth levels of nesting are looked into
//
// Standards: TOML 1.0 and 1.1.
package tomlpos

import (
	"bytes"
	"sort"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Position is where a key stands, and where its value begins.
type Position struct {
	Line   int // of the key, or of the element of an array; counted from 1
	Column int // of the key, in bytes, counted from 1; 0 for elements of arrays
	Value  int // offset of the value's first byte; 0 for tables and arrays
}

// Positions are those of keys, tables and elements of arrays by their paths: tenant[1].graph.client_id.
type Positions map[string]Position

// maxDepth bounds the nesting of arrays, inline tables and dotted keys that are looked into.
const maxDepth = 64

// Find finds the position of every key and table in a TOML text.
func Find(text []byte) Positions {
	f := &finder{lines: lineStarts(text), found: Positions{}, count: map[string]int{}}
	f.parser.Reset(text)
	for table := ""; f.parser.NextExpression(); {
		switch e := f.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = f.header(e)
		case unstable.KeyValue:
			f.keyValue(table, e, 0)
		}
	}
	return f.found
}

type finder struct {
	parser unstable.Parser
	lines  []int // offsets of the beginnings of lines
	found  Positions
	count  map[string]int // elements so far of each array of tables
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for at := 0; ; {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return starts
		}
		at += n + 1
		starts = append(starts, at)
	}
}

// line is the number of the line in which an offset lies.
func (f *finder) line(offset uint32) int { return sort.SearchInts(f.lines, int(offset)+1) }

// place is the line and column of an offset.
func (f *finder) place(offset uint32) (line, column int) {
	line = f.line(offset)
	return line, int(offset) - f.lines[line-1] + 1
}

// header notes the table that [a.b] or [[a.b]] opens, and returns its path.
func (f *finder) header(e *unstable.Node) (path string) {
	line, column := 0, 0
	for key := e.Key(); key.Next(); {
		n := key.Node()
		if line == 0 {
			line, column = f.place(n.Raw.Offset)
		}
		path = join(path, string(n.Data))
		if key.IsLast() && e.Kind == unstable.ArrayTable {
			f.count[path]++
		}
		if elements := f.count[path]; elements > 0 {
			path += "[" + strconv.Itoa(elements-1) + "]"
		}
	}
	f.note(path, Position{Line: line, Column: column})
	return path
}

// keyValue notes the keys of key = value below a path, and what is within the value.
func (f *finder) keyValue(path string, e *unstable.Node, depth int) {
	value := e.Value()
	for key := e.Key(); key.Next(); depth++ {
		if depth == maxDepth {
			return
		}
		n := key.Node()
		path = join(path, string(n.Data))
		line, column := f.place(n.Raw.Offset)
		f.note(path, Position{Line: line, Column: column, Value: int(value.Raw.Offset)})
	}
	f.within(path, value, f.found[path].Line, depth)
}

// within notes the keys and elements within a value. line is where the last thing before it stands: arrays have no
// place of their own in the parser's tree.
func (f *finder) within(path string, value *unstable.Node, line, depth int) {
	if depth >= maxDepth {
		return
	}
	switch value.Kind {
	case unstable.InlineTable:
		for entry := value.Children(); entry.Next(); {
			f.keyValue(path, entry.Node(), depth+1)
		}
	case unstable.Array:
		i := 0
		for element := value.Children(); element.Next(); i++ {
			n := element.Node()
			if n.Raw.Length > 0 {
				line = f.line(n.Raw.Offset)
			}
			at := path + "[" + strconv.Itoa(i) + "]"
			f.note(at, Position{Line: line, Value: int(n.Raw.Offset)})
			f.within(at, n, line, depth+1)
		}
	}
}

// note keeps the first position of a path.
func (f *finder) note(path string, p Position) {
	if _, seen := f.found[path]; !seen {
		f.found[path] = p
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
