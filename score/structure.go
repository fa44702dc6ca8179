package score

import (
	"strings"
	"unicode"

	"clawback/score/extract"
	"clawback/score/web"
)

// detectStructure looks at the shape of the message rather than its words.
func detectStructure(x *inspection) {
	x.kindOfMail()
	if x.direct != "in" || x.bounce {
		return
	}
	x.addressing()
	x.emptiness()
	x.subjectShape()
	x.leftovers()
	x.tone()
	if x.mail.HTML.Bytes > 0 && strings.TrimSpace(x.mail.Plain) == "" && !x.list && !x.reply && !x.trusted {
		x.times(x.unlessSubscribed(), "structure.html_only", "text/html",
			"The text is there as HTML only, without a plain form.")
	}
	x.program()
	x.greeting()
	if p := x.mail.Header.First("X-Priority"); strings.HasPrefix(p, "1") || strings.HasPrefix(p, "2") {
		x.note("structure.priority", "header X-Priority", "It calls itself urgent.")
	}
	if x.mail.Unlabelled && !x.reply {
		x.note("structure.unlabelled_text", "text",
			"The text is not in ASCII, and its header does not say in what it is.")
	}
	if !x.mail.Header.Has("Message-Id") {
		x.note("structure.no_message_id", "header", "There is no Message-ID.")
	}
}

// kindOfMail notes what speaks for a message.
func (x *inspection) kindOfMail() {
	switch {
	case x.direct != "in":
		x.note("structure.internal", "header", "It was written inside the organisation.")
	case x.bounce && x.msg.Sender == "":
		x.note("structure.bounce", "header", "It is a delivery report or an automatic answer.")
	case x.list && x.body.Words >= 15 && !x.saw("impersonation.odd_name") && !x.hawks():
		x.note("structure.list", "header List-Id", "It came by a discussion list.")
	case x.reply && len(x.subject.Text) > 4 && strings.Contains(x.mail.Plain+x.mail.HTML.Text, "\n>"):
		x.note("structure.conversation", "header References", "It answers an earlier message and quotes it.")
	}
	if x.trusted && !x.saw("impersonation.brand_name", "impersonation.obfuscated_name", "link.ipfs",
		"link.mixed_script") {
		x.note("structure.trusted_sender", "header From", "It is authenticated mail of %s, a well-known sender.",
			x.domain)
	}
}

// addressing looks at whom the header names.
func (x *inspection) addressing() {
	to, cc := x.mail.To, x.mail.Cc
	recipients := x.recipientsUpTo(1000)
	if x.list || len(x.msg.Recipients) == 0 && len(recipients) == 0 {
		return
	}
	switch {
	case named(to, recipients) || named(cc, recipients):
		return
	case len(to) == 1 && to[0].Address != "" && to[0].Address == x.from.Address:
		x.note("structure.to_self", "header To",
			"It is addressed to its own author and reached the recipient by a blind copy.")
	case len(to)+len(cc) == 0:
		x.note("structure.undisclosed", "header To", "The header names no recipient.")
	case !x.mail.Header.Has("List-Unsubscribe"):
		x.note("structure.not_addressed", "header To",
			"The header names other recipients than those it was delivered to.")
	}
}

func named(addresses []extract.Address, recipients []string) bool {
	for _, a := range addresses {
		for _, r := range recipients {
			if a.Address == r || strings.HasPrefix(r, a.Local()+"+") ||
				strings.HasPrefix(a.Address, strings.SplitN(r, "@", 2)[0]+"@") {
				return true
			}
		}
	}
	return false
}

// emptiness looks at bodies with nothing to read.
func (x *inspection) emptiness() {
	h := &x.mail.HTML
	wordsShown := x.body.Words
	clickable, pictured := 0, false
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if l.Clickable() && !l.Nested {
			clickable++
			pictured = pictured || l.Pic
		}
	}
	switch {
	case h.Bytes > 0 && h.Images > 0 && wordsShown < 25 && pictured:
		x.times(x.unlessSubscribed(), "structure.image_only", "text/html",
			"It is made of pictures to be clicked on, with hardly a word.")
	case wordsShown < 6 && clickable == 0 && x.mail.Subject == "" && len(x.mail.Parts) <= 2:
		x.note("structure.blank", "text", "It has neither subject nor text.")
	}
	if x.freeMail && !x.reply && !x.list && wordsShown < 60 && clickable <= 3 &&
		x.saw("link.file_host", "link.shortener", "link.free_subdomain", "link.open_redirect", "link.ipfs") {
		x.note("structure.only_link", "text",
			"It is a link to a place that anybody can use, and hardly a word, from a free mailbox.")
	}
	hidden := x.lexicon.Fold(cut(h.Hidden, maxText)).Words
	x.hidden = hidden
	if hidden > 100 && hidden > 2*wordsShown {
		x.times(x.unlessSubscribed(), "structure.hidden_text", "text/html",
			"%d words are hidden from the reader, more than are shown.", hidden)
	}
}

