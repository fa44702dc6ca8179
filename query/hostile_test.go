package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/cputime"
	"clawback/verdict"
)

// largest is a message as large as one is kept: its subject fills a field, it went to thousands, and it has links and
// names of files without end. All of it is of few letters, so that much of it fits in part.
func largest() Message {
	m := Message{Sender: strings.Repeat("a", 64<<10) + "@" + strings.Repeat("a.", 30<<10) + "example",
		From: strings.Repeat("a.", 30<<10) + "@a.example", FromName: strings.Repeat("a ", 32<<10), Subject: strings.Repeat("a ", 32<<10)}
	for n := range 10_000 {
		m.Recipients = append(m.Recipients, fmt.Sprintf("a.a.%d@a.a.a.a.a.example", n))
		m.Indicators = append(m.Indicators, verdict.Indicator{Kind: "url", Value: fmt.Sprintf("https://a.a.a.a.a.example/%d?aaaa", n)},
			verdict.Indicator{Kind: "file", Value: fmt.Sprintf("a.a.a.%d.pdf", n)})
	}
	return m
}

// A query that is made to cost much is refused, or held against the largest message within a second.
func TestParse_hostileQueriesAreBounded(t *testing.T) {
	m := largest()
	fill := func(unit string) string { return strings.Repeat(unit, (maxQuery-100)/len(unit)) }
	for name, text := range map[string]string{
		"one star and a long tail":   "subject:*" + fill("a") + "b*",
		"stars and letters":          "subject:" + fill("a*") + "b",
		"stars, to":                  "to:" + fill("a*") + "b",
		"stars, link":                "link:" + fill("*a") + "b*",
		"stars alone":                "subject:" + fill("*") + "b",
		"words of a phrase":          "subject:\"" + fill("a ") + "b\"",
		"words of an address":        "to:\"" + fill("a ") + "b\"",
		"all words that there are":   "from:\"" + strings.Repeat("a ", maxWords-1) + "b\"",
		"a hundred terms":            strings.Repeat("-to:zz@a.a.example ", maxTerms-1) + "to:a",
		"a hundred patterns":         strings.Repeat("-to:*z*z ", 1) + strings.Join(numberedTerms("-link:*zz%d*", maxTerms-1), " "),
		"quotes without end":         fill("\""),
		"colons":                     fill("a:"),
		"signs":                      fill("-"),
		"letters that become longer": "subject:*" + fill("\ufdfa") + "b",
		"an age without end":         "since:" + fill("9") + "d",
		"alternatives":               "disposition:" + fill("clean,") + "spam",
	} {
		began := cputime.Used()
		q, err := Parse(text, time.Now())
		if err == nil && q.Match(m) && strings.HasSuffix(text, "b") {
			t.Errorf("%s: fits", name)
		}
		if err != nil && len(err.Error()) > 4*maxQuery {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
		if used := cputime.Used() - began; used > 2*time.Second {
			t.Errorf("%s: %v of computing time (%v)", name, used, err)
		}
	}
}

func numberedTerms(format string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(format, i))
	}
	return list
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		fits          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a", true}, {"**", "a", true},
		{"a*", "a", true}, {"a*", "abc", true}, {"a*", "ba", false}, {"*c", "abc", true}, {"*c", "abcd", false}, {"*b*", "abc", true},
		{"*b*", "ac", false}, {"a*c", "abc", true}, {"a*c", "ac", true}, {"a*c", "acb", false}, {"a*a", "a", false}, {"a*a", "aa", true},
		{"ab*bc", "abc", false}, {"ab*bc", "abbc", true}, {"*ab*ab*", "abab", true}, {"*ab*ab*", "aba", false}, {"*a*b*c", "cba abc", true},
		{"*a*b*c", "cba acb", false}, {"*aab", "aaaab", true}, {"a**b", "ab", true},
	} {
		if glob(c.pattern, c.text) != c.fits {
			t.Errorf("glob(%q, %q) is not %v", c.pattern, c.text, c.fits)
		}
	}
}
