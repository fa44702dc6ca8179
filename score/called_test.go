package score

import (
	"testing"

	"clawback/internal/test/mailgen"
)

// A charge to call about that stands in a file is seen in a short text with nothing else to follow, in whatever words;
// the neighbours have no number, no file, no charge, a page to go to, much to say, or an author whom the tenant knows
// to answer.
func TestCallback_whoseChargeIsInAFile(t *testing.T) {
	const call = " Speak with our help desk: +1 (888) 555-0123."
	pdf := func(text string) string {
		return attached("", text, "statement.pdf", "application/pdf", mailgen.PDF(""))
	}
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"a bill":                    {pdf("The bill for your plan is in the file." + call), true},
		"a renewal":                 {pdf("The renewal of your membership is attached. Please call +1 (888) 555-0123."), true},
		"in German":                 {pdf("Die Rechnung über Ihr Abonnement liegt bei. Rufen Sie uns an: +49 30 5550 1234 5."), true},
		"in Spanish":                {pdf("La factura de su suscripción va adjunta. Llame al +34 955 501 234 5."), true},
		"without a number":          {pdf("The bill for your plan is in the file. Speak with our help desk."), false},
		"without a file":            {vary("\nThe bill for your plan is below." + call), false},
		"without a charge":          {pdf("The photographs of the garden are in the file." + call), false},
		"with a page to go to":      {pdf("The bill for your plan is in the file, and at https://www.sender.example/plan ." + call), false},
		"among much else":           {pdf("The bill for your plan is in the file." + call + " " + longText + " " + longText + " " + longText), false},
		"an answer in conversation": {attached("Subject: Re: Your plan\nIn-Reply-To: <1@contoso.example>\nReferences: <1@contoso.example>", "The bill for your plan is in the file."+call, "a.pdf", "application/pdf", mailgen.PDF("")), false},
	} {
		if r := run(t, scorer(t, Options{}), c.text); has(r, "words.callback_file") != c.want {
			t.Errorf("%s: %v, want %v: %s", name, !c.want, c.want, summary(r))
		}
	}
}
