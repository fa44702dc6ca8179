package score

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"clawback/score/extract"
	"clawback/score/web"
	"clawback/score/words"
)

// What the signals of this file say rests on three kinds of findings or more, of which none proves anything: who the
// author claims to be, what shows that he is not, what he wants, and a way to it that leads past what looks into links.
// Good mail has one or two of them. By the wide rule each of these signals makes MALICIOUS (totals.agree); the narrow
// rule does not know them.

// detectAgreement looks for findings of different kinds that agree.
func detectAgreement(x *inspection) {
	if x.direct != "in" || x.list || x.bounce || x.reply || x.trusted || x.known() || x.partner(x.domain) ||
		x.frozen || x.from.Address == "" {
		return
	}
	x.borrowedCall()
	x.strangerCode()
	x.borrowedCode()
	x.officeOrder()
	x.lookalikeOrder()
}

// agrees reports whether findings of different kinds agree.
func (x *inspection) agrees() bool {
	return x.saw("words.borrowed_call", "words.stranger_code", "words.borrowed_code", "words.office_order",
		"words.lookalike_order")
}

// borrowedCall looks for a brand's name and nothing else, borne by somebody whom nothing shows to be of it, and a call
// about a charge or a fault as the only thing to do. A workshop that repairs what the brand makes has a name of its own
// beside it, and a brand's lesser domains authenticate.
func (x *inspection) borrowedCall() {
	if x.clickable > 0 || !x.borrowsName() || !x.unproven() || !x.hasPhoneNumber() {
		return
	}
	about := x.weight(topicCharge) + x.weight(topicPretext)
	demand := x.weight(topicCall) + x.weight(topicDispute) + x.weight("callback")
	if about < 0.8 || demand < 0.8 || about+demand < 2 {
		return
	}
	x.note("words.borrowed_call", "text", "It bears a brand's name alone, nothing shows that it is of it, and all "+
		"there is to do is to call about %s.", quoteAll(append(x.phrases(topicCharge), x.phrases(topicPretext)...)))
}

// unproven reports whether nothing shows that the author is of the organisation that he names: anybody's mailbox, no
// authentication of his domain, or a domain that is called after a purpose alone.
func (x *inspection) unproven() bool {
	return x.freeMail || x.unauthenticated() || x.saw("impersonation.purpose_domain")
}

// unauthenticated reports whether Exchange looked for proof of the author's domain and found none, which no forwarder
// whom it believes explains.
func (x *inspection) unauthenticated() bool {
	return x.auth.present && !x.auth.aligned && !x.auth.forwarded() && x.auth.arc != "pass"
}

// borrowsName reports whether the author's name is that of a brand that he is not of, with words of offices beside it
// and with no other: a name of one's own says who it is that writes.
func (x *inspection) borrowsName() bool {
	if !x.claimsOther() || !x.saw("impersonation.brand_name") {
		return false
	}
	name := x.lexicon.Fold(x.from.Name).Text
	brand, shown, ok := x.brands.in(name)
	if !ok || brand.Owns(x.domain) {
		return false
	}
	name = strings.ReplaceAll(name, strings.TrimSpace(x.lexicon.Fold(shown).Text), " ")
	for word := range strings.FieldsSeq(name) {
		if len(word) > 2 && !x.offices[word] && !x.brandWord(word) {
			return false
		}
	}
	return true
}

// maxPlace is how long the name of a mailbox or domain is that is compared with each word of the author's name: RFC 5321
// has 64 and 255 octets, and longer ones cost the product of both lengths.
const maxPlace = 255

// personsMailbox reports whether the author writes from a free mailbox that is called after a word of his name which
// is neither a brand's nor an office's: many brands are surnames too.
func (x *inspection) personsMailbox() bool {
	if !x.freeMail || len(x.from.Local()) > maxPlace {
		return false
	}
	local, name := strings.TrimSpace(x.lexicon.Fold(x.from.Local()).Text), x.lexicon.Fold(x.from.Name).Text
	if _, shown, ok := x.brands.in(name); ok {
		name = strings.ReplaceAll(name, strings.TrimSpace(x.lexicon.Fold(shown).Text), " ")
	}
	for word := range strings.FieldsSeq(name) {
		if len(word) >= 3 && !x.offices[word] && !x.brandWord(word) && strings.Contains(local, word) {
			return true
		}
	}
	return false
}

