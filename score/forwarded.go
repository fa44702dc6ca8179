package score

import "clawback/score/extract"

// forwarded judges the author of a message that was sent on: who sends it on is seldom who is to be judged, and the
// links in it work.
func (x *inspection) forwarded() {
	if x.list || x.bounce {
		return
	}
	inner, ok := extract.ForwardedAuthor(cut(x.mail.Body(), 20<<10))
	if !ok {
		inner, ok = extract.ForwardedAuthor(cut(x.mail.Plain, 20<<10))
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
