package regions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// Resolver is what Check asks of DNS; net.Resolver has it.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// Finding is one thing that Check looked at.
type Finding struct {
	OK      bool   `json:"ok"`
	Warning bool   `json:"warning,omitempty"` // reports arrive all the same, or nobody can say; OK is set
	What    string `json:"what"`              // the address's domain
	Text    string `json:"text"`              // what is wrong, or what was seen
	Remedy  string `json:"remedy,omitempty"`  // what to do, of what is wrong
}

// Check compares the MX records of every journal and recovery address with the regions that may process it.
//
// A host outside the regions refuses with 550, and a 5xx is final for Exchange Online: so such a host in the MX records
// loses reports to the alternate mailbox, and only MX preference and 4xx make a fail-over.
func Check(ctx context.Context, c *config.Config, r Resolver) []Finding {
	k := &checker{ctx: ctx, c: c, resolver: r, regionOf: map[string]string{}}
	for _, region := range c.Regions {
		for _, host := range region.Hosts {
			k.regionOf[host] = region.Name
		}
	}
	k.self()
	for _, t := range c.Tenants {
		for _, a := range t.Addresses {
			k.domain(t.Name, domainOf(a.Address), a.Regions)
		}
		if t.RecoveryAddress != "" {
			k.domain(t.Name, domainOf(t.RecoveryAddress), nil)
		}
		k.warnSeparateRecords(t)
	}
	return k.found
}

// checker carries what one Check needs.
type checker struct {
	ctx      context.Context
	c        *config.Config
	resolver Resolver
	regionOf map[string]string // by host
	found    []Finding
	what     string
	done     []string // domains with their regions, which need no second look
}

