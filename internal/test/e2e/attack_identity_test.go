package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"clawback/internal/test/graphsim"
	"clawback/store"
)

// Attacks that would have a good message taken in the place of a bad one. The user's mailbox holds a good message
// without a network message id, such as a sent copy that was filed in a folder; the attacker has that message too and
// sends it back, changed so that it is judged bad, under the same Message-ID, From and Date.

// letterback is one such message: as its user has it, and as it came back.
type letterback struct {
	n     int
	good  string
	evil  string
	where string // folder of the user's copy
}

const everyVerdict = `
[tenant.actions]
malicious = "soft_delete"
suspicious = "soft_delete"
spoof = "soft_delete"
spam = "soft_delete"
bulk = "soft_delete"

[tenant.brake]
campaign_percent = "off"
`

func (l letterback) mid() string { return fmt.Sprintf("<sent-%d.20261102@contoso.example>", l.n) }

// nid is the network message id of what the attacker sent.
func (l letterback) nid() string { return fmt.Sprintf("c1a1%04d-0000-4000-8000-0000000000aa", l.n) }

// mine is that of the good message, where it has one.
func (l letterback) mine() string { return fmt.Sprintf("c1a2%04d-0000-4000-8000-0000000000bb", l.n) }

// newLetterback is a good message, and what change makes of it.
func newLetterback(n int, change func(string) string) letterback {
	l := letterback{n: n, where: "Invoices"}
	l.good = "From: Sales <sales@contoso.example>\r\nTo: someone@outside.example\r\nSubject: Invoice 4711\r\nMessage-ID: " + l.mid() +
		"\r\nDate: Mon, 02 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n" +
		"--b1\r\nContent-Type: text/plain\r\n\r\nAs agreed, the invoice.\r\n" +
		"--b1\r\nContent-Type: application/pdf; name=invoice.pdf\r\nContent-Disposition: attachment; filename=invoice.pdf\r\n\r\n" +
		"%PDF-1.7 4711\r\n1 0 obj << /Length 36 >> stream\r\nBT /F1 12 Tf (For 4711 units) Tj ET\r\nendstream endobj\r\n" +
		"--b1\r\nContent-Type: image/png; name=logo.png\r\n\r\n\x89PNG\r\n--b1--\r\n"
	l.evil = change(l.good)
	return l
}

// transport is what Exchange writes before a message that comes from outside.
func (l letterback) transport(ids ...string) string {
	text := "Authentication-Results: spf=fail (sender IP is 192.0.2.25) smtp.mailfrom=contoso.example; dkim=none; dmarc=fail action=none header.from=contoso.example;compauth=fail reason=001\r\n" +
		"Received: from evil.example (192.0.2.25) by AM0EUR01FT001.mail.protection.outlook.com with Microsoft SMTP Server; Mon, 02 Nov 2026 10:00:00 +0000\r\n" +
		"X-MS-Exchange-Organization-Id: " + contoso.ID + "\r\nX-EOPTenantAttributedMessage: " + contoso.ID + ":0\r\n" +
		"X-MS-Exchange-Organization-MessageDirectionality: Incoming\r\nX-MS-Exchange-Organization-AuthAs: Anonymous\r\n"
	for _, id := range ids {
		text += "X-MS-Exchange-Organization-Network-Message-Id: " + id + "\r\n"
	}
	return text
}

// sent is the good message as Exchange has it when its user sends it.
func (l letterback) sent() string {
	return "Received: by AM0PR01MB0001.outlook.office365.com; Mon, 02 Nov 2026 09:00:00 +0000\r\n" +
		"X-MS-Exchange-Organization-Network-Message-Id: " + l.mine() + "\r\nX-MS-Exchange-Organization-Id: " +
		contoso.ID +
		"\r\nX-MS-Exchange-Organization-MessageDirectionality: Originating\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n" + l.good
}

