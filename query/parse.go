package query

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"clawback/internal/mailaddr"
	"clawback/verdict"
)

// maxTerms and maxWords bound how many terms a query has, and how many words in all: each is held against each key of
// each message that is looked at, and a message to thousands has tens of thousands of keys.
const (
	maxTerms = 100
	maxWords = 256
)

// Parse reads a query. Times that are told as an age count back from now. The error is an *Error.
func Parse(text string, now time.Time) (Query, error) {
	words, bad := split(text)
	if bad != nil {
		return Query{}, bad
	}
	var q Query
	for _, w := range words {
		if err := q.add(w, now); err != nil {
			return Query{}, &Error{Query: text, At: w.at, Len: w.len, Text: err.Error()}
		}
		if len(q.Terms) > maxTerms {
			return Query{}, &Error{Query: text, At: w.at, Len: w.len, Text: fmt.Sprintf("more than %d terms", maxTerms)}
		}
		if q.words() > maxWords {
			return Query{}, &Error{Query: text, At: w.at, Len: w.len, Text: fmt.Sprintf("more than %d words", maxWords)}
		}
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return Query{}, &Error{Query: text, Text: "since is not before until: no message can fit"}
	}
	return q, nil
}

// words is how many keys the query needs of a message.
func (q *Query) words() (n int) {
	for _, t := range q.Terms {
		for _, v := range t.Values {
			n += len(parts(t.Field, v))
		}
	}
	return n
}

// add puts one word into the query.
func (q *Query) add(w word, now time.Time) error {
	name := strings.ToLower(w.name)
	switch {
	case name == "" && w.value == "":
		return errors.New("a word is missing")
	case name == "":
		name = "subject"
	case w.value == "":
		return fmt.Errorf("%s: has no value", name)
	}
	switch name {
	case "since", "until", "before", "tenant":
		if w.not {
			return fmt.Errorf("%s: cannot be negated", name)
		}
	}
	switch name {
	case "since":
		return readTime(&q.Since, name, w.value, now)
	case "until", "before":
		return readTime(&q.Until, name, w.value, now)
	case "tenant":
		if q.Tenant != "" && q.Tenant != w.value {
			return errors.New("tenant: is named twice")
		}
		q.Tenant = w.value
		return nil
	}
	field, known := fieldNames[name]
	if !known {
		return unknownName(name, w)
	}
	values, err := values(field, w.value)
	if err != nil {
		return err
	}
	q.unite(Term{field, values, w.not})
	return nil
}

// unite adds a term. A message has one disposition: two of them that are wanted are alternatives.
func (q *Query) unite(t Term) {
	for i, have := range q.Terms {
		if have.Field == t.Field && t.Field == Disposition && !have.Not && !t.Not {
			for _, v := range t.Values {
				if !slices.Contains(have.Values, v) {
					q.Terms[i].Values = append(q.Terms[i].Values, v)
				}
			}
			return
		}
		if have.Field == t.Field && have.Not == t.Not && slices.Equal(have.Values, t.Values) {
			return
		}
	}
	q.Terms = append(q.Terms, t)
}

func unknownName(name string, w word) error {
	if name == "http" || name == "https" || name == "hxxp" || name == "hxxps" {
		return fmt.Errorf("an address of the web is searched for with link:%s:%.60s", name, w.value)
	}
	return fmt.Errorf("%s: is not known; use from, to, subject, link, hash, file, ip, id, disposition, outcome, "+
		"reason, proof, is, "+
		"since, until or tenant", name)
}

// values brings a value into the form in which it is compared.
func values(f Field, value string) ([]string, error) {
	switch f {
	case From, To:
		return one(addressValue(value))
	case Subject:
		return subjectValue(value)
	case Link:
		return one(linkValue(value))
	case Hash:
		return hashValue(value)
	case IP:
		addr, err := netip.ParseAddr(strings.Trim(refang(value), "[]"))
		if err != nil {
			return nil, fmt.Errorf("ip: %q is no IP address; networks cannot be searched for", value)
		}
		return one(addr.Unmap().String())
	case ID:
		return one(idKey(value))
	case Disposition:
		return dispositions(value)
	case Outcome:
		return oneOf("outcome", value, facts[Outcome])
	case Proof:
		return oneOf("proof", value, facts[Proof])
	case Is:
		if slices.Contains(facts[Outcome], strings.ToLower(value)) {
			return nil, fmt.Errorf("is: %q is an outcome: write outcome:%s", value, strings.ToLower(value))
		}
		return oneOf("is", value, facts[Is])
	}
	return one(strings.ToLower(value))
}

