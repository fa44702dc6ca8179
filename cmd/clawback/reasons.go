package main

import (
	"fmt"
	"strings"

	"clawback/verdict"
)

// showVerdict explains a verdict: the tenant's policies, what speaks against the message, what for it, each by weight,
// and what was not asked.
func (a *app) showVerdict(v verdict.Verdict) {
	a.printf("  Threat %.1f, spoof %.1f, spam %.1f, bulk %.1f.\n", v.Threat, v.Spoof, v.Spam, v.Bulk)
	var policies, against, forIt, seen []verdict.Reason
	for _, r := range v.Reasons { // by weight already
		switch {
		case r.Family == "policy":
			policies = append(policies, r)
		case r.Weight > 0:
			against = append(against, r)
		case r.Weight < 0:
			forIt = append(forIt, r)
		default:
			seen = append(seen, r)
		}
	}
	a.showReasons("By policy:", policies)
	a.showReasons("Against it:", against)
	a.showReasons("For it:", forIt)
	a.showReasons("Also:", seen)
	if len(v.Reasons) == 0 {
		a.printf("  Nothing was noticed.\n")
	}
	for _, d := range v.Degraded {
		a.printf("  Not asked: %s\n", clip(d, 200))
	}
}

// maxReason is how much of a reason's sentence is shown; --json has all of it.
const maxReason = 300

func (a *app) showReasons(head string, list []verdict.Reason) {
	if len(list) == 0 {
		return
	}
	a.printf("  %s\n", head)
	for _, r := range list {
		weight := "      "
		if r.Weight != 0 {
			weight = fmt.Sprintf("%+6.1f", r.Weight)
		}
		a.printf("  %s  %s  [%s]\n", weight, clip(r.Text, maxReason), source(r))
	}
}

// source says which signal it was and where in the mail it stands.
func source(r verdict.Reason) string {
	return clip(strings.TrimSuffix(r.ID+", "+r.Where, ", "), 100)
}

// headline is the verdict in a few words.
func headline(v verdict.Verdict) string {
	return fmt.Sprintf("%s (score %.0f of 100)", v.Disposition, v.Score)
}
