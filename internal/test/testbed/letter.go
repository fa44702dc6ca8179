package testbed

import (
	"bytes"
	"errors"
	"fmt"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/testdata"
)

// Letter is a report of one message to one mailbox, made of one of the demo's.
type Letter struct {
	Bad       bool
	Report    []byte
	Original  []byte // as Exchange delivered it
	MessageID string
	Mailbox   string
}

// Contoso is the organisation that the demo's letters are written to, without a brake that so many bad letters would
// meet.
var Contoso = Tenant{
	Name: "contoso", ID: "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8",
	Domains: []string{"contoso.example"}, OriginatorOrg: []string{"contoso.onmicrosoft.com"},
	Tables: "\n[tenant.brake]\nmailboxes_per_hour = 1000000\nmailboxes_per_mail = 10000\nshare_percent = " +
		"100\nshare_from = 1000000\n",
}

// Write makes the n-th letter to a mailbox: one that is MALICIOUS, or a CLEAN one. Ids follow from n.
func Write(bad bool, n int, mailbox string) (Letter, error) {
	file, number, to, domain := "demo/06-throttled.eml", 6, "busy@contoso.example", "micros0ft-accounts.example"
	if !bad {
		file, number, to, domain = "demo/04-colleague.eml", 4, "sales@contoso.example", "contoso.example"
	}
	report, err := testdata.Demo.ReadFile(file)
	if err != nil {
		return Letter{}, fmt.Errorf("read template: %w", err)
	}
	l := Letter{Bad: bad, Mailbox: mailbox, MessageID: fmt.Sprintf("<letter-%d@%s>", n, domain)}
	for _, pair := range [][2]string{
		{fmt.Sprintf("<demo-%02d.20261102@%s>", number, domain), l.MessageID},
		{demoID(number), fmt.Sprintf("aaaa0000-0000-4000-8000-%012x", n)},        // network message id
		{demoID(7000 + number), fmt.Sprintf("bbbb0000-0000-4000-8000-%012x", n)}, // outer Message-ID
		{demoID(5000 + number), fmt.Sprintf("cccc0000-0000-4000-8000-%012x", n)}, // the report's own network message id
		{to, mailbox},
	} {
		report = bytes.ReplaceAll(report, []byte(pair[0]), []byte(pair[1]))
	}
	_, rest, found := bytes.Cut(report, []byte("Content-Type: message/rfc822\r\n\r\n"))
	end := bytes.LastIndex(rest, []byte("\r\n--_"))
	if !found || end < 0 {
		return Letter{}, errors.New("the template has no original")
	}
	l.Report, l.Original = report, rest[:end]
	return l, nil
}

func demoID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", 0xc1a00000+n, n) }

// Deliver puts the letter's original into its mailbox, and gives the simulator's key of it.
func (b *Bed) Deliver(l Letter) (key string, err error) {
	m, err := b.Sim.Deliver(graphsim.Delivery{Mailbox: l.Mailbox, MIME: l.Original})
	return m.Key, err
}

// Send delivers one report to a tenant by BDAT; nil only after a 250 was read whole.
func Send(conn *smtpload.Conn, t Tenant, report []byte) error {
	return SendTo(conn, t.Journal(), report)
}

// SendTo is Send to a journal address.
func SendTo(conn *smtpload.Conn, address string, report []byte) error {
	for _, line := range []string{"MAIL FROM:<" + Alternate + ">", "RCPT TO:<" + address + ">"} {
		if err := conn.Expect(250, line); err != nil {
			return err
		}
	}
	if err := conn.Send(append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(report)), report...)); err != nil {
		return err
	}
	reply, err := conn.Reply()
	if err == nil && reply.Code != 250 {
		err = fmt.Errorf("refused: %s", reply)
	}
	return err
}
