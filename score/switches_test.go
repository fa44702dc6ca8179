package score

import (
	"testing"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

func TestSwitches_raiseOneThing(t *testing.T) {
	page := attached("", longText, "page.html", "text/html", []byte("<html><h1>Report</h1></html>"))
	bank := "\nOur bank account has changed. These are the new bank details."
	for name, c := range map[string]struct {
		switches Switches
		text     string
		want     verdict.Disposition
	}{
		"off":                         {Switches{}, page, verdict.Clean},
		"a page":                      {Switches{HTMLAttachment: verdict.Suspicious}, page, verdict.Suspicious},
		"a page, and none is there":   {Switches{HTMLAttachment: verdict.Suspicious}, base, verdict.Clean},
		"a new domain":                {Switches{NewDomain: verdict.Malicious}, base, verdict.Malicious},
		"blank":                       {Switches{Blank: verdict.Suspicious}, vary("Subject:\n\n\n"), verdict.Suspicious},
		"bank details, free mailbox":  {Switches{ACHFreeMail: verdict.Malicious}, vary(gmail + bank), verdict.Malicious},
		"bank details, another's own": {Switches{ACHFreeMail: verdict.Malicious}, vary(bank), verdict.Clean},
	} {
		m := of(c.text)
		m.History = entries()
		if r := runWith(t, scorer(t, Options{Switches: c.switches}), m); r.Disposition != c.want {
			t.Errorf("%s: %v, want %v: %s", name, r.Disposition, c.want, summary(r))
		}
	}
}

func TestSwitches_anAllowedSenderStaysAllowed(t *testing.T) {
	tenant := mailgen.Tenant()
	tenant.Policies = []config.Policy{{Kind: "trust_sender", Pattern: "@sender.example", Verify: true}}
	m := of(attached("", longText, "page.html", "text/html", []byte("<html><h1>Report</h1></html>")))
	m.Tenant = tenant
	if r := runWith(t, scorer(t, Options{Switches: Switches{HTMLAttachment: verdict.Malicious}}), m); r.Disposition != verdict.Clean {
		t.Errorf("%v: %s", r.Disposition, summary(r))
	}
}
