package score

import (
	"encoding/base64"
	"strings"

	"clawback/score/extract"
	"clawback/score/lists"
	"clawback/score/web"
)

// detectLinks looks at where the message leads.
func detectLinks(x *inspection) {
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; l.Clickable() && !l.Plain {
			x.clickable++
		}
	}
	x.indicateLinks()
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; l.Clickable() && !(x.bounce && l.Nested) {
			x.link(l)
		}
	}
	if x.direct == "in" {
		x.foreignLinks()
		x.loneFirst()
	}
	x.forms()
}

// forms looks for forms in the text itself, which good senders do not use since most mail programs refuse them.
func (x *inspection) forms() {
	h := &x.mail.HTML
	switch {
	case h.Passwords > 0:
		x.note("link.password_form", "text/html", "The text itself asks for a password.")
	case h.Forms > 0 && !x.trusted:
		x.note("link.html_form", "text/html", "The text holds a form.")
	}
}

// So many links make it likely, or sure, that one of them leads somewhere odd.
const (
	manyLinks     = 25
	veryManyLinks = 200
)

// once notes a signal only for the first link that has it. Among many links it counts half, among very many a quarter.
func (x *inspection) once(id string, l *extract.Link, format string, args ...any) {
	if x.saw(id) {
		return
	}
	factor := 1.0
	switch {
	case x.clickable > veryManyLinks:
		factor = 0.25
	case x.clickable > manyLinks:
		factor = 0.5
	}
	x.times(factor, id, l.Where, format, args...)
	x.lastIsOfFile(l.File || l.Nested)
}

func (x *inspection) link(l *extract.Link) {
	if x.msProtected(l) {
		return
	}
	x.oddLink(l)
	x.linkShape(l)
	x.linkText(l)
	x.linkHost(l)
	x.linkPath(l)
	if target, ok := l.Target(); ok {
		inner := *l
		inner.URL = target
		x.linkShape(&inner)
		x.linkHost(&inner)
		x.linkPath(&inner)
		if x.openRedirect(l, target) {
			x.once("link.open_redirect", l, "The link to %s leads on to %s.", web.Defang(l.Host),
				web.Defang(target.Host))
		}
	}
}

// msProtected reports whether the link is one of Exchange's own, in notices that it adds.
func (x *inspection) msProtected(l *extract.Link) bool {
	return l.Domain == "aka.ms" || l.Domain == "w3.org"
}

// openRedirect reports whether a link uses a well-known site that has nothing to do with the author to lead elsewhere.
func (x *inspection) openRedirect(l *extract.Link, target web.URL) bool {
	switch {
	case x.authors(l.URL) || x.authors(target):
		return false
	case x.onwards(target) && !l.Rewritten():
	case x.lists.HighTrust.Has(target.Domain) || x.lists.Popular.Has(target.Domain):
		return false
	case l.Rewritten():
		return false
	}
	return x.lists.Popular.Has(l.Domain) || x.lists.HighTrust.Has(l.Domain)
}

func (x *inspection) linkShape(l *extract.Link) {
	switch {
	case l.IP && !strings.Contains(l.Raw, l.Host):
		x.once("link.ip_odd", l, "A link hides the address %s in an unusual notation.", web.Defang(l.Host))
	case l.IP:
		x.once("link.ip_host", l, "A link leads to a bare IP address, %s.", web.Defang(l.Host))
	}
	if l.User != "" && strings.Contains(l.User, ".") && !strings.Contains(l.User, ":") {
		x.once("link.userinfo", l, "A link shows %s before an @ and leads to %s.", web.Defang(l.User),
			web.Defang(l.Host))
	}
	if web.Mixed(l.Unicode) {
		x.once("link.mixed_script", l, "The host %s mixes letters of scripts that look alike.", web.Defang(l.Unicode))
	} else if strings.Contains(l.Host, "xn--") {
		x.once("link.punycode", l, "The host %s (%s) is written in other letters than Latin ones.",
			web.Defang(l.Unicode), web.Defang(l.Host))
	}
	if l.Port != "" && l.Port != "80" && l.Port != "443" && l.Port != "8080" {
		x.once("link.port", l, "A link leads to port %s of %s.", l.Port, web.Defang(l.Host))
	}
}

