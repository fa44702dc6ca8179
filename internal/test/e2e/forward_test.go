package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/outlooktest"
	"clawback/retract/intent"
	"clawback/store"
)

// forwardOf is a report of the n-th message of a colleague, with a file attached. Each has ids of its own.
func (w *world) forwardOf(n int, part string) []byte {
	w.t.Helper()
	report := w.colleague("Content-Type: multipart/mixed; boundary=fwd\r\n\r\n--fwd\r\nContent-Type: text/plain\r\n\r\nWhat is this?\r\n--fwd\r\n" + part + "--fwd--\r\n")
	for old, new := range map[string]string{"demo-04.": fmt.Sprintf("fwd-%d.", n), "c1a00004-": fmt.Sprintf("c1a1%04d-", n), "c1a01b5c-": fmt.Sprintf("c1a2%04d-", n)} {
		report = bytes.ReplaceAll(report, []byte(old), []byte(new))
	}
	return report
}

func forwardID(n int) string { return fmt.Sprintf("<fwd-%d.20261102@contoso.example>", n) }

// seen waits until a message's report is processed.
func (w *world) seen(id string) {
	w.t.Helper()
	w.eventually(func() string {
		if _, err := w.cli("show", id); err != nil {
			return err.Error()
		}
		return ""
	})
}

// A bad message is carried on in every form in which mail programs do that. Each forward is held, whichever is
// journaled first, taken where a person approves, and left alone where one rejects. A good message under the bad one's
// Message-ID is no reason to ask.
func TestForward_inEveryForm(t *testing.T) {
	w := start(t, contoso)
	report := w.report("05-delivered-late.eml")
	phish := w.original(report)
	header, _, _ := bytes.Cut(phish, []byte("\r\n\r\n"))
	item := outlooktest.Message{ID: "<demo-05.20261102@micros0ft-accounts.example>", Header: string(header) + "\r\n", Subject: "Your mailbox is almost full"}
	carrying := outlooktest.Message{Subject: "Fw: Your mailbox is almost full", Attached: []outlooktest.Message{item}}
	good := strings.NewReplacer("demo-04.20261102@contoso.example",
		"demo-05.20261102@micros0ft-accounts.example").Replace(string(w.original(w.report("04-colleague.eml"))))
	parts := []string{
		outlooktest.Part("application/octet-stream", "message.eml", phish),
		outlooktest.Part("application/vnd.ms-outlook", "message.msg", item.MSG()),
		outlooktest.Part("application/ms-tnef", "winmail.dat", carrying.TNEF()),
		outlooktest.Part("application/octet-stream", "other.eml", []byte(good)),
	}
	const bad = 3 // of the parts; the last one is good
	toSales, toReception := map[int]graphsim.Message{}, map[int]graphsim.Message{}
	journal := func(n int) {
		f := w.forwardOf(n, parts[n])
		toSales[n], toReception[n] = w.deliver(sales, "", w.original(f)), w.deliver(reception, "", w.original(f))
		w.send(f)
		w.seen(forwardID(n))
	}
	itself := w.deliver(sales, "", phish)
	journal(0)
	journal(3)
	w.send(report)
	w.ends(item.ID, map[string]store.Outcome{sales: store.Done})
	journal(1)
	journal(2)

	for n := range bad {
		got := w.ends(forwardID(n), map[string]store.Outcome{sales: store.Held, reception: store.Held})
		if in := got[sales]; in.Hold != intent.HoldForward ||
			!strings.Contains(in.Reason, "attached, with the same network message id") {
			t.Errorf("forward %d is held for %s: %s", n, in.Hold, in.Reason)
		}
		w.must("held", "approve", got[sales].ID, "--comment", "the phish")
		w.must("held", "reject", got[reception].ID, "--comment", "reception reported it")
		w.ends(forwardID(n), map[string]store.Outcome{sales: store.Done, reception: store.Skipped})
	}
	if got := w.intents(forwardID(bad)); len(got) > 0 {
		t.Errorf("a good message under a copied Message-ID is asked about: %v", got)
	}
	w.only(append([]graphsim.Message{itself}, toSales[0], toSales[1], toSales[2]))
	for n, m := range toReception {
		if at := w.where(m); at != "inbox" {
			t.Errorf("reception's forward %d lies in %s", n, at)
		}
	}
}

// only fails unless just these messages were touched, and lie among the deleted ones.
func (w *world) only(want []graphsim.Message) {
	w.t.Helper()
	for _, m := range want {
		if at := w.where(m); at != deletions {
			w.t.Errorf("a message of %s lies in %s", m.Mailbox, at)
		}
	}
	if got := w.Sim.Changed(); len(got) != len(want) {
		w.t.Errorf("%d messages were touched, want %d", len(got), len(want))
	}
}
