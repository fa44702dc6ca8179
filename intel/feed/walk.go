package feed

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// maxDepth is how deep a document may nest; the formats that are read need ten at most.
const maxDepth = 64

// walker goes through a JSON document without holding it: each value at one of the paths is handed on, the rest is
// passed over.
type walker struct {
	d     *json.Decoder
	pace  *paced
	paths [][]string // each step a key, "*" for any key, "[]" for any place in a list
	found finder
	hits  int
}

// finder takes the value at a place. It decodes it, once.
type finder func(at []string, decode func(any) error) error

// walk goes through one document, and wants nothing behind it.
func walk(r io.Reader, found finder, paths ...string) (hits int, err error) {
	return walkPaced(&paced{r: r}, found, paths...)
}

// walkPaced is walk with a bound of one's own on the length of a value.
func walkPaced(pace *paced, found finder, paths ...string) (hits int, err error) {
	w := &walker{d: json.NewDecoder(pace), pace: pace, found: found}
	for _, path := range paths {
		w.paths = append(w.paths, steps(path))
	}
	if err := w.value(nil, true); err != nil {
		return w.hits, broken(err, "JSON")
	}
	if _, err := w.d.Token(); !errors.Is(err, io.EOF) {
		return w.hits, refuse(Format, "is not JSON: something stands behind its end")
	}
	return w.hits, nil
}

// steps takes a path such as data[].items[] apart.
func steps(path string) []string {
	var all []string
	for part := range strings.SplitSeq(path, ".") {
		name, list := strings.CutSuffix(part, "[]")
		if name != "" {
			all = append(all, name)
		}
		if list {
			all = append(all, "[]")
		}
	}
	return all
}

// value reads one value, which stands at a place. Where no path leads there, nothing below it is wanted.
func (w *walker) value(at []string, wanted bool) error {
	w.pace.mark = w.d.InputOffset()
	if wanted && slices.ContainsFunc(w.paths, func(p []string) bool { return fits(p, at, true) }) {
		w.hits++
		return w.found(at, w.decode)
	}
	token, err := w.d.Token()
	if err != nil {
		return unended(err)
	}
	wanted = wanted && slices.ContainsFunc(w.paths, func(p []string) bool { return fits(p, at, false) })
	switch token {
	case json.Delim('{'):
		return w.inside(at, true, wanted)
	case json.Delim('['):
		return w.inside(at, false, wanted)
	}
	return nil
}

// inside reads what an object or a list holds, to its end.
func (w *walker) inside(at []string, object, wanted bool) error {
	if len(at) >= maxDepth {
		return refuse(Format, "nests deeper than %d", maxDepth)
	}
	for w.d.More() {
		step := "[]"
		if object {
			key, err := w.d.Token()
			if err != nil {
				return unended(err)
			}
			step, _ = key.(string)
			if step == "[]" || step == "*" { // no key of a known list
				step = ""
			}
		}
		if err := w.value(append(at[:len(at):len(at)], step), wanted); err != nil {
			return err
		}
	}
	_, err := w.d.Token()
	return unended(err)
}

// decode reads the value whose turn it is. One of another shape than was expected is as an empty one.
func (w *walker) decode(into any) error {
	err := w.d.Decode(into)
	var shape *json.UnmarshalTypeError
	if errors.As(err, &shape) {
		return nil
	}
	return unended(err)
}

// unended makes the end of the input, where more must follow, an error that says so.
func unended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// fits reports whether a path leads to a place, or, not whole, past it.
func fits(path, at []string, whole bool) bool {
	if whole && len(path) != len(at) || len(path) < len(at) {
		return false
	}
	for i, step := range at {
		if path[i] != step && !(path[i] == "*" && step != "[]") {
			return false
		}
	}
	return true
}
