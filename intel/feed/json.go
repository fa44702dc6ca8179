package feed

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// readJSON reads the values, or objects, at a path.
func readJSON(r io.Reader, f *config.Feed, to sink) error {
	hits, err := walk(r, func(_ []string, decode func(any) error) error {
		var raw json.RawMessage
		if err := decode(&raw); err != nil {
			return err
		}
		return jsonEntry(raw, f, to)
	}, f.Path)
	if err == nil && hits == 0 {
		return refuse(Columns, "has nothing at %s", f.Path)
	}
	return err
}

// jsonEntry hands one value on: a text, or an object with keys as a row has columns.
func jsonEntry(raw json.RawMessage, f *config.Feed, to sink) error {
	var value string
	if json.Unmarshal(raw, &value) == nil && value != "" { // null becomes an empty text too
		return to.entry(entry{kind: f.Kind, value: value, confidence: -1})
	}
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil || object == nil {
		to.pass(SkipUnreadable)
		return nil
	}
	get := func(key string) string {
		if key == "" {
			return ""
		}
		return strings.TrimSpace(plain(object[key]))
	}
	for _, w := range f.Where {
		if mailaddr.Lower(get(w.Column)) != mailaddr.Lower(w.Value) {
			to.pass(SkipFilter)
			return nil
		}
	}
	if f.Columns.Value == "" {
		return refuse(Columns, "has objects at %s: columns.value must name the key of the indicator", f.Path)
	}
	c := f.Columns
	return to.entry(entry{kind: kindOf(get(c.Kind), f), value: get(c.Value), detail: get(c.Detail),
		date: readDate(get(c.Date)), confidence: readConfidence(get(c.Confidence)),
		exactOnly: mailaddr.Equal(get(c.Compromised), "true")})
}

// plain is a value of JSON as text.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
