package score

import (
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/verdict"
	"clawback/verdict/history"
)

func TestDecide_wideRule(t *testing.T) {
	part := func(family string, threat float64) found {
		return found{Signal: Signal{ID: family + ".x", Family: family, Points: Points{Threat: threat}}, factor: 1}
	}
	file := func(family string, threat float64) found {
		f := part(family, threat)
		f.file = true
		return f
	}
	author := part("link", 3)
	author.author = true
	for name, c := range map[string]struct {
		found             []found
		carries, pressing bool
		want              bool
	}{
		"a claim, words and a link to follow":          {[]found{part("impersonation", 4), part("words", 3)}, true, true, true},
		"the same with nothing to follow":              {[]found{part("impersonation", 4), part("words", 3)}, false, true, false},
		"a claim and a bad place":                      {[]found{part("impersonation", 4), part("link", 3)}, true, false, true},
		"a claim and a place that is half as bad":      {[]found{part("impersonation", 6), part("link", 1.5)}, true, false, false},
		"the same where the claim is twice as bad":     {[]found{part("impersonation", 7), part("link", 2)}, true, false, true},
		"a claim alone":                                {[]found{part("impersonation", 7)}, true, true, false},
		"links alone":                                  {[]found{part("link", 8)}, true, true, false},
		"links and a failed authentication":            {[]found{part("link", 8), part("auth", 2)}, true, true, false},
		"links and a shape":                            {[]found{part("link", 8), part("structure", 2)}, true, true, false},
		"links and Microsoft":                          {[]found{part("link", 8), part("microsoft", 3)}, true, true, false},
		"links and what users say":                     {[]found{part("link", 8), part("submission", 2)}, true, true, false},
		"links and what was learnt":                    {[]found{part("link", 8), part("learn", 3)}, true, true, false},
		"a page and a link in it":                      {[]found{part("attachment", 6), file("link", 3)}, true, true, false},
		"a page and a link beside it":                  {[]found{part("attachment", 6), part("link", 3)}, true, false, true},
		"an author's domain and a link to it":          {[]found{part("impersonation", 5), author}, true, true, false},
		"not enough":                                   {[]found{part("impersonation", 3.9), part("words", 3)}, true, true, false},
		"words that say nothing, and a scanned letter": {[]found{part("attachment", 5), part("words", 1), part("auth", 1)}, true, false, false},
	} {
		got := sum(c.found)
		got.carries, got.pressing = c.carries, c.pressing
		if d, _ := decide(got, wideRule); (d == verdict.Malicious) != c.want {
			t.Errorf("%s: %v", name, d)
		}
		if d, _ := decide(got, narrowRule); d == verdict.Malicious {
			t.Errorf("%s: MALICIOUS by the narrow rule", name)
		}
	}
}

var noon = time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)

// wideOnly is what only the wide rule takes: a brand's name, a bad place, and words that ask for the account.
func wideOnly() string {
	return vary("From: PayPal <ann@sender.example>\n\nVerify your account, your password expires.\nhttps://www.other.example/x")
}

// No upgrade widens what is taken by itself.
func TestWide_isInShadowUntilItIsSwitchedOn(t *testing.T) {
	for _, c := range []struct {
		mode, rule string
		want       verdict.Disposition
		shadow     verdict.Disposition
	}{
		{"live", "", verdict.Spoof, verdict.Malicious},
		{"live", "narrow", verdict.Spoof, verdict.Malicious},
		{"live", "wide", verdict.Malicious, verdict.Unscored},
		{"dry-run", "", verdict.Malicious, verdict.Unscored},
		{"dry-run", "narrow", verdict.Spoof, verdict.Malicious},
		{"", "", verdict.Malicious, verdict.Unscored},
	} {
		m := of(wideOnly())
		m.Tenant = mailgen.Tenant()
		m.Tenant.Mode, m.Tenant.MaliciousRule = c.mode, c.rule
		r := runWith(t, scorer(t, Options{}), m)
		if r.Disposition != c.want || r.Shadow != c.shadow ||
			has(r, "shadow.malicious") != (c.shadow != verdict.Unscored) {
			t.Errorf("mode %q, rule %q: %v, shadow %v: %s", c.mode, c.rule, r.Disposition, r.Shadow, summary(r))
		}
		if c.shadow != verdict.Unscored && r.Review != "" {
			t.Errorf("mode %q, rule %q: the shadow leaves it to a person (%s)", c.mode, c.rule, r.Review)
		}
	}
	allowed := of(wideOnly())
	allowed.Tenant = mailgen.Tenant()
	allowed.Tenant.Mode, allowed.Tenant.Policies = "live", []config.Policy{{Kind: "trust_sender", Pattern: "@sender.example"}}
	if r := runWith(t, scorer(t, Options{}), allowed); r.Shadow != verdict.Unscored {
		t.Errorf("what a policy allows is %v in shadow", r.Shadow)
	}
}

