package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"clawback/internal/tomlpos"
)

// reader collects what is wrong while the tables of one file are read.
type reader struct {
	file     string
	values   map[string]any // of the whole file
	at       tomlpos.Positions
	problems Problems
	known    map[string]bool // every key that was asked for, without indices
	keys     map[string]Key  // what is known of each key that has a value, by its name without indices
}

// report adds a problem at a path, or at the nearest table around it that has a line.
func (r *reader) report(path, text, hint string) {
	line := 0
	for at := path; line == 0 && at != ""; at = parent(at) {
		line = r.at[at].Line
	}
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: withoutAddresses(plain(path)), Text: text,
		Hint: hint})
}

// secretKeys are those whose values are secrets: problems go to the log, and must not show them.
var secretKeys = []string{"tenant.address.address", "tenant.recovery_address", "tenant.submission.address", "feed.url",
	"alert.url"}

// withoutAddresses hides the parts of a key that are addresses, as where one stands in the place of a key.
func withoutAddresses(key string) string {
	if !strings.Contains(key, "@") {
		return key
	}
	return key[:strings.LastIndexAny(key[:strings.IndexByte(key, '@')], ".")+1] + "(an address)"
}

// parent is the path around a path, "" around the outermost.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// plain is a path without indices, as a reader of the file would say it.
func plain(path string) string {
	var b strings.Builder
	inside := false
	for _, c := range path {
		switch {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case !inside:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// table is one TOML table that is being read. What nobody asks for is unknown.
type table struct {
	r      *reader
	path   string
	values map[string]any // nil: the table does not stand in the file
	asked  []string
	inner  []*table
}

// at is the path of a key of this table.
func (t *table) at(key string) string {
	if t.path == "" {
		return key
	}
	return t.path + "." + key
}

// wrong reports a problem with one of the table's keys. What is secret is not quoted.
func (t *table) wrong(key, text, hint string) {
	if slices.Contains(secretKeys, plain(t.at(key))) {
		text = withoutQuotes(text)
	}
	t.r.report(t.at(key), text, hint)
}

// withoutQuotes puts a word in the place of the value that a text begins with, as bad writes it.
func withoutQuotes(text string) string {
	if quoted, err := strconv.QuotedPrefix(text); err == nil {
		return "the value" + text[len(quoted):]
	}
	return text
}

// has reports whether the key stands in the file.
func (t *table) has(key string) bool {
	_, ok := t.values[key]
	return ok
}

// present reports whether the table stands in the file.
func (t *table) present() bool { return t.values != nil }

// lookup asks for a key.
func (t *table) lookup(key string) (any, bool) {
	t.asked = append(t.asked, key)
	t.r.known[plain(t.at(key))] = true
	v, ok := t.values[key]
	return v, ok
}

// finish reports the keys of the table, and of all tables below it, that nobody asked for.
func (t *table) finish() {
	for key := range t.values {
		if !slices.Contains(t.asked, key) {
			t.wrong(key, "is not a known key", didYouMean(key, t.asked))
		}
	}
	for _, inner := range t.inner {
		inner.finish()
	}
}

// table opens a table below this one, which may be absent.
func (t *table) table(key string) *table {
	v, ok := t.lookup(key)
	inner := &table{r: t.r, path: t.at(key)}
	t.inner = append(t.inner, inner)
	if !ok {
		return inner
	}
	values, ok := v.(map[string]any)
	if !ok {
		t.wrong(key, "is "+kindOf(v), fmt.Sprintf("write a table under a line [%s]", plain(t.at(key))))
		return inner
	}
	inner.values = values
	return inner
}

// tables opens the tables of an array of tables.
func (t *table) tables(key string) []*table {
	v, ok := t.lookup(key)
	if !ok {
		return nil
	}
	list, ok := tablesOf(v)
	if !ok {
		t.wrong(key, "is not a list of tables", fmt.Sprintf("begin each under a line [[%s]]", plain(t.at(key))))
		return nil
	}
	var inner []*table
	for i, values := range list {
		inner = append(inner, &table{r: t.r, path: fmt.Sprintf("%s[%d]", t.at(key), i), values: values})
	}
	t.inner = append(t.inner, inner...)
	return inner
}

// tablesOf answers an array of tables in either of the forms in which the TOML parser gives it.
func tablesOf(v any) ([]map[string]any, bool) {
	if list, ok := v.([]map[string]any); ok {
		return list, true
	}
	items, ok := v.([]any)
	if !ok {
		return nil, false
	}
	var list []map[string]any
	for _, item := range items {
		values, ok := item.(map[string]any)
		if !ok {
			return nil, false
		}
		list = append(list, values)
	}
	return list, true
}
