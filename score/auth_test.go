package score

import (
	"slices"
	"strings"
	"testing"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/score/extract"
	"clawback/score/lists"
	"clawback/score/web"
)

// header reads the fields of a message.
func header(t *testing.T, fields string) extract.Header {
	t.Helper()
	text := strings.ReplaceAll(strings.TrimPrefix(fields, "\n"), "\n", "\r\n") + "\r\n\r\nHello\r\n"
	m, err := extract.Read(strings.NewReader(text), int64(len(text)), extract.Default())
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

// The fields that Exchange puts on top of a message from outside.
const (
	inner    = "Received: from AM0EUR02FT001.eop-EUR02.prod.protection.outlook.com (2603:10a6::1) by AM0PR01.outlook.office365.com with Microsoft SMTP Server; Wed, 4 Nov 2026 09:12:44 +0000\n"
	boundary = "Received: from mx.evil.example (192.0.2.1) by AM0EUR02FT001.mail.protection.outlook.com (10.0.0.1) with Microsoft SMTP\n Server id 15.20.1; Wed, 4 Nov 2026 09:12:44 +0000\n"
	foreign  = "Received: from laptop by mx.evil.example with ESMTP; Wed, 4 Nov 2026 09:12:43 +0000\n"
	failing  = "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=evil.example; dkim=none (message not signed)\n header.d=none;dmarc=fail action=none\n header.from=partner.example;compauth=fail reason=001\n"
	passing  = "Authentication-Results: spf=pass smtp.mailfrom=partner.example; dkim=pass header.d=partner.example;dmarc=pass header.from=partner.example\n"
)

// Exchange's own words on a message count, and nobody else's, wherever he writes them.
func TestReadAuth_exchangesOwnHopAlone(t *testing.T) {
	const from = "From: Ann <ann@partner.example>"
	for name, c := range map[string]struct {
		fields  string
		aligned bool
		present bool
	}{
		"Exchange's, passing":                     {inner + passing + boundary + foreign, true, true},
		"Exchange's, failing":                     {inner + failing + boundary + foreign, false, true},
		"a forged one below":                      {inner + failing + boundary + passing + foreign, false, true},
		"a forged one below all":                  {inner + failing + boundary + foreign + passing, false, true},
		"Exchange's names no method":              {inner + "Authentication-Results: contoso.example;\n" + boundary + passing + foreign, false, false},
		"Exchange's is empty":                     {inner + "Authentication-Results:\n" + boundary + passing, false, false},
		"Exchange's names one method alone":       {inner + "Authentication-Results: dkim=none (message not signed) header.d=none;\n" + boundary + passing, false, true},
		"Exchange's says none":                    {inner + "Authentication-Results: protection.outlook.com; none\n" + boundary + passing, false, false},
		"two of Exchange's: the upper":            {failing + inner + passing + boundary, false, true},
		"two of Exchange's, the upper passing":    {passing + inner + failing + boundary, true, true},
		"none of Exchange's, one of the sender's": {inner + boundary + foreign + passing, false, false},
		"none of Exchange's, one with a name":     {inner + boundary + "Authentication-Results: mx.evil.example; spf=pass smtp.mailfrom=partner.example; dmarc=pass header.from=partner.example\n", false, false},
		"below a server that is not Exchange":     {foreign + passing, false, false},
		"a forged hop of Exchange below":          {inner + failing + boundary + inner + passing, false, true},
		"folded after each word":                  {inner + strings.ReplaceAll(passing, " ", "\n\t") + boundary, true, true},
		"in capitals":                             {inner + strings.ToUpper(passing) + boundary, true, true},
		"a comment with a result in it":           {inner + "Authentication-Results: spf=fail (x; dmarc=pass header.from=partner.example) smtp.mailfrom=evil.example; dmarc=fail header.from=partner.example\n" + boundary, false, true},
		"a comment in a comment":                  {inner + "Authentication-Results: spf=fail (a (b;) dkim=pass header.d=partner.example) smtp.mailfrom=evil.example; dmarc=fail header.from=partner.example\n" + boundary, false, true},
		"a comment that never ends":               {inner + "Authentication-Results: dmarc=fail header.from=partner.example; spf=pass (smtp.mailfrom=partner.example; dmarc=pass\n" + boundary, false, true},
		"a result in a quoted sender":             {inner + "Authentication-Results: spf=pass smtp.mailfrom=\"a; dmarc=pass header.from=partner.example\"@evil.example; dmarc=fail header.from=partner.example\n" + boundary, false, true},
		"a result behind a quoted quote":          {inner + "Authentication-Results: spf=pass smtp.mailfrom=\"a\\\"; dmarc=pass header.from=partner.example\"@evil.example; dmarc=fail header.from=partner.example\n" + boundary, false, true},
		"a domain in a quoted sender":             {inner + "Authentication-Results: spf=pass smtp.mailfrom=\"a smtp.mailfrom=partner.example\"@evil.example; dmarc=none\n" + boundary, false, true},
		"a quoted sender that opens a comment":    {inner + "Authentication-Results: spf=pass smtp.mailfrom=\"a(\"@evil.example; dkim=pass header.d=partner.example; dmarc=fail header.from=partner.example\n" + boundary, false, true},
		"a quote that never ends":                 {inner + "Authentication-Results: spf=pass smtp.mailfrom=\"evil.example; dkim=pass header.d=partner.example; dmarc=fail header.from=partner.example\n" + boundary, false, true},
		"a quote in a comment":                    {inner + "Authentication-Results: spf=pass (\") smtp.mailfrom=evil.example; dkim=pass (\") header.d=partner.example; dmarc=fail header.from=partner.example\n" + boundary, false, true},
		"a HELO that opens a comment":             {strings.Replace(boundary, "mx.evil.example", "mx(.evil.example", 1) + strings.Replace(passing, "Results:", "Results: mx.evil.example;", 1), false, false},
		"a HELO that opens a quoted string":       {strings.Replace(boundary, "mx.evil.example", "mx\".evil.example", 1) + strings.Replace(passing, "Results:", "Results: mx.evil.example;", 1), false, false},
		"a HELO that names another server":        {strings.Replace(boundary, "mx.evil.example", "by[AM0PR01.outlook.office365.com]", 1) + strings.Replace(passing, "Results:", "Results: mx.evil.example;", 1), false, false},
		"the second result of a method":           {inner + "Authentication-Results: dmarc=fail header.from=partner.example; dmarc=pass header.from=partner.example; spf=none\n" + boundary, false, true},
		"ARC's are no results":                    {inner + "ARC-" + passing + boundary, false, false},
		"renamed by Exchange":                     {inner + strings.Replace(passing, "Results:", "Results-Original:", 1) + boundary, false, false},
		"no server has written anything":          {passing, true, true},
		"right below Exchange's field":            {boundary + passing, true, true},
		"right below, with somebody's name":       {boundary + strings.Replace(passing, "Results:", "Results: mx.evil.example;", 1), false, false},
		"a host that only looks like Exchange's":  {strings.Replace(boundary, "by AM0EUR02FT001.mail.protection.outlook.com", "by mail.protection.outlook.com.evil.example", 1) + passing, true, true},
		"another server under such a name":        {"Received: from x by mail.protection.outlook.com.evil.example with ESMTP; now\n" + passing, false, false},
	} {
		a := readAuth(header(t, c.fields+from), extract.ParseAddresses("ann@partner.example")[0])
		if a.aligned != c.aligned || a.present != c.present {
			t.Errorf("%s: aligned %v, want %v; present %v, want %v\n%s", name, a.aligned, c.aligned, a.present,
				c.present, c.fields)
		}
	}
}

// A name under a host that many share proves nothing for the next name there, nor for a domain that it resembles.
func TestReadAuth_whatProvesAnAuthor(t *testing.T) {
	for name, c := range map[string]struct {
		from, results string
		want          bool
	}{
		"DMARC":                                 {"partner.example", "dmarc=pass header.from=partner.example", true},
		"DMARC of another author":               {"partner.example", "dmarc=pass header.from=evil.example", false},
		"SPF":                                   {"partner.example", "spf=pass smtp.mailfrom=bounce.partner.example", true},
		"SPF of another":                        {"partner.example", "spf=pass smtp.mailfrom=partner.example.evil.example", false},
		"DKIM":                                  {"news.partner.example", "dkim=pass header.d=partner.example", true},
		"DKIM of another":                       {"partner.example", "dkim=pass header.d=xpartner.example", false},
		"SPF, but DMARC failed":                 {"partner.example", "spf=pass smtp.mailfrom=x.partner.example; dmarc=fail header.from=partner.example", false},
		"DKIM, but DMARC failed":                {"partner.example", "dkim=pass header.d=x.partner.example; dmarc=fail header.from=partner.example", false},
		"DKIM, DMARC failed for another author": {"partner.example", "dkim=pass header.d=partner.example; dmarc=fail header.from=evil.example", true},

		"Google's key":                       {"partner.example", "dkim=pass header.d=partner-example.20230601.gappssmtp.com", true},
		"Google's key, an older one":         {"partner.example", "dkim=pass header.d=partner-example.20150623.gappssmtp.com", true},
		"Google's key of partner-co.uk":      {"partner.co.uk", "dkim=pass header.d=partner-co-uk.20230601.gappssmtp.com", false},
		"Google's key of a-b.c for a.b.c":    {"partner.gov.example", "dkim=pass header.d=partner-gov-example.20230601.gappssmtp.com", false},
		"a key of partner.co.uk's own":       {"partner.co.uk", "dkim=pass header.d=partner.co.uk", true},
		"Google's key, but DMARC failed":     {"partner.example", "dkim=pass header.d=partner-example.20230601.gappssmtp.com; dmarc=fail header.from=partner.example", false},
		"Google's key of x-partner.example":  {"partner.example", "dkim=pass header.d=x-partner-example.20230601.gappssmtp.com", false},
		"Google's key of partner.example.x":  {"partner.example", "dkim=pass header.d=partner-example-x.20230601.gappssmtp.com", false},
		"Google's key of x.partner.example":  {"partner.example", "dkim=pass header.d=x.partner-example.20230601.gappssmtp.com", false},
		"Google's key of a.b for a-b":        {"my-partner.example", "dkim=pass header.d=my-partner-example.20230601.gappssmtp.com", false},
		"no key of Google's: no date":        {"partner.example", "dkim=pass header.d=partner-example.gappssmtp.com", false},
		"no key of Google's: not a date":     {"partner.example", "dkim=pass header.d=partner-example.2023060x.gappssmtp.com", false},
		"no key of Google's: another domain": {"partner.example", "dkim=pass header.d=partner-example.20230601.evilgappssmtp.com", false},
		"no key of Google's: within another": {"partner.example", "dkim=pass header.d=partner-example.20230601.gappssmtp.com.evil.example", false},

		"a tenant":                             {"partner.onmicrosoft.com", "dkim=pass header.d=partner.onmicrosoft.com", true},
		"a tenant's mail domain":               {"partner.onmicrosoft.com", "spf=pass smtp.mailfrom=partner.mail.onmicrosoft.com", true},
		"another tenant":                       {"partner.onmicrosoft.com", "dkim=pass header.d=evil.onmicrosoft.com", false},
		"another tenant, and DMARC":            {"partner.onmicrosoft.com", "spf=pass smtp.mailfrom=evil.onmicrosoft.com; dmarc=pass header.from=partner.onmicrosoft.com", false},
		"a tenant for the domain of its name":  {"partner.example", "dkim=pass header.d=partner.onmicrosoft.com", false},
		"a tenant for the service itself":      {"onmicrosoft.com", "dkim=pass header.d=evil.onmicrosoft.com", false},
		"a service for its customer":           {"partner.zendesk.com", "dkim=pass header.d=zendesk.com", true},
		"a customer for the next":              {"partner.zendesk.com", "dkim=pass header.d=evil.zendesk.com", false},
		"a customer of SendGrid for the next":  {"u123.wl.sendgrid.net", "spf=pass smtp.mailfrom=u666.wl.sendgrid.net", false},
		"SendGrid for a customer's own domain": {"partner.example", "dkim=pass header.d=sendgrid.net", false},
		"Mailgun's sandbox for the next":       {"sandbox1.mailgun.org", "dkim=pass header.d=sandbox2.mailgun.org", false},
		"Amazon for a customer's own domain":   {"partner.example", "spf=pass smtp.mailfrom=eu-west-1.amazonses.com; dkim=pass header.d=amazonses.com", false},
		"Salesforce's sites":                   {"partner.my.salesforce-sites.com", "dkim=pass header.d=evil.my.salesforce-sites.com", false},
		"a name of the Public Suffix List":     {"partner.github.io", "dkim=pass header.d=evil.github.io", false},
	} {
		a := readAuth(header(t, "Authentication-Results: "+c.results+"\nFrom: ann@"+c.from),
			extract.ParseAddresses("ann@" + c.from)[0])
		if a.aligned != c.want {
			t.Errorf("%s: %s by %s: aligned %v, want %v", name, c.from, c.results, a.aligned, c.want)
		}
	}
}

// What such a proof opens stays shut: allowances that ask for it, and the organisation's own domain.
func TestAuth_aLookAlikeOfGooglesKeyOpensNothing(t *testing.T) {
	tenant := mailgen.Tenant()
	tenant.Policies = []config.Policy{{Kind: "trust_sender", Pattern: "@partner.example", Verify: true}}
	s := scorer(t, Options{})
	judge := func(from, signer, dmarc string) Result {
		text := vary("From: Ann <ann@" + from + ">\nAuthentication-Results: spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=" + signer +
			";dmarc=" + dmarc + " action=none header.from=" + from + ";compauth=fail reason=001")
		m := of(text)
		m.Tenant, m.FirstHand = tenant, true
		return runWith(t, s, m)
	}
	if r := judge("partner.example", "partner.example", "pass"); !has(r, "policy.trust_sender") {
		t.Errorf("the partner itself is not allowed: %s", summary(r))
	}
	for _, signer := range []string{"x-partner-example.20230601.gappssmtp.com", "partner-example.20230601.gappssmtp.com", "evil.onmicrosoft.com"} {
		if r := judge("partner.example", signer, "fail"); has(r, "policy.trust_sender") ||
			!has(r, "policy.unverified") || len(r.Observations) != 0 {
			t.Errorf("%s passes for partner.example: %s, teaches %d", signer, summary(r), len(r.Observations))
		}
		own := strings.Replace(signer, "partner", "contoso", 1)
		if r := judge("contoso.example", own, "fail"); !has(r, "auth.own_domain_forged") {
			t.Errorf("%s passes for contoso.example: %s", own, summary(r))
		}
	}
}

// A tenant's own name under onmicrosoft.com makes no other tenant its own.
func TestOwnDomains_sharedWithOthers(t *testing.T) {
	tenant := mailgen.Tenant()
	tenant.Domains = []string{"contoso.example", "contoso.onmicrosoft.com"}
	tenant.VIPs = []config.VIP{{Name: "Petra Lindqvist", Addresses: []string{"petra@contoso.example"}}}
	s := scorer(t, Options{})
	for _, c := range []struct {
		from string
		vip  bool
	}{{"contoso.onmicrosoft.com", false}, {"evil.onmicrosoft.com", true}, {"contoso.mail.onmicrosoft.com", false}, {"evil.mail.onmicrosoft.com", true}} {
		m := of(vary("From: Petra Lindqvist <petra.l@" + c.from + ">\nAuthentication-Results: spf=pass smtp.mailfrom=" +
			c.from + "; dkim=pass header.d=" + c.from + ";dmarc=pass header.from=" + c.from))
		m.Tenant = tenant
		if r := runWith(t, s, m); has(r, "impersonation.vip") != c.vip {
			t.Errorf("%s: a registered person's name is noticed %v, want %v", c.from, !c.vip, c.vip)
		}
	}
}

// A host's name, or a word in an address, proves nothing of whose it is.
func TestKnownHosts_namesThatProveNothing(t *testing.T) {
	s := scorer(t, Options{})
	for name, c := range map[string]struct {
		text string
		id   string
		want bool
	}{
		"a tracker, by its first label":             {link("https://click.evil.example/x", "https://www.bank.example/"), "link.text_href_mismatch", true},
		"the tracker of who sent it":                {link("https://click.sender.example/x", "https://www.bank.example/"), "link.text_href_mismatch", false},
		"a mail service's tracker":                  {link("https://u1.ct.sendgrid.net/x", "https://www.bank.example/"), "link.text_href_mismatch", false},
		"a redirect, by its own word":               {link("https://evil.example/?u=https://www.bank.example/", "https://www.bank.example/"), "link.text_href_mismatch", true},
		"a redirect of a well-known site":           {link("https://www.google.com/url?q=https://www.bank.example/", "https://www.bank.example/"), "link.text_href_mismatch", false},
		"a protector's":                             {link("https://urldefense.com/v3/__https://www.bank.example/__;!!x", "https://www.bank.example/"), "link.text_href_mismatch", false},
		"a protector, by its first label":           {link("https://urldefense.evil.example/v3/__https://www.bank.example/__;!!x", "https://www.bank.example/"), "link.text_href_mismatch", true},
		"safe links, by its last labels":            {link("https://evilsafelinks.protection.outlook.com.evil.example/?url=https://www.bank.example/", "https://www.bank.example/"), "link.text_href_mismatch", true},
		"the same name under another suffix":        {link("https://www.bank.evil/", "https://www.bank.example/"), "link.text_href_mismatch", true},
		"the same well-known name under another":    {link("https://www.amazon.de/x", "https://www.amazon.com/"), "link.text_href_mismatch", false},
		"a brand's name under a country's suffix":   {link("https://www.paypal.de/", "here"), "link.brand_host", false},
		"a brand's name under one sold to anybody":  {link("https://www.paypal.tk/", "here"), "link.brand_host", true},
		"a brand's name under another such":         {vary("From: PayPal <service@paypal.cm>"), "impersonation.brand_name", true},
		"a brand's signature":                       {vary("From: PayPal <service@sender.example>\nAuthentication-Results: dkim=pass header.d=paypal.com; spf=none"), "impersonation.brand_name", false},
		"a brand's signature that fails":            {vary("From: PayPal <service@sender.example>\nAuthentication-Results: dkim=fail header.d=paypal.com; spf=none"), "impersonation.brand_name", true},
		"an address in the name, and a link there":  {page("From: \"ceo@bank.example\" <ann@sender.example>", `<a href="https://www.bank.example/">x</a>`), "impersonation.address_in_name", true},
		"an alias service's address in the name":    {page("From: \"ceo@bank.example\" <x7@aleeas.com>", `<a href="https://www.bank.example/">x</a>`), "impersonation.address_in_name", false},
		"a group whose envelope fails":              {vary("To: club@group.example\nReply-To: club@group.example\nFrom: Ann <ann@gmail.com>\nAuthentication-Results: spf=fail smtp.mailfrom=group.example; dkim=none; dmarc=none header.from=gmail.com"), "impersonation.forged_free_mail", true},
		"a group":                                   {vary("To: club@group.example\nReply-To: club@group.example\nFrom: Ann <ann@gmail.com>\nAuthentication-Results: spf=pass smtp.mailfrom=group.example; dkim=none; dmarc=none header.from=gmail.com"), "impersonation.forged_free_mail", false},
		"a customer of a well-known service":        {vary("From: Ann <ann@evil.zendesk.com>\nAuthentication-Results: dkim=pass header.d=zendesk.com; spf=none"), "structure.trusted_sender", false},
		"a well-known service":                      {vary("From: Ann <ann@paypal.com>\nAuthentication-Results: dkim=pass header.d=paypal.com; spf=none; dmarc=pass header.from=paypal.com"), "structure.trusted_sender", true},
		"a well-known service whose DMARC failed":   {vary("From: Ann <ann@paypal.com>\nAuthentication-Results: dkim=pass header.d=x.paypal.com; spf=none; dmarc=fail header.from=paypal.com"), "structure.trusted_sender", false},
		"a relay's address under the relay's name":  {vary("From: PayPal <x7@aleeas.com.evil.example>"), "impersonation.brand_name", true},
		"a shared host that is the author's name":   {page("From: Ann <ann@good.zendesk.com>\nAuthentication-Results: dkim=pass header.d=zendesk.com; spf=none", `<a href="https://evil.zendesk.com/x">https://good.zendesk.com/</a>`), "link.foreign_only", false},
		"another tenant's signature on own mail":    {vary("From: Ann <ann@sender.example>\nAuthentication-Results: spf=none; dkim=pass header.d=evil.onmicrosoft.com"), "auth.foreign_tenant", true},
		"a tenant's signature on its own mail":      {vary("From: Ann <ann@good.onmicrosoft.com>\nAuthentication-Results: spf=none; dkim=pass header.d=good.onmicrosoft.com"), "auth.foreign_tenant", false},
		"another tenant's signature on a tenant's":  {vary("From: Ann <ann@good.onmicrosoft.com>\nAuthentication-Results: spf=none; dkim=pass header.d=evil.onmicrosoft.com"), "auth.foreign_tenant", true},
		"another customer's signature, of a tenant": {vary("From: Ann <ann@good.onmicrosoft.com>\nAuthentication-Results: spf=pass smtp.mailfrom=evil.onmicrosoft.com; dkim=none"), "auth.unaligned", true},
	} {
		if r := run(t, s, c.text); has(r, c.id) != c.want {
			t.Errorf("%s: %s %v, want %v: %s", name, c.id, !c.want, c.want, summary(r))
		}
	}
}

func TestOrganisation(t *testing.T) {
	for host, want := range map[string]string{
		"www.partner.example": "partner.example", "partner.co.uk": "partner.co.uk", "a.partner.github.io": "partner.github.io",
		"contoso.onmicrosoft.com": "contoso.onmicrosoft.com", "contoso.mail.onmicrosoft.com": "contoso.onmicrosoft.com", "onmicrosoft.com": "onmicrosoft.com",
		"contoso-my.sharepoint.com": "contoso-my.sharepoint.com", "partner-example.20230601.gappssmtp.com": "partner-example.20230601.gappssmtp.com",
		"onmicrosoft.com.evil.example": "evil.example", "evilonmicrosoft.com": "evilonmicrosoft.com", "": "",
	} {
		if got := web.Organisation(host); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

// The catalogue of brands is checked by what it owns: a country's suffix is the brand's, one that is sold to anybody is
// not.
func TestBrands_ownNoSuffixThatIsSoldToAnybody(t *testing.T) {
	for _, b := range lists.Builtin().Brands {
		for _, suffix := range []string{"tk", "ml", "cm", "cc", "com.tk", "ws"} {
			if domain := b.Key + "." + suffix; b.Owns(domain) && !slices.Contains(b.Domains, domain) {
				t.Errorf("%s owns %s", b.Names[0], domain)
			}
		}
	}
}
