package campaign

import (
	"strings"
	"testing"

	"clawback/config"
	"clawback/store"
	"clawback/verdict"
)

var tenant = config.Tenant{Domains: []string{"contoso.example"}}

// The query of each campaign finds each record that counts to it, however a stranger writes his address.
func TestQuery_findsTheCampaignsRecords(t *testing.T) {
	for _, from := range []string{"a@evil.example", "A.B@Sub.Evil.EXAMPLE", "evil@gmail.com", "Evil+Tag@GMAIL.com",
		"\"odd one\"@evil.example", "a'b@gmail.com", "ada@contoso.example", "\u00fcmlaut@gmail.com",
		"a@b\u00fccher.example", "a@xn--bcher-kva.example", "a@[192.0.2.1]", "a@co.uk", "\"a@b\"@gmail.com",
		"a@evil.example.", "-a@gmail.com", "\uff41@gmail.com", "\u0130@gmail.com", "\ufb01@gmail.com"} {
		rec := store.Record{Sender: from, From: "other@other.example", Verdict: verdict.Verdict{
			Indicators: []verdict.Indicator{{Kind: "url", Value: "https://a.b.evil.example/x?y"},
				{Kind: "url", Value: "http://xn--bcher-kva.example:8080/"}, {Kind: "url", Value: "http://192.0.2.1/x"},
				{Kind: "url", Value: "http://evil.github.io/"}, {Kind: "sha256", Value: strings.Repeat("AB", 32)}}}}
		names := Of(&tenant, rec)
		if len(names) < 5 {
			t.Errorf("%s: it has only the campaigns %v", from, names)
		}
		for _, name := range names {
			if q, known := Query(name); !known || !q.Match(rec.Searchable(nil)) {
				t.Errorf("%s: the query of campaign %q does not find it", from, name)
			}
		}
	}
	for _, name := range []string{"", "sender:", "evil.example", "word:x"} {
		if q, known := Query(name); known {
			t.Errorf("%q has the query %v", name, q)
		}
	}
}

// A record has a bounded number of campaigns, whatever a stranger puts into it.
func TestOf_isBounded(t *testing.T) {
	rec := store.Record{Sender: "a@" + strings.Repeat("x", 200) + ".example", From: "b@evil.example\x00"}
	for n := range 100 {
		rec.Verdict.Indicators = append(rec.Verdict.Indicators,
			verdict.Indicator{Kind: "url", Value: "https://evil" + strings.Repeat("i", n) + ".example/"},
			verdict.Indicator{Kind: "sha256", Value: strings.Repeat("0", n)})
	}
	names := Of(&tenant, rec)
	if len(names) > 2+maxLinks+maxFiles {
		t.Errorf("%d campaigns", len(names))
	}
	for _, name := range names {
		if len(name) > maxName || strings.Contains(name, "\x00") {
			t.Errorf("campaign %q", name)
		}
	}
}