// TestWide_sparesWhomTheTenantKnows: a conversation, a sender of long standing, and those who only look like either.
func TestWide_sparesWhomTheTenantKnows(t *testing.T) {
	days := func(n int) (d history.Days) { return history.Days(1)<<n - 1 }
	sender := func(n int, span int) history.Entry {
		return history.Entry{Key: history.From("ann@sender.example"), Received: n, Aligned: n, AlignedDays: days(n), FirstSeen: noon.AddDate(0, 0, -span), LastSeen: noon}
	}
	domain := history.Entry{Key: history.Domain("sender.example"), Received: 9, Aligned: 9}
	bad := func(change string) string {
		return vary(change + "From: PayPal <ann@sender.example>\n\nVerify your account, your password expires. Your account has been suspended. Final warning!\n" +
			"https://paypal-help.example/x?u=bob.field@contoso.example")
	}
	for name, c := range map[string]struct {
		text   string
		known  []history.Entry
		want   verdict.Disposition
		review verdict.Review
	}{
		"a stranger":                             {bad(""), nil, verdict.Malicious, ""},
		"of long standing":                       {bad(""), []history.Entry{sender(9, 40), domain}, verdict.Suspicious, verdict.ReviewSender},
		"known for a week":                       {bad(""), []history.Entry{sender(9, 9), domain}, verdict.Malicious, ""},
		"three messages over long":               {bad(""), []history.Entry{sender(3, 40), domain}, verdict.Malicious, ""},
		"of long standing, unproven":             {bad(unsigned), []history.Entry{sender(9, 40), domain}, verdict.Malicious, ""},
		"of long standing, answers go elsewhere": {bad("Reply-To: ann@gmail.com\n"), []history.Entry{sender(9, 40), domain}, verdict.Malicious, ""},
	} {
		m := of(c.text)
		m.History = entries(c.known...)
		if r := runWith(t, scorer(t, Options{}), m); r.Disposition != c.want || r.Review != c.review {
			t.Errorf("%s: %v, review %q; want %v, %q: %s", name, r.Disposition, r.Review, c.want, c.review, summary(r))
		}
	}
}

// TestFraud_inASuperiorsName: what a registered person's name asks for from outside, and the same words without it.
func TestFraud_inASuperiorsName(t *testing.T) {
	const favour = "\n\nAre you at your desk? I need a favor, and cannot talk. Please keep this confidential."
	for name, c := range map[string]struct {
		text string
		want verdict.Disposition
	}{
		"from a free mailbox":         {vary(gmail + "From: Petra Lindqvist <petra.l@gmail.com>" + favour), verdict.Malicious},
		"answers go to a free one":    {vary("From: Petra Lindqvist <petra@sender.example>\nReply-To: petra.l@gmail.com" + favour), verdict.Malicious},
		"from her own second address": {vary("From: Petra Lindqvist <petra@lindqvist.example>" + favour), verdict.Clean},
		"a free mailbox, and lunch":   {vary(gmail + "From: Petra Lindqvist <petra.l@gmail.com>"), verdict.Clean},
		"a namesake at her own firm":  {vary("From: Petra Lindqvist <petra@sender.example>"), verdict.Clean},
		"no proof, and lunch":         {vary(unsigned + "From: Petra Lindqvist <petra@sender.example>"), verdict.Spoof},
	} {
		if r := run(t, scorer(t, Options{}), c.text); r.Disposition != c.want {
			t.Errorf("%s: %v, want %v: %s", name, r.Disposition, c.want, summary(r))
		}
	}
}

