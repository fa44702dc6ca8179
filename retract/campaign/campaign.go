package campaign

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/query"
	"clawback/retract/addresses"
	"clawback/score/lists"
	"clawback/score/web"
	"clawback/store"
	"clawback/verdict"
)

// What begins a campaign's name.
const (
	sender = "sender:" // registrable domain, or the address where a domain is many people's
	link   = "link:"   // registrable domain of a link's host
	file   = "file:"   // SHA-256 of an attached file
)

// Bounds on the campaigns of one message: further links and files do not make a campaign of it.
const (
	maxLinks = 8
	maxFiles = 4
	maxName  = 100
)

// Of names the campaigns of a record.
func Of(t *config.Tenant, rec store.Record) []string {
	var c campaigns
	for _, address := range []string{rec.Sender, rec.From} {
		c.add(sender, senderName(t, address), 2)
	}
	for _, i := range rec.Verdict.Indicators {
		switch i.Kind {
		case "url":
			c.add(link, linkName(i.Value), maxLinks)
		case "sha256":
			c.add(file, mailaddr.Lower(i.Value), maxFiles)
		}
	}
	return c.names
}

type campaigns struct {
	names []string
	of    map[string]int // by kind
}

// add names a campaign, unless the message has as many of that kind as count.
func (c *campaigns) add(kind, name string, most int) {
	if c.of == nil {
		c.of = map[string]int{}
	}
	full := kind + name
	if name == "" || len(full) > maxName || strings.ContainsAny(name, "\x00 \t\r\n") || c.of[kind] >= most ||
		slices.Contains(c.names, full) {
		return
	}
	c.of[kind]++
	c.names = append(c.names, full)
}

// wellKnown are the built-in lists of domains, read once.
var wellKnown = sync.OnceValue(lists.Builtin)

// senderName is the domain that sends, or the address where the domain is a free mail provider's or the tenant's own:
// there one sender says nothing of the next, and whoever forges the tenant's domain must not have its own people's mail
// held.
func senderName(t *config.Tenant, address string) string {
	domain := addresses.Domain(address)
	if domain == "" {
		return ""
	}
	name := web.Registrable(domain)
	if addresses.Internal(t, address) || wellKnown().FreeMail.Has(domain) || wellKnown().FreeMail.Has(name) {
		return addresses.Fold(address)
	}
	return name
}

// linkName is the domain to which a link leads; "" for one that is everybody's, which any mail may name.
func linkName(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	known := wellKnown()
	host := mailaddr.Name(u.Hostname())
	domain := web.Registrable(host)
	switch {
	case known.SubdomainHosts.Has(domain):
		return host
	case known.Popular.Has(domain) || known.HighTrust.Has(domain) || known.Shorteners.Has(domain) ||
		known.FileHosts.Has(host):
		return ""
	}
	return domain
}

// Query finds the messages of a campaign; false where the name is none.
func Query(name string) (query.Query, bool) {
	for prefix, kind := range map[string]string{sender: "email", link: "domain", file: "sha256"} {
		if value, is := strings.CutPrefix(name, prefix); is {
			return query.Of(verdict.Indicator{Kind: kind, Value: value})
		}
	}
	return query.Query{}, false
}

// Defang makes a campaign's name unclickable. Commands take it in this form too.
func Defang(name string) string { return strings.ReplaceAll(name, ".", "[.]") }

// Parse takes a campaign's name as a person gives it.
func Parse(name string) string {
	return strings.ReplaceAll(strings.TrimSpace(name), "[.]", ".")
}