// subjectShape looks at the subject line.
func (x *inspection) subjectShape() {
	subject := x.mail.Subject
	lower := strings.ToLower(subject)
	for _, r := range x.recipients() {
		local, _, _ := strings.Cut(r, "@")
		if strings.Contains(lower, r) || len(local) > 6 && strings.ContainsAny(local, "._") &&
			strings.Contains(lower, local) {
			x.note("structure.address_in_subject", "header Subject", "The subject bears the recipient's address.")
			break
		}
	}
	if randomWord(subject) && !x.reply {
		x.note("structure.random_subject", "header Subject", "The subject ends in characters that look random.")
	}
	if shouting(subject) && !x.reply {
		x.note("structure.shouting", "header Subject", "The subject is written in capitals.")
	}
	if n := emoji(subject); n > 0 {
		x.times(min(float64(n), 2), "structure.emoji_subject", "header Subject",
			"There are %d pictures in the subject.", n)
	}
	if !x.reply && !x.list && (strings.HasPrefix(lower, "re:") || strings.HasPrefix(lower, "fw:") ||
		strings.HasPrefix(lower, "fwd:") || strings.HasPrefix(lower, "aw:")) && x.mail.Header.Has("Message-Id") &&
		strings.HasPrefix(lower, "re:") {
		x.note("structure.fake_reply", "header Subject",
			"The subject says that it is an answer, and it answers nothing.")
	}
}

// randomWord finds a word of mixed letters and digits in a subject, such as a tracking number that differs in each
// copy.
func randomWord(subject string) bool {
	for word := range strings.FieldsSeq(subject) {
		word = strings.Trim(word, "#()[]{}:,.-_!?")
		if len(word) >= 10 && web.Random(strings.ToLower(word)) && !strings.ContainsAny(word, "/.@") {
			return true
		}
	}
	return false
}

func shouting(s string) bool {
	upper, lower := 0, 0
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	return upper >= 12 && upper > 4*lower
}

// unlessSubscribed halves what newsletters of good standing do too: those that are signed by their author and name a
// way out.
func (x *inspection) unlessSubscribed() float64 {
	if x.auth.dkimOwn && x.mail.Header.Has("List-Unsubscribe") {
		return 0.5
	}
	return 1
}

// program compares the mail program that is named with the traces that it leaves.
func (x *inspection) program() {
	h := x.mail.Header
	mailer := strings.ToLower(h.First("X-Mailer"))
	if strings.Contains(mailer, "outlook") && !h.Has("X-MimeOLE") && !h.Has("Thread-Index") && !x.list {
		x.note("structure.forged_program", "header X-Mailer",
			"It says that Outlook wrote it, and lacks what Outlook writes.")
	}
	if date := h.First("Date"); date == "" || !zoned(date) {
		x.note("structure.bad_date", "header Date", "The date is missing or lacks its zone.")
	}
	if x.from.Name == "" && x.from.Address != "" && !x.list && !x.reply {
		x.note("structure.no_name", "header From", "The author gives no name.")
	}
}

// zoned reports whether a date names its distance from UTC (RFC 5322, section 3.3), or an old name for it.
func zoned(date string) bool {
	for i := 0; i+4 < len(date); i++ {
		if (date[i] == '+' || date[i] == '-') && digitsIn(date[i+1:i+5]) == 4 {
			return true
		}
	}
	return strings.Contains(date, "GMT") || strings.Contains(date, " UT") ||
		strings.HasSuffix(strings.TrimSpace(date), "Z")
}

// greeting looks for a salutation by address instead of by name, as only who knows nothing else of the reader writes.
func (x *inspection) greeting() {
	opening := strings.ToLower(cut(strings.TrimSpace(x.mail.Body()), 600))
	for _, r := range x.recipients() {
		at := strings.Index(opening, r)
		if at < 0 {
			continue
		}
		before := strings.Fields(opening[:at])
		if len(before) == 0 {
			continue
		}
		switch strings.Trim(before[len(before)-1], ",:!") {
		case "dear", "hello", "hi", "hey", "hallo", "hola", "ola", "olá", "oi", "bonjour", "cher", "beste", "geachte",
			"estimado", "estimada", "prezado", "prezada",
			"sr", "sra", "sr(a)", "prezado(a)", "estimado(a)", "caro", "cara", "liebe", "lieber", "geehrte", "geehrter",
			"client", "customer", "user", "attention", "attn":
			x.note("structure.address_greeting", "text", "It greets the reader by the address, not by a name.")
			return
		}
	}
}

// hawks reports whether the text sells or begs, whatever list it came by: subscribers do not.
func (x *inspection) hawks() bool {
	for _, topic := range []string{"advert", "dating", "health", "advance", "prize", "extortion", "crypto"} {
		if x.topics[topic].Weight >= 2.5 {
			return true
		}
	}
	return false
}
