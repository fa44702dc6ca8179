package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const brakeTenant = `hostname = "journal.example.net"
[[tenant]]
name = "contoso"
id = "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8"
domains = ["contoso.example"]
alternate_mailbox = "ndr@archive.example"
protected = ["ceo@contoso.example", "@bank.example"]
[[tenant.address]]
address = "j@journal.example.net"
[tenant.brake]
`

func TestBrake_isReadFromTheFile(t *testing.T) {
	def := Brake{MailboxesPerHour: 100, MailboxesPerMail: 50, SharePercent: 2, ShareFrom: 20, CampaignPercent: 50}
	change := func(f func(*Brake)) Brake { b := def; f(&b); return b }
	for _, c := range []struct {
		lines   string
		want    Brake
		problem string // part of it
	}{
		{"", def, ""},
		{`mailboxes_per_hour = "off"`, change(func(b *Brake) { b.MailboxesPerHour = Off }), ""},
		{`mailboxes_per_mail = -1`, change(func(b *Brake) { b.MailboxesPerMail = Off }), ""},
		{`share_percent = "OFF"`, change(func(b *Brake) { b.SharePercent = Off }), ""},
		{`share_percent = 0.5`, change(func(b *Brake) { b.SharePercent = 0.5 }), ""},
		{`campaign_percent = "off"`, change(func(b *Brake) { b.CampaignPercent = Off }), ""},
		{`campaign_percent = 70`, change(func(b *Brake) { b.CampaignPercent = 70 }), ""},
		{`share_from = 1`, change(func(b *Brake) { b.ShareFrom = 1 }), ""},
		{`mailboxes_per_hour = 0`, def, `"off" for no limit`},
		{`mailboxes_per_hour = -2`, def, `"off" for no limit`},
		{`mailboxes_per_mail = "none"`, def, `"off" for no limit`},
		{`share_percent = 0`, def, `"off" for no limit`},
		{`share_percent = 101`, def, `"off" for no limit`},
		{`share_from = "off"`, def, "share_from"},
	} {
		t.Run(c.lines, func(t *testing.T) {
			cfg, r := parse("clawback.toml", []byte(brakeTenant+c.lines+"\n"))
			problems := ""
			for _, p := range r.problems {
				if strings.HasPrefix(p.Key, "tenant.brake") {
					problems += p.Key + " " + p.Text + " " + p.Hint
				}
			}
			if c.problem == "" && problems != "" || !strings.Contains(problems, c.problem) {
				t.Fatalf("problems %q, want %q", problems, c.problem)
			}
			if c.problem != "" {
				return
			}
			if diff := cmp.Diff(c.want, cfg.Tenants[0].Brake); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"ceo@contoso.example", "@bank.example"}, cfg.Tenants[0].Protected); diff != "" {
				t.Errorf("protected (-want +got):\n%s", diff)
			}
		})
	}
}
