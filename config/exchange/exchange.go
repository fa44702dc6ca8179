// Package exchange writes down how a tenant's Exchange Online and Entra are connected to this gateway: the commands,
// filled in, with what each is for, how to verify it and how to undo it.
//
// Reads a configuration. Writes a page of Markdown, or the same as a PowerShell script whose prose is comments.
//
// Invariants:
//   - I1 a value of the configuration stands in a command only as a quoted PowerShell string.
//   - I2 the journal rule is the last command that changes anything: before it nothing is sent.
//
// On failure: nothing here can fail but a tenant that has no journal address.
//
// Standards: the cmdlets of ExchangeOnlineManagement and Microsoft.Graph.Applications, as Microsoft documents them in
// 2026.
package exchange

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"clawback/config"
)

//go:embed page.md.tmpl
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"ps": quote, "quoted": quoteAll,
	"join": strings.Join, "line": oneLine}).Parse(source))

// ErrNoAddress is the error of a tenant to which no report can be sent.
var ErrNoAddress = errors.New("the tenant has no journal address: add a [[tenant.address]]")

// ErrSharedDomain is the error of two journal addresses of other regions in one domain: its MX records, and a connector
// for it, can lead to the regions of one of them only.
var ErrSharedDomain = errors.New("journal addresses of different regions share a domain: give each choice of " +
	"regions its own")

// values are what the page is filled with.
type values struct {
	Tenant                    *config.Tenant
	Hostname, Domain          string
	Alternate, ReportMailbox  string
	ExchangeCloud, GraphCloud string // parameters that name the cloud; "": the public one
	Connectors                []connector
	Rules                     []rule
}

// connector carries the reports for one domain of journal addresses.
type connector struct {
	Name, Domain string
	Host         string   // smart host
	ByMX         bool     // the domain's MX records lead to several gateways
	Hosts        []string // those gateways
	TLSDomain    string   // name that a certificate must bear; "": they have none in common
	Addresses    []string
}

// rule is one journal rule.
type rule struct {
	Name, Address string
	Group, Label  string // the group's address, and its part before the @; "" where the rule is for everybody
	Regions       []string
}

// Page is the page for a tenant, in Markdown.
func Page(c *config.Config, t *config.Tenant) (string, error) {
	if len(t.Addresses) == 0 {
		return "", ErrNoAddress
	}
	v := values{Tenant: t, Hostname: c.Hostname, Domain: firstDomain(t), Alternate: t.AlternateMailbox, Rules: rules(t)}
	v.ReportMailbox = reportMailbox(t)
	v.ExchangeCloud, v.GraphCloud = cloud(t.Graph.Cloud)
	var err error
	if v.Connectors, err = connectors(c, t); err != nil {
		return "", err
	}
	var out strings.Builder
	if err := page.Execute(&out, v); err != nil {
		return "", err
	}
	return out.String(), nil
}

func reportMailbox(t *config.Tenant) string {
	for _, s := range t.Submissions {
		if len(s.Mailboxes) > 0 {
			return s.Mailboxes[0]
		}
	}
	return ""
}

// cloud is how the two modules are told which cloud they connect to.
func cloud(name string) (exchange, graph string) {
	switch name {
	case "gcc-high":
		return " -ExchangeEnvironmentName O365USGovGCCHigh", " -Environment USGov"
	case "dod":
		return " -ExchangeEnvironmentName O365USGovDoD", " -Environment USGovDoD"
	case "china":
		return " -ExchangeEnvironmentName O365China", " -Environment China"
	}
	return "", ""
}

