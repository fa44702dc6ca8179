package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says what is wrong with a query, and where.
type Error struct {
	Query string // the whole text
	At    int    // offset in bytes of the word that it is about
	Len   int    // of that word, in bytes
	Text  string // what is wrong, and what to write
}

// Error is the text with the word's place.
func (e *Error) Error() string {
	if e.Len == 0 {
		return "query: " + e.Text
	}
	return fmt.Sprintf("query: character %d: %s", utf8.RuneCountInString(e.Query[:e.At])+1, e.Text)
}

// Point is the query with a line below it that marks the word; "" where no single word is wrong.
func (e *Error) Point() string {
	if e.Len == 0 || strings.ContainsAny(e.Query, "\r\n") {
		return ""
	}
	return e.Query + "\n" + strings.Repeat(" ", utf8.RuneCountInString(e.Query[:e.At])) +
		strings.Repeat("^", max(1, utf8.RuneCountInString(e.Query[e.At:e.At+e.Len])))
}

// word is a blank-separated part of a query.
type word struct {
	at, len int // bytes, in the text
	not     bool
	name    string // "" where there is none
	value   string // without its quotes
	quoted  bool   // in whole or in part
}

// maxQuery bounds the text of a query, in bytes.
const maxQuery = 16 << 10

func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// split cuts a query into words. Quotes hold blanks together; within them a backslash takes its character as it is.
func split(text string) ([]word, *Error) {
	if len(text) > maxQuery {
		return nil, &Error{Query: text, Text: fmt.Sprintf("it has %d bytes: %d is the most", len(text), maxQuery)}
	}
	if !utf8.ValidString(text) {
		return nil, &Error{Query: text, Text: "it is not UTF-8"}
	}
	var words []word
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if isBlank(r) {
			at += size
			continue
		}
		w, err := next(text, at)
		if err != nil {
			return nil, err
		}
		words = append(words, w)
		at += w.len
	}
	return words, nil
}

// next reads the word that begins at a place.
func next(text string, at int) (word, *Error) {
	w := word{at: at}
	rest := text[at:]
	if strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "!") { // ! where - begins a flag
		w.not, rest = true, rest[1:]
	}
	end := len(text) - len(rest)
	var value strings.Builder
	open := -1 // where the quote that is open begins
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		switch {
		case r == '"' && open < 0:
			open, w.quoted = end, true
		case r == '"':
			open = -1
		case r == '\\' && open >= 0 && end+1 < len(text):
			end++
			_, size = utf8.DecodeRuneInString(text[end:])
			value.WriteString(text[end : end+size])
		case open < 0 && isBlank(r):
			w.len, w.value = end-at, value.String()
			return w, nil
		case r == ':' && w.name == "" && !w.quoted && value.Len() > 0:
			w.name = value.String()
			value.Reset()
		default:
			value.WriteString(text[end : end+size])
		}
		end += size
	}
	if open >= 0 {
		return w, &Error{Query: text, At: open, Len: len(text) - open, Text: "this quote is not closed"}
	}
	w.len, w.value = end-at, value.String()
	return w, nil
}
