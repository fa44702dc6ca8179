package score

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/score/lists"
	"clawback/score/web"
	"clawback/score/words"
)

// detectImpersonation looks at who the author claims to be.
func detectImpersonation(x *inspection) {
	if x.direct != "in" {
		return
	}
	x.displayName()
	x.senderDomain()
	x.replyTo()
	x.fromShape()
	x.oddName()
	x.senderPlace()
	x.purposeDomain()
	x.brandImages()
	x.brandOpening()
	x.forwarded()
}

// displayName compares the name that is shown with the address behind it.
func (x *inspection) displayName() {
	name := x.from.Name
	if name == "" {
		return
	}
	folded := x.lexicon.Fold(name)
	x.vip(name, folded.Text)
	x.ownName(folded.Text)
	if folded.Mixed > 0 || folded.Styled > 0 || folded.Split > 0 || folded.Leet > 0 || spaced(name) {
		x.note("impersonation.obfuscated_name", "header From",
			"The author's name %q is written with look-alike, decorated or invisible characters.", name)
	}
	if x.list || x.bounce {
		return
	}
	x.addressInName(name)
	brand, shown, ok := x.brands.in(folded.Text)
	if !ok {
		brand, shown, ok = x.brands.in(x.lexicon.Fold(joined(name, 3)).Text)
	}
	if i, whole := x.brands.exact[folded.Text]; whole && !ok {
		brand, shown, ok = x.brands.all[i], name, true
	}
	switch {
	case ok && x.selfHosted(brand, shown) == 0:
	case ok && !x.ownsBrand(brand) && !viaService(name):
		part := x.partOfName(brand, folded.Text, shown)
		person := x.personsMailbox()
		if person {
			part *= 0.4 // a brand that is also a surname
		}
		x.times(brandFactor(brand)*x.ownLabel(folded.Text)*x.linkedShop(brand)*x.selfHosted(brand, shown)*part,
			"impersonation.brand_name", "header From", "The author calls itself %q (%s), but the address is of %s.",
			name, shown, x.from.Domain())
		if part == 1 && !x.linksTo(brand) {
			x.note("impersonation.brand_links", "links", "No link leads to %s.", shown)
		}
		if x.freeMail && !person {
			x.note("impersonation.brand_free_mail", "header From", "%s would not write from a free mailbox (%s).",
				shown, x.from.Domain())
		}
	case x.freeMail && x.roleName(folded.Text):
		x.note("impersonation.role_free_mail", "header From",
			"The author's name %q is that of an office or firm, and the mailbox is a free one (%s).", name,
			x.from.Domain())
	}
}

// brandFactor is greater for brands whose name serves to steal, and which do not let others write for them.
func brandFactor(b lists.Brand) float64 {
	switch b.Kind {
	case "shop", "media", "telecom":
		return 1
	case "software", "program":
		return 1.35
	}
	if b.Weak {
		return 1.2
	}
	return 1.5
}

// ownLabel makes a brand count less where the name also names the author's own domain: "Example Bank for your Visa
// card".
func (x *inspection) ownLabel(folded string) float64 {
	label := strings.TrimSpace(x.lexicon.Fold(web.Label(x.domain)).Text)
	if len(label) >= 4 && strings.Contains(folded, " "+label+" ") {
		return 0.4
	}
	return 1
}

// linkedShop makes a shop or publisher count half where the mail leads to it: many have their mail sent, and their
// customers asked, by others.
func (x *inspection) linkedShop(b lists.Brand) float64 {
	if (b.Kind == "shop" || b.Kind == "media") && x.auth.aligned && x.linksTo(b) {
		return 0.5
	}
	return 1
}

// viaService reports whether a name says itself that somebody writes through a service: "Ann Example via Docusign".
func viaService(name string) bool {
	lower := strings.ToLower(name)
	return strings.Contains(lower, " via ") || strings.Contains(lower, " (via ") || strings.Contains(lower, " über ") ||
		strings.Contains(lower, " from ")
}

// ownsBrand reports whether the author's domain belongs to the brand, or is the organisation's own, or the brand signed
// the message.
func (x *inspection) ownsBrand(b lists.Brand) bool {
	if b.Owns(x.domain) || x.ours(x.domain) {
		return true
	}
	for _, d := range x.auth.dkim {
		if d.result == "pass" && b.Owns(organisation(d.domain)) && !x.cheapName(mailaddr.Name(d.domain)) {
			return true
		}
	}
	label := web.Label(x.domain)
	return x.auth.aligned && strings.HasPrefix(label, b.Key) && x.lists.Popular.Has(x.domain)
}

// spaced reports whether letters are set apart: "N E T F L I X", "N.E.T.F.L.I.X".
func spaced(name string) bool { return despace(name) != name }

// despace joins runs of four or more single letters: fewer may be initials.
func despace(name string) string { return joined(name, 4) }

// joined joins runs of at least so many single letters.
func joined(name string, least int) string {
	fields := strings.FieldsFunc(name,
		func(r rune) bool { return r == ' ' || r == '.' || r == '-' || r == '_' || r == '*' })
	var out []string
	for i := 0; i < len(fields); {
		j := i
		for j < len(fields) && len([]rune(fields[j])) == 1 && letters(fields[j]) {
			j++
		}
		if j-i >= least {
			out = append(out, strings.Join(fields[i:j], ""))
			i = j
			continue
		}
		out = append(out, fields[i])
		i++
	}
	if len(out) == len(fields) {
		return name
	}
	return strings.Join(out, " ")
}

