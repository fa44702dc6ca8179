package page

import (
	"strconv"
	"strings"
)

// conditional takes a comment apart that Outlook reads: <!--[if gte mso 9]> content <![endif]-->.
func conditional(comment string) (condition, content string, ok bool) {
	comment = strings.TrimLeft(comment, " \t\r\n")
	if len(comment) < 6 || !strings.EqualFold(comment[:3], "[if") {
		return "", "", false
	}
	condition, content, ok = strings.Cut(comment[3:], "]>")
	if at := lastEndif(content); at >= 0 {
		content = content[:at]
	}
	return condition, content, ok
}

// lastEndif is where the end of a conditional comment begins, or -1.
func lastEndif(s string) int {
	at := strings.LastIndex(s, "<!")
	if at >= 0 && strings.HasPrefix(strings.ToLower(strings.ReplaceAll(s[at+2:min(len(s), at+20)], " ", "")),
		"[endif]") {
		return at
	}
	return -1
}

// outlooks are the versions of Office whose Outlook is still met.
var outlooks = [...]float64{12, 14, 15, 16}

// shownByOutlook reports whether a condition holds for some Outlook. One that cannot be read is taken to hold.
func shownByOutlook(condition string) bool {
	for _, version := range outlooks {
		e := evaluator{rest: strings.ToLower(condition), version: version}
		if holds := e.or(0); holds || e.broken {
			return true
		}
	}
	return false
}

// evaluator works out a condition: "mso", "gte mso 9", "!(IE)", "(mso 16)|(vml)".
type evaluator struct {
	rest    string
	version float64
	broken  bool
}

func (e *evaluator) or(depth int) bool {
	holds := e.and(depth)
	for e.accept("|") {
		right := e.and(depth)
		holds = holds || right
	}
	return holds
}

func (e *evaluator) and(depth int) bool {
	holds := e.not(depth)
	for e.accept("&") {
		right := e.not(depth)
		holds = holds && right
	}
	return holds
}

func (e *evaluator) not(depth int) bool {
	if depth > 20 {
		e.broken = true
		return true
	}
	switch {
	case e.accept("!"):
		return !e.not(depth + 1)
	case e.accept("("):
		holds := e.or(depth + 1)
		e.accept(")")
		return holds
	}
	return e.feature()
}

func (e *evaluator) accept(sign string) bool {
	e.rest = strings.TrimLeft(e.rest, " \t\r\n")
	rest, found := strings.CutPrefix(e.rest, sign)
	e.rest = rest
	return found
}

// word is the next word or number.
func (e *evaluator) word() string {
	e.rest = strings.TrimLeft(e.rest, " \t\r\n")
	end := strings.IndexAny(e.rest, " \t\r\n()|&!")
	if end < 0 {
		end = len(e.rest)
	}
	word := e.rest[:end]
	e.rest = e.rest[end:]
	return word
}

// feature is a comparison: an operator, a name, a version, each of the first and the last left out or not.
func (e *evaluator) feature() bool {
	operator, name := "", e.word()
	switch name {
	case "gt", "gte", "lt", "lte":
		operator, name = name, e.word()
	}
	if name == "" {
		e.broken = true
		return true
	}
	have, known := e.has(name)
	wanted, versioned := e.number()
	switch {
	case !known:
		return false
	case !versioned:
		return true
	}
	switch operator {
	case "gt":
		return have > wanted
	case "gte":
		return have >= wanted
	case "lt":
		return have < wanted
	case "lte":
		return have <= wanted
	}
	return have == wanted
}

func (e *evaluator) has(name string) (version float64, known bool) {
	switch name {
	case "mso", "outlook":
		return e.version, true
	case "vml":
		return 1, true
	case "true":
		return 1, true
	}
	return 0, false
}

// number is a version, where one follows.
func (e *evaluator) number() (float64, bool) {
	before := e.rest
	n, err := strconv.ParseFloat(e.word(), 64)
	if err != nil {
		e.rest = before
	}
	return n, err == nil
}
