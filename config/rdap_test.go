package config

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const day = 24 * time.Hour

func TestRDAP_isReadFromTheFile(t *testing.T) {
	def := RDAP{URL: "https://data.iana.org/rdap/dns.json", Interval: day}
	change := func(f func(*RDAP)) RDAP { r := def; f(&r); return r }
	for _, c := range []struct {
		lines   string
		want    RDAP
		problem string // its key and a part of it
	}{
		{"", def, ""},
		{"enabled = true", change(func(r *RDAP) { r.Enabled = true }), ""},
		{`server = "http://127.0.0.1:8080/"`, change(func(r *RDAP) { r.Server = "http://127.0.0.1:8080/" }), ""},
		{`private_networks = ["10.1.0.0/16"]`, change(func(r *RDAP) { r.PrivateNetworks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")} }), ""},
		{`private_networks = []`, def, ""},
		{`private_networks = ["0.0.0.0/0"]`, def, "private_networks takes in the whole internet"},
		{`interval = "12h"`, change(func(r *RDAP) { r.Interval = 12 * time.Hour }), ""},
		{`interval = "1m"`, change(func(r *RDAP) { r.Interval = time.Minute }), "interval is 1m"},
		{`url = "http://example.com/dns.json"`, change(func(r *RDAP) { r.URL = "" }), "url is not an https URL"},
		{"enabled = true\nurl = \"\"", change(func(r *RDAP) { r.Enabled, r.URL = true, "" }), "url is empty, and so is server"},
		{"enabled = true\nurl = \"\"\nserver = \"https://rdap.example/\"", change(func(r *RDAP) { r.Enabled, r.URL, r.Server = true, "", "https://rdap.example/" }), ""},
		{`ca_file = "/nowhere/roots.pem"`, change(func(r *RDAP) { r.CAFile = "/nowhere/roots.pem" }), "ca_file"},
		{"enable = true", def, "enable is not a known key"},
	} {
		cfg, r := parse("clawback.toml", []byte("[rdap]\n"+c.lines+"\n"))
		if diff := cmp.Diff(c.want, cfg.RDAP,
			cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s: %s", c.lines, diff)
		}
		checkProblem(t, r, "rdap.", c.lines, c.problem)
	}
}

// checkProblem wants one problem below a table, or none.
func checkProblem(t *testing.T, r *reader, table, lines, want string) {
	t.Helper()
	var got []string
	for _, p := range r.problems {
		if key, ok := strings.CutPrefix(p.Key, table); ok {
			got = append(got, key+" "+p.Text)
		}
	}
	key, text, _ := strings.Cut(want, " ")
	switch {
	case want == "" && len(got) > 0, want != "" && len(got) != 1:
		t.Errorf("%s: problems %q, want %q", lines, got, want)
	case want != "" && (!strings.HasPrefix(got[0], key+" ") || !strings.Contains(got[0], text)):
		t.Errorf("%s: problem %q, want %q", lines, got[0], want)
	}
}

func TestScore_domainAgesAreReadFromTheFile(t *testing.T) {
	for _, c := range []struct {
		lines                 string
		malicious, suspicious time.Duration
		problem               string
	}{
		{"", 0, 30 * day, ""},
		{"domain_age_malicious = \"off\"", 0, 30 * day, ""},
		{"domain_age_malicious = \"OFF\"\ndomain_age_suspicious = \"off\"", 0, 0, ""},
		{"domain_age_malicious = \"36h\"\ndomain_age_suspicious = \"100d\"", 36 * time.Hour, 100 * day, ""},
		{"domain_age_malicious = \"40d\"\ndomain_age_suspicious = \"off\"", 40 * day, 0, ""},
		{"domain_age_malicious = \"40d\"", 40 * day, 30 * day, "domain_age_suspicious is shorter than domain_age_malicious"},
		{"domain_age_suspicious = \"101d\"", 0, 101 * day, "domain_age_suspicious is more than 100 days"},
		{"domain_age_malicious = \"0s\"", 0, 30 * day, "domain_age_malicious is 0s"},
		{"domain_age_malicious = 7", 0, 30 * day, "domain_age_malicious is a whole number"},
	} {
		cfg, r := parse("clawback.toml", []byte("[score]\n"+c.lines+"\n"))
		s := cfg.Score
		if c.problem == "" && (s.DomainAgeMalicious != c.malicious || s.DomainAgeSuspicious != c.suspicious) {
			t.Errorf("%s: %v and %v", c.lines, s.DomainAgeMalicious, s.DomainAgeSuspicious)
		}
		checkProblem(t, r, "score.", c.lines, c.problem)
	}
}