func (k *checker) bad(remedy, format string, args ...any) {
	k.found = append(k.found, Finding{What: k.what, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (k *checker) warn(remedy, text string) {
	k.found = append(k.found, Finding{OK: true, Warning: true, What: k.what, Text: text, Remedy: remedy})
}

// self checks that this host is where the configuration says it is.
func (k *checker) self() {
	k.what = "region " + k.c.Region
	switch at, known := k.regionOf[k.c.Hostname]; {
	case k.c.Region == "" || len(k.c.Regions) == 0:
	case !known:
		k.bad("add it to region "+k.c.Region, "%s stands under no [[region_hosts]]", k.c.Hostname)
	case at != k.c.Region:
		k.bad(fmt.Sprintf("write region = %q, or put the host under the other region", at),
			"%s stands under region %s, and this daemon says that it is in %s", k.c.Hostname, at, k.c.Region)
	}
}

// warnSeparateRecords tells of pairs of addresses whose reports of one message are never united. That is as it was
// asked for.
func (k *checker) warnSeparateRecords(t config.Tenant) {
	for i, a := range t.Addresses {
		for _, b := range t.Addresses[:i] {
			if _, ok := common(a.Regions, b.Regions); !ok {
				k.found = append(k.found, Finding{OK: true, What: "tenant " + t.Name,
					Text: fmt.Sprintf("%s (%s) and %s (%s) have no region in common: "+
						"a message that is reported to both has a record in each", b.Address, list(b.Regions),
						a.Address,
						list(a.Regions))})
			}
		}
	}
}

// domain checks one domain once for each list of regions.
func (k *checker) domain(tenant, domain string, regions []string) {
	key := domain + " " + list(regions)
	if domain == "" || slices.Contains(k.done, key) {
		return
	}
	k.done = append(k.done, key)
	k.what = "tenant " + tenant + ", MX of " + domain
	before := len(k.found)
	records, err := k.exchangers(domain)
	if err != nil {
		k.withoutRecords(domain, regions, err)
		return
	}
	if len(regions) > 0 {
		k.places(records, regions)
		k.order(records, regions)
		k.missing(records, regions)
	}
	k.resolve(records)
	if len(k.found) == before {
		k.found = append(k.found, Finding{OK: true, What: k.what, Text: names(records)})
	}
}

// withoutRecords tells of a domain that nothing leads to, or that DNS does not answer for. Where the address is bound
// to no regions a connector reaches this host by its own name, as a smart host; else only MX records make a fail-over.
func (k *checker) withoutRecords(domain string, regions []string, err error) {
	switch {
	case !errors.Is(err, errNoMail):
		k.warn("look at this host's resolver, /etc/resolv.conf, and at the domain's name servers; then check again",
			"whether mail for it arrives is not known: "+err.Error())
	case len(regions) == 0:
		k.warn("nothing, where the connector names this host as its smart host; else make MX records for "+domain,
			err.Error())
	default:
		k.bad("make MX records that lead to the hosts of its regions: docs/regions.md", "%v", err)
	}
}

// errNoMail is of a domain to which no mail can be sent.
var errNoMail = errors.New("no mail can be sent to it")

// exchangers are the hosts that mail for a domain goes to, by preference.
// RFC 5321, section 5.1: a domain without MX records is its own.
func (k *checker) exchangers(domain string) ([]*net.MX, error) {
	records, err := k.resolver.LookupMX(k.ctx, domain)
	if none, ok := errors.AsType[*net.DNSError](err); ok && none.IsNotFound {
		_, err := k.resolver.LookupHost(k.ctx, domain)
		if none, ok := errors.AsType[*net.DNSError](err); ok && none.IsNotFound {
			return nil, fmt.Errorf("%s has neither MX nor address records: %w", domain, errNoMail)
		}
		if err != nil {
			return nil, fmt.Errorf("ask for address records: %w", err)
		}
		return []*net.MX{{Host: domain}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask for MX records: %w", err)
	}
	clean := make([]*net.MX, len(records))
	for i, mx := range records {
		clean[i] = &net.MX{Host: mailaddr.Lower(strings.TrimSuffix(mx.Host, ".")), Pref: mx.Pref}
		if clean[i].Host == "" { // RFC 7505
			return nil, fmt.Errorf("%s has a null MX: %w", domain, errNoMail)
		}
	}
	slices.SortStableFunc(clean, func(a, b *net.MX) int { return int(a.Pref) - int(b.Pref) })
	return clean, nil
}

// places reports hosts that are not in the address's regions.
func (k *checker) places(records []*net.MX, regions []string) {
	for _, mx := range records {
		switch at, known := k.regionOf[mx.Host]; {
		case !known:
			k.bad("add it to its region, or remove it from the MX records",
				"%s stands under no [[region_hosts]], so nobody can say where it processes", mx.Host)
		case !slices.Contains(regions, at):
			k.bad("remove it from the MX records, or add "+at+" to the address's regions",
				"%s is in region %s and refuses mail for this address, which is final for Exchange Online", mx.Host, at)
		}
	}
}

// order reports hosts of a later region that are asked before, or as often as, one of an earlier region.
func (k *checker) order(records []*net.MX, regions []string) {
	for i, later := range records {
		for _, earlier := range records[:i+1] {
			a, b := slices.Index(regions, k.regionOf[earlier.Host]), slices.Index(regions, k.regionOf[later.Host])
			if a >= 0 && b >= 0 && (a > b || a != b && earlier.Pref == later.Pref) {
				k.bad("give the backup a greater preference",
					"%s (preference %d, region %s) is asked before or beside %s (preference %d, region %s)",
					earlier.Host, earlier.Pref, regions[a], later.Host, later.Pref, regions[b])
			}
		}
	}
}

// missing reports regions that no MX record leads to.
func (k *checker) missing(records []*net.MX, regions []string) {
	for _, region := range regions {
		if !slices.ContainsFunc(records, func(mx *net.MX) bool { return k.regionOf[mx.Host] == region }) {
			k.bad("add one of its hosts, or remove it from the address's regions", "no MX record leads to region %s",
				region)
		}
	}
}

// resolve reports hosts without an address.
func (k *checker) resolve(records []*net.MX) {
	for _, mx := range records {
		_, err := k.resolver.LookupHost(k.ctx, mx.Host)
		if none, ok := errors.AsType[*net.DNSError](err); ok && none.IsNotFound {
			k.bad("make address records for it, or remove it from the MX records", "%s has no address", mx.Host)
		} else if err != nil {
			k.warn("look at this host's resolver, /etc/resolv.conf; then check again",
				fmt.Sprintf("whether %s has an address is not known: %v", mx.Host, err))
		}
	}
}

// names lists exchangers for people.
func names(records []*net.MX) string {
	var b strings.Builder
	for i, mx := range records {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %s", mx.Pref, mx.Host)
	}
	return b.String()
}

// domainOf is an address's domain.
func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}
