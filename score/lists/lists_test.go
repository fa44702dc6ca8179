package lists

import (
	"strings"
	"testing"
)

func lists() map[string]List {
	l := Builtin()
	return map[string]List{
		"free_mail": l.FreeMail, "disposable": l.Disposable, "shorteners": l.Shorteners, "file_hosts": l.FileHosts, "subdomain_hosts": l.SubdomainHosts,
		"high_trust": l.HighTrust, "creation_platforms": l.CreationPlatforms, "cheap_tlds": l.CheapTLDs, "dynamic_dns": l.DynamicDNS,
		"ipfs_gateways": l.IPFSGateways, "link_in_bio": l.LinkInBio, "banks": l.Banks, "simulation": l.Simulation, "popular": l.Popular, "replyto_services": l.ReplyToServices,
	}
}

func TestLists_areSortedAndFindEveryLine(t *testing.T) {
	for name, list := range lists() {
		last, lines := "", 0
		list.lines(func(line string) {
			lines++
			if line <= last {
				t.Errorf("%s: %q stands after %q", name, line, last)
			}
			if line != strings.ToLower(line) || strings.TrimSpace(line) != line {
				t.Errorf("%s: %q is not in plain lower case", name, line)
			}
			if !list.Has(line) {
				t.Errorf("%s: %q is not found", name, line)
			}
			last = line
		})
		if lines == 0 || list.Has("") || list.Has("\x00") || list.Has("zzzzzz.invalid") {
			t.Errorf("%s: %d lines, or it has what it has not", name, lines)
		}
	}
}

func TestHasSuffix_namesUnderAnEntry(t *testing.T) {
	l := newList("duckdns.org\nexample.com\n")
	for host, want := range map[string]string{"a.b.example.com": "example.com", "example.com": "example.com", "notexample.com": "", "com": "", "": ""} {
		if got, ok := l.HasSuffix(host); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", host, got, ok)
		}
	}
}

func TestBrands_areWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range Builtin().Brands {
		if b.Key == "" || len(b.Names) == 0 || len(b.Domains) == 0 || b.Kind == "" {
			t.Errorf("brand %+v lacks something", b)
		}
		if seen[b.Key] {
			t.Errorf("two brands have the key %s", b.Key)
		}
		seen[b.Key] = true
		for _, domain := range b.Domains {
			if !b.Owns(domain) || !strings.Contains(domain, ".") {
				t.Errorf("%s does not own %s", b.Key, domain)
			}
		}
	}
}

func TestOwns_itsNameUnderOrdinarySuffixesOnly(t *testing.T) {
	b := Brand{Key: "contoso", Domains: []string{"contoso.example"}}
	for domain, want := range map[string]bool{
		"contoso.example": true, "mail.contoso.example": true, "contoso.de": true, "contoso.co.uk": true, "contoso.com": true, "x.contoso": true,
		"contoso.shop": false, "contoso-login.com": false, "mycontoso.com": false,
	} {
		if got := b.Owns(domain); got != want {
			t.Errorf("owns %s: %v", domain, got)
		}
	}
}

func TestVersion_isStable(t *testing.T) {
	first, second := Version(), Version()
	if first != second || len(first) != 12 {
		t.Errorf("versions %q and %q", first, second)
	}
}
