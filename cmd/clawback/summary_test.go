package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"clawback/config"
	"clawback/verdict"
)

// What a summary tells: worst first, the tenant's actions, what waits for a person, most frequent authors, and samples
// of different ones.
func TestSummary_tellsWhatAnActionWouldTake(t *testing.T) {
	tenant := &config.Tenant{Actions: config.Actions{verdict.Malicious: {Action: config.SoftDelete},
		verdict.Spoof: {Action: config.Junk}, verdict.Clean: {Action: config.None}}}
	s := newSummary(tenant)
	for _, m := range []struct {
		file, author string
		is           verdict.Disposition
		review       verdict.Review
	}{
		{"1", "a@x.example", verdict.Clean, ""}, {"2", "b@x.example", verdict.Spoof, ""},
		{"3", "b@x.example", verdict.Spoof, verdict.ReviewImpostor}, {"4", "c@x.example", verdict.Spoof, ""},
		{"5", "d@x.example", verdict.Malicious, ""}, {"6", "", verdict.Malicious, ""},
	} {
		s.add(verdict.Verdict{Disposition: m.is, Review: m.review}, sampled{m.file, m.author, "S" + m.file})
	}
	want := []summed{
		{Disposition: verdict.Malicious, Action: config.SoftDelete, Messages: 2,
			Authors: []authorCount{{"", 1}, {"d@x.example", 1}},
			Samples: []sampled{{"5", "d@x.example", "S5"}, {"6", "", "S6"}}},
		{Disposition: verdict.Spoof, Action: config.Junk, Messages: 3, Held: 1,
			Authors: []authorCount{{"b@x.example", 2}, {"c@x.example", 1}},
			Samples: []sampled{{"2", "b@x.example", "S2"}, {"4", "c@x.example", "S4"}}},
		{Disposition: verdict.Clean, Action: config.None, Messages: 1, Authors: []authorCount{{"a@x.example", 1}},
			Samples: []sampled{{"1", "a@x.example", "S1"}}},
	}
	if diff := cmp.Diff(want, s.list(), cmpopts.IgnoreUnexported(summed{})); diff != "" {
		t.Error(diff)
	}
	if got := newSummary(nil).actions[verdict.Malicious].Action; got != config.SoftDelete {
		t.Errorf("without a tenant MALICIOUS is %s", got)
	}
}

// However many authors there are, those of a bound are told apart, and all messages are counted.
func TestSummary_isBounded(t *testing.T) {
	s := newSummary(nil)
	for i := range maxSummed + 50 {
		s.add(verdict.Verdict{Disposition: verdict.Spam, Shadow: verdict.Malicious},
			sampled{Author: string(rune(0x4e00+i)) + "@x.example"})
	}
	k := s.kinds[verdict.Spam]
	if k.Messages != maxSummed+50 || k.Shadow != k.Messages || len(k.authors) != maxSummed ||
		len(k.Samples) != mostSample || len(s.list()[0].Authors) != mostShown {
		t.Errorf("%d messages, %d authors, %d samples", k.Messages, len(k.authors), len(k.Samples))
	}
}
