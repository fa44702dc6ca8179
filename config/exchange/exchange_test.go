package exchange

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
)

var update = flag.Bool("update", false, "write docs/exchange-online.md anew")

// example is the configuration of docs/exchange-online.md.
func example() *config.Config {
	return &config.Config{Hostname: "mx.gateway.example", Tenants: []config.Tenant{{
		Name: "contoso", ID: "00000000-0000-4000-8000-000000000001", Domains: []string{"contoso.example"},
		Addresses:        []config.Address{{Address: "j-7q3k9xw2@journal.gateway.example"}},
		AlternateMailbox: "journal-rejects@archive.example",
		Submissions:      []config.Submission{{Mailboxes: []string{"reported@contoso.example"}}},
	}}}
}

func pageOf(t *testing.T, c *config.Config) string {
	t.Helper()
	text, err := Page(c, &c.Tenants[0])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The page in docs is the one that the command prints for an example tenant.
func TestPage_docsAreCurrent(t *testing.T) {
	const file = "../../docs/exchange-online.md"
	_, body, _ := strings.Cut(pageOf(t, example()), "\n")
	want := "# Connect Exchange Online\n\n`clawback setup exchange TENANT` prints this for your own tenant, filled in; `--markdown` as a page. " +
		"Here it is for an example.\n" + body
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("run go test ./config/exchange -update\n%s", diff)
	}
}

