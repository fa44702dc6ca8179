package indicator

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"

	"clawback/intel"
	"clawback/internal/mailaddr"
	"clawback/internal/publicnet"
	"clawback/score/lists"
	"clawback/score/web"
	"clawback/store"
	"clawback/verdict"
)

// checked is an indicator in the form in which messages have it. One that good mail carries too is refused.
func (d *Desk) checked(i store.Indicator) (store.Indicator, error) {
	var err error
	if i.Kind, i.Value, err = normal(i.Kind, i.Value); err != nil {
		return i, err
	}
	if i.Tenant != "" && d.tenant(i.Tenant) == nil {
		return i, intel.Refuse(intel.ErrInvalid, "tenant %q is not in the configuration", i.Tenant)
	}
	if i.Disposition == verdict.Unscored {
		i.Disposition = usual(i.Kind)
	}
	if i.Disposition < verdict.Spam {
		return i, intel.Refuse(intel.ErrInvalid, "%s is no disposition of bad mail", i.Disposition)
	}
	if !i.Until.IsZero() && !i.Until.After(d.now()) {
		return i, intel.Refuse(intel.ErrInvalid, "its lifetime is over already")
	}
	i.ID = idOf(verdict.Indicator{Kind: i.Kind, Value: i.Value})
	return i, d.spared(i)
}

// usual is what an indicator makes of a message unless a person says otherwise: a host or a sender has good mail too.
func usual(kind string) verdict.Disposition {
	if kind == "url" || kind == "sha256" {
		return verdict.Malicious
	}
	return verdict.Suspicious
}

// normal reads an indicator as people write it.
func normal(kind, value string) (string, string, error) {
	value = strings.TrimSpace(strings.NewReplacer("[.]", ".", "[:]", ":", "[@]", "@").Replace(value))
	if len(value) > 4 && strings.EqualFold(value[:4], "hxxp") {
		value = "http" + value[4:]
	}
	if kind == "" {
		kind = guess(value)
	}
	bad := func(what string) (string, string, error) {
		return kind, value, intel.Refuse(intel.ErrInvalid, "%s %.80q: %s", kind, value, what)
	}
	switch kind {
	case "url":
		u, ok := web.Parse(value)
		if !ok || len(value) > web.MaxURL {
			return bad("write an address of the web, as in https://evil.example/login")
		}
		return kind, u.Canonical(), nil
	case "domain":
		u, ok := web.Parse("http://" + value)
		if !ok || u.IP || u.Path != "" || u.Port != "" || u.User != "" || web.Registrable("x."+u.Host) == "x."+u.Host {
			return bad("write a host with a name of its own, as in evil.example")
		}
		return kind, u.Host, nil
	case "ip":
		addr, err := netip.ParseAddr(value)
		if err != nil || !publicnet.Public(addr) {
			return bad("write a public IP address")
		}
		return kind, addr.Unmap().String(), nil
	case "sha256":
		if raw, err := hex.DecodeString(value); err != nil || len(raw) != 32 {
			return bad("write the 64 hexadecimal digits of a SHA-256")
		} else if sha256.Sum256(nil) == [sha256.Size]byte(raw) {
			return bad("it is that of an empty file, and any message may have one")
		}
		return kind, strings.ToLower(value), nil
	case "email":
		address := mailaddr.Address(value)
		if at := strings.LastIndexByte(address, '@'); at < 1 || at == len(address)-1 || strings.ContainsAny(address,
			" <>\t") {
			return bad("write the address of a mailbox")
		}
		return kind, address, nil
	}
	return bad("use one of the kinds url, domain, ip, sha256, email")
}

// guess finds out what a value is.
func guess(value string) string {
	switch _, err := netip.ParseAddr(value); {
	case strings.Contains(value, "://"):
		return "url"
	case err == nil:
		return "ip"
	case len(value) == 64:
		return "sha256"
	case strings.Contains(value, "@"):
		return "email"
	case strings.Contains(value, "/"):
		return "url"
	}
	return "domain"
}

// spared refuses what must not stand for bad mail: a site of one's own, and one that many use.
func (d *Desk) spared(i store.Indicator) error {
	host := ""
	switch i.Kind {
	case "domain":
		host = i.Value
	case "url":
		if u, _ := web.Parse(i.Value); strings.Trim(u.Path, "/") == "" && u.Query == "" { // no page, but the whole site
			host = u.Host
		}
	case "email":
		if own := d.domainOfTenant(i.Tenant, mailaddr.Domain(i.Value)); own != "" {
			return intel.Refuse(intel.ErrInvalid, "%s is of %s, a domain of one's own: retract the messages instead",
				i.Value, own)
		}
	}
	if host == "" {
		return nil
	}
	if own := d.domainOfTenant(i.Tenant, host); own != "" {
		if own == host {
			return intel.Refuse(intel.ErrInvalid, "%s is a domain of one's own", own)
		}
		return intel.Refuse(intel.ErrInvalid, "%s is of %s, a domain of one's own", host, own)
	}
	l := lists.Builtin()
	domain := web.Organisation(host)
	for _, many := range []lists.List{l.Popular, l.HighTrust, l.FreeMail, l.Banks} {
		if many.Has(host) || many.Has(domain) && !l.SubdomainHosts.Has(domain) {
			return intel.Refuse(intel.ErrInvalid, "good mail links to %s too: name the exact address of the page", host)
		}
	}
	for _, many := range []lists.List{l.SubdomainHosts, l.FileHosts, l.Shorteners, l.CreationPlatforms, l.DynamicDNS} {
		if many.Has(host) {
			return intel.Refuse(intel.ErrInvalid,
				"many have pages at %s: name the exact address of the page, or the host of one of them", host)
		}
	}
	return nil
}

// domainOfTenant is the domain of a tenant's that a host is, or lies under; "" where there is none.
func (d *Desk) domainOfTenant(tenant, host string) string {
	for _, t := range d.tenants(tenant) {
		for _, domain := range t.Domains {
			if name := mailaddr.Name(domain); host == name || strings.HasSuffix(host, "."+name) {
				return name
			}
		}
	}
	return ""
}
