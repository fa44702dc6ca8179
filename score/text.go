package score

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"clawback/score/words"
)

// detectWords looks at what the text is about, and at what was done to hide it.
func detectWords(x *inspection) {
	if x.bounce {
		return
	}
	for _, topic := range topicOrder() {
		hit, ok := x.topics[topic]
		if !ok || hit.Weight < topicFrom(topic) {
			continue
		}
		x.times(min(hit.Weight, 4), "words."+topic, "text", "%s: %s.", topicText(topic), quoteAll(hit.Phrases))
		x.lastIsOfFile(x.fileTopics[topic])
	}
	x.obfuscation()
	if x.direct != "in" {
		return
	}
	if hit := x.topics["callback"]; hit.Weight >= 1.5 &&
		(x.phone(x.mail.Body()) || slices.ContainsFunc(x.enclosed, x.phone)) {
		x.note("words.phone", "text", "It gives a telephone number to dispute a charge.")
	}
	x.brandStory()
	x.businessFromFreeMail()
	x.fortune()
	x.bodyMailbox()
}

// bodyMailbox looks for mail to nobody in particular that asks to write to another, free mailbox.
func (x *inspection) bodyMailbox() {
	if x.reply || x.list || !x.saw("structure.undisclosed", "structure.to_self") ||
		x.saw("impersonation.reply_to_free_mail") {
		return
	}
	for word := range strings.FieldsSeq(cut(x.mail.Body(), 20<<10)) {
		at := strings.IndexByte(word, '@')
		if at < 1 {
			continue
		}
		end := at + 1
		for end < len(word) && (alphanumeric(word[end]) || word[end] == '.' || word[end] == '-') {
			end++
		}
		domain := strings.ToLower(strings.Trim(word[at+1:end], "."))
		if x.lists.FreeMail.Has(domain) && !strings.Contains(strings.ToLower(word), x.from.Address) {
			x.note("impersonation.body_mailbox", "text",
				"It names no recipient and asks to write to a free mailbox at %s.", domain)
			return
		}
	}
}

// fortune looks for millions offered by strangers who hide behind free mailboxes or blind copies.
func (x *inspection) fortune() {
	hides := x.freeMail || x.saw("impersonation.reply_to_free_mail") || len(x.mail.To)+len(x.mail.Cc) == 0
	if !hides || x.reply || x.list {
		return
	}
	if sum, ok := millions(cut(x.mail.Subject+" "+x.mail.Body(), 20<<10)); ok {
		x.note("words.fortune", "text", "A stranger speaks of a fortune: %q.", sum)
	}
}

// millions finds a sum of a million or more: "$3,500,000.00", "10.5 million", "2 Millionen".
func millions(text string) (string, bool) {
	fields := strings.Fields(text)
	for i, word := range fields {
		if i+1 < len(fields) && millionWord(fields[i+1]) && digitsIn(word) > 0 {
			return word + " " + fields[i+1], true
		}
		if n := digitsIn(word); n >= 7 && groups(word) && strings.ContainsAny(word+around(fields, i), "$€£") {
			return word, true
		}
	}
	return "", false
}

func around(fields []string, i int) string {
	text := ""
	if i > 0 {
		text = fields[i-1]
	}
	if i+1 < len(fields) {
		text += fields[i+1]
	}
	return strings.NewReplacer("USD", "$", "EUR", "€", "GBP", "£", "dollar", "$", "Dollar", "$", "euro", "€", "Euro",
		"€").Replace(text)
}

func millionWord(word string) bool {
	lower := strings.ToLower(word)
	return strings.HasPrefix(lower, "million") || strings.HasPrefix(lower, "milh") ||
		strings.HasPrefix(lower, "millones") || strings.HasPrefix(lower, "miljoen")
}

func digitsIn(word string) int {
	n := 0
	for i := 0; i < len(word); i++ {
		if '0' <= word[i] && word[i] <= '9' {
			n++
		}
	}
	return n
}

// groups reports whether a number is written in groups of three at least twice.
func groups(word string) bool {
	n, run := 0, 0
	for i := 0; i <= len(word); i++ {
		if i < len(word) && '0' <= word[i] && word[i] <= '9' {
			run++
			continue
		}
		if run == 3 {
			n++
		}
		run = 0
	}
	return n >= 2
}

// brandStory looks for texts that speak of an account, a wallet or a parcel at a brand, and neither come from it nor
// lead to it.
func (x *inspection) brandStory() {
	if x.reply || x.list || x.trusted || x.saw("impersonation.brand_name", "impersonation.brand_opening") {
		return
	}
	called := x.saw("words.phone")
	if x.clickable == 0 && !called {
		return
	}
	if !called && x.topics["credential"].Weight < 1.5 && x.topics["crypto"].Weight < 2 &&
		x.topics["parcel"].Weight < 1.5 {
		return
	}
	b, shown, ok := x.brands.in(firstWords(x.body.Text, 150))
	if !ok && called && len(x.enclosed) > 0 {
		b, shown, ok = x.brands.in(firstWords(x.lexicon.Fold(x.enclosed[0]).Text, 150))
	}
	if !ok || b.Kind == "media" || b.Kind == "shop" || x.ownsBrand(b) || x.linksTo(b) {
		return
	}
	x.note("impersonation.brand_story", "text",
		"It speaks of an account at %s, to which neither author nor links belong.", shown)
}

