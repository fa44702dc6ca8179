package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/configtest"
	"clawback/verdict"
)

// minimal is the shortest configuration that is complete, with a secret in a file beside it.
var minimal = strings.Replace(configtest.Minimal, "managed_identity = true", `client_secret_file = "secret"`, 1)

// inDir writes a secret file beside where a configuration would stand, and answers that configuration's name.
func inDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret"), "hunter2\n", 0o600)
	return filepath.Join(dir, "clawback.toml")
}

func write(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// A name with look-alike letters is refused; it does not become another name.
func TestHostName_lookAlikeLettersAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"Contoso.EXAMPLE":       "contoso.example",
		"B\u00dcCHER.example":   "xn--bcher-kva.example",
		"contoso.example.":      "contoso.example",
		"fabri\u212aam.example": "",
		"conto\u017fo.example":  "",
		"\uff43ontoso.example":  "",
		"contoso\u3002example":  "",
		"con\u00adtoso.example": "",
	} {
		got, err := hostName(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestLoad_fillsInDefaults(t *testing.T) {
	name := inDir(t)
	write(t, name, minimal, 0o644)
	c, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	tenant := c.Tenants[0]
	if got := tenant.Graph.ClientSecret.Reveal(); got != "hunter2" {
		t.Errorf("client secret = %q, want hunter2", got)
	}
	for _, row := range []struct {
		what      string
		got, want any
	}{
		{"state dir", c.StateDir, "/var/lib/clawback"},
		{"listeners", c.Listeners, []Listener{{Address: ":25", Networks: []string{ExchangeOnline},
			ClientCertificate: "request", ClientNames: []string{"mail.protection.outlook.com"}}}},
		{"smtp", c.SMTP, SMTP{MaxMessageSize: 400 << 20, MaxSessions: 1000, MaxUnlistedSessions: 125, MaxMemory: 128 << 20, MaxSessionsPerNetwork: 20, MaxRecipients: 100,
			MaxCommands: 50000, MaxErrors: 10, IdleTimeout: 5 * time.Minute, DataTimeout: time.Minute, MinRate: 500,
			SessionAge: 2 * time.Hour, DrainTimeout: time.Minute}},
		{"spool", c.Spool, Spool{InlineLimit: 512 << 10, MinFree: 1 << 30, MinFreePercent: 5,
			Retention: 14 * 24 * time.Hour, FlaggedRetention: 90 * 24 * time.Hour}},
		{"acme", c.ACME, ACME{Enabled: true, Domains: []string{"journal.example.com"}, Email: "admin@example.com",
			DirectoryURL: letsEncrypt, HTTPAddress: ":80", RenewBefore: 30 * 24 * time.Hour}},
		{"relay", c.Relay, (*Relay)(nil)},
		{"tenant id", tenant.ID, "6f1c2f3e-0a5b-4c77-9a51-0f2f6f6f0c11"},
		{"tenant name", tenant.Name, tenant.ID},
		{"originator org", tenant.OriginatorOrg, []string{"contoso.example"}},
		{"mode", tenant.Mode, "dry-run"},
		{"malicious rule", tenant.MaliciousRule, ""},
		{"cloud", tenant.Graph.Cloud, "global"},
		{"mailbox concurrent", tenant.Graph.MailboxConcurrent, 3},
		{"brake", tenant.Brake, Brake{MailboxesPerHour: 100, MailboxesPerMail: 50, SharePercent: 2, ShareFrom: 20, CampaignPercent: 50}},
		{"malicious", tenant.Actions[verdict.Malicious], Rule{Action: SoftDelete}},
		{"spoof", tenant.Actions[verdict.Spoof], Rule{Action: None}},
		{"log", c.Log, Log{Level: "info", Format: "auto"}},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.what, diff)
		}
	}
}
