// Package mailgen makes synthetic mail for the scorer's tests: attacks, and the good mail near them, each with the
// disposition it must get.
//
// Reads nothing. Writes nothing: it answers messages as Exchange Online would journal them.
//
// Invariants:
//   - I1 the same seed gives the same messages.
//   - I2 everything in them was made up for this project; the organisations are example ones.
//   - I3 the disposition belongs to the template: it says what an administrator would want, not what the scorer
//     happens to answer.
//
// On failure: there is nothing that can fail.
package mailgen

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"clawback/config"
	"clawback/verdict"
)

// Template is one kind of mail.
type Template struct {
	Name     string
	Language string
	Attack   bool
	Want     verdict.Disposition

	Auth    Auth
	From    string // header
	Sender  string // envelope; "": the author's address
	ReplyTo string
	To      string // header; "": the recipient
	Subject string
	Text    string
	HTML    string
	Headers []string
	Files   []File
	Shown   []File // pictures that the page shows: <img src="cid:NAME">
}

// Auth is what Exchange would have found out.
type Auth string

// The outcomes of authentication that templates use.
const (
	Pass      Auth = "pass"      // SPF, DKIM and DMARC pass for the author's domain
	None      Auth = "none"      // nothing is published, nothing signed
	Fail      Auth = "fail"      // DMARC fails
	Forwarded Auth = "forwarded" // DMARC fails, and ARC vouches for it
	Service   Auth = "service"   // signed by a mailing service, not by the author
	Internal  Auth = "internal"  // written inside the organisation
)

// File is an attached file.
type File struct {
	Name string
	Type string
	Body []byte
}

// Message is one synthetic message.
type Message struct {
	Template  *Template
	Sender    string
	Recipient string
	Raw       []byte
}

// Tenant is the organisation that the messages are sent to.
func Tenant() *config.Tenant {
	return &config.Tenant{
		Name: "contoso", ID: "00000000-0000-4000-8000-000000000001", Domains: []string{"contoso.example"},
		Partners: []string{"fabrikam.example"},
		VIPs: []config.VIP{
			{Name: "Petra Lindqvist", Addresses: []string{"petra.lindqvist@contoso.example",
				"petra@lindqvist.example"}},
			{Name: "Marcus Abernathy", Addresses: []string{"marcus.abernathy@contoso.example"}},
		},
	}
}

// Generate makes one message of each template.
func Generate(seed uint64) []Message {
	var all []Message
	templates := Templates()
	for i := range templates {
		all = append(all, make1(&templates[i], rand.New(rand.NewPCG(seed, uint64(i)))))
	}
	return all
}

// Templates are all templates, attacks first.
func Templates() []Template {
	return append(attacks(), good()...)
}

// Make makes one message of a template; the same seed gives the same message.
func Make(t *Template, seed uint64) Message {
	return make1(t, rand.New(rand.NewPCG(seed, 0)))
}

func make1(t *Template, r *rand.Rand) Message {
	fill := filler(r)
	m := Message{Template: t, Recipient: fill.Replace("{user}@contoso.example")}
	from := fill.Replace(t.From)
	m.Sender = fill.Replace(t.Sender)
	if m.Sender == "" {
		m.Sender = address(from)
	}
	b := &builder{t: t, fill: fill, rand: r, from: from, sender: m.Sender, to: m.Recipient}
	m.Raw = b.build()
	return m
}

func address(header string) string {
	if at := strings.LastIndexByte(header, '<'); at >= 0 {
		return strings.Trim(header[at:], "<>")
	}
	return header
}

func pick(r *rand.Rand, all ...string) string { return all[r.IntN(len(all))] }

// filler replaces the fields of templates.
func filler(r *rand.Rand) *strings.Replacer {
	token := func(n int, letters string) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	return strings.NewReplacer(
		"{user}", pick(r, "anna.berg", "tom.field", "lena.okafor", "jon.reyes", "mia.castell"),
		"{first}", pick(r, "Anna", "Tom", "Lena", "Jon", "Mia"),
		"{person}", pick(r, "Hanna Brandt", "Oliver Quist", "Ines Moreau", "Sam Okonkwo"),
		"{local}", pick(r, "hbrandt", "o.quist", "inesm", "samok"),
		"{amount}", fmt.Sprintf("%d.%02d", 200+r.IntN(700), r.IntN(100)),
		"{large}", fmt.Sprintf("%d,%03d", 10+r.IntN(80), r.IntN(1000)),
		"{number}", token(8, "0123456789"),
		"{token}", token(12, "abcdefghijkmnpqrstuvwxyz23456789"),
		"{hex}", token(32, "0123456789abcdef"),
		"{phone}", fmt.Sprintf("+1 (555) 010-%04d", r.IntN(10000)),
		"{day}", pick(r, "Monday", "Tuesday", "Thursday", "Friday"),
		"{site}", pick(r, "garden-tools-depot.example", "northern-cycling.example", "lakeside-bakery.example",
			"studio-werner.example"),
	)
}
