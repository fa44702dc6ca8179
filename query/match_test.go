package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"clawback/verdict"
)

func message() Message {
	return Message{
		IDs: []string{"rabc", "<Mixed.Case@mail.example>", "AAAAAAAA-0000-4000-8000-000000000001"}, Tenant: "t",
		Sender: "bounce+1@mail.evil.example", From: "Eve.O'Hara@EVIL.example", FromName: "Anna Bell (Sales)",
		Subject: "Re: Your Invoice is due — 請求書 №42", Recipients: []string{"Finance@contoso.example",
			"bob@contoso.example"},
		Received: now.Add(-time.Hour), Dispositions: []verdict.Disposition{verdict.Malicious},
		Outcomes: []string{"done", "held"}, Proofs: []string{"content"}, Reasons: []string{"link.qr", "auth.dmarc"},
		Indicators: []verdict.Indicator{{Kind: "url", Value: "HTTPS://User@Login.Evil.example/a/b?c=d#e"},
			{Kind: "domain", Value: "login.evil.example"}, {Kind: "url", Value: "http://192.0.2.9/x"}, {Kind: "domain",
				Value: "192.0.2.9"},
			{Kind: "sha256", Value: strings.Repeat("0f", 32)}, {Kind: "file", Value: "Invoice_42.pdf.ISO"}},
		Marks: []string{Pinned},
	}
}

func TestMatch(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                  true,
		"from:evil.example":                 true, // of the header, and above the envelope's
		"from:mail.evil.example":            true,
		"from:vil.example":                  false,
		"from:example":                      false, // a top level is no domain of one's own
		"from:@evil.example":                true,
		"from:@mail.evil.example":           true,
		"from:@example":                     false,
		"from:eve.o'hara@evil.example":      true,
		"from:eve.o'hara@mail.evil.example": false,
		"from:bounce+1@":                    true,
		"from:anna":                         true,
		`from:"bell anna"`:                  true,
		`from:"bell bob"`:                   false,
		"from:*o'hara@*":                    true,
		"from:ann":                          false,
		"to:finance@":                       true,
		"to:contoso.example -to:bob@":       false,
		"to:contoso.example -to:carl@":      true,
		`subject:"invoice is due"`:          true,
		`subject:"invoice due"`:             false, // words of a phrase stand together
		"invoice due":                       true,
		"請求":                                true,
		"subject:*voice*":                   true,
		"subject:voice":                     false,
		"link:evil.example":                 true,
		"link:login.evil.example/a/b?c=d":   true,
		"link:http://login.evil.example/a/b?c=d#other": true,
		"link:login.evil.example/a/b":                  false,
		"link:https://login.evil.example":              false, // that page alone
		"link:*/a/*":                                   true,
		"ip:192.0.2.9":                                 true,
		"ip:192.0.2.90":                                false,
		"hash:" + strings.Repeat("0F", 32):             true,
		"hash:" + strings.Repeat("0e", 32):             false,
		"file:*.iso":                                   true,
		"file:*.pdf":                                   false,
		"file:*.pdf.iso":                               true,
		"file:invoice_42.pdf.iso":                      true,
		"file:invoice":                                 true,
		"file:*42*":                                    true,
		"id:rabc":                                      true,
		"id:Mixed.Case@mail.example":                   true,
		"id:mixed.case@mail.example":                   false,
		"id:aaaaaaaa-0000-4000-8000-000000000001":      true,
		"disposition:malicious":                        true,
		"disposition:spam,spoof":                       false,
		"-disposition:clean":                           true,
		"outcome:done":                                 true,
		"-outcome:done":                                false,
		"outcome:failed,held":                          true,
		"reason:link.qr -reason:auth.dmarc":            false,
		"reason:link.*":                                true,
		"proof:content is:pinned -is:rejudged":         true,
		"since:2h until:30m":                           true,
		"since:30m":                                    false,
		"until:1h":                                     false,
		"tenant:other":                                 true, // not this package's to decide
	} {
		q, err := Parse(text, now)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := q.Match(message()); got != want {
			t.Errorf("%q: match is %t, want %t", text, got, want)
		}
	}
}

