package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// Attacks that would make a stranger known, by what mailboxes send by themselves.

// exchange is the n-th report of an ordinary message from one address to another, with more fields in its header.
func (w *world) exchange(n int, from, to, fields string) (id string, report []byte) {
	w.t.Helper()
	l := newLetterback(n, func(string) string { return "" })
	id = l.nid()
	domain := from[strings.IndexByte(from, '@')+1:]
	stamps := strings.Replace(l.transport(id), l.transport(id)[:strings.Index(l.transport(id), "\r\n")],
		"Authentication-Results: spf=pass (sender IP is 192.0.2.25) smtp.mailfrom="+domain+"; dkim=pass header.d="+domain+
			"; dmarc=pass action=none header.from="+domain+";compauth=pass reason=100", 1)
	if domain == contoso.Domains[0] {
		stamps = l.sent()[:strings.Index(l.sent(), "From:")]
		stamps = strings.Replace(stamps, l.mine(), id, 1)
	}
	report = w.reportOf(l, "5e3d", stamps+"From: "+from+"\r\nTo: "+to+"\r\nSubject: other\r\n"+
		"Message-ID: "+l.mid()+"\r\n"+fields+
		"Date: Mon, 02 Nov 2026 09:00:00 +0000\r\n\r\nDear Eve, as we agreed I write to you about the offer, and wait for what you say.\r\n")
	report = bytes.Replace(report, []byte("Sender: bounce@mailer.example.net"), []byte("Sender: "+from), 1)
	return id, bytes.Replace(report, []byte("Recipient: sales@contoso.example"), []byte("Recipient: "+to), 1)
}

// A stranger's circular names addresses in its List-Unsubscribe field, with a subject and a text of his; a mail program
// writes to them as it is asked to. He is as unknown as before, and whom people wrote to is known.
func TestAttack_unsubscribingMakesNobodyKnown(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	const us = "sales@contoso.example"
	n := 0
	passes := func(from, to, fields string) string {
		n++
		id, report := w.exchange(n, from, to, fields)
		w.send(report)
		w.seen(id)
		return w.must("show", id)
	}
	for i, field := range []string{
		"List-Unsubscribe: <mailto:%s?subject=other&body=Dear%%20Eve>\r\n", "List-Unsubscribe: <https://evil.example/u>,\r\n <MAILTO:%s?subject=other>\r\n",
		"List-Unsubscribe: <mailto:list@evil.example?cc=%s>\r\n",
	} {
		eve := fmt.Sprintf("eve@evil%c.example", 'a'+i)
		passes("list@evil.example", us, fmt.Sprintf(field, eve))
		to := eve
		if strings.Contains(field, "?cc=") {
			to = "list@evil.example\r\nRecipient: " + eve
		}
		passes(us, to, "")
		out := passes(eve, us, "")
		if strings.Contains(out, "history.correspondent") || !strings.Contains(out, "history.first") {
			t.Errorf("%s is known:\n%s", eve, out)
		}
	}
	passes(us, "ann@partner.example", "")
	if out := passes("ann@partner.example", us, ""); !strings.Contains(out, "history.correspondent") {
		t.Errorf("whom people wrote to is not known:\n%s", out)
	}
}