// one is a list of one value. A value of blanks alone is refused: it would fit everything.
func one(value string) ([]string, error) {
	if strings.TrimFunc(value, isBlank) == "" || strings.Trim(value, "*") == "" {
		return nil, errors.New("there is nothing in it to search for")
	}
	return []string{value}, nil
}

// addressValue: *@domain and @domain mean the domain alone, domain also what lies below it, name@ a local part.
func addressValue(value string) string {
	value = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(refang(value)), "<"), ">")
	if rest, ok := strings.CutPrefix(value, "*@"); ok && !strings.Contains(rest, "*") {
		value = "@" + rest
	}
	at := strings.LastIndexByte(value, '@')
	switch {
	case strings.Contains(value, "*"):
		return mailaddr.Lower(value)
	case at >= 0 && at == len(value)-1:
		return fold(value)
	case at >= 0:
		return fold(value[:at]) + "@" + mailaddr.Name(value[at+1:])
	case strings.Contains(value, ".") && !strings.ContainsFunc(value, unicode.IsSpace):
		if value = mailaddr.Name(value); strings.Contains(value, ".") {
			return value
		}
	}
	return strings.Join(words(value), " ")
}

func subjectValue(value string) ([]string, error) {
	if strings.Contains(value, "*") {
		return one(fold(value))
	}
	words := words(value)
	if len(words) == 0 {
		return nil, errors.New("there is no word in it to search for")
	}
	return []string{strings.Join(words, " ")}, nil
}

func hashValue(value string) ([]string, error) {
	value = strings.ToLower(strings.TrimPrefix(strings.ToLower(value), "sha256:"))
	raw, err := hex.DecodeString(value)
	switch {
	case err == nil && (len(raw) == 16 || len(raw) == 20):
		return nil, errors.New("hash: this is an MD5 or SHA-1: files are known by their SHA-256 alone, of 64 digits")
	case err != nil || len(raw) != 32:
		return nil, errors.New("hash: write the SHA-256 of an attached file, 64 hexadecimal digits")
	}
	return []string{value}, nil
}

func dispositions(value string) ([]string, error) {
	var list []string
	for _, name := range strings.Split(value, ",") {
		d, err := verdict.Parse(strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("disposition: %w", err)
		}
		list = append(list, d.String())
	}
	return list, nil
}

// oneOf reads one or more of a set of words, with commas between them.
func oneOf(name, value string, known []string) ([]string, error) {
	var list []string
	for _, v := range strings.Split(strings.ToLower(value), ",") {
		v = strings.TrimSpace(v)
		if !slices.Contains(known, v) {
			return nil, fmt.Errorf("%s: %q is not known; use one of %s", name, v, strings.Join(known, ", "))
		}
		list = append(list, v)
	}
	return list, nil
}

// readTime reads an age such as 2d or 1h30m, a day, or a time with its zone.
func readTime(into *time.Time, name, value string, now time.Time) error {
	if !into.IsZero() {
		return fmt.Errorf("%s: is named twice", name)
	}
	if age, err := Duration(value); err == nil {
		*into = now.Add(-age).UTC().Round(0)
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00",
		time.DateOnly} {
		if at, err := time.Parse(layout, value); err == nil {
			*into = at.UTC()
			return nil
		}
	}
	return fmt.Errorf("%s: write how long ago (2d, 12h, 90m), a day of UTC (2026-11-01), or a time with its zone "+
		"(2026-11-01T10:00:00+01:00)", name)
}

// maxAge bounds an age: nothing is kept as long.
const maxAge = 100 * 365 * 24 * time.Hour

// Duration reads a length of time in weeks, days, hours, minutes and seconds, the greatest first: 2d, 12h, 1w2d, 1h30m.
func Duration(text string) (time.Duration, error) {
	units := map[byte]time.Duration{'w': 7 * 24 * time.Hour, 'd': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute,
		's': time.Second}
	total, last := time.Duration(0), maxAge
	for rest := text; rest != ""; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits > 9 || digits == len(rest) {
			return 0, fmt.Errorf("duration %q: write 2d, 12h or 1h30m", text)
		}
		n, _ := strconv.Atoi(rest[:digits])
		unit, known := units[rest[digits]]
		if !known || unit >= last || time.Duration(n) > maxAge/unit {
			return 0, fmt.Errorf("duration %q: write 2d, 12h or 1h30m", text)
		}
		total, last, rest = total+time.Duration(n)*unit, unit, rest[digits+1:]
	}
	if total <= 0 || total > maxAge {
		return 0, fmt.Errorf("duration %q: write 2d, 12h or 1h30m", text)
	}
	return total, nil
}
