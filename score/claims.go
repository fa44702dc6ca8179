package score

import (
	"strings"
	"unicode"

	"clawback/score/extract"
	"clawback/score/lists"
	"clawback/score/web"
)

// oddName looks at names that no person or firm bears: decorated with signs, or with numbers that differ in each copy.
func (x *inspection) oddName() {
	name := x.from.Name
	if name == "" || x.bounce {
		return
	}
	if decorated(name) {
		x.note("impersonation.odd_name", "header From",
			"The author's name %q is decorated with signs, or holds a long number.", name)
	}
}

// decorated reports whether a name has signs or a long number in it.
func decorated(name string) bool {
	signs, digits, letters := 0, 0, 0
	for _, r := range name {
		switch {
		case strings.ContainsRune("#*_|~^=[{<$%", r):
			signs++
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	return signs >= 2 || strings.HasSuffix(name, "|") || digits >= 7 && letters > 0 && !strings.Contains(name, "@")
}

// senderPlace looks at the kind of domain that the author writes from.
func (x *inspection) senderPlace() {
	if x.domain == "" || x.bounce || x.ours(x.domain) {
		return
	}
	if x.cheapName(x.domain) && !x.popular(x.domain) {
		x.note("impersonation.cheap_sender", "header From",
			"The author's domain %s is in a top-level domain in which throw-away names are mostly bought.", x.domain)
	}
	if x.freeMail && !x.list && x.popular(x.domain) && x.auth.present && !x.auth.aligned && !x.throughGroup() {
		x.note("impersonation.forged_free_mail", "header From",
			"It claims to come from a mailbox at %s, and nothing shows that it did.", x.domain)
	}
}

// brandImages looks for pictures that are fetched from a brand's own site while the mail leads elsewhere.
func (x *inspection) brandImages() {
	if x.list || x.bounce || x.trusted {
		return
	}
	var brand lists.Brand
	host, files := "", true
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		owner, ok := x.pictureOwner(l)
		switch {
		case !ok || owner.Owns(x.domain) || x.linkedShop(owner) < 1:
		case l.Kind == extract.Image:
			brand, host, files = owner, l.Host, files && l.File
		}
	}
	if host == "" || x.ours(x.domain) {
		return
	}
	x.note("impersonation.brand_images", "text/html",
		"It shows pictures from %s, and neither author nor address belongs to %s.", web.Defang(host), brand.Names[0])
	x.lastIsOfFile(files)
}

// pictureOwner answers the brand whose site a link leads to, for brands whose pictures others have no reason to show.
func (x *inspection) pictureOwner(l *extract.Link) (lists.Brand, bool) {
	if l.Kind != extract.Image {
		return lists.Brand{}, false
	}
	i, ok := x.brands.domains[l.Domain]
	if !ok {
		if x.lists.Banks.Has(l.Domain) && !x.authors(l.URL) {
			return lists.Brand{Names: []string{l.Domain}, Key: web.Label(l.Domain), Kind: "bank"}, true
		}
		return lists.Brand{}, false
	}
	b := x.brands.all[i]
	switch b.Kind {
	case "media":
		return b, false
	}
	switch l.Domain {
	case "google.com", "googleusercontent.com", "amazonaws.com", "media-amazon.com", "windows.net", "salesforce.com",
		"exacttarget.com", "force.com",
		"wordpress.com", "cloudflare.com", "github.com", "githubusercontent.com", "dropbox.com",
		"dropboxusercontent.com", "mailchimp.com", "intuit.com",
		"atlassian.net", "sharepoint.com", "alibaba.com", "live.com", "apple.com", "azure.com", "go.com",
		"wordpress.org":
		return b, false
	}
	return b, true
}

// brandOpening looks for a brand in the subject and the first words of the text of somebody else.
func (x *inspection) brandOpening() {
	if x.list || x.bounce || x.reply || x.trusted || x.saw("impersonation.brand_name") || x.ours(x.domain) {
		return
	}
	opening := x.subject.Text + firstWords(x.body.Text, 12) + firstWords(x.other.Text, 8)
	b, shown, ok := x.brands.in(opening)
	if !ok || x.ownsBrand(b) || b.Kind == "media" || b.Weak || x.linksTo(b) {
		return
	}
	factor := 1.0
	if b.Kind == "software" || b.Kind == "program" || b.Kind == "telecom" {
		factor = 0.4 // much is written about those
	}
	x.times(factor, "impersonation.brand_opening", "text",
		"It begins by naming %s, to which neither author nor links belong.", shown)
}

// linksTo reports whether a link that can be followed leads to the brand.
func (x *inspection) linksTo(b lists.Brand) bool {
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; l.Clickable() && b.Owns(l.Domain) {
			return true
		}
	}
	return false
}

func firstWords(folded string, n int) string {
	end := 0
	for range n + 1 {
		next := strings.IndexByte(folded[end:], ' ')
		if next < 0 {
			return folded
		}
		end += next + 1
	}
	return folded[:end]
}

// cheapName reports whether a name lies in a top-level domain, or what is sold as one, in which throw-away names are
// mostly bought.
func (x *inspection) cheapName(host string) bool {
	_, cheap := x.lists.CheapTLDs.HasSuffix(host)
	return cheap
}
