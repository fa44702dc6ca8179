package score

import (
	"strings"

	"clawback/score/extract"
)

// forwarded judges the author of a message that was sent on: who sends it on is seldom who is to be judged, and the
// links in it work.
func (x *inspection) forwarded() {
	if x.list || x.bounce {
		return
	}
	inner, ok := forwardedAuthor(cut(x.mail.Body(), 20<<10))
	if !ok {
		inner, ok = forwardedAuthor(cut(x.mail.Plain, 20<<10))
	}
	domain := x.domainOf(inner)
	if !ok || domain == "" || x.ours(domain) || domain == x.domain && !x.freeMail {
		return
	}
	folded := x.lexicon.Fold(inner.Name)
	brand, shown, named := x.brands.in(folded.Text)
	free := x.lists.FreeMail.Has(domain)
	switch {
	case named && !brand.Owns(domain):
		x.note("impersonation.forwarded_brand", "text",
			"The message that was sent on calls its author %q (%s), whose address is of %s.", inner.Name, shown, domain)
	case decorated(inner.Name) || free && machineMade(inner.Local()) || free && x.roleName(folded.Text) ||
		x.cheapName(domain) || machineMade(inner.Local()):
		x.note("impersonation.forwarded_odd", "text",
			"The message that was sent on comes from a name or address that looks made by a machine: %q at %s.",
			inner.Name, domain)
	}
}

// forwardedAuthor finds the header that mail programs put before a text they send on: the author's line, and the date's
// within the next few.
func forwardedAuthor(text string) (extract.Address, bool) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		name, value, found := strings.Cut(strings.Trim(line, " \t*>"), ":")
		if !found || !authorLabel(name) || !strings.Contains(value, "@") {
			continue
		}
		for _, next := range lines[i+1 : min(len(lines), i+7)] {
			label, _, _ := strings.Cut(strings.Trim(next, " \t*>"), ":")
			if dateLabel(label) {
				if all := extract.ParseAddresses(mailtos(value)); len(all) > 0 && all[0].Address != "" {
					return all[0], true
				}
			}
		}
	}
	return extract.Address{}, false
}

// mailtos takes back what mail programs add to an address: <a@b<mailto:a@b>>.
func mailtos(value string) string {
	value = strings.TrimSpace(strings.NewReplacer("[mailto:", "<", "]", ">").Replace(value))
	if before, _, found := strings.Cut(value, "<mailto:"); found && strings.Contains(before, "<") {
		return strings.TrimRight(before, " <") + ">"
	}
	return strings.Replace(value, "<mailto:", "<", 1)
}

func authorLabel(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "from", "de", "von", "van", "da", "from ", "expéditeur", "remitente", "remetente", "afzender":
		return true
	}
	return false
}

func dateLabel(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "sent", "date", "enviado", "enviada", "enviado em", "enviado el", "data", "fecha", "gesendet", "datum",
		"verzonden", "envoyé", "envoyé le", "inviato":
		return true
	}
	return false
}
