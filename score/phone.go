package score

import (
	"strings"

	"clawback/score/web"
)

// Digits of a telephone number. Fewer are numbers of small countries and free ones, which dates, sums and numbers of
// orders have too: how they are written tells them.
const (
	fewDigits  = 8
	leastDigit = 10
	mostDigits = 13
)

// phone reports whether a text has a telephone number: ten to thirteen digits with little between them, or eight or
// nine that are written as one.
func (x *inspection) phone(text string) bool {
	text = cut(text, 20<<10)
	digits, gap, start, end := 0, 0, 0, 0
	found := func() bool {
		return digits >= leastDigit && digits <= mostDigits ||
			!x.frozen && digits >= fewDigits && digits < leastDigit && shortPhone(text[start:end])
	}
	for i, r := range text {
		switch {
		case '0' <= r && r <= '9':
			if digits == 0 {
				start = i - before(text[:i])
			}
			digits++
			gap, end = 0, i+1
		case strings.ContainsRune(" +-().\u00a0\u2011\u2013/", r) && gap < 3 && (r != '/' || !x.frozen):
			gap++
		default:
			if found() {
				return true
			}
			digits, gap = 0, 0
		}
	}
	return found()
}

// before is 1 where a plus stands at the end of a text, 0 else.
func before(text string) int {
	if strings.HasSuffix(text, "+") {
		return 1
	}
	return 0
}

// shortPhone reports whether eight or nine digits are written as a telephone number: with a plus or a zero first, or in
// three groups of three; not as a date, a sum or a code.
func shortPhone(number string) bool {
	groups := strings.FieldsFunc(number, func(r rune) bool { return r < '0' || r > '9' })
	if len(groups) == 3 && (len(groups[2]) == 4 || len(groups[0]) == 4) && len(groups[1]) <= 2 {
		return false // 04.11.2026, 2026-11-04
	}
	switch {
	case strings.HasPrefix(number, "+"):
		return len(groups) >= 2
	case strings.HasPrefix(number, "0"):
		return len(groups) >= 2 && len(groups[0]) >= 2
	}
	return len(groups) == 3 && len(groups[0]) == 3 && len(groups[1]) == 3 && len(groups[2]) == 3 &&
		!strings.ContainsAny(number, ".,") && number[0] >= '2' && groups[2] != "000"
}

// hasPhoneNumber reports whether the text, or the first of its files, has a telephone number.
func (x *inspection) hasPhoneNumber() bool {
	return x.phone(x.mail.Subject+"\n"+x.mail.Body()) || len(x.enclosed) > 0 && x.phone(x.enclosed[0])
}

// firm reports whether the author looks like a firm that writes for itself: its name stands in its domain, and the
// domain has no word of a purpose. No proof, but who is copied for a fraud seldom has it.
func (x *inspection) firm() bool {
	if x.freeMail || x.domain == "" || x.auth.dmarc == "fail" && !x.auth.forwarded() || x.auth.spf == "fail" {
		return false
	}
	return !x.purposeInDomain() && x.nameInDomain(web.Label(x.domain))
}

// office reports whether the author calls himself an office, or his domain one in part, such as "fabrikam-refunds".
func (x *inspection) office() bool {
	return !x.freeMail && (x.purposeInDomain() || x.roleName(x.lexicon.Fold(x.from.Name).Text))
}

// purposeInDomain reports whether a word of the domain is one of a purpose.
func (x *inspection) purposeInDomain() bool {
	for word := range strings.SplitSeq(web.Label(x.domain), "-") {
		if purposesIn(word) > 0 {
			return true
		}
	}
	return false
}

// nameInDomain reports whether a word of the author's name stands in the name of his domain, or the letters that its
// words begin with do.
func (x *inspection) nameInDomain(label string) bool {
	label = strings.TrimSpace(x.lexicon.Fold(strings.ReplaceAll(label, "-", "")).Text)
	initials := ""
	for word := range strings.FieldsSeq(x.lexicon.Fold(x.from.Name).Text) {
		if len(word) >= 4 && !x.roles[word] && strings.Contains(label, word) {
			return true
		}
		initials += word[:1]
	}
	return len(initials) >= 3 && strings.Contains(label, initials)
}
