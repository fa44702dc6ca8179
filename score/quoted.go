package score

import (
	"strings"

	"clawback/score/extract"
	"clawback/score/web"
	"clawback/verdict"
)

// knowsAuthor reports whether the organisation knows the author, who wrote as ever and authenticated.
func (x *inspection) knowsAuthor() bool {
	return x.direct == "in" && x.auth.aligned &&
		x.saw("history.correspondent", "history.known_sender", "history.known_domain")
}

// quoted are the numbers, among the indicators that are kept, of the addresses and hosts that a known author only
// quotes: in what he answers, or sends on. Anybody can write a stranger's words behind a ">": of those whom nobody
// knows nothing counts as quoted.
func (x *inspection) quoted() (numbers []int) {
	if !x.knowsAuthor() {
		return nil
	}
	own := x.ownWords()
	for n, i := range x.indicators.kept {
		if (i.Kind == "url" || i.Kind == "domain") && !own[i] {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// ownWords are the addresses and hosts that the author does not only quote.
func (x *inspection) ownWords() map[verdict.Indicator]bool {
	own := map[verdict.Indicator]bool{}
	if x.reports() {
		return own
	}
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if quotes(l) {
			continue
		}
		for _, i := range indicatorsOf(l.URL) {
			own[i] = true
		}
	}
	for _, address := range x.mail.More {
		if u, ok := web.Parse(address); ok {
			for _, i := range indicatorsOf(u) {
				own[i] = true
			}
		}
	}
	return own
}

// quotes reports whether a link stands in what is answered or sent on. What an attached file leads to does not: it does
// what it does, whoever sends it.
func quotes(l *extract.Link) bool { return (l.Quoted || l.Nested) && !l.File }

// reportsFrom is how many addresses a text makes harmless at least that reports on bad mail.
const reportsFrom = 3

// reports reports whether the text is about bad addresses: it writes several so that nobody can follow them. What leads
// somewhere all the same has slipped through.
func (x *inspection) reports() bool {
	body := strings.ToLower(cut(x.mail.Body(), maxText))
	n := 0
	for _, mark := range []string{"hxxp", "[.]", "[dot]", "(dot)"} {
		n = max(n, strings.Count(body, mark))
	}
	return n >= reportsFrom
}