// linkText compares the address that is shown with the one that is followed.
func (x *inspection) linkText(l *extract.Link) {
	if l.Kind != extract.Anchor || l.Label == "" {
		return
	}
	shown, ok := shownAddress(l.Label)
	if !ok || x.sameOwner(shown, l.URL) {
		return
	}
	if target, redirects := l.Target(); redirects && target.Domain == shown.Domain && x.redirector(l.URL) {
		return
	}
	if x.authors(shown) && x.auth.aligned || x.trackerLink(l) || web.Undressed(web.Unicode(shown.Domain), l.Domain) {
		return
	}
	x.once("link.text_href_mismatch", l, "A link shows %s and leads to %s.", web.Defang(shown.Host), web.Defang(l.Host))
}

// sameOwner reports whether two addresses belong to one organisation: of a name under another suffix that is certain
// for well-known names alone, since anybody may have bought it.
func (x *inspection) sameOwner(shown, followed web.URL) bool {
	if shown.Domain == followed.Domain {
		return true
	}
	return web.Label(shown.Domain) == web.Label(followed.Domain) &&
		(x.lists.Popular.Has(followed.Domain) || x.lists.HighTrust.Has(followed.Domain))
}

// redirector reports whether a host is known to lead where its address says. Any other says what it likes.
func (x *inspection) redirector(u web.URL) bool {
	return u.Rewritten() || mailService(u.Domain) || x.lists.Popular.Has(u.Domain) || x.lists.HighTrust.Has(u.Domain) ||
		x.authors(u) && x.auth.aligned
}

// shownAddress reads a label that is itself an address.
func shownAddress(label string) (web.URL, bool) {
	label = strings.TrimSpace(label)
	if strings.ContainsAny(label, " @") || !strings.Contains(label, ".") {
		return web.URL{}, false
	}
	if !strings.Contains(label, "://") {
		if !strings.HasPrefix(strings.ToLower(label), "www.") {
			return web.URL{}, false
		}
		label = "http://" + label
	}
	return web.Parse(label)
}

// trackerLink reports whether the link leads to a service that counts clicks for senders: there shown and followed
// differ by nature.
func (x *inspection) trackerLink(l *extract.Link) bool {
	if x.authors(l.URL) {
		return true
	}
	if mailService(l.Domain) {
		return true
	}
	if !x.authenticated(l.URL) && !x.lists.Popular.Has(l.Domain) {
		return false // anybody can call a host so
	}
	first, _, _ := strings.Cut(l.Host, ".")
	return strings.HasPrefix(first, "click") || strings.HasPrefix(first, "link") || strings.HasPrefix(first, "track") ||
		strings.HasPrefix(first, "email") || strings.HasPrefix(first, "url")
}

// authenticated reports whether a link leads to the organisation whose server or signature sent the message.
func (x *inspection) authenticated(u web.URL) bool {
	to := web.Organisation(u.Host)
	if x.auth.spf == "pass" && organisation(x.auth.spfDomain) == to {
		return true
	}
	for _, d := range x.auth.dkim {
		if d.result == "pass" && organisation(d.domain) == to {
			return true
		}
	}
	return false
}

// mailService reports whether a registrable domain is that of a service that sends mail for others and counts its
// clicks.
func mailService(domain string) bool {
	switch domain {
	case
		"list-manage.com", "mailchimp.com", "mcsv.net", "sendgrid.net", "hubspotlinks.com", "hubspotemail.net",
		"mandrillapp.com", "rs6.net", "constantcontact.com", "exacttarget.com", "mailgun.org", "mailgun.net",
		"klclick.com", "klclick1.com", "klclick2.com", "klclick3.com", "klaviyomail.com", "kmail-lists.com",
		"cmail19.com", "cmail20.com", "createsend.com", "mailjet.com", "mjt.lu", "sendinblue.com", "brevo.com",
		"pstmrk.it", "mtasv.net", "mailersend.net", "mlsend.com", "awstrack.me", "sailthru.com", "responsys.net",
		"eloqua.com", "mktoweb.com", "marketo.com", "pardot.com", "activehosted.com", "beehiiv.com", "substack.com",
		"customeriomail.com", "customer.io", "iterable.com", "braze.com", "sparkpostmail.com", "sendgrid.com",
		"emlnk.com", "getresponse.com", "aweber.com", "convertkit-mail2.com", "mailerlite.com", "amazonses.com",
		"cheetahmail.com", "bluehornet.com", "e2ma.net", "icontact.com",
		"doubleclick.net", "linksynergy.com", "govdelivery.com":
		return true
	}
	return false
}

