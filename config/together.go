package config

import (
	"clawback/internal/mailaddr"

	"fmt"
	"slices"
)

// checkTogether reports what is right by itself and wrong beside the rest of the file.
func checkTogether(c *Config, r *reader) {
	checkCertificates(c, r)
	checkTenants(c, r)
	checkAddresses(c, r)
	checkRegions(c, r)
	checkAlerts(c, r)
}

// checkCertificates wants one source of certificates.
func checkCertificates(c *Config, r *reader) {
	_, tls := r.values["tls"]
	switch {
	case tls && c.ACME.Enabled:
		r.report("tls", "and acme are both there",
			"keep [tls] for certificates of your own, or [acme] for a public CA's")
	case !tls && !c.ACME.Enabled:
		r.report("tls", "is missing, and acme too",
			"add [acme] with an email to get a certificate by itself, or [tls] with certificate_file and key_file")
	}
}

// checkTenants wants each tenant's GUID and name once.
func checkTenants(c *Config, r *reader) {
	ids, names := map[string]bool{}, map[string]bool{}
	for i, t := range c.Tenants {
		path := fmt.Sprintf("tenant[%d]", i)
		if t.ID != "" && ids[t.ID] {
			r.report(path+".id", fmt.Sprintf("%q belongs to another tenant too", t.ID),
				"put all of one organisation in one [[tenant]]")
		}
		if t.ID != "" && names[t.Name] {
			r.report(path+".name", fmt.Sprintf("%q is there twice", t.Name), "choose another name")
		}
		ids[t.ID], names[t.Name] = true, true
	}
}

// checkAddresses wants each address that mail is taken for once, and no mail sent round in a circle.
func checkAddresses(c *Config, r *reader) {
	owner := map[string]string{}
	claim := func(path, address, tenant string) {
		if address == "" {
			return
		}
		if other, taken := owner[mailaddr.Address(address)]; taken {
			r.report(path, "is taken by tenant "+other, "each address belongs to one tenant and one purpose")
		}
		owner[mailaddr.Address(address)] = tenant
	}
	for i, t := range c.Tenants {
		for j, a := range t.Addresses {
			claim(fmt.Sprintf("tenant[%d].address[%d].address", i, j), a.Address, t.Name)
		}
		claim(fmt.Sprintf("tenant[%d].recovery_address", i), t.RecoveryAddress, t.Name)
		for j, s := range t.Submissions {
			claim(fmt.Sprintf("tenant[%d].submission[%d].address", i, j), s.Address, t.Name)
		}
	}
	for i, t := range c.Tenants {
		if _, own := owner[mailaddr.Address(t.AlternateMailbox)]; own && t.AlternateMailbox != "" {
			r.report(fmt.Sprintf("tenant[%d].alternate_mailbox", i), "is one of this daemon's own addresses",
				"bounces must go to a mailbox elsewhere that is not journaled")
		}
	}
	if _, own := owner[mailaddr.Address(c.SMTP.Postmaster)]; own && c.SMTP.Postmaster != "" {
		r.report("smtp.postmaster", "is one of this daemon's own addresses", "name a mailbox elsewhere")
	}
}

// checkRegions wants regions to be known wherever one is named.
func checkRegions(c *Config, r *reader) {
	var known []string
	for _, region := range c.Regions {
		known = append(known, region.Name)
	}
	if c.Region != "" && len(known) > 0 && !slices.Contains(known, c.Region) {
		r.report("region", fmt.Sprintf("%q has no [[region_hosts]]", c.Region), didYouMean(c.Region, known))
	}
	for i, t := range c.Tenants {
		for j, a := range t.Addresses {
			path := fmt.Sprintf("tenant[%d].address[%d].regions", i, j)
			if len(a.Regions) > 0 && c.Region == "" {
				r.report(path, "is there, and this daemon has no region", `write region = "..." at the top of the file`)
			}
			for k, name := range a.Regions {
				if len(known) > 0 && !slices.Contains(known, name) {
					r.report(fmt.Sprintf("%s[%d]", path, k), fmt.Sprintf("%q has no [[region_hosts]]", name),
						didYouMean(name, known))
				}
			}
		}
	}
}