// brandWord reports whether a word is the name of a brand.
func (x *inspection) brandWord(word string) bool {
	_, _, ok := x.brands.in(" " + word + " ")
	return ok
}

// officeNames are the words of offices and purposes, folded as names are.
func officeNames(fold words.Folder, roles map[string]bool) map[string]bool {
	set := maps.Clone(roles)
	for _, all := range []map[string]bool{officeWords, purposeWords} {
		for word := range all {
			set[strings.TrimSpace(fold.Fold(word).Text)] = true
		}
	}
	return set
}

// officeWords are words that firms put beside their names for an office or a thing that they sell, as roleWords and
// purposeWords lack them.
var officeWords = wordSet(`
	com net org inc ltd llc gmbh ag sa bv the of fur und et en y e for via group international premium plus pro
	business online official offiziell officiel oficial officieel 360 365
	hilfe bestellung bestellungen verlangerung reservierung reservierungen buchung mitgliedschaft abo abonnement
	beleg belegservice kundenbetreuung hotline
	booking bookings reservation reservations membership fraud desk care family
	aide reservation commande commandes facturation abonnements renouvellement relation
	hulp klantenzorg klantenservice facturatie bestelling verlenging abonnementen bevestiging
	ajuda pedidos reservas faturacao faturamento faturação renovacao renovação assinaturas atendimento apoio
	ayuda pedido reserva facturacion facturación renovacion renovación suscripcion suscripción suscripciones alertas
	atencion atención
	ceo cfo chief executive president chairman chairwoman boss vorstand geschaftsleitung geschaftsfuhrung
	geschaeftsleitung geschaeftsfuehrung
	direction presidence gerencia direccion dirección presidencia diretoria direcao direção presidência directie
	bestuur bestuurder directeur director
`)

// phrases are those of a topic that were found.
func (x *inspection) phrases(topic string) []string {
	return slices.Clone(x.topics[topic].Phrases)
}

// strangerCode looks for a QR code to sign in or to pay by of a stranger who calls himself nothing that his domain is
// called, where more than that speaks against it: a host that is made for it, or two other things.
func (x *inspection) strangerCode() {
	if !x.saw("words.code_pretext") || x.freeMail || x.firm() || x.popular(x.domain) ||
		x.auth.dkimOwn && x.mail.Header.Has("List-Unsubscribe") {
		return
	}
	kinds := 0
	for _, against := range [...]bool{
		x.unauthenticated(),
		!x.codesOfAuthor(),
		x.office(),
		x.presses() || x.weight(topicPretext) >= 2,
		x.codeHost(),
	} {
		if against {
			kinds++
		}
	}
	if kinds >= 3 || kinds == 2 && x.codeHost() {
		x.note("words.stranger_code", "text", "A stranger's QR code is to be scanned for %s, and %d things beside it "+
			"speak against its author.", quoteAll(x.phrases(topicPretext)), kinds)
	}
}

// presses reports whether the words press, or ask for what is secret, or for money.
func (x *inspection) presses() bool {
	return x.weight("urgency") >= 0.5 || x.weight("credential")+x.weight("payment") >= 1
}

// codeHost reports whether a code leads to a host that is made for fraud, by how it is called or where it lies.
func (x *inspection) codeHost() bool {
	return x.saw("link.purpose_host", "impersonation.purpose_domain", "link.brand_host", "link.own_lookalike",
		"link.recipient_in_url", "link.random_host", "link.cheap_tld", "link.free_subdomain", "link.dynamic_dns",
		"link.ipfs", "link.ip_host", "link.ip_odd", "link.open_redirect", "link.mixed_script")
}

// borrowedCode looks for a QR code that leads to nobody known, in mail that bears a brand's name alone, or the
// organisation's address without proof, and asks to sign in or to pay.
func (x *inspection) borrowedCode() {
	if !x.saw("link.qr") || x.codeOfService() || !x.demandsByCode() {
		return
	}
	switch {
	case x.borrowsName() && !x.codesOfBrand() && !x.popular(x.domain):
	case x.saw("auth.own_domain_forged") && !x.codesOfAuthor():
	case x.saw("impersonation.lookalike_domain") && x.saw("link.own_lookalike") && !x.sameLabel():
	default:
		return
	}
	x.note("words.borrowed_code", "text", "It bears another's name or address, and a QR code to a place of nobody "+
		"known is to be scanned to sign in or to pay.")
}

