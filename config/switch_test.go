package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/verdict"
)

func TestScore_switchesAreReadFromTheFile(t *testing.T) {
	for lines, want := range map[string]Score{
		"":                                 {},
		"new_domain = \"suspicious\"":      {NewDomain: verdict.Suspicious},
		"blank = \"malicious\"":            {Blank: verdict.Malicious},
		"ach_free_mail = \"malicious\"":    {ACHFreeMail: verdict.Malicious},
		"html_attachment = \"suspicious\"": {HTMLAttachment: verdict.Suspicious},
		"html_attachment = \"off\"":        {},
	} {
		cfg, r := parse("clawback.toml", []byte("[score]\n"+lines+"\n"))
		for _, p := range r.problems {
			if strings.HasPrefix(p.Key, "score.") {
				t.Errorf("%s: %s %s", lines, p.Key, p.Text)
			}
		}
		got := Score{NewDomain: cfg.Score.NewDomain, Blank: cfg.Score.Blank, ACHFreeMail: cfg.Score.ACHFreeMail, HTMLAttachment: cfg.Score.HTMLAttachment}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", lines, diff)
		}
	}
}

func TestScore_aSwitchIsOffSuspiciousOrMalicious(t *testing.T) {
	_, r := parse("clawback.toml", []byte("[score]\nblank = \"spam\"\n"))
	found := false
	for _, p := range r.problems {
		found = found || p.Key == "score.blank"
	}
	if !found {
		t.Error("a switch took a word that it has not")
	}
}