// The index finds what matching finds: whatever fits has a term of each group.
func TestGroups_haveTermsOfWhatMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	matched := 0
	for range 20_000 {
		m, q := randomMessage(r), randomQuery(t, r)
		if !q.Match(m) {
			continue
		}
		terms := m.Terms()
		for i, group := range q.Groups() {
			if !slices.ContainsFunc(group, func(h uint64) bool {
				_, found := slices.BinarySearch(terms,
					h)
				return found
			}) {
				t.Fatalf("%q matches %+v, and the message lacks group %d", q.String(), m, i)
			}
		}
		if len(q.Terms) > 0 {
			matched++
		}
	}
	if matched < 500 {
		t.Fatalf("only %d of the random pairs match: the test says nothing", matched)
	}
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func randomMessage(r *rand.Rand) Message {
	address := func() string {
		return pick(r, "Eve", "bob", "anna.bell", "x_y") + "@" + pick(r, "evil.example", "mail.evil.example",
			"contoso.example", "Bücher.example")
	}
	m := Message{Sender: address(), From: address(), FromName: pick(r, "", "Anna Bell", "Eve"), Subject: pick(r,
		"Invoice due", "due", "再 Invoice"),
		Received: now.Add(-time.Duration(r.IntN(100)) * time.Hour), Dispositions: []verdict.Disposition{pick(r,
			verdict.All()...)},
		IDs: []string{pick(r, "ra", "rb"), pick(r, "<a@b>", "<c@d>")}}
	for range r.IntN(3) {
		m.Recipients = append(m.Recipients, address())
		m.Outcomes = append(m.Outcomes, pick(r, "done", "held", "failed"))
	}
	for range r.IntN(4) {
		host := pick(r, "evil.example", "a.evil.example", "192.0.2.1", "good.example")
		m.Indicators = append(m.Indicators, pick(r, verdict.Indicator{Kind: "url", Value: "http://" + host + pick(r, "",
			"/", "/x?y")},
			verdict.Indicator{Kind: "domain", Value: host}, verdict.Indicator{Kind: "sha256",
				Value: strings.Repeat(pick(r, "aa", "bb"), 32)},
			verdict.Indicator{Kind: "file", Value: pick(r, "a.iso", "b.pdf.iso", "c d.zip")}))
	}
	return m
}

func randomQuery(t *testing.T, r *rand.Rand) Query {
	var text string
	for range r.IntN(3) {
		text += pick(r, "", "", "-") + pick(r, "from:eve", "from:evil.example", "from:eve@", "from:@evil.example",
			"from:eve@evil.example", `from:"anna bell"`, "from:anna.bell", "from:*bell*", "to:contoso.example",
			"to:bücher.example", "subject:invoice", `subject:"invoice due"`, "再", "subject:*due",
			"link:evil.example", "link:evil.example/x?y", "link:http://192.0.2.1/", "ip:192.0.2.1", "link:*evil*",
			"hash:"+strings.Repeat("aa", 32),
			"file:*.iso", "file:c", "id:ra", "id:<a@b>", "disposition:spam,clean", "disposition:malicious",
			"outcome:done,held", "outcome:failed") + " "
	}
	q, err := Parse(text+pick(r, "", "", "since:2d", "until:1d"), now)
	if err != nil {
		t.Fatal(fmt.Errorf("%q: %w", text, err))
	}
	return q
}

func TestTermOf_findsWhatCarriesTheIndicator(t *testing.T) {
	for _, tt := range []struct {
		i    verdict.Indicator
		want bool
	}{
		{verdict.Indicator{Kind: "url", Value: "http://login.evil.example/a/b?c=d"}, true},
		{verdict.Indicator{Kind: "url", Value: "hxxps://login[.]evil[.]example/a/b?c=d"}, true},
		{verdict.Indicator{Kind: "url", Value: "http://login.evil.example/"}, false}, // another page
		{verdict.Indicator{Kind: "url", Value: "http://login.evil.example"}, false},
		{verdict.Indicator{Kind: "domain", Value: "EVIL.example"}, true}, // above a linked host
		{verdict.Indicator{Kind: "domain", Value: "il.example"}, false},
		{verdict.Indicator{Kind: "sha256", Value: strings.Repeat("0F", 32)}, true},
		{verdict.Indicator{Kind: "ip", Value: "192.0.2.9"}, true},
		{verdict.Indicator{Kind: "email", Value: "eve.o'hara@evil.example"}, true},
		{verdict.Indicator{Kind: "email", Value: "eve@evil.example"}, false},
		{verdict.Indicator{Kind: "phone", Value: "123"}, false},
	} {
		h, known := TermOf(tt.i)
		_, found := slices.BinarySearch(message().Terms(), h)
		if (known && found) != tt.want {
			t.Errorf("%v: found is %t, want %t", tt.i, found, tt.want)
		}
		if q, ok := Of(tt.i); ok != known || ok && q.Match(message()) != tt.want {
			t.Errorf("%v: %q matches is %t, want %t", tt.i, q.String(), !tt.want, tt.want)
		}
	}
}

// Plain text takes a short way, to where any text comes.
func TestFold_plainTextAsAnyText(t *testing.T) {
	for c := range rune(0x80) {
		s := "x" + string(c) + "Y"
		if got, want := fold(s), strings.ToLower(norm.NFKC.String(s)); got != want {
			t.Errorf("%q is folded to %q, not to %q", s, got, want)
		}
	}
	for r := range rune(unicode.MaxLatin1 + 1) {
		if unicode.In(r, unicode.Mn, unicode.Han, unicode.Hiragana, unicode.Katakana) {
			t.Errorf("%q is in a table that is not asked for it", r)
		}
	}
}
