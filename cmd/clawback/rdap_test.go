package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/config"
)

func TestCheckRDAP_saysWhetherAnybodyIsAsked(t *testing.T) {
	on := config.Score{DomainAgeMalicious: time.Hour}
	for want, cfg := range map[string]config.Config{
		"rdap.enabled is false":                              {Score: on},
		"domain_age_malicious and domain_age_suspicious are": {RDAP: config.RDAP{Enabled: true}},
		"--online tries it":                                  {Score: on, RDAP: config.RDAP{Enabled: true}},
	} {
		if f := checkRDAP(t.Context(), &cfg, false); f.Grade != fine || !strings.Contains(f.Text, want) {
			t.Errorf("%+v, want %q", f, want)
		}
	}
	cfg := config.Config{Score: on, RDAP: config.RDAP{Enabled: true, Server: "http://127.0.0.1:1/"}}
	if f := checkRDAP(t.Context(), &cfg, true); f.Grade == fine ||
		!strings.Contains(f.Text, "127.0.0.1 is not a public address") {
		t.Errorf("%+v", f)
	}
}

func TestStatus_showsWhatIsAskedOfRegistries(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out}
	a.showRDAP(nil)
	if out.Len() > 0 {
		t.Errorf("nobody may be asked, and it says %q", out.String())
	}
	a.showRDAP(&api.RDAP{})
	a.showRDAP(&api.RDAP{One: true, URL: "https://rdap.example/"})
	a.showRDAP(&api.RDAP{Servers: 1200, Date: time.Now(), Asked: 1, Known: 3, Failed: 2})
	for _, want := range []string{"no list of servers yet", "all asked at https://rdap.example/", "1,200 suffixes in the list of ", "3 messages known, 0 unknown, 2 failed, with 1 question\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
}
