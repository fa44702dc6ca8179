package crash

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/testdata"
)

// kind is what becomes of a report when all goes well.
type kind int

const (
	taken  kind = iota // MALICIOUS: retracted from one mailbox
	left               // CLEAN: nothing is done
	broken             // cannot be unwrapped: bounced
	known              // BULK, and authenticated: its author is remembered
)

// letter is one report and what is to become of it.
type letter struct {
	n         int
	kind      kind
	report    []byte
	messageID string
	mailbox   string // whose Inbox the original lies in
	key       string // of that message in the simulator
	answers   int    // 250s that were read for it
	sent      int    // times that it was sent
}

const mailboxes = 8

func mailboxName(n int) string { return fmt.Sprintf("user%d@contoso.example", n%mailboxes) }

var organisation = testbed.Tenant{
	Name: "contoso", ID: "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8",
	Domains: []string{"contoso.example"}, OriginatorOrg: []string{"contoso.onmicrosoft.com"},
	// A third of the letters is bad, which no brake of a real organisation would let pass.
	Tables: "\n[tenant.brake]\nmailboxes_per_hour = 1000000\nmailboxes_per_mail = 1000\nshare_percent = 100\nshare_from = 1000000\n",
}

// templates are the demo's reports whose names and ids are replaced in each letter.
var templates = map[kind]struct{ file, number, rcpt, domain string }{
	taken:  {"demo/06-throttled.eml", "06", "busy@contoso.example", "micros0ft-accounts.example"},
	left:   {"demo/04-colleague.eml", "04", "sales@contoso.example", "contoso.example"},
	known:  {"demo/03-newsletter.eml", "03", "reception@contoso.example", "news.fabrikam.example"},
	broken: {"demo/10-unparsable.eml", "10", "reception@contoso.example", "fabrikam.example"},
}

// compose makes the n-th letter of a kind.
func compose(t testing.TB, k kind, n int) *letter {
	t.Helper()
	tpl := templates[k]
	report, err := testdata.Demo.ReadFile(tpl.file)
	if err != nil {
		t.Fatal(err)
	}
	var number int
	fmt.Sscanf(tpl.number, "%d", &number)
	l := &letter{n: n, kind: k, mailbox: mailboxName(n), messageID: fmt.Sprintf("<crash-%d@%s>", n, tpl.domain)}
	for _, pair := range [][2]string{
		{fmt.Sprintf("<demo-%s.20261102@%s>", tpl.number, tpl.domain), l.messageID},
		{guid(0xc1a00000, number), guid(0xaaaa0000, n)},      // network message id
		{guid(0xc1a00000, 7000+number), guid(0xbbbb0000, n)}, // outer Message-ID
		{guid(0xc1a00000, 5000+number), guid(0xcccc0000, n)}, // the report's own network message id
		{tpl.rcpt, l.mailbox},
	} {
		report = bytes.ReplaceAll(report, []byte(pair[0]), []byte(pair[1]))
	}
	l.report = report
	return l
}

func guid(base, n int) string {
	if base == 0xc1a00000 {
		base += n
	}
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", base, n)
}

// deliver puts the original into its mailbox, as Exchange would have.
func (l *letter) deliver(t testing.TB, bed *testbed.Bed) {
	t.Helper()
	if l.kind == broken {
		return
	}
	_, rest, ok := strings.Cut(string(l.report), "Content-Type: message/rfc822\r\n\r\n")
	if !ok {
		t.Fatal("the template has no original")
	}
	original := rest[:strings.LastIndex(rest, "\r\n--_")]
	m, err := bed.Sim.Deliver(graphsim.Delivery{Mailbox: l.mailbox, MIME: []byte(original)})
	if err != nil {
		t.Fatal(err)
	}
	l.key = m.Key
}
