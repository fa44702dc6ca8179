package score

import (
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

// agreement is a message, and whether it must be MALICIOUS by a signal that rests on several findings.
type agreement struct {
	text string
	want bool
}

// holdsAgreement checks that the signal makes MALICIOUS of the bad ones, and that no good one has it or is MALICIOUS.
func holdsAgreement(t *testing.T, id string, cases map[string]agreement) {
	t.Helper()
	s := scorer(t, Options{})
	for name, c := range cases {
		r := run(t, s, c.text)
		if has(r, id) != c.want || (r.Disposition == verdict.Malicious) != c.want {
			t.Errorf("%s: %v, has %s: %v, want %v: %s", name, r.Disposition, id, has(r, id), c.want, summary(r))
		}
		m := of(c.text)
		m.Tenant = mailgen.Tenant()
		m.Tenant.MaliciousRule = "narrow"
		if r := runWith(t, s, m); r.Disposition == verdict.Malicious {
			t.Errorf("%s: MALICIOUS by the narrow rule: %s", name, summary(r))
		}
	}
}

// gmailAs is a free mailbox under a name.
func gmailAs(name string) string { return strings.Replace(gmail, "Ann Example", name, 1) }

// A brand's name alone, nothing that shows that it is of it, and a call about a charge as the only thing to do. Near it
// are those whose mail has all of these but one.
func TestAgree_callsInABorrowedName(t *testing.T) {
	const (
		number = "+1 (888) 555-0123"
		charge = "\nYour order was charged, 399 dollars. If you did not make it, call " + number + " to cancel it."
		german = "\nIhre Bestellung wurde berechnet, 399 Euro. Wenn Sie das nicht waren, rufen Sie uns an: +49 30 5550 1234 5 und stornieren sie."
	)
	holdsAgreement(t, "words.borrowed_call", map[string]agreement{
		"a free mailbox":         {vary(gmailAs("Norton Support") + charge), true},
		"in German":              {vary(gmailAs("Norton Kundenservice") + german), true},
		"in French":              {vary(gmailAs("Norton Facturation") + "\nVotre commande a été débitée, 399 euros. Si ce n'est pas vous, appelez le +33 1 55 50 12 34 pour annuler."), true},
		"in Dutch":               {vary(gmailAs("Norton Klantenservice") + "\nUw bestelling is afgeschreven, 399 euro. Was u dit niet, bel dan +31 20 555 0123 4 om te annuleren."), true},
		"in Portuguese":          {vary(gmailAs("Norton Suporte") + "\nA sua encomenda foi cobrada, 399 euros. Se não foi você, ligue para +351 212 345 678 para cancelar."), true},
		"in Spanish":             {vary(gmailAs("Norton Soporte") + "\nSu pedido ha sido cobrado, 399 euros. Si no fue usted, llame al +34 955 501 234 5 para cancelar."), true},
		"a domain without proof": {vary("From: PayPal <service@pp-care.example>\n" + strings.ReplaceAll(unsigned, "sender.example", "pp-care.example") + charge), true},

		"the brand itself":                {vary("From: PayPal <service@paypal.com>\n" + paypalAuth + charge), false},
		"a workshop with a name":          {vary(gmailAs("Bosch Service Huber") + "\nThe repair of your washing machine costs 120 euros. Please call " + number + " to say when we may bring it."), false},
		"a firm of its own":               {vary("From: Ann's Computers <ann@sender.example>\n" + charge), false},
		"a reseller who signs":            {vary("From: Norton Reseller Hillside <ann@hillside-it.example>\nAuthentication-Results: spf=pass smtp.mailfrom=hillside-it.example; dkim=pass header.d=hillside-it.example;dmarc=pass header.from=hillside-it.example;compauth=pass reason=100\n" + charge), false},
		"a person":                        {vary(gmailAs("Ann Norton-Miller") + "\nI have paid the invoice for the hall, 80 euros. Call me on " + number + " if you want to cancel."), false},
		"without a number":                {vary(gmailAs("Norton Support") + "\nYour order was charged, 399 dollars. If you did not make it, write back."), false},
		"a number and nothing to call of": {vary(gmailAs("Norton Support") + "\nWe are here from nine to five. " + number + "."), false},
		"an appointment":                  {vary(gmailAs("Norton Team") + "\nThe training is on Thursday in room 12. Questions: " + number + "."), false},
		"an answer in a conversation":     {vary(gmailAs("Norton Support") + "Subject: Re: Lunch\nIn-Reply-To: <1@contoso.example>\nReferences: <1@contoso.example>\n" + charge), false},
		"through a forwarder who is believed": {vary("From: Norton Club <ann@sender.example>\nAuthentication-Results: spf=fail smtp.mailfrom=sender.example; dkim=fail header.d=sender.example;dmarc=fail action=none header.from=sender.example;compauth=pass reason=130\n" +
			"\nThe fee of the club is 30 dollars this year. Call me if you have questions: " + number + "."), false},
		"a list": {vary(gmailAs("Norton Users") + "List-Id: Users <users.lists.example.org>\nList-Post: <mailto:users@lists.example.org>\n" + charge), false},
		"a complaint of a customer": {vary(gmailAs("Ann Example") + "\nNorton charged me 399 dollars for an order. I did not make it; my number is " +
			number + ", please call."), false},
	})
}

// fromWithProof is an author whose domain authenticates.
func fromWithProof(name, address, domain string) string {
	return "From: " + name + " <" + address + ">\n" + "Authentication-Results: spf=pass smtp.mailfrom=" + domain +
		"; dkim=pass header.d=" + domain + ";dmarc=pass header.from=" + domain + ";compauth=pass reason=100\n"
}

// The name of a registered person at a mailbox or domain of an office, that gives an order.
func TestAgree_ordersOfAnOffice(t *testing.T) {
	const order = "\nI need a transfer to be made today, write back."
	from := func(name, address string) string {
		_, domain, _ := strings.Cut(address, "@")
		return fromWithProof(name, address, domain)
	}
	holdsAgreement(t, "words.office_order", map[string]agreement{
		"a mailbox of an office":   {vary(from("Petra Lindqvist", "ceo.office21@gmail.com") + order), true},
		"a domain of an office":    {vary(from("Petra Lindqvist", "petra@secure-ceo.example") + order), true},
		"an office in Portuguese":  {vary(from("Petra Lindqvist", "diretoria@outlook.com") + "\nPreciso de uma transferência hoje, responda."), true},
		"an office in German":      {vary(from("Marcus Abernathy", "vorstand.mail@gmx.de") + "\nIch brauche heute eine Überweisung, antworten Sie mir bitte."), true},
		"her own mailbox":          {vary(from("Petra Lindqvist", "petra.lindqvist.office@gmail.com") + order), false},
		"a mailbox with her name":  {vary(from("Petra Lindqvist", "lindqvist77@gmail.com") + order), false},
		"a fancy name":             {vary(from("Petra Lindqvist", "sunflower77@gmail.com") + order), false},
		"a registered address":     {vary(from("Petra Lindqvist", "petra@lindqvist.example") + order), false},
		"her family's domain":      {vary(from("Petra Lindqvist", "petra@lindqvist-office.example") + order), false},
		"a namesake at a firm":     {vary(from("Petra Lindqvist", "petra@hillside-paper.example") + order), false},
		"a namesake at a club":     {vary(from("Petra Lindqvist", "treasurer@rowing-club.example") + order), false},
		"who asks for nothing":     {vary(from("Petra Lindqvist", "ceo.office21@gmail.com") + "\nHere are the photographs of the summer party."), false},
		"somebody who is not her":  {vary(from("Ann Example", "ceo.office21@gmail.com") + "\nHere are the papers for the meeting."), false},
		"an answer":                {vary(from("Petra Lindqvist", "ceo.office21@gmail.com") + "Subject: Re: Lunch\nIn-Reply-To: <1@contoso.example>\n\nYes, noon suits me."), false},
		"a question whether it is": {vary(from("Petra Lindqvist", "petra.l@gmail.com") + "\nIs the office open tomorrow?"), false},
	})
}

// An order about money from a domain that is spelled nearly as a partner's, in that partner's name.
func TestAgree_ordersOfALookalike(t *testing.T) {
	from := func(name, domain string) string { return fromWithProof(name, "accounts@"+domain, domain) }
	const order = "\nOur bank account has changed. Please pay the invoice to the new one."
	holdsAgreement(t, "words.lookalike_order", map[string]agreement{
		"a letter changed":            {vary(from("Fabrikam Accounts", "fabrikarn.example") + order), true},
		"a letter more":               {vary(from("Fabrikam Accounts", "fabrikkam.example") + order), true},
		"the name in the text":        {vary(from("Rosa Weber", "fabrlkam.example") + "\nFabrikam has a new bank account. Please pay the invoice to it."), true},
		"a firm that is called so":    {vary(from("Fabrikan", "fabrikan.example") + order), false},
		"that names both":             {vary(from("Rosa Weber", "fabrikan.example") + "\nFabrikan took the workshop of Fabrikam over. Please pay the invoice to our account."), false},
		"without a name":              {vary(from("Rosa Weber", "fabrikan.example") + order), false},
		"another suffix":              {vary(from("Fabrikam Accounts", "fabrikam.test") + order), false},
		"a branch":                    {vary(from("Fabrikam Accounts", "fabrikam-nord.example") + order), false},
		"the partner":                 {vary(from("Fabrikam Accounts", "fabrikam.example") + order), false},
		"of nothing that costs":       {vary(from("Fabrikam Events", "fabrikarn.example") + "\nThe summer party is on Thursday."), false},
		"a stranger":                  {vary(from("Rosa Weber", "hillside-paper.example") + order), false},
		"a stranger who speaks of it": {vary(from("Rosa Weber", "hillside-paper.example") + "\nFabrikam recommends us. Please pay the invoice to our account."), false},
		"an answer":                   {vary(from("Fabrikan", "fabrikan.example") + "Subject: Re: Lunch\nIn-Reply-To: <1@contoso.example>\n\nYes, noon suits me."), false},
	})
}

// A person whose surname is that of a brand claims nothing by it, in a mailbox that bears the first name.
func TestBrands_thatAreSurnames(t *testing.T) {
	const bill = "\nI have paid the invoice for the hall, 80 euros. Call me on +1 (888) 555-0123 if you want to cancel."
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"in her mailbox":                {vary(gmailAs("Ann Norton-Miller") + bill), false},
		"with a number":                 {vary(strings.ReplaceAll(gmailAs("Ann Norton"), "ann@", "ann.norton1984@") + bill), false},
		"surname first":                 {vary(gmailAs(`"Norton, Ann"`) + bill), false},
		"an office":                     {vary(gmailAs("Norton Support") + bill), true},
		"an office in its mailbox":      {vary(strings.ReplaceAll(gmailAs("Norton Support"), "ann@", "norton.support@") + bill), true},
		"a brand of two words":          {vary(strings.ReplaceAll(gmailAs("Mercado Pago"), "ann@", "mercadopago81@") + bill), true},
		"a brand of two with a line":    {vary(strings.ReplaceAll(gmailAs("Mercado_Pago"), "ann@", "mercado.x81@") + bill), true},
		"another's name in the mailbox": {vary(strings.ReplaceAll(gmailAs("Norton Renewal Benefit"), "ann@", "x8812@") + bill), true},
	} {
		r := run(t, scorer(t, Options{}), c.text)
		if has(r, "impersonation.brand_free_mail") != c.want || r.Disposition == verdict.Malicious && !c.want {
			t.Errorf("%s: %v: %s", name, r.Disposition, summary(r))
		}
	}
}

