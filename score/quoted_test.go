package score

import (
	"slices"
	"strings"
	"testing"

	"clawback/verdict"
	"clawback/verdict/history"
)

// Of an author whom the organisation knows it is kept which addresses he only quotes; of all others nothing counts as
// quoted, however they dress it.
func TestQuoted_ofKnownAuthorsAlone(t *testing.T) {
	const bad = "https://evil.example/login"
	const forward = "FYI\n\nFrom: Eve <eve@evil.example>\nSent: Monday\nTo: Ann\n\nLog in: " + bad
	attached := func(change string) string {
		return vary(change + "Content-Type: multipart/mixed; boundary=b\n\n" +
			"--b\nContent-Type: text/plain\n\nSee the message.\n--b\nContent-Type: message/rfc822\n\n" +
			"From: eve@evil.example\nSubject: x\n\nLog in: " + bad + "\n--b--\n")
	}
	written := history.Entry{Key: history.From("ann@sender.example"), Sent: 3, SentDays: 7}
	known := []history.Entry{written}
	for name, c := range map[string]struct {
		text    string
		history []history.Entry
		quoted  bool
	}{
		"answered":                        {vary("\n" + "That is phishing.\n> Log in: " + bad + "\n"), known, true},
		"sent on":                         {vary("\n" + forward), known, true},
		"sent on as an attachment":        {attached(""), known, true},
		"about harmless ones":             {vary("\n" + "Seen: hxxp://a[.]example/x, hxxp://b[.]example/y, hxxps://c[.]example/ and " + bad), known, true},
		"his own words":                   {vary("\n" + "Log in: " + bad), known, false},
		"both":                            {vary("\n" + "Log in: " + bad + "\n> Log in: " + bad), known, false},
		"one harmless":                    {vary("\n" + "Not hxxp://a[.]example but " + bad), known, false},
		"a stranger's":                    {vary("\n" + "> Log in: " + bad + "\n"), nil, false},
		"a stranger's, sent on":           {vary("\n" + forward), nil, false},
		"a stranger's, attached":          {attached(""), nil, false},
		"a stranger's, about harmless":    {vary("\n" + "hxxp://a[.]example hxxp://b[.]example hxxp://c[.]example " + bad), nil, false},
		"in a known one's name, unproven": {vary(unsigned + "\n" + "> Log in: " + bad + "\n"), known, false},
		"one who answers elsewhere":       {vary("Reply-To: eve@gmail.com\n\n" + "> Log in: " + bad + "\n"), []history.Entry{{Key: written.Key, Sent: 3, SentDays: 7, Received: 5, Aligned: 5}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := of(c.text)
			m.History = entries(c.history...)
			v := runWith(t, scorer(t, Options{}), m).Verdict
			for _, kind := range []string{"url", "domain"} {
				at := slices.IndexFunc(v.Indicators, func(i verdict.Indicator) bool {
					return i.Kind == kind && strings.Contains(i.Value, "evil.example")
				})
				if at < 0 {
					t.Fatalf("no %s is kept: %v", kind, v.Indicators)
				}
				if got := slices.Contains(v.Quoted, at); got != c.quoted {
					t.Errorf("%s: quoted is %v, of %v: %s", kind, got, v.Quoted, summary(Result{Verdict: v}))
				}
			}
		})
	}
}
