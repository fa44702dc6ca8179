package engines

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/sync/errgroup"
)

// maxNames is how many names of one message are asked for.
const maxNames = 50

// DNSLists asks lists of addresses and domains. A zone that begins with "dbl." or "multi." lists domains, others
// addresses.
type DNSLists struct {
	Zones  []string
	Lookup func(ctx context.Context, name string) ([]netip.Addr, error) // nil: the system's resolver
}

// Name is how findings and degradations name it.
func (DNSLists) Name() string { return "dnsl" }

// atOnce is how many names are asked for at a time.
const atOnce = 10

// question is one name in one zone, and what came of it.
type question struct {
	zone, name string
	found      []Finding
	err        error
}

// Ask looks up the server's address and the domains of the links. The findings are in the order of the zones and names.
func (d DNSLists) Ask(ctx context.Context, m Message) ([]Finding, error) {
	var questions []*question
	for _, zone := range d.Zones {
		for _, name := range names(zone, m) {
			questions = append(questions, &question{zone: zone, name: name})
		}
	}
	var asking errgroup.Group
	asking.SetLimit(atOnce)
	for _, q := range questions {
		asking.Go(func() error {
			q.found, q.err = d.one(ctx, q.zone, q.name)
			return nil
		})
	}
	asking.Wait()
	findings, err := findingsOf(questions)
	if len(m.Domains) > maxNames && len(questions) >= maxNames {
		findings = append(findings, Finding{Engine: "dnsl", NotAsked: true,
			Text: fmt.Sprintf("Of the %d domains of its links the first %d were looked up.", len(m.Domains), maxNames)})
	}
	return findings, err
}

// findingsOf gives the findings, and of each zone the first problem: twenty names of a zone that is away fail alike.
func findingsOf(questions []*question) (findings []Finding, err error) {
	var problems []error
	told := map[string]bool{}
	for _, q := range questions {
		findings = append(findings, q.found...)
		if q.err != nil && !told[q.zone] {
			told[q.zone] = true
			problems = append(problems, q.err)
		}
	}
	return findings, errors.Join(problems...)
}

// names are what is asked of a zone: reversed address, or domains.
func names(zone string, m Message) []string {
	if domainZone(zone) {
		return m.Domains[:min(len(m.Domains), maxNames)]
	}
	if !m.IP.Is4() {
		return nil
	}
	b := m.IP.As4()
	return []string{fmt.Sprintf("%d.%d.%d.%d", b[3], b[2], b[1], b[0])}
}

func domainZone(zone string) bool {
	return strings.Contains(zone, "dbl.") || strings.HasPrefix(zone, "multi.") || strings.Contains(zone, "uribl")
}

func (d DNSLists) one(ctx context.Context, zone, name string) ([]Finding, error) {
	addresses, err := d.lookup(ctx, name+"."+zone)
	var missing *net.DNSError
	if errors.As(err, &missing) && missing.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", zone, err)
	}
	for _, a := range addresses {
		points, refused := readCode(zone, a)
		if refused {
			return nil, fmt.Errorf("%s refuses to answer (%s): it wants another resolver or a key", zone, a)
		}
		if points > 0 {
			return []Finding{{Engine: "dnsl", Points: points,
				Text: fmt.Sprintf("%s is listed in %s (%s).", name, zone, a)}}, nil
		}
	}
	return nil, nil
}

// readCode reads the code of a list. 127.255.255.0/24 is Spamhaus' error range, 127.0.0.1 of URIBL and 127.0.1.255 of
// the DBL mean that the question was not allowed: none of them is a hit.
func readCode(zone string, a netip.Addr) (points float64, refused bool) {
	if !a.Is4() || a.As4()[0] != 127 {
		return 0, false
	}
	b := a.As4()
	switch {
	case b[1] == 255 && b[2] == 255:
		return 0, true
	case strings.Contains(zone, "dbl."):
		switch {
		case b[3] == 255:
			return 0, true
		case b[3] >= 102: // a good domain that was abused
			return 1, false
		}
		return 4, false
	case strings.HasPrefix(zone, "multi."):
		if b[3] == 1 {
			return 0, true
		}
		return 3, false
	case b[3] >= 10: // PBL: dial-up ranges, which servers of Microsoft's customers are not asked about
		return 0, false
	}
	return 2, false
}

func (d DNSLists) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if d.Lookup != nil {
		return d.Lookup(ctx, name)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip4", name)
}
