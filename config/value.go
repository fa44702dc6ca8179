package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/internal/mailaddr"
)

// get reads a value of one type; what the file lacks is the fallback.
func get[T any](t *table, key string, fallback T, kind string) T {
	v, ok := t.lookup(key)
	if !ok {
		return fallback
	}
	if typed, ok := v.(T); ok {
		return typed
	}
	t.wrong(key, "is "+kindOf(v), "write "+kind)
	return fallback
}

// kindOf names the type of a TOML value.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case time.Time:
		return "a date"
	case map[string]any:
		return "a table"
	}
	return "a list"
}

// text reads a string, without the blanks around it.
func (t *table) text(key, fallback string) string {
	t.note(key, Key{Kind: "text", Default: quoted(fallback)})
	return strings.TrimSpace(get(t, key, fallback, "a string in quotes"))
}

// flag reads true or false.
func (t *table) flag(key string, fallback bool) bool {
	t.note(key, Key{Kind: "true or false", Default: fmt.Sprint(fallback)})
	return get(t, key, fallback, "true or false")
}

// number reads a whole number that is not less than the least allowed.
func (t *table) number(key string, fallback, least int) int {
	t.note(key, Key{Kind: "whole number", Default: fmt.Sprint(fallback), Least: fmt.Sprint(least)})
	n := get(t, key, int64(fallback), "a whole number")
	if n < int64(least) || n > 1<<31-1 {
		t.wrong(key, fmt.Sprintf("is %d", n),
			fmt.Sprintf("use a number of at least %d; the default is %d", least, fallback))
		return fallback
	}
	return int(n)
}

// Off is what a limit reads as that was taken away by "off" or -1.
const Off = -1

// limit reads a whole number from 1 up, or "off". 0 is refused: it could mean none, or no limit.
func (t *table) limit(key string, fallback int) int {
	t.note(key, Key{Kind: `whole number, or "off"`, Default: fmt.Sprint(fallback), Least: "1"})
	v, ok := t.lookup(key)
	if !ok {
		return fallback
	}
	if off(v) {
		return Off
	}
	n, whole := v.(int64)
	if !whole || n < 1 || n > 1<<31-1 {
		t.wrong(key, fmt.Sprintf("is %v", v),
			fmt.Sprintf(`use a whole number of at least 1, or "off" for no limit; the default is %d`, fallback))
		return fallback
	}
	return int(n)
}

// off reports whether a value takes a limit away.
func off(v any) bool {
	s, isText := v.(string)
	return v == int64(Off) || isText && mailaddr.Equal(strings.TrimSpace(s), "off")
}

// share reads a percentage above 0, or "off".
func (t *table) share(key string, fallback float64) float64 {
	t.note(key, Key{Kind: `percentage above 0 and up to 100, or "off"`, Default: fmt.Sprint(fallback)})
	v, ok := t.lookup(key)
	if !ok {
		return fallback
	}
	if off(v) {
		return Off
	}
	n, isNumber := v.(float64)
	if whole, ok := v.(int64); ok {
		n, isNumber = float64(whole), true
	}
	if !isNumber || !(n > 0 && n <= 100) { // written so that NaN is refused
		t.wrong(key, "is not such a percentage",
			fmt.Sprintf(`use a percentage above 0 and up to 100, without the sign, or "off" for no limit; `+
				`the default is %g`, fallback))
		return fallback
	}
	return n
}

// percent reads a share from 0 to 100, with or without a fraction.
func (t *table) percent(key string, fallback float64) float64 {
	t.note(key, Key{Kind: "percentage from 0 to 100", Default: fmt.Sprint(fallback)})
	v, ok := t.lookup(key)
	if !ok {
		return fallback
	}
	n, isFloat := v.(float64)
	if whole, ok := v.(int64); ok {
		n, isFloat = float64(whole), true
	}
	if !isFloat || !(n >= 0 && n <= 100) { // written so that NaN is refused
		t.wrong(key, "is not a percentage", "use a number from 0 to 100, without the sign")
		return fallback
	}
	return n
}

