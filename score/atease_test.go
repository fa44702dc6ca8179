package score

import (
	"testing"

	"clawback/verdict"
)

// TestBrands_whoMayWriteInTheirName: good mail in which a brand's name stands, and the attack beside each.
func TestBrands_whoMayWriteInTheirName(t *testing.T) {
	auth := func(domain string) string {
		return "Authentication-Results: spf=pass smtp.mailfrom=" + domain + "; dkim=pass header.d=" + domain +
			";dmarc=pass action=none header.from=" + domain + ";compauth=pass reason=100\n"
	}
	ticket := func(from, domain, link string) string {
		return vary(auth(domain) + "From: " + from + "\nSubject: (OPS-2) Printer\n\nMax assigned OPS-2 to you, since the printer of the second floor is out of paper.\n" + link)
	}
	card := func(link, text string) string {
		return vary(auth("voba-tal.example") + "From: Volksbank Tal <info@voba-tal.example>\nSubject: Your card\n\n" +
			text + "\n" + link)
	}
	const calm = "Your new card is on its way and comes by letter in the next days, with the same PIN as before."
	for name, c := range map[string]struct {
		text    string
		flagged bool
	}{
		"a program of the author's own":     {ticket("Jira <jira@sender.example>", "sender.example", "https://jira.sender.example/browse/OPS-2"), false},
		"it leads elsewhere":                {ticket("Jira <jira@sender.example>", "sender.example", "https://jira.other.example/browse/OPS-2"), true},
		"it is not authenticated":           {vary(unsigned + "From: Jira <jira@sender.example>\n\nMax assigned OPS-2 to you.\nhttps://jira.sender.example/browse/OPS-2"), true},
		"a brand that nobody runs himself":  {ticket("PayPal <jira@sender.example>", "sender.example", "https://jira.sender.example/browse/OPS-2"), true},
		"a document server":                 {ticket("SharePoint <jira@sender.example>", "sender.example", "https://docs.sender.example/x"), false},
		"one that leads to a free page":     {ticket("SharePoint <jira@sender.example>", "sender.example", "https://docs.pages.dev/x"), true},
		"a program that threatens":          {ticket("Roundcube <jira@sender.example>", "sender.example", "Verify your account now, or your account has been suspended: your password expires. https://www.sender.example/x"), true},
		"a regional bank":                   {card("https://www.voba-tal.example/cards", calm), false},
		"one that leads elsewhere":          {card("https://www.other.example/cards", calm), true},
		"one that asks for an account":      {card("https://www.voba-tal.example/cards", "Verify your account within 24 hours, or your account has been suspended."), true},
		"one without words to judge it by":  {card("https://www.voba-tal.example/cards", "Card"), true},
		"the bank's whole name and no more": {vary(auth("voba-tal.example") + "From: Volksbank <info@voba-tal.example>\n\n" + calm + "\nhttps://www.voba-tal.example/cards"), true},
		"a notification domain":             {ticket("SharePoint Online <no-reply@sharepointonline.com>", "sharepointonline.com", "https://adatum-my.sharepoint.com/:x:/g/1"), false},
		"one that is only named so":         {ticket("SharePoint Online <no-reply@sharepointonline.example>", "sharepointonline.example", "https://adatum-my.sharepoint.com/:x:/g/1"), true},
	} {
		r := run(t, scorer(t, Options{}), c.text)
		if got := r.Disposition != verdict.Clean; got != c.flagged {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
}
