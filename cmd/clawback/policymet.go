package main

import (
	"strings"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/score"
)

type policyTestCmd struct {
	ofTenant
	Files []string `arg:"" name:"file" help:"Messages, journal reports, mailboxes (mbox), folders of those, or - for standard input."`
}

// policyTest is one line of policy test --json.
type policyTest struct {
	File string              `json:"file"`
	Met  []score.PolicyMatch `json:"met"`
}

func (c policyTestCmd) Run(a *app) error {
	t, err := a.tenantAsJudged(c.ofTenant)
	if err != nil {
		return err
	}
	s, err := score.New(score.Options{})
	if err != nil {
		return err
	}
	return a.each(walk(c.Files), func(file string) error {
		return score.EachMessage(file, a.in, func(name string, m score.Message) error {
			m.Tenant, m.Received = t, time.Now()
			met, err := s.Meets(m)
			if err != nil {
				return err
			}
			return a.showMet(policyTest{name, append([]score.PolicyMatch{}, met...)})
		})
	})
}

// tenantAsJudged is what the daemon knows of a tenant that policies rest on.
func (a *app) tenantAsJudged(o ofTenant) (*config.Tenant, error) {
	list, err := every(a, api.ListPolicies, o.query)
	if err != nil {
		return nil, err
	}
	t := &config.Tenant{}
	for _, p := range list {
		t.Policies = append(t.Policies, policyConfig(p))
	}
	return t, nil
}

func (a *app) showMet(t policyTest) error {
	if a.json {
		return a.printJSON(t)
	}
	if len(t.Met) == 0 {
		a.printf("%s: meets no policy\n", fit(t.File, 300))
		return nil
	}
	a.printf("%s:\n", fit(t.File, 300))
	for _, m := range t.Met {
		a.printf("  %-16s %s: %s\n", m.Kind, fit(m.Pattern, 100), consequence(m))
	}
	return nil
}

// consequence says what comes of a policy that a message meets.
func consequence(m score.PolicyMatch) string {
	switch {
	case m.Expired:
		return "without effect: it has run out"
	case m.Unverified:
		return "without effect: it asks for authentication, which failed"
	case m.Decides && m.Kind == "accept_sender":
		return "decides where the verdict would be SPAM, SPOOF or BULK: CLEAN"
	case m.Decides && strings.HasPrefix(m.Kind, "block_"):
		return "decides: MALICIOUS"
	case m.Decides:
		return "decides: CLEAN"
	case m.Kind == "person":
		return "the author bears this name, which counts against the message where the address is another"
	case m.Kind == "trusted_domain":
		return "the sender's domain is not taken for a lookalike"
	}
	return "another one goes before it"
}
