package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/store"
)

// A sender whom a policy trusts where he is proven, and a stranger who writes under his name.
const trusting = `
[[tenant.policy]]
kind = "trust_sender"
pattern = "@partner.example"
verify = true

[tenant.brake]
campaign_percent = "off"
mailboxes_per_hour = 1000
share_percent = 100
share_from = 1000
`

const (
	passes = "Authentication-Results: spf=pass smtp.mailfrom=partner.example; dkim=pass (signature was verified) header.d=partner.example;dmarc=pass action=none header.from=partner.example;compauth=pass reason=100"
	fails  = "Authentication-Results: spf=fail (sender IP is 192.0.2.25) smtp.mailfrom=partner.example; dkim=none (message not signed) header.d=none;dmarc=fail action=none header.from=partner.example;compauth=fail reason=001"
)

// results are the Authentication-Results of a message: above the Received field of Exchange's own server, and below.
type results struct {
	name         string
	above, below string
	replace      [2]string // in the Received field of Exchange's own server
}

// whatSendersWrite are the ways in which a stranger can have results of his own in a message.
func whatSendersWrite() []results {
	const (
		foreign = "Received: from laptop by mx.evil.example with ESMTP; Mon, 02 Nov 2026 09:05:59 +0000\r\n"
		forged  = "Received: from mx.partner.example (192.0.2.9) by AM0EUR01FT001.mail.protection.outlook.com (10.0.0.1) with Microsoft SMTP Server id 15.20.9999.1; Mon, 02 Nov 2026 09:06:00 +0000\r\n"
	)
	fold := func(s string) string { return strings.ReplaceAll(s, " ", "\r\n\t") }
	return []results{
		{name: "right below", above: fails, below: passes},
		{name: "below, folded after each word", above: fails, below: fold(passes)},
		{name: "below, three times", above: fails, below: passes + "\r\n" + passes + "\r\n" + passes},
		{name: "Exchange's folded after each word", above: fold(fails), below: passes},
		{name: "Exchange's in capitals", above: strings.ToUpper(fails), below: passes},
		{name: "below a hop of his own", above: fails, below: foreign + passes},
		{name: "below a forged hop of Exchange's", above: fails, below: forged + passes},
		{name: "below two forged hops of Exchange's", above: fails, below: forged + forged + passes},
		{name: "in a comment of Exchange's", above: strings.Replace(fails, "message not signed", "x; dmarc=pass header.from=partner.example", 1), below: passes},
		{name: "in nested comments", above: strings.Replace(fails, "message not signed", "a (b) \\) dmarc=pass header.from=partner.example (", 1) + "))", below: passes},
		{name: "in a quoted sender", above: strings.Replace(fails, "smtp.mailfrom=partner.example", "smtp.mailfrom=\"a; dmarc=pass header.from=partner.example\"@evil.example", 1), below: passes},
		{name: "none of Exchange's, below a hop of his own", below: foreign + passes},
		{name: "none of Exchange's, with a server's name", below: strings.Replace(passes, "Results:", "Results: mx.evil.example;", 1)},
		{name: "with the name of a server that ends in Exchange's", below: foreign + strings.Replace(passes, "Results:", "Results: mail.protection.outlook.com;", 1)},
		{name: "by a server whose name begins as Exchange's", below: strings.Replace(forged, "outlook.com (10", "outlook.com.evil.example (10", 1) + passes, above: fails},
		{name: "by a server whose name ends nearly so", below: strings.Replace(forged, "AM0EUR01FT001.mail", "evil-mail", 1) + passes, above: fails},
		{name: "ARC's", above: fails, below: "ARC-" + passes + "\r\nARC-" + strings.Replace(passes, "Results:", "Results: i=1;", 1)},
		{name: "renamed by Exchange", above: fails, below: strings.Replace(passes, "Results:", "Results-Original:", 1)},
		{name: "with a blank before the colon", above: fails, below: strings.Replace(passes, "Results:", "Results :", 1)},
		{name: "empty ones of Exchange's", above: "Authentication-Results:", below: passes},
		{name: "none, said by Exchange", above: "Authentication-Results: dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=partner.example;", below: passes},
		{name: "a HELO that opens a comment", above: fails, below: passes, replace: [2]string{"from mail.example.net", "from mail(.example.net"}},
		{name: "a HELO that opens one, and a server's name", below: strings.Replace(passes, "Results:", "Results: mx.evil.example;", 1), replace: [2]string{"from mail.example.net", "from mail(.example.net"}},
	}
}

// None of them makes him the partner: his mail is taken. The partner's own, of the same words, is left alone.
func TestAttack_resultsOfTheSenders(t *testing.T) {
	w := startWith(t, trusting, "", "")
	type sent struct {
		results
		id string
		m  graphsim.Message
	}
	var all []sent
	for n, r := range whatSendersWrite() {
		id, m := w.fromPartner(n, r)
		all = append(all, sent{r, id, m})
	}
	ownID, own := w.fromPartner(100, results{above: passes})
	w.seen(ownID)
	for _, s := range all {
		w.eventually(func() string {
			if got := w.outcomes(s.id)[sales]; got != store.Done {
				out, _ := w.cli("show", s.id)
				return fmt.Sprintf("%s: the outcome is %q\n%s", s.name, got, out)
			}
			return ""
		})
		if at := w.where(s.m); at != deletions {
			t.Errorf("%s: it lies in %s", s.name, at)
		}
	}
	if len(w.outcomes(ownID)) > 0 {
		t.Errorf("the partner's own:\n%s", w.must("show", ownID))
	}
	w.stays(own, "inbox")
}

// fromPartner has a bad message under the partner's name delivered and reported.
func (w *world) fromPartner(n int, r results) (id string, m graphsim.Message) {
	w.t.Helper()
	l, err := testbed.Write(true, 9000+n, sales)
	if err != nil {
		w.t.Fatal(err)
	}
	change := func(b []byte) []byte {
		b = bytes.ReplaceAll(b, []byte("no-reply@micros0ft-accounts.example"), []byte("no-reply@partner.example"))
		b = bytes.ReplaceAll(b, []byte("bounce@mailer.example.net"), []byte("bounce@partner.example"))
		from := bytes.Index(b, []byte("Authentication-Results: spf=fail"))
		to := from + bytes.Index(b[from:], []byte("Received: from mail.example.net"))
		end := to + bytes.Index(b[to:], []byte("X-MS-Exchange-Organization-Network-Message-Id"))
		below := bytes.Index(b, []byte("Return-Path: "))
		if from < 0 || to < from || end < to || below < end {
			w.t.Fatal("the phish's report is written otherwise")
		}
		hop := string(b[to:end])
		if r.replace[0] != "" {
			hop = strings.Replace(hop, r.replace[0], r.replace[1], 1)
		}
		return fmt.Appendf(nil, "%s%s%s%s%s%s", b[:from], line(r.above), hop, b[end:below], line(r.below), b[below:])
	}
	m = w.deliver(sales, "", change(l.Original))
	w.send(change(l.Report))
	return l.MessageID, m
}

// line is a field with its end, or nothing.
func line(field string) string {
	if field == "" {
		return ""
	}
	return field + "\r\n"
}