// TestImpostor_isLeftToAPerson: who poses as one of the organisation's people and asks for something is held for a
// person, not taken; who asks for nothing is neither. Where the evidence makes it SPOOF it stays that beside the
// review.
func TestImpostor_isLeftToAPerson(t *testing.T) {
	const (
		asks  = "\n\nPlease let me know when the transfer can go out. I am in a meeting until noon."
		lunch = "\n\nThe lunch was lovely. The photographs are in the album at home."
	)
	// The organisation's own address, and nothing proves it.
	const unproven = "From: Petra Lindqvist <petra.lindqvist@contoso.example>\n" +
		"Authentication-Results: spf=none smtp.mailfrom=other.example; dkim=none; dmarc=none header.from=contoso.example\n"
	for name, c := range map[string]struct {
		text   string
		want   verdict.Disposition
		review verdict.Review
	}{
		"a private mailbox that asks":        {vary(gmail + "From: Petra Lindqvist <petra.l@gmail.com>" + asks), verdict.Spoof, verdict.ReviewImpostor},
		"a stranger's domain that asks":      {vary("From: Petra Lindqvist <petra@sender.example>" + asks), verdict.Spoof, verdict.ReviewImpostor},
		"a look-alike that asks":             {vary("From: Ann <ann@c0ntoso.example>" + asks), verdict.Spoof, verdict.ReviewImpostor},
		"the name at a look-alike":           {vary("From: Petra Lindqvist <petra@c0ntoso.example>" + asks), verdict.Malicious, ""},
		"the name under another suffix":      {vary("From: Petra Lindqvist <petra@contoso.test>" + asks), verdict.Spoof, verdict.ReviewImpostor},
		"answers elsewhere, no more":         {vary(unproven + "Reply-To: boss@gmail.com" + asks), verdict.Suspicious, verdict.ReviewImpostor},
		"a private mailbox without a demand": {vary(gmail + "From: Petra Lindqvist <petra.l@gmail.com>" + lunch), verdict.Clean, ""},
		"somebody else who asks":             {vary(asks), verdict.Clean, ""},
	} {
		if r := run(t, scorer(t, Options{}), c.text); r.Disposition != c.want || r.Review != c.review {
			t.Errorf("%s: %v, review %q; want %v, %q: %s", name, r.Disposition, r.Review, c.want, c.review, summary(r))
		}
	}
}

// TestChangedDetails_inAConversation: a person decides where payments are spoken of and the mail did not come as ever.
func TestChangedDetails_inAConversation(t *testing.T) {
	known := history.Entry{Key: history.From("ann@sender.example"), Received: 9, Aligned: 9, AlignedDays: 511, FirstSeen: noon.AddDate(0, 0, -40), LastSeen: noon}
	domain := history.Entry{Key: history.Domain("sender.example"), Received: 9, Aligned: 9}
	const bank = "Subject: Re: Invoice\nReferences: <1@contoso.example>\n\nOur bank account has changed. These are the new bank details for the invoice."
	mailer := "Authentication-Results: spf=pass smtp.mailfrom=mailer.example; dkim=pass header.d=mailer.example; dmarc=pass header.from=sender.example\n"
	for name, c := range map[string]struct {
		text   string
		review verdict.Review
	}{
		"another's servers":      {vary(mailer + bank), verdict.ReviewPayment},
		"without authentication": {vary(unsigned + bank), verdict.ReviewPayment},
		"answers elsewhere":      {vary("Reply-To: ann@other.example\n" + bank), verdict.ReviewPayment},
		"as ever":                {vary(bank), ""},
		"no conversation":        {vary(mailer + "\nOur bank account has changed. These are the new bank details for the invoice."), ""},
		"nothing about payments": {vary(mailer + "Subject: Re: Lunch\nReferences: <1@contoso.example>\n\nAt noon, then."), ""},
	} {
		m := of(c.text)
		m.History = entries(known, domain)
		r := runWith(t, scorer(t, Options{}), m)
		if r.Review != c.review || c.review != "" && r.Disposition != verdict.Suspicious {
			t.Errorf("%s: %v, review %q, want %q: %s", name, r.Disposition, r.Review, c.review, summary(r))
		}
	}
}
