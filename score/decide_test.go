package score

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crypto/ed25519"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/score/engines"
	"clawback/score/extract"
	"clawback/score/learn"
	"clawback/score/lists"
	"clawback/score/rules"
	"clawback/verdict"
	"clawback/verdict/history"
)

func scorer(t testing.TB, o Options) *Scorer {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func of(text string) Message {
	return Message{Original: strings.NewReader(text), Size: int64(len(text))}
}

// part is a signal of some threat in a family.
func part(family string, threat float64) found {
	return found{Signal: Signal{ID: family + ".x", Family: family, Points: Points{Threat: threat}}, factor: 1}
}

func TestDecide_maliciousNeedsTwoFamiliesAndAPayload(t *testing.T) {
	for name, c := range map[string]struct {
		found []found
		want  verdict.Disposition
	}{
		"nothing":                       {nil, verdict.Clean},
		"a link and a claim":            {[]found{part("link", 6), part("impersonation", 6)}, verdict.Malicious},
		"a file and words":              {[]found{part("attachment", 8), part("words", 4)}, verdict.Malicious},
		"links alone":                   {[]found{part("link", 8), part("link", 8)}, verdict.Suspicious},
		"files alone":                   {[]found{part("attachment", 20)}, verdict.Suspicious},
		"words alone":                   {[]found{part("words", 20)}, verdict.Suspicious},
		"authentication alone":          {[]found{part("auth", 20)}, verdict.Clean},
		"Microsoft alone":               {[]found{part("microsoft", 20)}, verdict.Clean},
		"a claim and words":             {[]found{part("impersonation", 7), part("words", 5)}, verdict.Suspicious},
		"a link, auth and Microsoft":    {[]found{part("link", 8), part("auth", 9), part("microsoft", 9)}, verdict.Suspicious},
		"a link and a shape":            {[]found{part("link", 8), part("structure", 9)}, verdict.Suspicious},
		"a link and a trace of a claim": {[]found{part("link", 8), part("auth", 3), part("impersonation", 1)}, verdict.Suspicious},
		"one hard indicator":            {[]found{{Signal: Signal{ID: "engine.virus", Family: "engine", Hard: true}, factor: 1}}, verdict.Malicious},
	} {
		if got, _ := decide(sum(c.found), narrowRule); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Fraud in a superior's name carries nothing to follow or open. It convicts only where an outsider is proven to pose as
// an insider twice over; a name alone, a domain alone, or both without words that ask for something do not.
func TestDecide_forgedInsider(t *testing.T) {
	vip, lookalike := found{Signal: signalNamed(t, "impersonation.vip"), factor: 1}, found{Signal: signalNamed(t, "impersonation.lookalike_domain"), factor: 1}
	words := []found{{Signal: signalNamed(t, "words.discreet"), factor: 3}, {Signal: signalNamed(t, "words.payment"), factor: 2}} // as many phrases
	for name, tt := range map[string]struct {
		all  []found
		want bool
	}{
		"both, and words":            {append([]found{vip, lookalike}, words...), true},
		"the name, and words":        {append([]found{vip}, words...), false},
		"the domain, and words":      {append([]found{lookalike}, words...), false},
		"both, and nothing is asked": {[]found{vip, lookalike}, false},
		"words alone":                {words, false},
	} {
		if got, _ := decide(sum(tt.all), narrowRule); (got == verdict.Malicious) != tt.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func signalNamed(t *testing.T, id string) Signal {
	t.Helper()
	for _, s := range catalogue() {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no signal %s", id)
	return Signal{}
}

func TestDecide_precedence(t *testing.T) {
	for name, c := range map[string]struct {
		points Points
		want   verdict.Disposition
	}{
		"spoof with threat":    {Points{Threat: 5, Spoof: 6}, verdict.Spoof},
		"spoof without threat": {Points{Spoof: 6}, verdict.Clean},
		"spoof, not claimed":   {Points{Threat: 4, Spoof: 6}, verdict.Clean},
		"threat":               {Points{Threat: 6, Spam: 4}, verdict.Suspicious},
		"mostly spam":          {Points{Threat: 5, Spam: 9}, verdict.Spam},
		"spam":                 {Points{Spam: 5, Bulk: 5}, verdict.Spam},
		"bulk":                 {Points{Bulk: 3}, verdict.Bulk},
	} {
		if got, _ := decide(totals{Points: c.points, claims: name != "spoof, not claimed"}, narrowRule); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestCatalogue_noFamilyThatMustNotConvictCanReachItAlone(t *testing.T) {
	for _, family := range []string{"auth", "words", "structure", "microsoft", "learn", "history", "submission"} {
		var all []found
		for _, s := range catalogue() {
			if s.Family == family && s.Points.Threat > 0 {
				all = append(all, found{Signal: s, factor: 4})
			}
		}
		if got, _ := decide(sum(all), wideRule); got == verdict.Malicious {
			t.Errorf("all signals of %s together make MALICIOUS", family)
		}
	}
}

// What somebody says of a message is evidence, and neither a verdict nor a second witness.
func TestClaim_decidesNothingAlone(t *testing.T) {
	s := scorer(t, Options{})
	plain := runWith(t, s, of(base))
	for _, claim := range []string{"phish", "junk", "not_junk"} {
		m := of(base)
		m.Claim = claim
		if r := runWith(t, s, m); !has(r, "submission."+claim) || r.Disposition != plain.Disposition {
			t.Errorf("%s makes %v of %v: %s", claim, r.Disposition, plain.Disposition, summary(r))
		}
	}
	link := found{Signal: Signal{ID: "a", Family: "link", Points: Points{Threat: 8}}, factor: 1}
	said := found{Signal: byID(catalogue())["submission.phish"], factor: 9}
	if n := independent(sum([]found{link, said})); n != 1 {
		t.Errorf("a link and a claim are %d witnesses", n)
	}
}

func TestScore_isDeterministic(t *testing.T) {
	s := scorer(t, Options{})
	for _, m := range mailgen.Generate(3) {
		a := runWith(t, s, of(string(m.Raw)))
		b := runWith(t, s, of(string(m.Raw)))
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: two verdicts on one message differ:\n%s", m.Template.Name, diff)
		}
	}
}

func TestScore_namesItsVersions(t *testing.T) {
	set, err := rules.New([]rules.Rule{{ID: "a", When: "true"}})
	if err != nil {
		t.Fatal(err)
	}
	r := runWith(t, scorer(t, Options{Rules: set}), of(base))
	if !strings.HasPrefix(r.Rules, Version+"+") || r.Knowledge != lists.Version() {
		t.Errorf("rules %q, knowledge %q", r.Rules, r.Knowledge)
	}
}

func TestScore_endsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scorer(t, Options{}).Score(ctx, of(base)); err == nil {
		t.Error("a message was judged after the context had ended")
	}
}

func TestPolicies(t *testing.T) {
	spam := vary("From: Ann <ann@winner-{x}.click>\nSubject: You have won!!\n\nYou have won! Claim your prize, lucky winner. http://winner-x.click/x")
	spam = strings.ReplaceAll(spam, "-{x}", "-x")
	received := time.Date(2026, 11, 4, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		policy config.Policy
		text   string
		want   verdict.Disposition
	}{
		"none":                {config.Policy{}, spam, verdict.Spam},
		"trust an address":    {config.Policy{Kind: "trust_sender", Pattern: "ann@winner-x.click"}, spam, verdict.Clean},
		"trust a domain":      {config.Policy{Kind: "trust_sender", Pattern: "@winner-x.click"}, spam, verdict.Clean},
		"trust another":       {config.Policy{Kind: "trust_sender", Pattern: "@x.click"}, spam, verdict.Spam},
		"trust by expression": {config.Policy{Kind: "trust_sender", Pattern: `/@winner-.\.click$/`}, spam, verdict.Clean},
		"trust a server":      {config.Policy{Kind: "trust_sender", Pattern: "192.0.2.0/24"}, strings.Replace(spam, "To:", "X-MS-Exchange-Organization-ConnectingIP: 192.0.2.7\r\nTo:", 1), verdict.Clean},
		"trust a server, and another": {config.Policy{Kind: "trust_sender", Pattern: "192.0.2.0/24"}, strings.Replace(spam, "To:",
			"X-MS-Exchange-Organization-ConnectingIP : 192.0.2.7\r\nX-MS-Exchange-Organization-ConnectingIP: 198.51.100.7\r\nTo:", 1), verdict.Spam},
		"trust a server, the end in doubt": {config.Policy{Kind: "trust_sender", Pattern: "192.0.2.0/24"}, strings.Replace(spam, "To:",
			"X-MS-Exchange-Organization-ConnectingIP : 192.0.2.7\r\nbroken line\r\nTo:", 1), verdict.Spam},
		"block a server beside another": {config.Policy{Kind: "block_sender", Pattern: "192.0.2.0/24"}, vary(
			"X-MS-Exchange-Organization-ConnectingIP: 198.51.100.7\nX-Forefront-Antispam-Report: CIP:192.0.2.7"), verdict.Clean},
		"trust with proof that fails":  {config.Policy{Kind: "trust_sender", Pattern: "@winner-x.click", Verify: true}, spam, verdict.Spam},
		"trust that has run out":       {config.Policy{Kind: "trust_sender", Pattern: "@winner-x.click", Expires: received.Add(-time.Hour)}, spam, verdict.Spam},
		"trust that still runs":        {config.Policy{Kind: "trust_sender", Pattern: "@winner-x.click", Expires: received.Add(time.Hour)}, spam, verdict.Clean},
		"accept of spam":               {config.Policy{Kind: "accept_sender", Pattern: "@winner-x.click"}, spam, verdict.Clean},
		"exempt recipient":             {config.Policy{Kind: "exempt_recipient", Pattern: "bob.field@contoso.example"}, spam, verdict.Clean},
		"exempt another":               {config.Policy{Kind: "exempt_recipient", Pattern: "eve@contoso.example"}, spam, verdict.Spam},
		"simulation":                   {config.Policy{Kind: "simulation", Pattern: "@winner-x.click"}, spam, verdict.Clean},
		"block a sender":               {config.Policy{Kind: "block_sender", Pattern: "@sender.example"}, base, verdict.Malicious},
		"block by reply-to":            {config.Policy{Kind: "block_sender", Pattern: "@evil.example"}, vary("Reply-To: x@evil.example"), verdict.Malicious},
		"block a subject":              {config.Policy{Kind: "block_content", Field: "subject", Pattern: "lunch on"}, base, verdict.Malicious},
		"block a subject, in the body": {config.Policy{Kind: "block_content", Field: "subject", Pattern: "at noon"}, base, verdict.Clean},
		"block a body by expression":   {config.Policy{Kind: "block_content", Field: "body", Pattern: `/at\s+noon/`}, base, verdict.Malicious},
		"block that has run out":       {config.Policy{Kind: "block_sender", Pattern: "@sender.example", Expires: received.Add(-time.Hour)}, base, verdict.Clean},
	} {
		tenant := mailgen.Tenant()
		if c.policy.Kind != "" {
			tenant.Policies = []config.Policy{c.policy}
		}
		m := of(strings.ReplaceAll(c.text, "\r\n", "\n"))
		m.Tenant, m.Received = tenant, received
		r := runWith(t, scorer(t, Options{}), m)
		if r.Disposition != c.want {
			t.Errorf("%s: %v, want %v: %s", name, r.Disposition, c.want, summary(r))
		}
	}
}

// A policy for a domain is not one for a domain that looks like it, and the organisation's domains are its own alone.
func TestPolicies_lookAlikeDomainIsAnother(t *testing.T) {
	for pattern, from := range map[string]string{
		"@winner-k.click":         "ann@winner-\u212a.click",
		`/@winner-k\.click$/`:     "ann@winner-\u212a.click",
		"ann@winner-s.click":      "ann@winner-\u017f.click",
		`/^ann@winner-s\.click$/`: "ann@winner-\u017f.click",
		"@winner-i.click":         "ann@winner-\u0130.click",
	} {
		p := compile(config.Policy{Kind: "trust_sender", Pattern: pattern})
		if p.matches(from) {
			t.Errorf("%s matches %s", pattern, from)
		}
		ascii := strings.NewReplacer("\u212a", "K", "\u017f", "S", "\u0130", "I").Replace(from)
		if !p.matches(ascii) {
			t.Errorf("%s does not match %s", pattern, ascii)
		}
	}
	tenant := mailgen.Tenant()
	own := ownDomains(tenant, nil, nil)
	for _, domain := range []string{"contoso.example", "CONTOSO.example."} {
		if !own[organisation(domain)] {
			t.Errorf("%s is not the organisation's: %v", domain, own)
		}
	}
	for _, domain := range []string{"conto\u017fo.example", "\uff43ontoso.example", "contoso.e\u212aample"} {
		if own[organisation(domain)] {
			t.Errorf("%s is the organisation's", domain)
		}
	}
}

// Fields that Exchange strips from outside mail are read under their own name alone.
func TestHeader_lookAlikeNameIsAnotherField(t *testing.T) {
	h := extract.Header{Fields: []extract.Field{{Name: "X-M\u017f-Exchange-Organization-AuthAs", Value: "Internal"}}}
	if h.Has("X-MS-Exchange-Organization-AuthAs") || h.First("X-MS-Exchange-Organization-AuthAs") != "" {
		t.Error("a long s made a field of Exchange's")
	}
	h.Fields[0].Name = "x-ms-EXCHANGE-organization-authas"
	if h.First("X-MS-Exchange-Organization-AuthAs") != "Internal" {
		t.Error("the field's own name is not found without case")
	}
}

func TestPolicies_verifiedSenderPassesAndBlockDoesNotOutrankIt(t *testing.T) {
	tenant := mailgen.Tenant()
	tenant.Policies = []config.Policy{{Kind: "block_sender", Pattern: "@sender.example"}, {Kind: "trust_sender", Pattern: "ann@sender.example", Verify: true}}
	m := of(base)
	m.Tenant = tenant
	if r := runWith(t, scorer(t, Options{}), m); r.Disposition != verdict.Clean {
		t.Errorf("%v: %s", r.Disposition, summary(r))
	}
}

func TestPolicies_acceptDoesNotLetMalicePass(t *testing.T) {
	tenant := mailgen.Tenant()
	tenant.Policies = []config.Policy{{Kind: "accept_sender", Pattern: "@sender.example"}}
	m := of(base)
	m.Tenant, m.Findings = tenant, []engines.Finding{{Engine: "clamav", Hard: true, Points: 10, Text: "ClamAV knows it."}}
	if r := runWith(t, scorer(t, Options{}), m); r.Disposition != verdict.Malicious {
		t.Errorf("%v: %s", r.Disposition, summary(r))
	}
}

func TestPolicies_trustedDomainIsNoLookalike(t *testing.T) {
	tenant := mailgen.Tenant()
	tenant.Policies = []config.Policy{{Kind: "trusted_domain", Pattern: "contos0.example"}}
	text := vary("From: Ann <ann@contos0.example>")
	m := of(text)
	m.Tenant = tenant
	if r := runWith(t, scorer(t, Options{}), m); has(r, "impersonation.lookalike_domain") {
		t.Errorf("a trusted domain is a lookalike: %s", summary(r))
	}
}

// entries answers histories as the store would.
// remembered is a History that a test writes.
type remembered func(keys []string) []history.Entry

func (r remembered) Entries(_ context.Context, keys []string) ([]history.Entry, error) {
	return r(keys), nil
}

func entries(all ...history.Entry) remembered {
	return func(keys []string) []history.Entry {
		var out []history.Entry
		for _, key := range keys {
			for _, e := range all {
				if e.Key == key {
					out = append(out, e)
				}
			}
		}
		return out
	}
}

func TestHistory_signals(t *testing.T) {
	day := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	known := history.Entry{Key: history.From("ann@sender.example"), FirstSeen: day, LastSeen: day.AddDate(0, 0, 20), Received: 5, Aligned: 5, AlignedDays: 7}
	domain := history.Entry{Key: history.Domain("sender.example"), FirstSeen: day, LastSeen: day.AddDate(0, 0, 20), Received: 5, Aligned: 5}
	written := history.Entry{Key: history.From("ann@sender.example"), Sent: 2, SentDays: 3}
	partner := history.Entry{Key: history.Domain("sender.example"), Sent: 4, Began: 1}
	for _, c := range []struct {
		id      string
		text    string
		entries []history.Entry
		want    bool
	}{
		{"history.first_domain", base, nil, true},
		{"history.first_domain", base, []history.Entry{domain}, false},
		{"history.first_sender", base, []history.Entry{domain}, true},
		{"history.first_sender", base, []history.Entry{known, domain}, false},
		{"history.known_sender", base, []history.Entry{known}, true},
		{"history.known_sender", vary(unsigned), []history.Entry{known}, false},
		{"history.broken_authentication", vary(unsigned), []history.Entry{known}, true},
		{"history.broken_authentication", base, []history.Entry{known}, false},
		{"history.correspondent", base, []history.Entry{written}, true},
		{"history.correspondent", vary(unsigned), []history.Entry{written}, false},
		{"history.known_domain", base, []history.Entry{partner}, true},
		{"history.odd_reply_to", vary("Reply-To: ann@gmail.com"), []history.Entry{known, domain}, true},
		{"history.odd_reply_to", vary("Reply-To: ann@gmail.com"), []history.Entry{known, domain, {Key: history.Reply("ann@sender.example", "gmail.com"), Received: 1}}, false},
		{"history.odd_infrastructure", vary("Authentication-Results: spf=pass smtp.mailfrom=mailer.example; dkim=pass header.d=mailer.example; dmarc=pass header.from=sender.example"), []history.Entry{known, domain}, true},
		{"history.odd_infrastructure", base, []history.Entry{known, domain}, false},
	} {
		m := of(c.text)
		m.History = entries(c.entries...)
		r := runWith(t, scorer(t, Options{}), m)
		if has(r, c.id) != c.want {
			t.Errorf("%s with %v: %v, want %v: %s", c.id, c.entries, !c.want, c.want, summary(r))
		}
		if len(r.Read) != len(c.entries) && len(c.entries) > 0 && len(r.Read) == 0 {
			t.Errorf("%s: the values read are not part of the answer", c.id)
		}
	}
}

func TestHistory_teachesOnlyWhatCanBeBelieved(t *testing.T) {
	received := time.Date(2026, 11, 4, 9, 0, 0, 0, time.UTC)
	bad := vary(unsigned + "Subject: You have won!!\n\nYou have won! Claim your prize, lucky winner, claim your reward. http://winner-x.click/")
	for name, c := range map[string]struct {
		text      string
		firstHand bool
		teaches   bool
	}{
		"attributed and authenticated": {base, true, true},
		"not attributed":               {base, false, false},
		"not authenticated":            {vary(unsigned), true, false},
		"flagged":                      {bad, true, false},
	} {
		m := of(c.text)
		m.FirstHand, m.Received = c.firstHand, received
		r := runWith(t, scorer(t, Options{}), m)
		if (len(r.Observations) > 0) != c.teaches {
			t.Errorf("%s: teaches %+v", name, r.Observations)
		}
	}
}

func TestHistory_mailWrittenTeachesWhomItWentTo(t *testing.T) {
	text := vary("From: Bob <bob@contoso.example>\nX-MS-Exchange-Organization-AuthAs: Internal\nX-MS-Exchange-Organization-MessageDirectionality: Originating")
	m := Message{Original: strings.NewReader(text), Size: int64(len(text)), Recipients: []string{"ann@sender.example", "eve@contoso.example"}, FirstHand: true,
		Received: time.Date(2026, 11, 4, 9, 0, 0, 0, time.UTC), Tenant: mailgen.Tenant()}
	r, err := scorer(t, Options{}).Score(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range r.Observations {
		if !o.Sent {
			t.Errorf("%s is taught as received", o.Key)
		}
		keys = append(keys, o.Key)
	}
	if diff := cmp.Diff([]string{"from:ann@sender.example", "domain:sender.example"}, keys); diff != "" {
		t.Error(diff)
	}
}

// listing lists one value.
type listing verdict.Indicator

func (l listing) Listed(i verdict.Indicator) bool { return i == verdict.Indicator(l) }

// A listed address is kept wherever it stands, behind a gateway's or a redirect's too; what follows is not the scorer's
// to say.
func TestIndicators_listedAndWrapped(t *testing.T) {
	want := verdict.Indicator{Kind: "domain", Value: "www.listed.example"}
	s := scorer(t, Options{Listed: listing(want)})
	for _, to := range []string{
		"https://www.listed.example/x",
		"https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.listed.example%2Fx&data=05",
		"https://www.google.com/url?q=https://www.listed.example/x",
	} {
		r := run(t, s, link(to, "here"))
		if !slices.Contains(r.Indicators, want) || r.Disposition == verdict.Malicious {
			t.Errorf("%s: %v, kept is %v", to, r.Disposition, r.Indicators)
		}
	}
}

// Wherever a listed address stands, and whatever stands before it, it is kept; what is listed by nobody is not, beyond
// the bound.
func TestIndicators_nobodyHidesOneBehindMany(t *testing.T) {
	const listed, other = "https://www.listed.example/x", "https://www.other.example/x"
	s := scorer(t, Options{Listed: listing{Kind: "url", Value: listed}})
	many := func(n int, format string) string {
		var out strings.Builder
		for i := range n {
			fmt.Fprintf(&out, format, i)
		}
		return out.String()
	}
	last := `<p>Hello</p><a href="` + other + `">here</a><a href="` + listed + `">here</a>`
	for name, c := range map[string]struct {
		text  string
		other bool // is kept too
	}{
		"60 links":           {page("", many(60, `<a href="https://h%d.example/">x</a>`)+last), true},
		"500 pictures":       {page("", many(500, `<img src="https://h%d.example/x.png">`)+last), true},
		"5000 links":         {page("", many(5000, `<a href="https://h%d.example/">x</a>`)+last), false},
		"5000 links in text": {vary("\n" + many(5000, "https://h%d.example/\n") + other + "\n" + listed), false},
		"a long comment":     {page("", "<!-- "+many(60_000, "comment %d ")+"-->"+last), true},
		"a long page":        {page("", many(400_000, "<i>%d</i>\n")+last), true},
		"a long text":        {vary("\n" + many(60_000, "some words of line %d\n") + other + "\n" + listed), true},
		"a picture's": {page("", many(500, `<a href="https://h%d.example/">x</a>`)+`<img src="`+listed+`">`),
			false},
		"in a script": {attached("", longText, "page.html", "text/html", []byte("<html><script>"+
			many(20_000, "var x%d=1;\n")+"x='"+other+"';location='"+listed+"'</script></html>")), true},
	} {
		r := run(t, s, c.text)
		keeps := func(value string) bool {
			return slices.Contains(r.Indicators, verdict.Indicator{Kind: "url", Value: value})
		}
		if len(r.Indicators) > maxIndicators+1 || !keeps(listed) || keeps(other) != c.other {
			t.Errorf("%s: of %d indicators the listed one is kept: %v, the other one: %v, want true and %v", name,
				len(r.Indicators), keeps(listed), keeps(other), c.other)
		}
	}
}

// The addresses by which policies know a message are kept, before all links.
func TestIndicators_addresses(t *testing.T) {
	r := run(t, scorer(t, Options{}), vary("Reply-To: Eve <eve@reply.example>\n"))
	for _, want := range []string{"ann@sender.example", "eve@reply.example"} {
		if !slices.Contains(r.Indicators, verdict.Indicator{Kind: addressKind, Value: want}) {
			t.Errorf("%s is not kept: %v", want, r.Indicators)
		}
	}
}

// A file is found by its name, an empty and an odd one too; many names leave room for the links.
func TestIndicators_namesOfFiles(t *testing.T) {
	s := scorer(t, Options{})
	name := func(name string) verdict.Indicator { return verdict.Indicator{Kind: "file", Value: name} }
	for file, want := range map[string]bool{"Invoice_42.pdf.ISO": true, "photo.png": false} {
		kind := map[bool]string{true: "application/octet-stream", false: "image/png"}[want]
		r := run(t, s, attached("", longText, file, kind, []byte("some bytes")))
		if got := slices.Contains(r.Indicators, name(file)); got != want {
			t.Errorf("%s: kept is %v: %v", file, got, r.Indicators)
		}
	}
	r := run(t, s, attached("", longText, strings.Repeat("é", 200)+".iso", "application/octet-stream", nil))
	if !slices.Contains(r.Indicators, name(strings.Repeat("é", 127))) {
		t.Errorf("a long name, and no content: %v", r.Indicators)
	}
}

func TestEngines_findingsAndDegradations(t *testing.T) {
	for _, c := range []struct {
		finding engines.Finding
		id      string
		want    verdict.Disposition
	}{
		{engines.Finding{Engine: "clamav", Hard: true, Points: 10}, "engine.virus", verdict.Malicious},
		{engines.Finding{Engine: "clamav", Points: 1}, "engine.clamav", verdict.Clean},
		{engines.Finding{Engine: "rspamd", Points: 4}, "engine.rspamd", verdict.Clean},
		{engines.Finding{Engine: "spamassassin", Points: 4}, "engine.spamassassin", verdict.Clean},
		{engines.Finding{Engine: "dnsl", Points: 4}, "engine.dnsl", verdict.Clean},
	} {
		m := of(base)
		m.Findings, m.Degraded = []engines.Finding{c.finding}, []string{"rspamd: connect: refused"}
		r := runWith(t, scorer(t, Options{}), m)
		if r.Disposition != c.want || !has(r, c.id) || len(r.Degraded) != 1 {
			t.Errorf("%s: %v, degraded %v: %s", c.id, r.Disposition, r.Degraded, summary(r))
		}
	}
}

func TestLearnt_isOffUntilItHasSeenEnough(t *testing.T) {
	s := scorer(t, Options{})
	good, bad := of(base), of(vary("Subject: Quarterly regatta newsletter\n\nThe regatta committee announces sails, masts and rigging for members."))
	model := &learn.Model{}
	for range learn.MinEach {
		for _, c := range []struct {
			m   Message
			bad bool
		}{{good, false}, {bad, true}} {
			tokens, err := s.Tokens(c.m)
			if err != nil {
				t.Fatal(err)
			}
			if model.Bad < learn.MinEach && model.Good < learn.MinEach {
				bad.Learnt = model
				if r := runWith(t, s, bad); has(r, "learn.unwanted") {
					t.Fatal("the classifier spoke too early")
				}
			}
			model.Train(tokens, c.bad)
		}
	}
	bad.Learnt, good.Learnt = model, model
	if r := runWith(t, s, bad); !has(r, "learn.unwanted") || r.Disposition == verdict.Malicious {
		t.Errorf("%v: %s", r.Disposition, summary(r))
	}
	if r := runWith(t, s, good); !has(r, "learn.wanted") {
		t.Errorf("%v: %s", r.Disposition, summary(r))
	}
}

func TestRules_observeThenAct(t *testing.T) {
	for mode, want := range map[string]verdict.Disposition{"observe": verdict.Clean, "act": verdict.Suspicious} {
		set, err := rules.New([]rules.Rule{{ID: "lunch", Mode: mode, When: `subject contains "Lunch" && from.domain == "sender.example"`, Threat: 6}})
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, scorer(t, Options{Rules: set}), base)
		if r.Disposition != want || !has(r, "rule.lunch") {
			t.Errorf("%s: %v: %s", mode, r.Disposition, summary(r))
		}
	}
}

func TestReverify_aSignatureWhoseKeyIsKnown(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	var signed strings.Builder
	text := vary("Authentication-Results: spf=none smtp.mailfrom=other.example; dkim=none header.d=none")
	if err := dkim.Sign(&signed, strings.NewReader(text), &dkim.SignOptions{Domain: "sender.example", Selector: "s1", Signer: private, HeaderKeys: []string{"From", "Subject"}}); err != nil {
		t.Fatal(err)
	}
	record := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	for _, c := range []struct {
		text, record string
		want         bool
	}{
		{signed.String(), record, true},
		{signed.String(), "", false},
		{strings.Replace(signed.String(), "noon", "midnight", 1), record, false},
	} {
		m := of(c.text)
		m.Keys = func(domain, selector string) (string, bool) {
			return c.record, c.record != "" && domain == "sender.example" && selector == "s1"
		}
		if r := runWith(t, scorer(t, Options{}), m); has(r, "auth.dkim_reverified") != c.want {
			t.Errorf("reverified %v, want %v: %s", !c.want, c.want, summary(r))
		}
	}
}

func TestMicrosoft_isReadOnlyWhenTrusted(t *testing.T) {
	text := vary("X-Forefront-Antispam-Report: SCL:9;CAT:HPHSH;")
	if r := run(t, scorer(t, Options{}), text); has(r, "microsoft.malware") {
		t.Error("Microsoft's verdict is read although it is not trusted")
	}
	if r := run(t, scorer(t, Options{TrustMicrosoft: true}), text); !has(r, "microsoft.malware") || r.Disposition == verdict.Malicious {
		t.Errorf("%v: %s", r.Disposition, summary(r))
	}
}

func TestScore_manyOwnDomainsGiveOneAnswer(t *testing.T) {
	s := scorer(t, Options{})
	tenant := mailgen.Tenant()
	for _, name := range []string{"contosa", "contosi", "contose", "contosu", "contosy", "contosk"} {
		tenant.Domains = append(tenant.Domains, name+".example")
	}
	m := of(vary("From: Ann <ann@contos0.example>"))
	m.Tenant = tenant
	want := runWith(t, s, m)
	for range 20 {
		if diff := cmp.Diff(want, runWith(t, s, m)); diff != "" {
			t.Fatalf("two verdicts on one message differ:\n%s", diff)
		}
	}
}

func TestAddressing_anyOfManyRecipientsIsEnough(t *testing.T) {
	text := vary("To: last@contoso.example")
	m := of(text)
	m.Tenant, m.Sender = mailgen.Tenant(), "ann@sender.example"
	for i := range 200 {
		m.Recipients = append(m.Recipients, fmt.Sprintf("r%d@contoso.example", i))
	}
	m.Recipients = append(m.Recipients, "last@contoso.example")
	r, err := scorer(t, Options{}).Score(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if has(r, "structure.not_addressed") {
		t.Errorf("a message to one of many recipients counts as addressed to none: %s", summary(r))
	}
}

func TestPolicies_exemptMeansEveryRecipient(t *testing.T) {
	tenant := mailgen.Tenant()
	tenant.Policies = []config.Policy{{Kind: "exempt_recipient", Pattern: `/^r\d+@/`}}
	m := of(attached("", longText, "photo.jpg", "image/jpeg", append([]byte("MZ\x90\x00\x03"), make([]byte, 500)...)))
	m.Tenant, m.Sender = tenant, "ann@sender.example"
	for i := range 40 {
		m.Recipients = append(m.Recipients, fmt.Sprintf("r%d@contoso.example", i))
	}
	for _, c := range []struct {
		more []string
		want verdict.Disposition
	}{{nil, verdict.Clean}, {[]string{"bob.field@contoso.example"}, verdict.Malicious}} {
		one := m
		one.Recipients = append(append([]string{}, m.Recipients...), c.more...)
		r, err := scorer(t, Options{}).Score(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		if r.Disposition != c.want {
			t.Errorf("with %v more: %v, want %v", c.more, r.Disposition, c.want)
		}
	}
}
