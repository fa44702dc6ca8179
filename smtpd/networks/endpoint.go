package networks

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"clawback/internal/lastgood"
)

// Limits that a list of Microsoft's must keep to be believed. The list of 2026 has 6 prefixes and half a million
// IPv4 addresses.
const (
	maxBody     = 16 << 20
	maxPrefixes = 500
	minBits4    = 10 // 52.96.0.0/12 is the widest that was ever seen
	minBits6    = 32
	maxChange   = 4 // times as many, or as few, IPv4 addresses as before
)

// endpoint is one entry of the Microsoft 365 IP Address and URL web service.
type endpoint struct {
	ID          int      `json:"id"`
	ServiceArea string   `json:"serviceArea"`
	URLs        []string `json:"urls"`
	IPs         []string `json:"ips"`
	TCPPorts    string   `json:"tcpPorts"`
}

// sendsMail reports whether the entry names the hosts that Exchange Online sends mail from: port 25 of
// *.mail.protection.outlook.com, and of the like in the national clouds.
func (e endpoint) sendsMail() bool {
	named := slices.ContainsFunc(e.URLs, func(u string) bool { return strings.Contains(u, ".protection.") })
	port := slices.ContainsFunc(strings.Split(e.TCPPorts, ","),
		func(p string) bool { return strings.TrimSpace(p) == "25" })
	return e.ServiceArea == "Exchange" && named && port
}

// parseEndpoints reads the web service's answer and picks the prefixes of the hosts that send mail.
func parseEndpoints(data []byte) ([]netip.Prefix, error) {
	var entries []endpoint
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("decode list: %w", err)
	}
	var found []netip.Prefix
	for _, e := range entries {
		if !e.sendsMail() {
			continue
		}
		for _, ip := range e.IPs {
			p, err := parseNetwork(ip)
			if err != nil {
				return nil, fmt.Errorf("entry %d: %w", e.ID, err)
			}
			found = append(found, p)
		}
	}
	slices.SortFunc(found, comparePrefixes)
	found = slices.Compact(found)
	return found, shape(found)
}

// parseNetwork reads one prefix, and refuses what no mail service sends from.
func parseNetwork(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, err
	}
	least := minBits4
	if p.Addr().Is6() {
		least = minBits6
	}
	addr := p.Addr()
	switch {
	case p != p.Masked(), addr.Is4In6():
		return p, fmt.Errorf("prefix %s is not in its usual form", text)
	case p.Bits() < least:
		return p, fmt.Errorf("prefix %s is too wide", text)
	case !addr.IsGlobalUnicast() || addr.IsPrivate():
		return p, fmt.Errorf("prefix %s is not public", text)
	}
	return p, nil
}

// shape refuses a list that cannot be the whole one.
func shape(found []netip.Prefix) error {
	switch {
	case addresses(found) == 0:
		return errors.New("list has no IPv4 prefix of a mail service")
	case len(found) > maxPrefixes:
		return fmt.Errorf("list has %d prefixes", len(found))
	}
	return nil
}

// change refuses a list that differs too much from the one in use to be believed without a person.
func change(old, found lastgood.Copy[[]netip.Prefix]) error {
	before, after := addresses(old.List), addresses(found.List)
	if before > 0 && (after > before*maxChange || after*maxChange < before) {
		return fmt.Errorf("list has %d IPv4 addresses and the one in use %d: not believed; "+
			"if it is right, name the networks under [[networks.set]]", after, before)
	}
	return nil
}

// addresses counts the IPv4 addresses of prefixes.
func addresses(prefixes []netip.Prefix) (n uint64) {
	for _, p := range prefixes {
		if p.Addr().Is4() {
			n += 1 << (32 - p.Bits())
		}
	}
	return n
}

func comparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}
