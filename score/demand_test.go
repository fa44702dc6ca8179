package score

import (
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

// Hosts that are called after a purpose, and names of firms near them.
func TestPurposeHost(t *testing.T) {
	for domain, want := range map[string]bool{
		"secure-login.example":                      true,
		"account-verify.example":                    true,
		"accountverification.example":               true,
		"verify-account-2.example":                  true,
		"konto-sicherheit.example":                  true,
		"compte-securite.example":                   true,
		"cuenta-seguridad.example":                  true,
		"acesso-conta.example":                      true,
		"inloggen-rekening.example":                 true,
		"secure-my-login.example":                   true,
		"login.example":                             false,
		"cloudservice-meier.example":                false,
		"securitas.example":                         false,
		"my-id.example":                             false,
		"payroll-partners.example":                  false,
		"fabrikam-login.example":                    false,
		strings.Repeat("webmail", 40) + "x.example": false, strings.Repeat("webmail", 8) + "x.example": false,
		strings.Repeat("webmail", 8) + ".example": true, strings.Repeat("webmail", 1<<16) + ".example": false,
		strings.Repeat("webmail-", 1<<16) + ".example": false,
	} {
		if got := purposeHost(domain); got != want {
			t.Errorf("%s: %v, want %v", domain, got, want)
		}
	}
}

// Telephone numbers of eight and nine digits, and what has as many digits and is none.
func TestPhone_ofFewDigits(t *testing.T) {
	x := &inspection{Scorer: scorer(t, Options{})}
	old := &inspection{Scorer: x.narrow}
	for text, want := range map[string]bool{
		"call 900 123 456 now":      true,
		"call 808 200 123.":         true,
		"call +351 2123 45":         true,
		"ring 0800 1234, please":    true,
		"ring 0800/12 34 56":        true,
		"on 04.11.2026":             false,
		"on 2026-11-04":             false,
		"on 04/11/2026 at noon":     false,
		"order 12345678":            false,
		"the sum of 12.345.678 EUR": false,
		"123 456 789 records":       false,
		"a sum of 250 000 000":      false,
		"call 217 000 555":          true,
		"invoice 20261104-1":        false,
	} {
		if got := x.phone(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
		if old.phone(text) {
			t.Errorf("%q is a number for the narrow rule", text)
		}
	}
	for _, text := range []string{"call +1 (888) 555-0123", "call 01632 960 144"} {
		if !x.phone(text) || !old.phone(text) {
			t.Errorf("%q is no number", text)
		}
	}
}

// What a person decides: calls and demands of strangers, and the same words of those who may.
func TestReview_callsAndDemandsOfStrangers(t *testing.T) {
	const (
		number  = "Call +1 (888) 555-0123"
		renewed = "\n\nYour subscription was renewed, 399 dollars were charged. " + number + "."
		order   = "\n\nAre you available? I need a transfer to be made today, write back."
	)
	code := func(change, text string) string {
		return attached(change, text, "code.png", "image/png", mailgen.QR("https://pay.other.example/1"))
	}
	for name, c := range map[string]struct {
		text string
		want verdict.Review
	}{
		"a charge of a free mailbox":             {vary(gmail + renewed), verdict.ReviewPhone},
		"a charge in a brand's name":             {vary("From: PayPal <ann@sender.example>\n\nYour order is ready. " + number + "."), verdict.ReviewPhone},
		"a charge of a firm":                     {vary(renewed), ""},
		"a charge of a brand itself":             {vary("From: PayPal <service@paypal.com>" + renewed), ""},
		"a charge to be read about at a link":    {vary("From: PayPal <ann@sender.example>" + renewed + " https://www.sender.example/x"), ""},
		"no number":                              {vary(gmail + "\nYour subscription was renewed, 399 dollars were charged."), ""},
		"a friend's number":                      {vary(gmail + "\nShall we meet? " + number + "."), ""},
		"an order of a free mailbox":             {vary(gmail + order), verdict.ReviewDemand},
		"an order whose answers go elsewhere":    {vary("Reply-To: ann@gmail.com" + order), verdict.ReviewDemand},
		"an order of a firm":                     {vary(order), ""},
		"an order in a conversation":             {vary(gmail + "In-Reply-To: <a@contoso.example>" + order), ""},
		"a name at a look-alike, without a word": {vary("From: Petra Lindqvist <petra@c0ntoso.example>"), verdict.ReviewDemand},
		"a code to sign in by":                   {code("", "Your payslip is ready. Use the code."), verdict.ReviewDemand},
		"a code in a brand's name":               {code("From: PayPal <ann@sender.example>", "Use the code."), verdict.ReviewDemand},
		"a code at the door":                     {code("", "Your seat is in row 12."), ""},
		"a code of a brand itself to sign in by": {code("From: PayPal <service@paypal.com>\n"+paypalAuth, "Your password expires."), ""},
	} {
		if r := run(t, scorer(t, Options{}), c.text); r.Review != c.want {
			t.Errorf("%s: %v, review %q, want %q: %s", name, r.Disposition, r.Review, c.want, summary(r))
		}
	}
}

const paypalAuth = "Authentication-Results: spf=pass smtp.mailfrom=paypal.com; dkim=pass header.d=paypal.com;" +
	"dmarc=pass header.from=paypal.com;compauth=pass reason=100\n"

// A stranger's failed authentication is no claim to be somebody: SPOOF needs one.
func TestSpoof_needsAClaim(t *testing.T) {
	const failed = "Authentication-Results: spf=fail smtp.mailfrom=sender.example; dkim=fail header.d=sender.example;" +
		"dmarc=fail action=none header.from=sender.example;compauth=fail reason=001\n"
	const pressing = "\n\nWithin 24 hours, final warning! These are the new bank details. Are you at your desk?"
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"a stranger":          {vary(failed + pressing), false},
		"a brand's name":      {vary(failed + "From: PayPal <ann@sender.example>" + pressing), true},
		"an own name":         {vary(failed + "From: Contoso Helpdesk <ann@sender.example>" + pressing), true},
		"an own address":      {vary("From: Eve <eve@contoso.example>\n" + "Authentication-Results: spf=fail smtp.mailfrom=contoso.example; dmarc=fail action=none header.from=contoso.example;compauth=fail reason=000" + pressing), true},
		"whom DMARC protects": {vary("Authentication-Results: spf=fail smtp.mailfrom=sender.example; dmarc=fail action=oreject header.from=sender.example;compauth=fail reason=000" + pressing), false},
	} {
		if r := run(t, scorer(t, Options{}), c.text); (r.Disposition == verdict.Spoof) != c.want {
			t.Errorf("%s: %v: %s", name, r.Disposition, summary(r))
		}
	}
}

// Where Exchange believes the forwarder (ARC, reason 130), what his server lacks is not held against the author.
func TestForwarded_isNotHeldAgainstTheAuthor(t *testing.T) {
	const results = "Authentication-Results: spf=fail smtp.mailfrom=forwarder.example; dkim=fail header.d=sender.example;" +
		"dmarc=fail action=none header.from=sender.example;compauth="
	for name, c := range map[string]struct {
		end  string
		held bool
	}{
		"believed":            {"pass reason=130", false},
		"believed, otherwise": {"pass reason=100", true},
		"not believed":        {"fail reason=001", true},
		"failed all the same": {"fail reason=130", true},
	} {
		r := run(t, scorer(t, Options{}), vary(results+c.end))
		for _, id := range []string{"auth.spf_fail", "auth.dkim_fail", "auth.unaligned"} {
			if has(r, id) != c.held {
				t.Errorf("%s: %s is %v: %s", name, id, has(r, id), summary(r))
			}
		}
	}
}
