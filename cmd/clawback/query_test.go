package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/verdict"
)

func TestParseQuery(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		text string
		want *api.Search // nil: refused
	}{
		{"sender:evil.example", &api.Search{Sender: "evil.example"}},
		{`subject:"your invoice" to:sales@`, &api.Search{Subject: "your invoice", Recipient: "sales@"}},
		{"your invoice", &api.Search{Subject: "your invoice"}},
		{"disposition:spam disposition:SPOOF since:48h before:1h", &api.Search{
			Dispositions: []verdict.Disposition{verdict.Spam, verdict.Spoof}, Since: now.Add(-48 * time.Hour), Until: now.Add(-time.Hour)}},
		{"FROM:a tenant:x", &api.Search{Sender: "a", Tenant: "x"}},
		{"", nil},
		{"   ", nil},
		{"tenant:x", nil},      // would be everything
		{"sendr:a", nil},       // a misspelt name must not make the search wider
		{"sender:", nil},       //
		{`subject:"open`, nil}, //
		{"since:yesterday", nil},
		{"since:-4h", nil},
		{"disposition:evil", nil},
	} {
		got, err := parseQuery(tt.text, now)
		if (err != nil) != (tt.want == nil) {
			t.Errorf("%q: error %v", tt.text, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); tt.want != nil && diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}
