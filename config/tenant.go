package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// readTenants reads every tenant.
func readTenants(t *table) []Tenant {
	tables := t.tables("tenant")
	if len(tables) == 0 && !t.has("tenant") {
		t.wrong("tenant", "is missing", "name the organisation whose mail is journaled here under a line [[tenant]]")
	}
	var tenants []Tenant
	for _, t := range tables {
		tenants = append(tenants, readTenant(t))
	}
	return tenants
}

func readTenant(t *table) Tenant {
	c := Tenant{
		ID:               t.need("id", "write the tenant's GUID; the Entra admin center shows it under Overview", guid),
		Mode:             t.choice("mode", "dry-run", "dry-run", "live"),
		MaliciousRule:    t.choice("malicious_rule", "", "", "wide", "narrow"),
		Domains:          t.list("domains", nil, domain),
		RecoveryAddress:  t.word("recovery_address", "", lowerAddress),
		AlternateMailbox: t.need("alternate_mailbox", "write the address that JournalingReportNdrTo names", address),
		Exempt:           t.list("exempt", nil, addressOrDomain),
		Protected:        t.list("protected", nil, addressOrDomain),
		Rejudge:          t.flag("rejudge", true),
		TwoPersons:       t.flag("two_persons", false),
		Partners:         t.list("partners", nil, domain),
		SubjectTags:      t.list("subject_tags", nil, notEmpty),
	}
	c.Name = cmp.Or(t.text("name", ""), c.ID)
	if len(c.Domains) == 0 {
		t.wrong("domains", "is empty", "list the organisation's accepted domains")
	}
	if c.OriginatorOrg = t.list("originator_org", c.Domains, domain); t.has("originator_org") &&
		len(c.OriginatorOrg) == 0 {
		t.wrong("originator_org", "is empty",
			"no report could be attributed; remove the line, and it is the domains, or list them with the "+
				"onmicrosoft.com one")
	}
	c.Addresses = readAddresses(t)
	c.Submissions = readSubmissions(t, c.Domains)
	c.Relay = readRelay(t.table("relay"))
	c.VIPs = readVIPs(t)
	c.Policies = readPolicies(t)
	c.Graph = readGraph(t.table("graph"))
	c.Actions = readActions(t.table("actions"), DefaultActions())
	c.Groups = readGroups(t, c.Actions)
	c.Brake = readBrake(t.table("brake"))
	checkHardDelete(t, c)
	return c
}

func readAddresses(t *table) []Address {
	var addresses []Address
	for _, t := range t.tables("address") {
		addresses = append(addresses, Address{
			Address: t.need("address", "make one with: clawback address new", lowerAddress),
			Regions: t.list("regions", nil, label),
		})
	}
	if len(addresses) == 0 {
		t.wrong("address", "is missing", "add a table [[tenant.address]] with the journal address; clawback address "+
			"new makes one")
	}
	return addresses
}

func readSubmissions(t *table, domains []string) []Submission {
	var submissions []Submission
	for _, t := range t.tables("submission") {
		s := Submission{
			Address:   t.word("address", "", lowerAddress),
			Mailboxes: t.list("mailboxes", nil, ofOrganisation(domains)),
			Claim:     t.choice("claim", "subject", "subject", "phish", "junk", "not_junk"),
			Trusted:   t.list("trusted", nil, ofOrganisation(domains)),
		}
		if s.Address == "" && len(s.Mailboxes) == 0 {
			t.wrong("address", "is missing, and mailboxes too",
				"write the mailbox that users report to under mailboxes, or an address of this daemon that reports "+
					"are sent on to")
		}
		submissions = append(submissions, s)
	}
	return submissions
}

// ofOrganisation passes an address in one of the organisation's domains.
func ofOrganisation(domains []string) func(string) (string, error) {
	return func(s string) (string, error) {
		a, err := lowerAddress(s)
		if err == nil && !slices.Contains(domains, a[strings.LastIndexByte(a, '@')+1:]) {
			return "", bad(s, "is in none of the tenant's domains", "name an address of the organisation")
		}
		return a, err
	}
}

func readVIPs(t *table) []VIP {
	var vips []VIP
	for _, t := range t.tables("vip") {
		vips = append(vips, VIP{
			Name:      t.need("name", "write the person's name as mail shows it", notEmpty),
			Addresses: t.list("addresses", nil, lowerAddress),
		})
	}
	return vips
}

func readGroups(t *table, fallback Actions) []Group {
	var groups []Group
	for _, t := range t.tables("group") {
		g := Group{
			Name:      t.need("name", `name the group, as in "board"`, notEmpty),
			Mailboxes: t.list("mailboxes", nil, addressOrDomain),
			Actions:   readActions(t.table("actions"), fallback),
		}
		if len(g.Mailboxes) == 0 {
			t.wrong("mailboxes", "is empty", "list the addresses, or @example.com for a whole domain")
		}
		if slices.ContainsFunc(groups, func(o Group) bool { return o.Name == g.Name }) {
			t.wrong("name", fmt.Sprintf("%q is there twice", g.Name), "choose another name")
		}
		groups = append(groups, g)
	}
	return groups
}

func readBrake(t *table) Brake {
	return Brake{
		MailboxesPerHour: t.limit("mailboxes_per_hour", 100),
		MailboxesPerMail: t.limit("mailboxes_per_mail", 50),
		SharePercent:     t.share("share_percent", 2),
		CampaignPercent:  t.share("campaign_percent", 50),
		ShareFrom:        t.number("share_from", 20, 1),
	}
}

// policyKinds are the kinds of policy.
var policyKinds = []string{"trust_sender", "exempt_recipient", "accept_sender", "block_sender", "block_content",
	"trusted_domain", "simulation", "person"}

func readPolicies(t *table) []Policy {
	var policies []Policy
	for _, t := range t.tables("policy") {
		p := Policy{
			Kind:    t.need("kind", "use one of "+strings.Join(policyKinds, ", "), notEmpty),
			Field:   t.choice("field", "any", "subject", "body", "any"),
			Verify:  t.flag("verify", false),
			Note:    t.text("note", ""),
			Expires: t.date("expires"),
		}
		if p.Kind != "" {
			p.Kind = t.choice("kind", "", policyKinds...)
		}
		p.Pattern = t.need("pattern", "say what the policy is for",
			func(s string) (string, error) { return pattern(p.Kind, s) })
		policies = append(policies, p)
	}
	return policies
}