// commands are the lines of the blocks of commands.
func commands(markdown string) (lines []string) {
	code := false
	for line := range strings.Lines(markdown) {
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code:
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

// Until the rule is made nothing is sent, so it comes when all else stands.
func TestPage_theRuleIsTheLastChange(t *testing.T) {
	last := map[string]int{}
	for i, line := range commands(pageOf(t, example())) {
		for _, verb := range []string{"New-OutboundConnector", "Set-OutboundConnector", "Set-TransportConfig", "New-MgApplication", "New-ReportSubmissionRule", "New-JournalRule"} {
			if strings.Contains(line, verb+" ") {
				last[verb] = i
			}
		}
	}
	if len(last) != 6 {
		t.Fatalf("not all steps have commands: %v", last)
	}
	for verb, at := range last {
		if verb != "New-JournalRule" && at > last["New-JournalRule"] {
			t.Errorf("%s comes after the journal rule", verb)
		}
	}
}

// Each step that makes something says how to take it back.
func TestPage_everyStepCanBeUndone(t *testing.T) {
	text := pageOf(t, example())
	for _, pair := range [][2]string{
		{"New-MgApplication", "Remove-MgApplication"}, {"New-ManagementScope", "Remove-ManagementScope"},
		{"New-OutboundConnector", "Remove-OutboundConnector"}, {"New-ReportSubmissionPolicy", "Remove-ReportSubmissionPolicy"},
		{"New-JournalRule", "Remove-JournalRule"}, {"JournalMessageExpirationDays 7", "JournalMessageExpirationDays 0"},
		{"JournalReportDecryptionEnabled $true", "JournalReportDecryptionEnabled $false"},
	} {
		made, undone := strings.Index(text, pair[0]), strings.Index(text, pair[1])
		if made < 0 || undone < made {
			t.Errorf("%s at %d, %s at %d", pair[0], made, pair[1], undone)
		}
	}
}

// A value of the configuration cannot leave its string.
func TestPage_valuesAreQuoted(t *testing.T) {
	for _, evil := range []string{"a'; Remove-Mailbox x; '@journal.example", "a’;rm;’@journal.example", "$(whoami)@journal.example", "`whoami`@journal.example", "a\nRemove-Mailbox x@journal.example"} {
		c := example()
		c.Tenants[0].Addresses[0].Address = evil
		c.Tenants[0].AlternateMailbox = evil
		c.Tenants[0].Domains[0] = evil
		c.Tenants[0].Name = evil + "\n```powershell\nRemove-Mailbox x\n"
		for _, line := range commands(pageOf(t, c)) {
			rest := outside(line)
			if strings.Contains(rest, "Mailbox x") || strings.Contains(rest, "whoami") ||
				strings.Contains(rest, "rm;") {
				t.Errorf("%q: outside of strings stands %q", evil, rest)
			}
		}
	}
}

// outside is what of a line stands outside of single-quoted strings, as PowerShell reads them.
func outside(line string) string {
	var out strings.Builder
	in := false
	for _, r := range line {
		switch {
		case strings.ContainsRune("'‘’‚‛", r):
			in = !in // a doubled quote ends and begins at once
		case !in:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func TestPage_regionsHaveAConnectorAndARuleEach(t *testing.T) {
	c := example()
	c.Regions = []config.Region{{Name: "eu", Hosts: []string{"eu1.gateway.example"}}, {Name: "us", Hosts: []string{"us1.gateway.example", "us2.gateway.example"}}}
	c.Tenants[0].Addresses = []config.Address{
		{Address: "j-1@eu-us.journal.example", Regions: []string{"eu", "us"}}, {Address: "j-2@eu.journal.example", Regions: []string{"eu"}},
	}
	text := pageOf(t, c)
	for _, want := range []string{
		"-UseMXRecord $true -RecipientDomains 'eu-us.journal.example'", "-TlsDomain '*.gateway.example'",
		"in their order: eu1.gateway.example, us1.gateway.example, us2.gateway.example",
		"-UseMXRecord $false -SmartHosts 'eu1.gateway.example' -RecipientDomains 'eu.journal.example'",
		"New-JournalRule -Name 'clawback eu-us' -JournalEmailAddress 'j-1@eu-us.journal.example' -Scope Global -Enabled $true -Recipient 'journal-eu-us@contoso.example'",
		"New-JournalRule -Name 'clawback eu' -JournalEmailAddress 'j-2@eu.journal.example'", "### Processed in eu, then us: journal-eu-us\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q", want)
		}
	}
	c.Regions[0].Hosts[0] = "eu1.elsewhere.example"
	if text := pageOf(t, c); !strings.Contains(text, "-TlsSettings CertificateValidation -Comment") ||
		!strings.Contains(text, "no domain in common") {
		t.Error("hosts without a common domain: the page does not say so")
	}
}

// choice is a row of the table in docs/regions.md.
type choice struct {
	address, group string
	regions, hosts []string
}

// choices are the rows of the table in docs/regions.md.
func choices(t *testing.T) (all []choice) {
	t.Helper()
	data, err := os.ReadFile("../../docs/regions.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(line, "|")
		if len(cells) < 7 || !strings.Contains(cells[3], "@") {
			continue
		}
		c := choice{address: strings.Trim(cells[3], " `"), group: strings.Trim(cells[6], " `")}
		for _, name := range strings.Split(strings.Trim(cells[4], " `[]"), ",") {
			c.regions = append(c.regions, strings.Trim(name, ` "`))
		}
		for _, record := range strings.Split(strings.Trim(cells[5], " `"), "<br>") {
			c.hosts = append(c.hosts, strings.Fields(record)[1])
		}
		all = append(all, c)
	}
	if len(all) != 8 {
		t.Fatalf("docs/regions.md has %d rows, want 8", len(all))
	}
	return all
}

// Each of the eight choices of docs/regions.md has its group, its rule and its address, and a connector that leads to
// its own gateways alone, whichever gateway prints the page.
func TestPage_eachRegionHasItsGroupRuleAndAddress(t *testing.T) {
	gateways := []config.Region{{Name: "us", Hosts: []string{"us1.example.com", "us2.example.com"}},
		{Name: "eu", Hosts: []string{"eu1.example.com"}}, {Name: "in", Hosts: []string{"in1.example.com"}},
		{Name: "au", Hosts: []string{"au1.example.com"}}}
	all, first := choices(t), ""
	for _, gateway := range gateways {
		c := example()
		c.Region, c.Regions, c.Hostname = gateway.Name, gateways, gateway.Hosts[0]
		c.Tenants[0].Addresses = nil
		for _, one := range all {
			c.Tenants[0].Addresses = append(c.Tenants[0].Addresses, config.Address{Address: one.address, Regions: one.regions})
		}
		lines := strings.Join(commands(pageOf(t, c)), "\n")
		for _, one := range all {
			for _, want := range one.commands(all) {
				if n := strings.Count(lines, want); n != 1 {
					t.Errorf("from %s, %v: %d times %s", c.Hostname, one.regions, n, want)
				}
			}
		}
		if first == "" {
			first = lines
		}
		if diff := cmp.Diff(first, lines); diff != "" {
			t.Errorf("%s prints other commands than %s\n%s", c.Hostname, gateways[0].Hosts[0], diff)
		}
	}
	if t.Failed() {
		t.Logf("the commands are\n%s", first)
	}
}

// commands are what a choice needs, each once on the whole page.
func (c choice) commands(all []choice) []string {
	group, name := c.group+"@contoso.example", "clawback "+strings.Join(c.regions, "-")
	_, domain, _ := strings.Cut(c.address, "@")
	lead := "-UseMXRecord $true -RecipientDomains '" + domain +
		"' `\n  -TlsSettings DomainValidation -TlsDomain '*.example.com'"
	if len(c.hosts) == 1 {
		lead = "-UseMXRecord $false -SmartHosts '" + c.hosts[0] + "' -RecipientDomains '" + domain +
			"' `\n  -TlsSettings DomainValidation -TlsDomain '" + c.hosts[0] + "'"
	}
	return []string{
		"New-DistributionGroup -Name '" + c.group + "' -PrimarySmtpAddress '" + group + "' ",
		"Add-DistributionGroupMember '" + group + "' ",
		"New-JournalRule -Name '" + name + "' -JournalEmailAddress '" + c.address + "' -Scope Global -Enabled $true -Recipient '" + group + "'",
		"New-OutboundConnector -Name 'clawback " + domain + "' ", lead,
		"Validate-OutboundConnector -Identity 'clawback " + domain + "' -Recipients '" + c.address + "'",
	}
}

// Where the file does not say which hosts a region has, nobody is sent to a gateway outside of it.
func TestPage_regionsWithoutHosts(t *testing.T) {
	c := example()
	c.Region = "us"
	for regions, want := range map[string]string{"us": "-SmartHosts 'mx.gateway.example'", "eu": "-UseMXRecord $true", "us,eu": "-UseMXRecord $true"} {
		c.Tenants[0].Addresses[0].Regions = strings.Split(regions, ",")
		if text := pageOf(t, c); !strings.Contains(text, want+" -RecipientDomains") ||
			strings.Contains(text, "in their order") {
			t.Errorf("%s: the connector is not %s", regions, want)
		}
	}
}

func TestPage_regionsThatShareADomain(t *testing.T) {
	c := example()
	c.Regions = []config.Region{{Name: "eu", Hosts: []string{"eu1.gateway.example"}}, {Name: "us", Hosts: []string{"us1.gateway.example"}}}
	c.Tenants[0].Addresses = []config.Address{{Address: "j-1@journal.example", Regions: []string{"eu"}}, {Address: "j-2@journal.example", Regions: []string{"us"}}}
	if _, err := Page(c, &c.Tenants[0]); !errors.Is(err, ErrSharedDomain) {
		t.Errorf("%v, want ErrSharedDomain", err)
	}
	c.Tenants[0].Addresses[1].Regions = []string{"eu"} // as while one address replaces another
	if _, err := Page(c, &c.Tenants[0]); err != nil {
		t.Error(err)
	}
}

func TestPage_cloudsOfTheirOwn(t *testing.T) {
	for name, want := range map[string]string{"gcc-high": "O365USGovGCCHigh", "dod": "O365USGovDoD", "china": "O365China", "global": "ShowBanner:$false   #"} {
		c := example()
		c.Tenants[0].Graph.Cloud = name
		if text := pageOf(t, c); !strings.Contains(text, want) {
			t.Errorf("%s: lacks %q", name, want)
		}
	}
}

func TestPage_withoutAJournalAddress(t *testing.T) {
	c := example()
	c.Tenants[0].Addresses = nil
	if _, err := Page(c, &c.Tenants[0]); !errors.Is(err, ErrNoAddress) {
		t.Errorf("%v, want ErrNoAddress", err)
	}
}

// Of the script nothing runs that is not a command of the page.
func TestScript_proseIsComments(t *testing.T) {
	text := pageOf(t, example())
	var ran []string
	for line := range strings.Lines(Script(text)) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			ran = append(ran, line)
		}
	}
	if diff := cmp.Diff(commands(text), ran); diff != "" {
		t.Error(diff)
	}
}
