package config

import (
	"fmt"
	"time"
)

// rdapURL is IANA's list: RFC 9224, section 4.
const rdapURL = "https://data.iana.org/rdap/dns.json"

func readRDAP(t *table) RDAP {
	r := RDAP{
		Enabled:  t.flag("enabled", false),
		URL:      t.word("url", rdapURL, httpsURL),
		Interval: t.duration("interval", "24h", time.Hour),
		Server:   t.word("server", "", webURL),
		CAFile:   t.file("ca_file"),
	}
	if t.has("private_networks") {
		r.PrivateNetworks = t.prefixes("private_networks")
	}
	if r.Enabled && r.URL == "" && r.Server == "" {
		t.wrong("url", "is empty, and so is server",
			"one of them must say who is asked: remove the line for IANA's list")
	}
	return r
}

// maxDomainAge is the oldest age that can count as young, as it is with Cloudflare Email Security.
const maxDomainAge = 100 * 24 * time.Hour

// readAge reads up to which age a domain is young, or "off".
func readAge(t *table, key, fallback string) time.Duration {
	s := t.text(key, fallback)
	t.note(key, Key{Kind: `duration up to "100d", or "off"`, Default: quoted(fallback), Least: quoted("1h")})
	if off(s) {
		return 0
	}
	age := t.span(key, s, fallback, time.Hour)
	if age > maxDomainAge {
		t.wrong(key, "is more than 100 days", fmt.Sprintf(`use "100d" at most, or "off"; the default is %q`, fallback))
	}
	return age
}