// size reads bytes: a whole number, or a string such as "400MiB".
func (t *table) size(key, fallback string, least int64) int64 {
	t.note(key, Key{Kind: "size", Default: quoted(fallback), Least: leastSize(least)})
	v, ok := t.lookup(key)
	if !ok {
		v = fallback
	}
	var n int64
	var err error
	switch v := v.(type) {
	case int64:
		n = v
	case string:
		n, err = parseSize(v)
	default:
		err = fmt.Errorf("is %s", kindOf(v))
	}
	switch {
	case err != nil:
		t.wrong(key, err.Error(), fmt.Sprintf("write a number of bytes, or with a unit as in %q", fallback))
	case n < least:
		t.wrong(key, fmt.Sprintf("is %d bytes", n), fmt.Sprintf("use at least %d; the default is %q", least, fallback))
	}
	return n
}

// duration reads a length of time: a string such as "5m", "12h" or "14d".
func (t *table) duration(key, fallback string, least time.Duration) time.Duration {
	s := t.text(key, fallback)
	t.note(key, Key{Kind: "duration", Default: quoted(fallback), Least: leastTime(least)})
	return t.span(key, s, fallback, least)
}

// span is the duration that s, the value of key, says.
func (t *table) span(key, s, fallback string, least time.Duration) time.Duration {
	d, err := parseDuration(s)
	switch {
	case err != nil:
		t.wrong(key, err.Error(), fmt.Sprintf("write it as in \"30s\", \"5m\", \"12h\" or \"14d\"; the default is %q",
			fallback))
	case d < least:
		t.wrong(key, fmt.Sprintf("is %s", s), fmt.Sprintf("use at least %s; the default is %q", least, fallback))
	}
	return d
}

// date reads a date or a time, bare or in quotes; the zero time when it is absent.
func (t *table) date(key string) time.Time {
	t.note(key, Key{Kind: "date"})
	v, ok := t.lookup(key)
	if !ok {
		return time.Time{}
	}
	if when, ok := v.(time.Time); ok {
		return when.UTC()
	}
	if s, ok := v.(string); ok {
		for _, layout := range []string{time.DateOnly, time.RFC3339} {
			if when, err := time.Parse(layout, s); err == nil {
				return when.UTC()
			}
		}
	}
	t.wrong(key, "is not a date", "write it as in 2027-01-31 or 2027-01-31T12:00:00Z")
	return time.Time{}
}

// list reads strings, without blanks around them. check, if not nil, says what is wrong with one of them.
func (t *table) list(key string, fallback []string, check func(string) (string, error)) []string {
	t.note(key, Key{Kind: "list of texts", Default: quotedList(fallback)})
	v, ok := t.lookup(key)
	if !ok {
		return fallback
	}
	items, ok := v.([]any)
	if !ok {
		t.wrong(key, "is "+kindOf(v), `write a list in brackets, as in ["one", "two"]`)
		return fallback
	}
	var found []string
	for i, item := range items {
		s, ok := item.(string)
		path := fmt.Sprintf("%s[%d]", t.at(key), i)
		if !ok {
			t.r.report(path, fmt.Sprintf("has %s in its list", kindOf(item)), "write strings in quotes")
			continue
		}
		clean, err := checked(strings.TrimSpace(s), check)
		if err != nil {
			t.r.report(path, err.Error(), hintOf(err))
			continue
		}
		if slices.Contains(found, clean) {
			t.r.report(path, fmt.Sprintf("has %q twice", clean), "remove one of them")
			continue
		}
		found = append(found, clean)
	}
	return found
}

// checked runs a check, if there is one.
func checked(s string, check func(string) (string, error)) (string, error) {
	if check == nil {
		check = notEmpty
	}
	return check(s)
}

// word reads a string that a check must pass; an absent or empty one passes and is "".
func (t *table) word(key, fallback string, check func(string) (string, error)) string {
	s := t.text(key, fallback)
	if s == "" {
		return ""
	}
	clean, err := check(s)
	if err != nil {
		t.wrong(key, err.Error(), hintOf(err))
		return ""
	}
	return clean
}

// need is word for a key that must be there.
func (t *table) need(key, hint string, check func(string) (string, error)) string {
	defer t.note(key, Key{Kind: "text", Required: true})
	if !t.has(key) || t.values[key] == "" {
		t.lookup(key)
		t.wrong(key, "is missing", hint)
		return ""
	}
	return t.word(key, "", check)
}

// choice reads one of a few words.
func (t *table) choice(key, fallback string, known ...string) string {
	s := t.text(key, fallback)
	t.note(key, Key{Kind: "one of " + choices(known), Default: quoted(fallback)})
	if slices.Contains(known, s) {
		return s
	}
	t.wrong(key, fmt.Sprintf("is %q", s), didYouMean(s, known))
	return fallback
}