// rules are one for each journal address; where there are several, each is for a group of mailboxes.
func rules(t *config.Tenant) []rule {
	var all []rule
	for _, a := range t.Addresses {
		r := rule{Name: "clawback", Address: a.Address, Regions: a.Regions}
		if len(t.Addresses) > 1 {
			local, domain, _ := strings.Cut(a.Address, "@")
			label, _, _ := strings.Cut(domain, ".")
			if len(a.Regions) > 0 {
				label = strings.Join(a.Regions, "-")
			}
			r.Name = "clawback " + label
			if taken := func(o rule) bool { return o.Name == r.Name }; slices.ContainsFunc(all, taken) {
				r.Name += " " + local
			}
			r.Name = r.Name[:min(len(r.Name), maxName)]
			r.Label = "journal-" + label
			r.Group = r.Label + "@" + firstDomain(t)
		}
		all = append(all, r)
	}
	return all
}

func firstDomain(t *config.Tenant) string {
	if len(t.Domains) > 0 {
		return t.Domains[0]
	}
	return "TENANT.onmicrosoft.com"
}

// connectors are one for each domain of journal addresses, in the order of the configuration.
func connectors(c *config.Config, t *config.Tenant) ([]connector, error) {
	var all []connector
	regions := map[string][]string{} // by domain
	for _, a := range t.Addresses {
		_, domain, _ := strings.Cut(a.Address, "@")
		at := slices.IndexFunc(all, func(o connector) bool { return o.Domain == domain })
		if at >= 0 {
			if !slices.Equal(regions[domain], a.Regions) {
				return nil, fmt.Errorf("%s: %w", domain, ErrSharedDomain)
			}
			all[at].Addresses = append(all[at].Addresses, a.Address)
			continue
		}
		regions[domain] = a.Regions
		k := connector{Name: "clawback " + domain, Domain: domain, Addresses: []string{a.Address}}
		k.leadTo(c, a.Regions)
		if len(k.Name) > maxName {
			k.Name = k.Name[:maxName]
		}
		all = append(all, k)
	}
	return all, nil
}

// leadTo has the connector lead to the gateways of regions, which need not be this one: a gateway outside of them
// refuses, and that is final for Exchange.
func (k *connector) leadTo(c *config.Config, regions []string) {
	hosts := hostsOf(c, regions)
	switch {
	case len(hosts) > 1:
		k.ByMX, k.Hosts, k.TLSDomain = true, hosts, common(hosts)
	case len(hosts) == 1:
		k.Host, k.TLSDomain = hosts[0], hosts[0]
	case len(regions) > 0 && !slices.Equal(regions, []string{c.Region}): // no file says which gateways they have
		k.ByMX = true
	default:
		k.Host, k.TLSDomain = c.Hostname, c.Hostname
	}
}

// maxName is how long the name of a connector, or of a journal rule, may be.
const maxName = 64

func hostsOf(c *config.Config, regions []string) []string {
	var hosts []string
	for _, name := range regions {
		for _, r := range c.Regions {
			if r.Name == name {
				hosts = append(hosts, r.Hosts...)
			}
		}
	}
	return hosts
}

// common is the pattern for the domain in which all hosts lie, "" where they have none that is not a whole top-level
// domain.
func common(hosts []string) string {
	_, domain, _ := strings.Cut(hosts[0], ".")
	for _, h := range hosts[1:] {
		if _, other, _ := strings.Cut(h, "."); other != domain {
			return ""
		}
	}
	if !strings.Contains(domain, ".") {
		return ""
	}
	return "*." + domain
}

// quote makes a PowerShell string in which nothing is expanded. PowerShell takes typographic quotes for quotes, too.
func quote(s string) string {
	return "'" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛",
		"\r", " ", "\n", " ").Replace(s) + "'"
}

// oneLine is a value as it stands in prose: it begins no line and no block of commands.
func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ", "`", "").Replace(s) }

func quoteAll(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = quote(s)
	}
	return out
}

// Script is the page as a PowerShell script: its prose as comments.
func Script(markdown string) string {
	var out strings.Builder
	code := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code:
			fmt.Fprintln(&out, line)
		case line == "":
			fmt.Fprintln(&out)
		default:
			fmt.Fprintln(&out, "#", strings.NewReplacer("**", "", "`", "").Replace(line))
		}
	}
	return out.String()
}
