package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"clawback/score/lists"
	"clawback/score/web"
	"clawback/verdict"
)

// Caution knows the names that good mail has too. It may be used by several goroutines.
type Caution struct {
	lists    *lists.Lists
	own      map[string]bool // domains of the organisations and of those that they work with
	warned   map[string]bool // names, addresses, hashes and exact URLs of the operator's warning lists
	networks []netip.Prefix  // of these lists
	version  string
}

// NewCaution makes one of the built-in lists, the domains of one's own, and the operator's warning lists. Those are
// in the form of MISP's, or text with one value a line.
func NewCaution(own, files []string) (*Caution, error) {
	c := &Caution{lists: lists.Builtin(), own: map[string]bool{}, warned: map[string]bool{}}
	sum := sha256.New()
	own = slices.Sorted(slices.Values(own))
	fmt.Fprintln(sum, lists.Version(), own)
	for _, domain := range own {
		c.own[web.ASCII(domain)] = true
	}
	var errs []error
	for _, file := range files {
		data, err := readWarnings(file)
		if err == nil {
			err = c.addWarnings(data)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read warning list %s: %w", file, err))
		}
		sum.Write(data)
	}
	c.version = hex.EncodeToString(sum.Sum(nil))[:12]
	return c, errors.Join(errs...)
}

// maxWarnings bounds a warning list; MISP's largest has a million names, in 20 MB.
const maxWarnings = 64 << 20

func readWarnings(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxWarnings+1))
	if err == nil && len(data) > maxWarnings {
		err = fmt.Errorf("it is larger than %d MiB", maxWarnings>>20)
	}
	return data, err
}

// addWarnings reads one list.
func (c *Caution) addWarnings(data []byte) error {
	var list struct {
		Type string   `json:"type"`
		List []string `json:"list"`
	}
	if text := strings.TrimSpace(string(data)); !strings.HasPrefix(text, "{") {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				list.List = append(list.List, line)
			}
		}
	} else if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	if list.Type == "regex" {
		return errors.New("it is a list of regular expressions, which are not read")
	}
	if len(list.List) == 0 {
		return errors.New("it has no values")
	}
	for _, value := range list.List {
		if !c.warn(value) {
			return fmt.Errorf("%q is no name, address, hash or URL", cut(value, 80))
		}
	}
	return nil
}

// warn notes one value. A name stands for itself and all below it.
func (c *Caution) warn(value string) bool {
	value = strings.TrimSpace(value)
	if network, err := netip.ParsePrefix(value); err == nil {
		c.networks = append(c.networks, network.Masked())
		return true
	}
	if addr, err := netip.ParseAddr(value); err == nil {
		c.networks = append(c.networks, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
		return true
	}
	i, err := normalise("", value)
	if err != nil { // such as a suffix, or a label alone
		u, ok := web.Parse("http://" + strings.TrimLeft(value, "*."))
		i.Value = u.Host
		if !ok {
			return errors.Is(err, errOtherKind)
		}
	}
	c.warned[i.Value] = true
	return true
}

// Version changes when another answer may be given.
func (c *Caution) Version() string { return c.version }

// spare says why an indicator must not stand for bad mail; "" means that it may.
func (c *Caution) spare(i verdict.Indicator) string {
	if c.warned[i.Value] {
		return "it is on a warning list"
	}
	switch i.Kind {
	case kindURL:
		u, ok := web.Parse(i.Value)
		if ok && strings.Trim(u.Path, "/") == "" && u.Query == "" { // no page, but the whole site
			return c.spareHost(u.Host)
		}
	case kindDomain:
		return c.spareHost(i.Value)
	case kindIP:
		return c.spareIP(i.Value)
	case kindEmail:
		domain := i.Value[strings.LastIndexByte(i.Value, '@')+1:]
		if c.isOwn(domain) {
			return "it is of a domain of one's own"
		}
	}
	return ""
}

// spareHost says why a whole site must not stand for bad mail.
func (c *Caution) spareHost(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return c.spareIP(host)
	}
	domain := web.Organisation(host)
	l := c.lists
	switch {
	case c.isOwn(host):
		return "it is a domain of one's own"
	case c.warnedAbove(host):
		return "it is on a warning list"
	case many(host, l.SubdomainHosts, l.FileHosts, l.Shorteners, l.CreationPlatforms, l.DynamicDNS, l.IPFSGateways,
		l.LinkInBio):
		return "many have pages there"
	case l.SubdomainHosts.Has(domain) || l.DynamicDNS.Has(domain):
		return "" // a customer's own name below a host that gives names to anybody
	case many(domain, l.Popular, l.HighTrust, l.FreeMail, l.Banks, l.Simulation),
		many(host, l.Popular, l.HighTrust, l.FreeMail, l.Simulation):
		return "it is a popular site"
	}
	return ""
}

// many reports whether a name is in one of the lists.
func many(name string, all ...lists.List) bool {
	return slices.ContainsFunc(all, func(l lists.List) bool { return l.Has(name) })
}

// isOwn reports whether a host is a domain of one's own, or below one.
func (c *Caution) isOwn(host string) bool { return above(host, c.own) }

func (c *Caution) warnedAbove(host string) bool { return above(host, c.warned) }

// above reports whether a host, or a name that it lies under, is in a set.
func above(host string, set map[string]bool) bool {
	for host != "" {
		if set[host] {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

func (c *Caution) spareIP(value string) string {
	addr, err := netip.ParseAddr(value)
	if err == nil && slices.ContainsFunc(c.networks, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return "it is on a warning list"
	}
	return ""
}

// most is the worst that a match of a kind makes of a message by itself (I7).
func most(kind string, d verdict.Disposition) verdict.Disposition {
	if kind != kindURL && kind != kindSHA256 && d == verdict.Malicious {
		return verdict.Suspicious
	}
	return d
}
