package score

import (
	"strings"
	"unicode"

	"clawback/score/web"
)

// leftovers looks for what mass mailers leave behind: empty fields of templates, padding against filters.
func (x *inspection) leftovers() {
	if x.list {
		return
	}
	subject := x.mail.Subject
	if mark, ok := leftover(subject + "\n" + x.from.Name + "\n" + cut(x.mail.Body(), 20<<10)); ok {
		x.note("structure.template_leftover", "text", "A field of the sender's template was left unfilled: %q.", mark)
	}
	if padded(x.mail.Header.First("Subject")) || padded(subject) {
		x.note("structure.subject_padding", "header Subject",
			"Characters stand far to the right of the subject, out of sight.")
	}
	if strings.Count(subject, "_") >= 3 && strings.Count(subject, " ") < strings.Count(subject, "_") && !x.reply {
		x.note("structure.subject_underscores", "header Subject", "The subject's words are joined by underscores.")
	}
	if n := gibberish(x.mail.Body()) + gibberish(x.mail.HTML.Hidden); n >= 3 {
		x.note("structure.gibberish", "text", "The text holds %d long words that no language has.", n)
	}
	if x.mail.HTML.Tall {
		x.note("structure.pushed_down", "text/html",
			"A style pushes a part of the text thousands of pixels down, out of sight.")
	} else if lines := max(blankRun(x.mail.Plain), x.mail.HTML.Breaks); lines >= 40 {
		x.note("structure.pushed_down", "text", "%d empty lines push a part of the text out of sight.", lines)
	}
	if raw8bit(x.mail.Header.First("Subject")) || raw8bit(x.mail.Header.First("From")) {
		x.note("structure.raw_header", "header",
			"Subject or author hold characters that no mail program writes unencoded.")
	}
	if lower := strings.ToLower(strings.TrimSpace(subject)); strings.HasPrefix(lower, "adv:") ||
		strings.HasPrefix(lower, "<adv") || strings.HasPrefix(lower, "[adv") || strings.HasPrefix(lower, "adv ") ||
		strings.HasSuffix(lower, " adv") || strings.HasSuffix(lower, "adv:") {
		x.note("structure.adv_tag", "header Subject", "The subject labels it as an advertisement.")
	}
	if x.mail.HTMLInPlain {
		x.note("structure.html_in_plain", "text/plain", "HTML stands in a part that says it is plain text.")
	}
}

// leftover finds an unfilled field: {{name}}, [[name]], %FIRST%, #LINK#, <<email>>.
func leftover(text string) (string, bool) {
	for _, pair := range [][2]string{{"{{", "}}"}, {"[[", "]]"}, {"[%", "%]"}, {"{%", "%}"}, {"##", "##"},
		{"*|", "|*"}} {
		if mark, ok := between(text, pair[0], pair[1], 30); ok {
			return mark, true
		}
	}
	lower := strings.ToLower(text)
	for _, filler := range []string{"lorem ipsum", "your title here", "this is a preheader text", "add your text here",
		"insert text here", "your company name here", "[your-subject]", "[your-name]"} {
		if strings.Contains(lower, filler) {
			return filler, true
		}
	}
	return single(text)
}

func between(text, open, end string, most int) (string, bool) {
	at := strings.Index(text, open)
	if at < 0 {
		return "", false
	}
	rest := text[at+len(open):]
	stop := strings.Index(rest, end)
	if stop < 2 || stop > most || !fieldName(rest[:stop]) {
		return "", false
	}
	return text[at : at+len(open)+stop+len(end)], true
}

func fieldName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !alphanumeric(s[i]) && s[i] != '_' && s[i] != '-' && s[i] != '.' && s[i] != ' ' {
			return false
		}
	}
	return s != ""
}

// single finds #WORD# and %WORD% in capitals.
func single(text string) (string, bool) {
	for _, mark := range "#%" {
		rest := text
		for range 50 {
			at := strings.IndexRune(rest, mark)
			if at < 0 {
				break
			}
			rest = rest[at+1:]
			stop := strings.IndexRune(rest, mark)
			if stop >= 3 && stop <= 20 && capitals(rest[:stop]) {
				return string(mark) + rest[:stop+1], true
			}
		}
	}
	return "", false
}

func capitals(s string) bool {
	for i := 0; i < len(s); i++ {
		if (s[i] < 'A' || s[i] > 'Z') && s[i] != '_' {
			return false
		}
	}
	return true
}

// padded reports whether a run of five spaces stands before the last word of a subject.
func padded(subject string) bool {
	at := strings.LastIndex(subject, "     ")
	return at > 5 && len(strings.Fields(subject[at:])) > 0 && len(strings.Fields(subject[at:])) <= 2
}

// gibberish counts long words of letters that no language has.
func gibberish(text string) int {
	n := 0
	for word := range strings.FieldsSeq(cut(text, 20<<10)) {
		if scrambled(word) {
			n++
			continue
		}
		if len(word) < 10 || len(word) > 80 || !onlyLetters(word) {
			continue
		}
		if web.Random(strings.ToLower(word)) {
			n++
		}
	}
	return n
}

func onlyLetters(word string) bool {
	for i := 0; i < len(word); i++ {
		if c := word[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// blankRun is the longest run of empty lines that has text behind it.
func blankRun(text string) int {
	longest, run := 0, 0
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			run++
			continue
		}
		longest, run = max(longest, run), 0
	}
	return longest
}

func raw8bit(value string) bool {
	for i := 0; i < len(value); i++ {
		if value[i] >= 0x80 {
			return true
		}
	}
	return false
}

// tone looks at capitals, exclamation marks and sums of money.
func (x *inspection) tone() {
	if x.reply {
		return
	}
	text := cut(x.mail.Body(), 20<<10)
	upper, words, marks, money := count(text)
	if words >= 40 && upper*5 > words {
		x.note("structure.shouting_text", "text", "%d of %d words are written in capitals.", upper, words)
	}
	if marks >= 6 && marks*40 > words || strings.Contains(x.mail.Subject, "!!") {
		x.note("structure.exclamation", "text", "There are %d exclamation marks.",
			marks+strings.Count(x.mail.Subject, "!"))
	}
	if money >= 4 {
		x.note("structure.money", "text", "It names %d sums of money.", money)
	}
}

// count answers how many words are in capitals, how many words, exclamation marks and sums there are.
func count(text string) (upper, words, marks, money int) {
	for word := range strings.FieldsSeq(text) {
		words++
		letters, capital := 0, 0
		for i, r := range word {
			switch {
			case r == '!':
				marks++
			case (r == '$' || r == '€' || r == '£') && i+len(string(r)) < len(word) &&
				unicode.IsDigit(rune(word[i+len(string(r))])):
				money++
			case unicode.IsUpper(r):
				capital++
				letters++
			case unicode.IsLetter(r):
				letters++
			}
		}
		if letters >= 3 && capital == letters {
			upper++
		}
	}
	return upper, words, marks, money
}

// scrambled reports whether a word has a run of capitals and digits in the middle of small letters:
// "memX34QDJLJ89bership".
func scrambled(word string) bool {
	if len(word) < 10 || len(word) > 60 {
		return false
	}
	start := -1
	for i := 0; i < len(word); i++ {
		c := word[i]
		odd := 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		switch {
		case !odd && !('a' <= c && c <= 'z'):
			return false
		case odd && start < 0:
			start = i
		case !odd && start >= 0:
			if i-start >= 6 && start > 0 && strings.ContainsAny(word[start:i], "0123456789") && 'a' <= word[start-1] &&
				word[start-1] <= 'z' {
				return true
			}
			start = -1
		}
	}
	return false
}
