package brake

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/retract/addresses"
	"clawback/score/lists"
	"clawback/score/web"
	"clawback/store"
)

// A campaign is what messages of one attacker, or of one wrong rule, have in common: who sends them, where their links
// lead, which file they carry. A message belongs to several, and to each of them it counts. An attacker chooses what
// his campaign looks like, so that this only keeps a share for the others; the limits in all stand above it.
const (
	campaignSender = "sender:" // registrable domain, or the address where a domain is many people's
	campaignLink   = "link:"   // registrable domain of a link's host
	campaignFile   = "file:"   // SHA-256 of an attached file
)

// Bounds on the campaigns of one message: further links and files do not make a campaign of it.
const (
	maxLinkCampaigns = 8
	maxFileCampaigns = 4
	maxCampaignName  = 100
)

// CampaignsOf names the campaigns of a record.
func CampaignsOf(t *config.Tenant, rec store.Record) []string {
	var c campaigns
	for _, sender := range []string{rec.Sender, rec.From} {
		c.add(campaignSender, senderName(t, sender), 2)
	}
	for _, i := range rec.Verdict.Indicators {
		switch i.Kind {
		case "url":
			c.add(campaignLink, linkName(i.Value), maxLinkCampaigns)
		case "sha256":
			c.add(campaignFile, mailaddr.Lower(i.Value), maxFileCampaigns)
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
	if name == "" || len(full) > maxCampaignName || strings.ContainsAny(name, "\x00 \t\r\n") || c.of[kind] >= most ||
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
func linkName(link string) string {
	u, err := url.Parse(link)
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
