package score

import (
	"strings"

	"clawback/internal/mailaddr"
	"clawback/score/extract"
	"clawback/score/web"
)

// detectSigns looks for small things that senders of good mail have no reason to do, and for what several findings mean
// together.
func detectSigns(x *inspection) {
	if x.direct != "in" || x.list || x.bounce {
		return
	}
	x.scanLure()
	x.calledFromFile()
	x.orderFromFreeMail()
	x.enclosedAuthor()
	x.injectedForm()
	x.sameMark()
	x.hiddenPreamble()
}

// scanLure looks for a text that asks to scan a code that leads elsewhere than to the author.
func (x *inspection) scanLure() {
	if !x.saw("link.qr") || x.trusted {
		return
	}
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; strings.HasPrefix(l.Where, "QR code") &&
			(x.authors(l.URL) && x.auth.aligned || x.ours(web.Organisation(l.Host))) {
			return
		}
	}
	text := x.subject.Text + firstWords(x.body.Text, 200)
	for _, order := range [...]string{
		" scan ", " scan the ", " scanning ", " scannen ", " scanne ", " scannez ", " scanner ", " escanea ",
		" escanee ", " escanear ", " escaneie ", " digitalize ", " qr code ", " qr ",
	} {
		if strings.Contains(text, order) {
			x.note("link.qr_lure", "text", "The text asks to scan a QR code, which leads past what looks into links "+
				"and to somewhere else than the author.")
			return
		}
	}
}

// calledFromFile looks for a telephone number to call about a charge where nothing but a file or an invitation says
// what was charged.
func (x *inspection) calledFromFile() {
	if x.reply || x.trusted || x.body.Words > 80 || x.known() {
		return
	}
	invitation := x.invitation()
	if !x.carriesFile() && !invitation {
		return
	}
	if x.topics["callback"].Weight >= 0.5 &&
		(x.phone(x.mail.Subject+"\n"+x.mail.Body()) ||
			strings.TrimSpace(x.mail.Body()) == "" && len(x.enclosed) > 0 && x.phone(x.enclosed[0])) {
		x.note("words.callback_file", "text",
			"It speaks of a charge, gives a telephone number, and what it is about stands in a file or an invitation.")
	}
}

// invitation reports whether it carries an event.
func (x *inspection) invitation() bool {
	for i := range x.mail.Parts {
		if p := &x.mail.Parts[i]; !p.Nested && p.Type == "text/calendar" {
			return true
		}
	}
	return false
}

// known reports whether the tenant has heard of the author before.
func (x *inspection) known() bool {
	return x.saw("history.correspondent", "history.known_sender", "history.known_domain")
}

// orderFromFreeMail looks for short mail from a free mailbox, to people who never wrote there, that asks for discretion
// or gift cards: forged orders in a name that no registry knows.
func (x *inspection) orderFromFreeMail() {
	if x.reply || x.known() || x.body.Words > 120 || x.ours(x.domain) {
		return
	}
	if !x.freeMail && !x.saw("impersonation.reply_to_free_mail") {
		return
	}
	if x.topics["discreet"].Weight >= 2 || x.topics["giftcard"].Weight >= 2 || x.topics["payment"].Weight >= 2.5 {
		x.note("words.free_mail_order", "text",
			"A free mailbox that nobody wrote to asks for what superiors ask for, in few words: %s.",
			quoteAll(append(append(x.topics["discreet"].Phrases, x.topics["giftcard"].Phrases...),
				x.topics["payment"].Phrases...)))
	}
}

// enclosedAuthor looks at who an attached message says that it is from.
func (x *inspection) enclosedAuthor() {
	for _, from := range x.mail.EnclosedFrom {
		domain := x.domainOf(from)
		brand, shown, named := x.brands.in(x.lexicon.Fold(from.Name).Text)
		if named && domain != "" && !brand.Owns(domain) && !x.ours(domain) && !x.saw("impersonation.forwarded_brand") {
			x.note("impersonation.forwarded_brand", "attached message",
				"The attached message calls its author %q (%s), whose address is of %s.", from.Name, shown, domain)
			x.lastIsOfFile(true)
			return
		}
	}
}

// injectedForm looks for sign-up mail in which an address of the web stands where a name was asked for: strangers have
// such mail sent to others, with their words in it.
func (x *inspection) injectedForm() {
	if !x.auth.aligned || x.freeMail {
		return
	}
	text := x.mail.Subject + "\n" + withoutURLs(cut(x.mail.Body(), 4<<10))
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if !l.Clickable() || !x.authors(l.URL) {
			continue
		}
		for pair := range strings.SplitSeq(l.Query, "&") {
			_, value, _ := strings.Cut(pair, "=")
			if host, ok := bareHost(value); ok && web.Registrable(host) != l.Domain && strings.Contains(text, value) {
				x.note("structure.form_injection", "text",
					"In the place of a name stands %s, which is handed on in a link: somebody had this mail sent "+
						"with words of his own.", web.Defang(host))
				return
			}
		}
	}
}

// bareHost reports whether a value is the name of a host and nothing else.
func bareHost(value string) (string, bool) {
	if len(value) > 253 || strings.Contains(value, "@") || strings.Count(value, ".") == 0 {
		return "", false
	}
	u, ok := web.Parse("http://" + value)
	return u.Host, ok && u.Host == mailaddr.Lower(value) && hostName(value) && web.KnownSuffix(u.Host)
}

// sameMark looks for one odd word that ends both the author's name and the subject: it marks the copies of a mass
// mailing.
func (x *inspection) sameMark() {
	mark := lastWord(x.mail.Subject)
	if x.reply || mark != lastWord(x.from.Name) || len(mark) < 4 {
		return
	}
	bare := strings.Trim(mark, ".-_#*|:[]()")
	if len(bare) < len(mark) && len(bare) >= 3 && bare == strings.ToUpper(bare) || web.Random(strings.ToLower(bare)) {
		x.note("structure.same_mark", "header Subject", "The author's name and the subject end in the same mark, %q.",
			mark)
	}
}

func lastWord(s string) string {
	fields := strings.Fields(s)
	if len(fields) < 2 {
		return ""
	}
	return fields[len(fields)-1]
}

// maxPreheader is how many words newsletters hide before their text, to be shown in lists of mail; fewWords is less
// than they say.
const (
	maxPreheader = 60
	fewWords     = 50
)

// hiddenPreamble looks for more words that are hidden than a line in a list of mail shows, in a text that shows few.
func (x *inspection) hiddenPreamble() {
	if x.hidden > maxPreheader && x.body.Words < fewWords && !x.saw("structure.hidden_text") && !x.reply {
		x.times(x.unlessSubscribed(), "structure.hidden_preamble", "text/html",
			"%d words are hidden from the reader, and %d are shown.", x.hidden, x.body.Words)
	}
}

// oddLink looks at how a link is written: with characters that no host has, or far behind blanks.
func (x *inspection) oddLink(l *extract.Link) {
	if l.Odd {
		x.once("link.odd_host", l, "The link to %s is written with characters that no name of a host has.",
			web.Defang(l.Unicode))
	}
	if l.Padded {
		x.once("link.padded", l, "The link to %s stands behind blanks in its field, where filters look for its "+
			"beginning.", web.Defang(l.Host))
	}
}

// onwards reports whether a host leads on, or is anybody's: a redirect to it hides where it ends, however well-known it
// is.
func (x *inspection) onwards(u web.URL) bool {
	_, bio := x.lists.LinkInBio.HasSuffix(u.Host)
	return x.lists.Shorteners.Has(u.Host) || bio || storage(u.Host)
}