// demandsByCode reports whether the words say what one signs in or pays for.
func (x *inspection) demandsByCode() bool {
	return x.weight(topicPretext) >= ofFile-0.05 || x.presses() || x.weight(topicCharge)+x.weight(topicMoney) >= 1.5
}

// codesOfBrand reports whether a code leads to a site of the brand that the author names.
func (x *inspection) codesOfBrand() bool {
	brand, _, ok := x.brands.in(x.lexicon.Fold(x.from.Name).Text)
	return ok && x.anyCode(func(l *extract.Link) bool { return brand.Owns(l.Domain) })
}

// anyCode reports whether one of the codes is such.
func (x *inspection) anyCode(is func(*extract.Link) bool) bool {
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; strings.HasPrefix(l.Where, "QR code") && is(l) {
			return true
		}
	}
	return false
}

// officeOrder looks for a registered person's name at a mailbox or a domain that is called after an office and not
// after that person, and for an order. People's own mailboxes bear their names, and their firms' domains what the firms
// are called.
func (x *inspection) officeOrder() {
	if !x.saw("impersonation.vip") || !x.orders() {
		return
	}
	place := web.Label(x.domain)
	if x.freeMail {
		place = x.from.Local()
	}
	if x.namedIn(place) || !officePlace(place) {
		return
	}
	x.note("words.office_order", "header From", "The name of a registered person gives an order from %s, which is "+
		"called after an office and not after that person.", x.from.Address)
}

// orders reports whether the words are an order: money, secrecy, or several of what forged orders begin with.
func (x *inspection) orders() bool {
	return x.askedFor() || x.weight(topicMoney) >= 1 || x.weight("discreet") >= 0.5 || x.weight(topicAsk) >= 1.5
}

// namedIn reports whether a word of the author's name stands in the name of a mailbox or domain.
func (x *inspection) namedIn(place string) bool {
	if len(place) > maxPlace {
		return false
	}
	place = strings.ReplaceAll(strings.TrimSpace(x.lexicon.Fold(place).Text), " ", "")
	for word := range strings.FieldsSeq(x.lexicon.Fold(x.from.Name).Text) {
		if len(word) >= 3 && strings.Contains(place, word) {
			return true
		}
	}
	return false
}

// officePlace reports whether a mailbox or domain is made of words of offices and purposes alone, but for numbers.
func officePlace(place string) bool {
	found := false
	for word := range strings.FieldsFuncSeq(strings.ToLower(place), func(r rune) bool {
		return r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9'
	}) {
		if !officeWords[word] && purposesIn(word) == 0 {
			return false
		}
		found = found || len(word) >= 3
	}
	return found
}

// lookalikeOrder looks for an order about money from a domain that is spelled nearly as the organisation's or a
// partner's, in mail that bears the true name and nowhere the other: who is called so by chance bears his own.
func (x *inspection) lookalikeOrder() {
	if !x.saw("impersonation.lookalike_domain") || x.sameLabel() ||
		x.weight(topicMoney) < 1 && !x.askedFor() {
		return
	}
	own, ok := x.nearOwn(x.domain)
	if !ok {
		return
	}
	label, wanted := web.Label(web.Unicode(x.domain)), web.Label(web.Unicode(own))
	if strings.Contains(label, wanted) || !x.writes(wanted) || x.writes(label) {
		return
	}
	x.note("words.lookalike_order", "header From", "It speaks of money in the name of %s, from %s, which is spelled "+
		"nearly so.", own, web.Defang(web.Unicode(x.domain)))
}

// writes reports whether a word stands in the author's name, the subject or the text, spelled just so: folded, names
// that look alike are one.
func (x *inspection) writes(name string) bool {
	for _, text := range [...]string{x.from.Name, x.mail.Subject, cut(x.mail.Body(), maxText)} {
		for word := range strings.FieldsFuncSeq(strings.ToLower(withoutURLs(text)), func(r rune) bool {
			return r != '-' && r != '@' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			if strings.Trim(word, ".-") == name {
				return true
			}
		}
	}
	return false
}