// businessFromFreeMail looks for what only firms and authorities write, from a mailbox that anybody can have.
func (x *inspection) businessFromFreeMail() {
	if !x.freeMail || x.reply || x.list || x.ours(x.domain) {
		return
	}
	most, topic := 0.0, ""
	for _, t := range []string{"credential", "parcel", "prize", "callback", "crypto", "advance", "extortion",
		"payment"} {
		if w := x.topics[t].Weight; w > most {
			most, topic = w, t
		}
	}
	if most >= 2 {
		x.note("impersonation.free_mail_business", "header From",
			"A free mailbox (%s) sends what firms and authorities send: %s.", x.from.Domain(),
			quoteAll(x.topics[topic].Phrases))
	}
}

// gather finds the topics of subject and body; the subject counts one and a half times.
func (x *inspection) gather() {
	x.topics = map[string]words.Hit{}
	for _, source := range []struct {
		text   string
		factor float64
	}{{x.subject.Text, 1.5}, {x.body.Text, density(x.body.Words)}, {x.other.Text, unshown * density(x.other.Words)}} {
		for _, hit := range x.lexicon.Find(source.text) {
			x.merge(hit, source.factor)
		}
	}
}

// unshown is what phrases count in the plain form of a text that mail programs show as HTML.
const unshown = 0.5

// density makes phrases count less in a long text, which touches on many things.
func density(words int) float64 {
	return min(1, math.Sqrt(300/float64(max(words, 1))))
}

func (x *inspection) merge(hit words.Hit, factor float64) {
	have, ok := x.topics[hit.Topic]
	if !ok {
		hit.Weight *= factor
		x.topics[hit.Topic] = hit
		return
	}
	for _, phrase := range hit.Phrases {
		if !contains(have.Phrases, phrase) {
			have.Phrases = append(have.Phrases, phrase)
		}
	}
	have.Weight = max(have.Weight, hit.Weight*factor)
	x.topics[hit.Topic] = have
}

func contains(all []string, s string) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}

func topicOrder() []string {
	return []string{
		"credential", "payment", "urgency", "discreet", "giftcard", "extortion", "callback", "parcel", "crypto",
		"prize", "advance",
		"health", "dating", "advert", "share", "generic",
	}
}

// topicFrom is the weight below which a topic is mere chance.
func topicFrom(topic string) float64 {
	switch topic {
	case "urgency", "generic":
		return 1
	case "advert", "advance", "health", "dating", "crypto", "prize", "extortion":
		return 2
	}
	return 1.5
}

func topicText(topic string) string {
	switch topic {
	case "credential":
		return "It speaks of an account that must be confirmed or will be lost"
	case "payment":
		return "It speaks of payments or of changed bank details"
	case "urgency":
		return "It presses for haste"
	case "discreet":
		return "It asks for availability or discretion, as forged orders of superiors do"
	case "giftcard":
		return "It speaks of gift cards"
	case "extortion":
		return "It threatens to publish something"
	case "callback":
		return "It speaks of a charge that is to be disputed by telephone"
	case "parcel":
		return "It speaks of a parcel that waits"
	case "crypto":
		return "It speaks of crypto-currency"
	case "prize":
		return "It promises a prize or reward"
	case "advance":
		return "It promises a fortune, a loan or a donation"
	case "health":
		return "It advertises cures"
	case "dating":
		return "It advertises acquaintances or sex"
	case "advert":
		return "It has the phrases of unwanted advertising"
	case "share":
		return "It speaks of a document or message to be opened"
	}
	return "It does not address anybody by name"
}

func quoteAll(phrases []string) string {
	if len(phrases) > 4 {
		phrases = phrases[:4]
	}
	return `"` + strings.Join(phrases, `", "`) + `"`
}

// obfuscation looks for letters that are dressed up to keep filters from reading them.
func (x *inspection) obfuscation() {
	hidden := x.subject.Split*3 + x.body.Invisible + x.body.Split/15
	if hidden >= 3 {
		x.note("words.hidden_letters", "text", "Invisible characters stand inside %d words.",
			x.subject.Split+x.body.Split)
	}
	if n := singles(x.body.Text); n >= 40 && n*4 > x.body.Words {
		x.note("words.spaced_letters", "text", "%d letters stand alone, as words that are pulled apart.", n)
	}
	if x.subject.Mixed > 0 || x.body.Mixed >= 2 && (x.body.Latin > x.body.Other || x.body.Mixed >= 6) {
		x.note("words.mixed_script", "text", "Words are written with look-alike letters of other scripts.")
	}
	if x.subject.Styled >= 3 || x.body.Styled >= 12 && x.body.Latin > 0 {
		x.note("words.styled_letters", "text", "Words are written in decorated letters that filters do not read.")
	}
	if x.subject.Leet+x.body.Leet >= 2 && (x.subject.Leet > 0 || x.body.Leet*60 > x.body.Words) {
		x.note("words.leet", "text", "Digits stand in the place of letters in %d words.", x.subject.Leet+x.body.Leet)
	}
}

// emoji counts pictures in a line.
func emoji(s string) int {
	n := 0
	for _, r := range s {
		if 0x1f300 <= r && r <= 0x1faff || 0x2600 <= r && r <= 0x27bf || unicode.Is(unicode.So, r) {
			n++
		}
	}
	return n
}

// singles counts the words of one letter in a folded text.
func singles(folded string) int {
	n := 0
	for i := 2; i < len(folded); i++ {
		if folded[i] == ' ' && folded[i-2] == ' ' && 'a' <= folded[i-1] && folded[i-1] <= 'z' {
			n++
		}
	}
	return n
}