// Orders of strangers from free mailboxes wait for a person: money and an answer, an answer and secrecy, wages and what
// one signs in for. What customers, applicants and suppliers write from such mailboxes does not.
func TestStrangerOrder_nearOnes(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"a transfer today":     {"\nAre you available? I need a transfer to be made today, write back.", true},
		"in German":            {"\nSind Sie da? Ich brauche heute noch eine Überweisung, antworten Sie mir kurz.", true},
		"in French":            {"\nÊtes-vous disponible ? J'ai besoin d'un virement aujourd'hui, répondez-moi.", true},
		"a customer's bill":    {"\nPlease send me the invoice for the chairs that I ordered. Thank you.", false},
		"a late parcel":        {"\nMy parcel has not come yet. Could you please tell me when it will be here?", false},
		"an applicant":         {"\nI apply for the position in accounting that you advertise. My papers are attached.", false},
		"a question about pay": {"\nDo you pay interns? I would like to come for three months in spring.", false},
		"a plumber's bill":     {"\nHere is my bill for the repair in the kitchen. It is due in 30 days. Regards, Ann", false},
		"a friend":             {"\nAre you there on Thursday? I owe you ten euros for the lunch. See you, Ann", false},
		"a club":               {"\nThe fee of the club is 30 euros this year. The account is as before. Regards, Ann", false},
		"a landlord":           {"\nThe rent for November has arrived, thank you. The statement follows in spring.", false},
		"a supplier in German": {"\nAnbei die Rechnung für die Reparatur. Zahlbar in 30 Tagen. Viele Grüße, Ann", false},
		"a customer in French": {"\nPouvez-vous m'envoyer la facture des chaises ? Merci beaucoup.", false},
		"a call in Spanish":    {"\n¿Podemos hablar el jueves? Le llamo a las diez. Saludos, Ann", false},
	} {
		if r := run(t, scorer(t, Options{}), vary(gmail+c.text)); (r.Review == verdict.ReviewDemand) != c.want ||
			r.Disposition == verdict.Malicious {
			t.Errorf("%s: %v, review %q: %s", name, r.Disposition, r.Review, summary(r))
		}
	}
}