// linkHost looks at whose the host is.
func (x *inspection) linkHost(l *extract.Link) {
	if x.ours(web.Organisation(l.Host)) || l.IP {
		return
	}
	if near, ok := x.nearOwn(l.Domain); ok {
		x.once("link.own_lookalike", l, "The link's domain %s looks like %s.", web.Defang(l.Unicode), near)
	}
	if b, ok := x.brandHost(l.Host); ok && !x.authors(l.URL) {
		x.once("link.brand_host", l, "The link's host %s bears the name of %s, to which it does not belong.",
			web.Defang(l.Host), b.Names[0])
	}
	x.purposeLink(l)
	if x.authors(l.URL) || mailService(l.Domain) {
		x.cheap(l)
		return
	}
	x.linkPlace(l)
	x.cheap(l)
}

func (x *inspection) cheap(l *extract.Link) {
	if x.cheapName(l.Host) && !x.lists.Popular.Has(l.Domain) {
		x.once("link.cheap_tld", l, "The host %s is in a top-level domain in which throw-away names are mostly bought.",
			web.Defang(l.Host))
		x.lastIsOfAuthor("link.cheap_tld", l)
	}
	if x.lists.Popular.Has(l.Domain) || x.lists.HighTrust.Has(l.Domain) {
		return
	}
	label := web.Label(l.Domain)
	sub := strings.TrimSuffix(strings.TrimSuffix(l.Host, l.Domain), ".")
	if web.Random(label) || !x.authors(l.URL) && len(sub) > 9 && web.Random(strings.ReplaceAll(sub, ".", "")) &&
		!x.trackerLink(l) {
		x.once("link.random_host", l, "The host %s looks as if a machine had named it.", web.Defang(l.Host))
		x.lastIsOfAuthor("link.random_host", l)
	}
}

// linkPlace looks at hosts where anybody can put something.
func (x *inspection) linkPlace(l *extract.Link) {
	known := x.lists
	in := func(list lists.List) bool { _, ok := list.HasSuffix(l.Host); return ok }
	switch {
	case strings.Contains(l.Path, "/ipfs/") || in(known.IPFSGateways):
		x.once("link.ipfs", l, "The link leads into IPFS by way of %s.", web.Defang(l.Host))
	case known.Shorteners.Has(l.Host):
		x.once("link.shortener", l, "The link to %s hides where it leads.", web.Defang(l.Host))
	case in(known.LinkInBio):
		x.once("link.shortener", l, "The link to %s leads to a page of links that anybody can make.",
			web.Defang(l.Host))
	case in(known.DynamicDNS) && !known.Popular.Has(l.Domain):
		x.once("link.dynamic_dns", l, "The link leads to %s, a name of a dynamic DNS service.", web.Defang(l.Host))
	case storage(l.Host) || in(known.SubdomainHosts) && !known.SubdomainHosts.Has(l.Host):
		x.once("link.free_subdomain", l, "The link leads to %s, a name that anybody can have for nothing.",
			web.Defang(l.Host))
	case in(known.CreationPlatforms) && !x.sameBrand(l):
		x.once("link.file_host", l, "The link leads to %s, where anybody can make a page or a form.",
			web.Defang(l.Host))
	case in(known.FileHosts) && !x.sameBrand(l):
		x.once("link.file_host", l, "The link leads to %s, where anybody can put a file.", web.Defang(l.Host))
	}
}

func (x *inspection) sameBrand(l *extract.Link) bool { return x.authors(l.URL) }