// reportOf is the report of an original that came to sales.
func (w *world) reportOf(l letterback, serial string, original string) []byte {
	w.t.Helper()
	report := w.report("01-credential-phish.eml")
	head, rest, ok := bytes.Cut(report, []byte("Content-Type: message/rfc822\r\n\r\n"))
	end := bytes.LastIndex(rest, []byte("\r\n--_"))
	if !ok || end < 0 {
		w.t.Fatal("the phish's report is written otherwise")
	}
	head = bytes.ReplaceAll(head, []byte("<demo-01.20261102@micros0ft-accounts.example>"), []byte(l.mid()))
	head = bytes.ReplaceAll(head, []byte("c1a01b59-"), fmt.Appendf(nil, "%s%04d-", serial, l.n))
	head = bytes.ReplaceAll(head, []byte("Recipient: reception@contoso.example\r\n"), nil)
	head = bytes.ReplaceAll(head, []byte("Recipient: h.holiday@contoso.example, Forwarded: holiday-cover@contoso.example\r\n"), nil)
	return slices.Concat(head, []byte("Content-Type: message/rfc822\r\n\r\n"), []byte(original), rest[end:])
}

func replaced(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

// sentBackAs are the ways to change the message: each makes another thing of it for the scorer, and once made none for
// the proof by content.
var sentBackAs = map[string]func(string) string{
	"as it is":                 func(s string) string { return s },
	"attachment renamed":       replaced("name=invoice.pdf", "name=invoice.pdf.scr"),
	"renamed for one program":  replaced("application/pdf; name=invoice.pdf", "application/pdf; name=invoice.pdf.scr"),
	"renamed, another subject": replaced("Invoice 4711", "Your account is suspended", "name=invoice.pdf", "name=invoice.pdf.scr"),
	"another type":             replaced("application/pdf;", "application/x-msdownload;"),
	"names exchanged":          replaced("invoice.pdf", "logo.png", "logo.png", "invoice.pdf"),
	"an empty program more":    replaced("--b1--", "--b1\r\nContent-Type: application/x-a; name=run.scr\r\n\r\n\r\n--b1--"),
	"another boundary first":   replaced("boundary=b1", "boundary=zz; boundary=b1", "--b1--", "--zz\r\nContent-Type: text/html\r\n\r\n<a href=https://evil.example/>https://bank.example/</a>\r\n--zz--\r\n--b1--"),
	"parts behind the end":     replaced("--b1--\r\n", "--b1--\r\n--b1\r\nContent-Type: application/x-a; name=run.scr\r\n\r\nMZ\r\n--b1--\r\n"),
	"two encodings":            replaced("Content-Type: application/pdf", "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\nContent-Type: application/pdf"),
	"empty parts only": func(s string) string {
		return s[:strings.Index(s, "--b1")] + "--b1\r\n\r\n\r\n--b1\r\nContent-Type: application/x-a; name=run.scr\r\n\r\n\r\n--b1--\r\n"
	},
}

// stays fails unless the user's copy lies where it was and was not touched.
func (w *world) stays(m graphsim.Message, folder string) {
	w.t.Helper()
	if at := w.where(m); at != folder {
		w.t.Errorf("the good message %s lies in %s, want %s", m.InternetMessageID, at, folder)
	}
	for _, c := range w.Sim.Changed() {
		if c.Key == m.Key {
			w.t.Errorf("the good message %s was touched: %v", m.InternetMessageID, c.Changes)
		}
	}
}

// However it is changed, the attacker's own message is taken by its network message id, and the user's copy stays.
func TestAttack_goodMessageSentBack(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	type case_ struct {
		name           string
		l              letterback
		good, attacker graphsim.Message
	}
	var all []case_
	for name, change := range sentBackAs {
		l := newLetterback(len(all)+1, change)
		c := case_{name, l, w.deliver(sales, l.where, []byte(l.good)), w.deliver(sales, "", []byte(l.transport(l.nid())+l.evil))}
		w.send(w.reportOf(l, "5e1d", l.transport(l.nid())+l.evil))
		all = append(all, c)
	}
	for _, c := range all {
		got := w.ends(c.l.nid(), map[string]store.Outcome{sales: store.Done})
		if code := got[sales].Code; code != "" {
			t.Errorf("%s: code %q: %s", c.name, code, got[sales].Reason)
		}
		if at := w.where(c.attacker); at != deletions {
			t.Errorf("%s: the attacker's message lies in %s", c.name, at)
		}
		w.stays(c.good, c.l.where)
	}
	if out := w.must("search", "--proof", "content"); !strings.Contains(out, "No message fits") {
		t.Errorf("something was moved on equal content alone:\n%s", out)
	}
}

// Without the attacker's message beside it the user's copy is alone under the Message-ID: then nothing is moved.
func TestAttack_goodMessageAlone(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	var all []letterback
	kept := map[int]graphsim.Message{}
	for _, change := range sentBackAs {
		l := newLetterback(len(all)+1, change)
		kept[l.n] = w.deliver(sales, l.where, []byte(l.good))
		w.send(w.reportOf(l, "5e1d", l.transport(l.nid())+l.evil))
		all = append(all, l)
	}
	for _, l := range all {
		w.eventually(func() string {
			if got := w.outcomes(l.nid())[sales]; got != store.Mismatch && got != store.Held {
				return fmt.Sprintf("letter %d is %q", l.n, got)
			}
			return ""
		})
		w.must("retract", l.nid(), "--to", "hard_delete", "--yes-delete", "1", "--comment", "by hand")
	}
	for _, l := range all {
		w.eventually(func() string {
			in := w.intents(l.nid())[sales]
			if in.By == "" || in.Outcome != store.Mismatch && in.Outcome != store.Held {
				return fmt.Sprintf("letter %d, by hand, is %q", l.n, in.Outcome)
			}
			return ""
		})
		w.stays(kept[l.n], l.where)
	}
}

// Two network message ids leave the attacker's record without one. Content does not stand in for it, whatever the good
// message has: no id, one of its own, or one that another record owns.
func TestAttack_twoNetworkMessageIDs(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	exact := func(s string) string { return s }
	bare, own, owned := newLetterback(1, exact), newLetterback(2, exact), newLetterback(3, exact)
	kept := []graphsim.Message{w.deliver(sales, "Invoices", []byte(bare.good)), w.deliver(sales, "Invoices", []byte(own.sent())),
		w.deliver(sales, "Invoices", []byte(owned.sent()))}
	for _, l := range []letterback{bare, own} {
		w.send(w.reportOf(l, "5e1d", l.transport(l.nid(), l.mine())+l.evil))
	}
	w.eventually(func() string {
		for _, l := range []letterback{bare, own} {
			if got := w.outcomes(l.mid())[sales]; got != store.Mismatch && got != store.Held {
				return fmt.Sprintf("letter %d is %q", l.n, got)
			}
		}
		return ""
	})
	// The third is held, as its content is the same; then the good message's own report comes, and only after that
	// somebody approves what is held.
	w.send(w.reportOf(owned, "5e1d", owned.transport(owned.nid(), owned.nid())+owned.evil))
	held := w.ends(owned.mid(), map[string]store.Outcome{sales: store.Held})[sales]
	if held.Code != store.CodeOneID {
		t.Errorf("held with code %q: %s", held.Code, held.Reason)
	}
	w.send(w.reportOf(owned, "5e2d", owned.sent()))
	w.seen(owned.mine())
	w.must("held", "approve", held.ID, "--comment", "without looking")
	w.eventually(func() string {
		if got := w.intents(held.Record)[sales]; got.Outcome != store.Mismatch || got.Code != store.CodeOtherRecord {
			return fmt.Sprintf("after the approval it is %s (%s): %s", got.Outcome, got.Code, got.Reason)
		}
		return ""
	})
	for _, m := range kept {
		w.stays(m, "Invoices")
	}
}

// A restore, and a bulk job over everything of the sender, leave the user's copy alone too: after the attacker's
// message was taken, its place in the deleted mail is the good one's.
func TestAttack_restoreAndBulkJob(t *testing.T) {
	w := startWith(t, strings.ReplaceAll(everyVerdict, "soft_delete", "trash"), "", "")
	l := newLetterback(1, sentBackAs["renamed, another subject"])
	l.where = "deleteditems"
	good := w.deliver(sales, l.where, []byte(l.good))
	attacker := w.deliver(sales, "", []byte(l.transport(l.nid())+l.evil))
	w.send(w.reportOf(l, "5e1d", l.transport(l.nid())+l.evil))
	w.ends(l.nid(), map[string]store.Outcome{sales: store.Done})
	w.Sim.UserMoves(sales, attacker.Key, "") // for good
	w.must("restore", l.nid(), "--comment", "was it good?")
	w.eventually(func() string {
		if out := w.must("show", l.nid()); !strings.Contains(out, "no longer in the mailbox") {
			return out
		}
		return ""
	})
	w.must("retract", "--sender", "sales@contoso.example", "--to", "soft_delete", "--yes", "--detach")
	w.eventually(func() string {
		if in := w.intents(l.nid())[sales]; in.Job == "" || in.Outcome == store.Pending {
			return fmt.Sprintf("by the job it is %s: %s", in.Outcome, in.Reason)
		}
		return ""
	})
	w.stays(good, l.where)
}

// A message that is made to cost much is judged, and taken, however long its identity would take to read.
func TestAttack_messageThatCostsMuchToCompare(t *testing.T) {
	const size = 58 << 20
	w := startWith(t, everyVerdict, "", "")
	l := newLetterback(1, sentBackAs["attachment renamed"])
	l.evil = strings.Replace(l.evil, "--b1--\r\n", strings.Repeat("--b1\n\n", size/6)+"--b1--\r\n", 1)
	m := w.deliver(sales, "", []byte(l.transport(l.nid())+l.evil))
	w.send(w.reportOf(l, "5e1d", l.transport(l.nid())+l.evil))
	w.ends(l.nid(), map[string]store.Outcome{sales: store.Done})
	if at := w.where(m); at != deletions {
		t.Errorf("the message lies in %s", at)
	}
	if out := w.must("show", l.nid()); !strings.Contains(out, "not compared to its end") {
		t.Errorf("the record does not say that it was not compared to its end:\n%s", out)
	}
}

// The sender writes the field of a network message id too, with the id of a good message, in ways that Exchange may not
// know, and ends the header for all readers but Exchange's before the fields that Exchange adds behind it.
func TestAttack_networkMessageIDOfTheSenders(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	const field = "X-MS-Exchange-Organization-Network-Message-Id"
	var all []letterback
	kept := map[int]graphsim.Message{}
	for _, write := range []string{field + ": %s\r\n", field + " : %s\r\n", field + "\t:\r\n %s\r\n"} {
		for _, hide := range []string{"", "\r\r\n", "\n\n", "no\r\nfield\r\nat\r\nall\r\n", "--b1\r\n", "\x00\r\n \r\n"} {
			l := newLetterback(len(all)+1, sentBackAs["attachment renamed"])
			head, body, _ := strings.Cut(l.evil, "\r\n\r\n")
			trace, stamps, _ := strings.Cut(l.transport(l.nid()), "X-MS-")
			l.evil = trace + head + "\r\n" + fmt.Sprintf(write, l.mine()) + hide + "X-MS-" + stamps + "\r\n" + body
			kept[l.n] = w.deliver(sales, "", []byte(l.sent()))
			w.send(w.reportOf(l, "5e2d", l.sent()))
			all = append(all, l)
		}
	}
	for _, l := range all {
		w.seen(l.mine())
		w.send(w.reportOf(l, "5e1d", l.evil))
	}
	w.eventually(func() string {
		if out := w.must("queue", "list", "--json"); strings.TrimSpace(out) != `{"items":[]}` {
			return out
		}
		return ""
	})
	for _, l := range all {
		if rec := w.must("show", l.mine()); strings.Contains(rec, "MALICIOUS") {
			t.Errorf("letter %d: the good message's record has the verdict of the attacker's:\n%s", l.n, rec)
		}
		w.stays(kept[l.n], "inbox")
	}
}
