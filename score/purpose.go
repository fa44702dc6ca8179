package score

import (
	"strings"

	"clawback/score/extract"
	"clawback/score/web"
)

// purposeWords are what those call a host who want it to look like the place to sign in, to pay or to be served: in the
// six languages. Names of firms have one of them and something of their own beside it.
var purposeWords = wordSet(`
	login logon signin signon sso auth authenticate authentication authenticator mfa 2fa otp verify verification
	verified validate validation confirm confirmation secure secured security safe safety account accounts password
	passwort passcode credential credentials identity id access unlock restore recovery recover reset update updates
	upgrade reactivate renew renewal activate activation service services support help helpdesk desk center centre
	portal client clients customer customers user users member members mail mailbox webmail email voicemail
	quarantine inbox office online web cloud docs doc document documents file files share shared sharing sign
	signature signing esign invoice invoices billing bill pay payment payments payroll salary benefits benefit hr
	tax refund refunds fine fines toll parking parcel delivery tracking package customs bank banking card cards
	wallet notice notification notifications alert alerts message messages device scan code my app team it admin
	system check session anmelden anmeldung konto konten sicher sichere sicherheit bestaetigen bestaetigung
	verifizierung verifizieren pruefung zugang zugriff freischaltung aktualisierung erneuern dienst kunden
	kundenservice kundenportal dokument dokumente unterschrift rechnung rechnungen zahlung zahlungen gehalt lohn
	steuer erstattung bussgeld paket zustellung zoll karte nachricht postfach mitarbeiter connexion compte comptes
	securite securise verifier confirmer acces mise jour espace facture factures paiement paiements salaire impot
	impots remboursement amende amendes colis livraison douane carte messagerie assistance signer reactivation
	inloggen aanmelden rekening veilig beveiliging verificatie bevestigen bevestiging toegang vernieuwen klant
	klanten factuur facturen betaling betalen salaris loon belasting terugbetaling boete boetes pakket bezorging pas
	kaart bericht berichten acesso conta contas segura seguro seguranca verificar verificacao confirmar confirmacao
	atualizar atualizacao cliente clientes documento documentos assinatura fatura faturas pagamento pagamentos
	salario imposto reembolso multa multas encomenda entrega alfandega cartao mensagem correio acceso cuenta cuentas
	seguridad verificacion confirmacion actualizar actualizacion factura pago pagos nomina impuesto devolucion
	paquete envio aduana tarjeta mensaje correo firma sesion iniciar clave
`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// leastPurpose is how many letters the words of a purpose host have together: "my-id" is anybody's.
const leastPurpose = 9

// purposeHost reports whether the name that somebody bought is made of two purpose words or more, and of nothing else
// but numbers and one short word: "secure-login", "verify-account-2", "konto-sicherheit".
func purposeHost(domain string) bool {
	label := strings.ReplaceAll(web.Label(domain), "_", "-")
	if len(label) > maxLabel {
		return false
	}
	purposes, letters, others := 0, 0, 0
	for word := range strings.SplitSeq(label, "-") {
		switch n := purposesIn(word); {
		case n > 0:
			purposes += n
			letters += len(word)
		case len(word) > 0 && strings.Trim(word, "0123456789") != "":
			others++
			if len(word) > 4 {
				return false
			}
		}
	}
	return purposes >= 2 && letters >= leastPurpose && others <= 1
}

// maxLabel is how long a label of a name can be: RFC 1035, section 2.3.4.
const maxLabel = 63

// purposesIn is how many purpose words make up a word at least, 0 where something else does. Words of two letters count
// at its end alone.
func purposesIn(word string) int {
	if len(word) > maxLabel {
		return 0
	}
	var made [maxLabel + 1]int // of the first so many letters
	for end := 1; end <= len(word); end++ {
		for start := range end {
			if start > 0 && made[start] == 0 || end-start < 3 && end < len(word) || !purposeWords[word[start:end]] {
				continue
			}
			if n := made[start] + 1; made[end] == 0 || n < made[end] {
				made[end] = n
			}
		}
	}
	return made[len(word)]
}

// ownerIsKnown reports whether a name that is made of purpose words belongs to somebody who is known under it.
func (x *inspection) ownerIsKnown(host, domain string) bool {
	return x.ours(web.Organisation(host)) || x.partner(web.Organisation(host)) || x.lists.Popular.Has(domain) ||
		x.lists.HighTrust.Has(domain) || x.lists.Banks.Has(domain) || mailService(domain) || x.trustedDomain(domain)
}

// purposeLink looks for links to hosts that are called after what they pretend to be for.
func (x *inspection) purposeLink(l *extract.Link) {
	if x.list || x.reply || l.IP || !x.calledAfterPurpose(l.Domain) || x.ownerIsKnown(l.Host, l.Domain) ||
		x.authors(l.URL) && x.known() {
		return
	}
	x.once("link.purpose_host", l, "The host %s is called after a purpose and nobody's name.", web.Defang(l.Host))
	x.lastIsOfAuthor("link.purpose_host", l)
}

// calledAfterPurpose is purposeHost, worked out once for each domain.
func (x *inspection) calledAfterPurpose(domain string) bool {
	is, known := x.purposes[domain]
	if !known {
		is = purposeHost(domain)
		x.purposes[domain] = is
	}
	return is
}

// purposeDomain looks for authors whose domain is called so.
func (x *inspection) purposeDomain() {
	if x.domain == "" || x.freeMail || x.list || x.bounce || x.reply || x.known() || !purposeHost(x.domain) ||
		x.ownerIsKnown(x.domain, x.domain) {
		return
	}
	x.note("impersonation.purpose_domain", "header From",
		"The author's domain %s is called after a purpose and nobody's name.", x.domain)
}

// leastOthers is how many links to one other organisation stand behind a lone first one, at least.
const leastOthers = 2

// loneFirst looks for a first link that leads to a place of its own, with links to one other organisation behind it:
// who copies a brand's mail changes the link that is to be followed, and leaves the rest.
func (x *inspection) loneFirst() {
	if x.list || x.bounce || x.reply || x.trusted || x.freeMail {
		return
	}
	var first *extract.Link
	others, owner := 0, ""
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if !l.Clickable() || l.Nested || l.Plain || l.Hidden || l.File || x.msProtected(l) {
			continue
		}
		switch {
		case first == nil:
			first = l
		case l.Domain == first.Domain:
			return
		case owner == "" || owner == l.Domain:
			owner = l.Domain
			others++
		}
	}
	if first == nil || others < leastOthers || x.authors(first.URL) || owner == x.domain ||
		x.lists.Popular.Has(first.Domain) || x.lists.HighTrust.Has(first.Domain) || x.trackerLink(first) ||
		x.ours(web.Organisation(first.Host)) {
		return
	}
	x.once("link.lone_first", first, "The first link leads to %s, and %d behind it to %s.",
		web.Defang(first.Host), others, web.Defang(owner))
}