func letters(s string) bool {
	for _, r := range s {
		if r < 'A' || r > 'z' {
			return false
		}
	}
	return true
}

// people is the registry: of the configuration, and what policies add to it.
func (x *inspection) people() []config.VIP {
	list := x.tenant.VIPs
	for _, p := range x.compiled.of(x.tenant) {
		if p.Kind == "person" && p.person.Name != "" && p.inForce(x.msg.Received) {
			list = append(list[:len(list):len(list)], p.person)
		}
	}
	return list
}

// vip compares the name, also as it is folded, with the registry of people.
func (x *inspection) vip(name, folded string) {
	people := x.people()
	if len(people) == 0 {
		return
	}
	ascii := x.lexicon.Fold(spelledOut(name)).Text
	for _, vip := range people {
		if !sameName(folded, x.lexicon.Fold(vip.Name).Text) &&
			!sameName(ascii, x.lexicon.Fold(spelledOut(vip.Name)).Text) {
			continue
		}
		for _, address := range vip.Addresses {
			if mailaddr.Address(address) == mailaddr.Address(x.from.Address) {
				return
			}
		}
		if x.ours(x.domain) && x.auth.aligned {
			continue
		}
		factor := 1.0
		if x.auth.aligned && !x.asks() {
			factor = 0.8 // people write from their private mailboxes, and have namesakes
		}
		x.times(factor, "impersonation.vip", "header From",
			"The author bears the name of %s, whose addresses this is not: %s.",
			vip.Name, x.from.Address)
		return
	}
}

// spelledOut writes a name as those do whose keyboards lack its letters, where that is two letters for one.
func spelledOut(name string) string {
	return twoLetters.Replace(norm.NFC.String(name))
}

var twoLetters = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ø", "oe", "Ø",
	"Oe", "å", "aa", "Å", "Aa")

// sameName compares two folded names: the same words in any order.
func sameName(a, b string) bool {
	if a == b {
		return true
	}
	left, right := strings.Fields(a), strings.Fields(b)
	if len(right) < 2 || len(left) < len(right) || len(left) > len(right)+1 {
		return false
	}
	for _, word := range right {
		if !strings.Contains(a, " "+word+" ") {
			return false
		}
	}
	return true
}

// ownName looks for the organisation's own name in an outsider's.
func (x *inspection) ownName(folded string) {
	if x.ours(x.domain) || x.list || x.bounce {
		return
	}
	for _, domain := range slices.Sorted(maps.Keys(x.own)) {
		label := strings.TrimSpace(x.lexicon.Fold(web.Label(domain)).Text)
		if len(label) >= 4 && strings.Contains(folded, " "+label+" ") && !x.lists.FreeMail.Has(domain) {
			x.note("impersonation.own_name", "header From",
				"The author's name %q names the organisation, and the address is of %s.", x.from.Name, x.from.Domain())
			return
		}
	}
}

func (x *inspection) addressInName(name string) {
	at := strings.IndexByte(name, '@')
	if at < 1 || at == len(name)-1 || strings.Contains(name, " (") {
		return
	}
	end := at + 1
	for end < len(name) && (name[end] == '.' || name[end] == '-' || alphanumeric(name[end])) {
		end++
	}
	domain := web.Registrable(strings.ToLower(strings.Trim(name[at+1:end], ".")))
	if x.leadsTo(domain) && (x.list || relay(x.domain) || relay(x.from.Domain()) || x.lists.Popular.Has(x.domain) ||
		x.throughGroup()) {
		return // an alias service, or a list, that says whose mail it hands on
	}
	if strings.Contains(domain, ".") && domain != x.domain && x.from.Address != "" && !viaService(name) {
		x.note("impersonation.address_in_name", "header From",
			"The author's name shows an address at %s, and the address is of %s.", domain, x.from.Domain())
	}
}

// leadsTo reports whether a link that can be followed leads to a domain.
func (x *inspection) leadsTo(domain string) bool {
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; l.Clickable() && l.Domain == domain {
			return true
		}
	}
	return false
}

func alphanumeric(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
}

// roleName reports whether a name is that of an office rather than of a person.
func (x *inspection) roleName(folded string) bool {
	for word := range strings.SplitSeq(strings.TrimSpace(folded), " ") {
		if x.roles[word] {
			return true
		}
	}
	return false
}

// roleWords are words of offices, folded.
func roleWords(fold words.Folder) map[string]bool {
	set := map[string]bool{}
	for word := range strings.SplitSeq(`support suporte soporte service services servicio serviço serviços kundenservice kundendienst
		customer customers cliente clientes client clients account accounts konto conta cuenta compte security seguranca segurança
		seguridad sicherheit sécurité securite billing invoice rechnung fatura factura facture payment payments pagamento pago paiement
		zahlung department departamento abteilung helpdesk admin administrator administrador bank banco banque notification
		notifications notificação notificacao aviso alert alerta alerts team equipe office officer verification delivery entrega
		shipping order orders pedido protocolo protocol system webmail mailer noreply info central atendimento center centre
		comprovante boleto nota fiscal receita tribunal justiça justica police polizei policia gendarmerie manager director
		donation foundation lottery winner award refund rewards reward prize wallet subscription renewal purchase receipt`, " ") {
		for w := range strings.FieldsSeq(word) {
			set[strings.TrimSpace(fold.Fold(w).Text)] = true
		}
	}
	return set
}
