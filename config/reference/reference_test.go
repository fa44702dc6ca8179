package reference

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

const page = "../../docs/configuration.md"

func TestMarkdown_isCurrent(t *testing.T) {
	got := markdown()
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("docs/configuration.md is not current; go test ./config/reference -update writes it (-want +got)\n%s",
			diff)
	}
}

// Every key that the code reads is described, once, with its kind; and nothing else is.
func TestSections_haveEveryKey(t *testing.T) {
	known := config.Keys()
	seen := map[string]int{}
	for _, s := range Sections() {
		for _, g := range s.Groups {
			if g.Text == "" && s.Text == "" {
				switch s.Name {
				case "engines", "tenant.group", "tenant.group.actions", "tenant.relay", "networks.set":
				default:
					t.Errorf("nothing is said of %s %s", s.Name, g.Keys[0].Name)
				}
			}
			for _, k := range g.Keys {
				name := strings.TrimPrefix(s.Name+"."+k.Name, ".")
				seen[name]++
				if k.Kind == "" {
					t.Errorf("%s: the code that reads it does not say what it is", name)
				}
			}
		}
	}
	for name := range known {
		conditions := strings.Contains(name, ".actions.") &&
			strings.Count(name, ".") > strings.Count(name[:strings.Index(name, "actions")], ".")+1
		if !conditions && seen[name] != 1 { // the conditions of an action stand in its own line
			t.Errorf("%s is described %d times", name, seen[name])
		}
	}
	if len(known) < 110 {
		t.Errorf("only %d keys are known", len(known))
	}
}

// What the code knows reaches the page: one of each kind.
func TestFacts(t *testing.T) {
	want := map[string]string{
		"hostname":                       "text; required",
		"smtp.idle_timeout":              `duration, at least "1s"; default "5m"`,
		"smtp.max_message_size":          `size, at least "64KiB"; default "400MiB"`,
		"smtp.max_sessions":              "whole number, at least 1; default 1000",
		"spool.min_free_percent":         "percentage from 0 to 100; default 5",
		"score.new_domain":               `one of "off", "suspicious", "malicious"; default "off"`,
		"score.rules_dir":                "name of a directory",
		"tenant.graph.cloud":             `one of "global", "gcc-high", "dod", "china", "custom"; default "global"`,
		"tenant.actions.malicious":       `one of "none", "junk", "trash", "soft_delete", "hard_delete", or a table; default "soft_delete"`,
		"tenant.actions.clean":           `one of "none", "junk", "trash", "soft_delete", "hard_delete", or a table; default "none"`,
		"tenant.brake.share_percent":     `percentage above 0 and up to 100, or "off"; default 2`,
		"tenant.policy.kind":             `one of "trust_sender", "exempt_recipient", "accept_sender", "block_sender", "block_content", "trusted_domain", "simulation", "person"; required`,
		"tenant.policy.expires":          "date",
		"tenant.mode":                    `one of "dry-run", "live"; default "dry-run"`,
		"tenant.malicious_rule":          `one of "wide", "narrow"`,
		"listener.networks":              `list of texts; default ["exchange-online"]`,
		"tls.key_file":                   "file name",
		"relay.password_file":            "file name",
		"score.domain_age_suspicious":    `duration up to "100d", or "off", at least "1h"; default "30d"`,
		"tenant.address.address":         "text; required",
		"engines.timeout":                `duration, at least "100ms"; default "10s"`,
		"tenant.two_persons":             "true or false; default false",
		"acme.enabled":                   "true or false; default true",
		"quarantine.postmaster_max_size": `size, at least "64KiB"; default "1MiB"`,
	}
	for _, s := range Sections() {
		for _, g := range s.Groups {
			for _, k := range g.Keys {
				name := strings.TrimPrefix(s.Name+"."+k.Name, ".")
				if w, asked := want[name]; asked && k.Facts() != w {
					t.Errorf("%s: %s, want %s", name, k.Facts(), w)
				}
				delete(want, name)
			}
		}
	}
	for name := range want {
		t.Errorf("%s is not described", name)
	}
}