// storage reports whether a host is a bucket or a function of a cloud provider, which anybody can rent under its name.
func storage(host string) bool {
	for _, suffix := range []string{
		"storage.googleapis.com", "firebasestorage.googleapis.com", ".amazonaws.com", ".web.core.windows.net",
		".blob.core.windows.net", ".run.app", ".cloudfunctions.net", ".web.app", ".firebaseapp.com", ".r2.dev",
		".workers.dev", ".pages.dev", ".vercel.app", ".netlify.app", ".herokuapp.com", ".azurewebsites.net",
		".digitaloceanspaces.com", ".linodeobjects.com", ".glitch.me", ".trycloudflare.com", ".ngrok-free.app",
		".ngrok.io", ".oraclecloud.com", ".cloudapp.azure.com", ".backblazeb2.com", ".weebly.com", ".blogspot.com",
		".wixsite.com", ".godaddysites.com", ".webflow.io", ".github.io", ".gitbook.io", ".square.site",
		".onrender.com",
	} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// linkPath looks at what is handed over to the link.
func (x *inspection) linkPath(l *extract.Link) {
	rest := l.Path + "?" + l.Query + "#" + l.Fragment
	if x.recipientIn(rest) && !l.Hidden && !x.subscriptionLink(l) && !envelopeLink(l.URL) {
		x.once("link.recipient_in_url", l, "The link to %s carries the recipient's address.", web.Defang(l.Host))
	}
	if strings.Contains(l.Path, "/wp-content/") || strings.Contains(l.Path, "/wp-includes/") ||
		strings.Contains(l.Path, "/.well-known/") || strings.Contains(l.Path, "/wp-admin/") {
		x.once("link.deep_path", l, "The link leads into the inner folders of a site, %s, where nothing is published "+
			"on purpose.", web.Defang(l.Host))
	}
}

// subscriptionLink reports whether a link that knows the recipient has a reason to.
func (x *inspection) subscriptionLink(l *extract.Link) bool {
	lower := strings.ToLower(l.Path + l.Query + l.Label)
	for _, word := range []string{"unsub", "optout", "opt-out", "preference", "abmelde", "desab", "descad", "remove",
		"subscri"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return x.authors(l.URL) && x.auth.aligned || x.trackerLink(l) && x.mail.Header.Has("List-Unsubscribe")
}

// recipientIn reports whether an address of the recipients stands in s, written out or in base64.
func (x *inspection) recipientIn(s string) bool {
	if len(s) < 6 {
		return false
	}
	lower := strings.ToLower(s)
	for _, r := range x.recipients() {
		if strings.Contains(lower, r) || strings.Contains(lower, strings.Replace(r, "@", "%40", 1)) {
			return true
		}
		if strings.Contains(s, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(r)), "=")) {
			return true
		}
	}
	return false
}

// recipients are the first twenty.
func (x *inspection) recipients() []string { return x.recipientsUpTo(20) }

// recipientsUpTo are the envelope's, or those of the header when there is no envelope.
func (x *inspection) recipientsUpTo(most int) []string {
	var all []string
	for _, r := range x.msg.Recipients {
		all = append(all, strings.ToLower(strings.Trim(r, "<> ")))
	}
	if len(all) == 0 {
		for _, a := range x.mail.To {
			all = append(all, a.Address)
		}
	}
	kept := all[:0:0]
	for _, r := range all {
		if strings.Contains(r, "@") && len(kept) < most {
			kept = append(kept, r)
		}
	}
	return kept
}

// foreignLinks compares the places that the message leads to with who wrote it.
func (x *inspection) foreignLinks() {
	if x.list || x.bounce || x.reply || x.freeMail || x.domain == "" {
		return
	}
	clicks, foreign, files := 0, "", true
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if !l.Clickable() || l.Nested || l.Plain || x.msProtected(l) {
			continue
		}
		clicks++
		if x.authors(l.URL) || web.Label(l.Domain) == web.Label(x.domain) || x.trackerLink(l) ||
			x.lists.Popular.Has(l.Domain) {
			return
		}
		foreign, files = l.Host, files && l.File
	}
	if clicks > 0 && clicks <= 12 {
		x.note("link.foreign_only", "", "Every link leads to hosts that have nothing to do with the author's %s, "+
			"such as %s.", x.domain, web.Defang(foreign))
		x.lastIsOfFile(files)
	}
}
