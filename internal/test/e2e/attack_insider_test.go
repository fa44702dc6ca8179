package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"clawback/api"
	"clawback/internal/test/graphsim"
	"clawback/store"
)

// Attacks by people of the organisation: by one who knows a journal address and makes up a report, and by one who does
// as he likes in his own mailbox.

// byMailbox is what Exchange Online writes into what a mailbox of the organisation has submitted.
const byMailbox = "X-MS-Exchange-CrossTenant-MailboxType: HOSTED\r\nX-MS-Exchange-CrossTenant-UserPrincipalName: kxkOPVl31u0e3/s2+Zxm2BH==\r\n"

// madeUp is a report about a good message of others, whose network message id every recipient of it can read: with
// something bad as its original.
func (w *world) madeUp(l letterback, outer string) []byte {
	evil := strings.NewReplacer("invoice.pdf", "invoice.pdf.scr", "As agreed, the invoice.",
		"Sign in at https://login.evil.example/").Replace(l.sent())
	report := w.reportOf(l, "5e1d", evil)
	if outer != "" {
		report = bytes.Replace(report, []byte("X-OriginatorOrg: "), []byte(outer+"X-OriginatorOrg: "), 1)
	}
	return report
}

// heldAs waits until an intent is held with one of the codes.
func (w *world) heldAs(key string, codes ...store.Code) api.Intent {
	w.t.Helper()
	var in api.Intent
	w.eventually(func() string {
		in = w.intents(key)[sales]
		for _, code := range codes {
			if in.Outcome == store.Held && in.Code == code {
				return ""
			}
		}
		return fmt.Sprintf("%s is %q with code %q, want it held with one of %q: %s", key, in.Outcome, in.Code, codes,
			in.Reason)
	})
	return in
}

// An insider makes up reports that name the network message id of a good message. What his mailbox sent is not
// first-hand; where Exchange puts no mark on it, the good message's own report contradicts it, or the good message
// itself does; and where the made-up report is carried out first, that is proposed to be undone.
func TestAttack_insiderMakesUpReports(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	exact := func(s string) string { return s }
	good := func(n int) (letterback, graphsim.Message) {
		l := newLetterback(n, exact)
		return l, w.deliver(sales, "", []byte(l.sent()))
	}

	marked, kept := good(1)
	w.send(w.madeUp(marked, byMailbox))
	w.eventually(func() string {
		out := w.must("search", "--json")
		if !strings.Contains(out, `"first_hand":false`) && !strings.Contains(out, `"first_hand": false`) {
			return "no record that is not first-hand: " + out
		}
		return ""
	})
	w.send(w.reportOf(marked, "5e2d", marked.sent()))
	w.seen(marked.mine())
	w.eventually(func() string {
		if out := w.must("show", marked.mine()); strings.Contains(out, "MALICIOUS") && !strings.Contains(out, "CLEAN") {
			return out
		}
		return ""
	})
	w.stays(kept, "inbox")

	later, kept := good(2)
	w.send(w.reportOf(later, "5e2d", later.sent()))
	w.seen(later.mine())
	w.send(w.madeUp(later, ""))
	held := w.heldAs(later.mine(), store.CodeDisputed)
	w.stays(kept, "inbox")
	// A person who rejects it has done with it.
	w.must("held", "reject", held.ID, "--comment", "made up")
	w.stays(kept, "inbox")

	for n, change := range []func(string) string{
		replaced("Sales <sales@contoso.example>", "Evil <evil@contoso.example>"),
		replaced("09:00:00 +0000\r\nMIME", "09:00:01 +0000\r\nMIME"),
		replaced("Invoice 4711", "Last warning"),
	} {
		l, kept := good(3 + n)
		report := w.madeUp(l, "")
		w.send([]byte(change(string(report))))
		w.heldAs(l.mine(), store.CodeOtherHeader)
		w.stays(kept, "inbox")
	}

	first, kept := good(7)
	w.send(w.madeUp(first, ""))
	w.ends(first.mine(), map[string]store.Outcome{sales: store.Done})
	w.send(w.reportOf(first, "5e2d", first.sent()))
	var restore string
	w.eventually(func() string {
		m, err := w.message(first.mine())
		if err != nil {
			return err.Error()
		}
		for _, in := range m.Intents {
			if in.Kind == store.Restore && in.Outcome == store.Held {
				restore = in.ID
				return ""
			}
		}
		return fmt.Sprintf("no restore is proposed: %+v", m.Intents)
	})
	w.must("held", "approve", restore, "--comment", "it was good")
	w.eventually(func() string {
		if at := w.where(kept); at != "inbox" {
			return "the good message lies in " + at
		}
		return ""
	})
}

// A user does with his mail what he likes: moves, copies, deletes, brings back, and puts messages of his own into the
// mailbox, under the bad one's Message-ID and with its network message id written into them. What is bad is taken
// wherever it lies, and nothing else.
func TestAttack_userOfTheMailbox(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	l := newLetterback(1, sentBackAs["renamed, another subject"])
	bad := l.transport(l.nid()) + l.evil
	const field = "X-MS-Exchange-Organization-Network-Message-Id: "
	mine := "From: Sales <sales@contoso.example>\r\nMessage-ID: " + l.mid() + "\r\nDate: Mon, 02 Nov 2026 09:00:00 +0000\r\nSubject: my own notes\r\n"
	in := w.deliver(sales, "", []byte(bad))
	moved := w.deliver(sales, "Projects", []byte(bad))
	deleted := w.deliver(sales, "deleteditems", []byte(bad))
	kept := map[string]graphsim.Message{}
	for name, message := range map[string]string{
		"notes under its Message-ID":         mine + "\r\nmine\r\n",
		"notes that bear its id":             field + l.nid() + "\r\n" + mine + "\r\nmine\r\n",
		"notes that bear its id and another": field + l.nid() + "\r\n" + field + l.mine() + "\r\n" + mine + "\r\nmine\r\n",
		"an answer":                          "From: Sales <sales@contoso.example>\r\nMessage-ID: <answer@contoso.example>\r\nIn-Reply-To: " + l.mid() + "\r\n\r\nno\r\n",
		"the good one that it was made of":   l.good,
	} {
		kept[name] = w.deliver(sales, "Notes", []byte(message))
	}
	w.send(w.reportOf(l, "5e1d", bad))
	w.ends(l.nid(), map[string]store.Outcome{sales: store.Done})
	for name, m := range map[string]graphsim.Message{"in the inbox": in, "moved": moved, "deleted": deleted} {
		if at := w.where(m); at != deletions {
			t.Errorf("the bad one, %s, lies in %s", name, at)
		}
	}
	for name, m := range kept {
		if at := w.where(m); at != "Notes" {
			t.Errorf("%s: lies in %s", name, at)
		}
	}
	// He brings one back, and asks for what he likes in the journal: a report of his own is no reason to take it again.
	w.Sim.UserMoves(sales, in.Key, "inbox")
	w.send(bytes.Replace(w.reportOf(l, "5e3d", bad), []byte("X-OriginatorOrg: "), []byte(byMailbox+"X-OriginatorOrg: "),
		1))
	w.eventually(func() string {
		if out := w.must("status"); !strings.Contains(out, "2 reports processed") {
			return out
		}
		return ""
	})
	if at := w.where(in); at != "inbox" {
		t.Errorf("what its user brought back lies in %s", at)
	}
}

// message is a message as `show` gives it.
func (w *world) message(key string) (m api.Message, err error) {
	out, err := w.cli("show", key, "--json")
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(out), &m)
}
