package retract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

// evil is what an insider, who knows a journal address, says that a good message of others is.
var evil = altered("Pay here.", "Pay at https://evil.example/")

// A report that somebody has made up names the network message id of a good message. The good one's own report came
// too, or comes: the two contradict each other, and what lies in the mailbox has to be shown to be the bad form.
func TestInsider_reportsThatContradictEachOther(t *testing.T) {
	clean, forged := bad(anna), bad(anna)
	clean.disposition, forged.original = verdict.Clean, evil
	headersAlone := bad(anna)
	headersAlone.original = "Authentication-Results: dmarc=fail\r\n" + original
	blocked := bad(anna)
	blocked.from = "blocked@evil.example"
	spam := clean
	spam.disposition = verdict.Spam
	var flood []mail
	for n := range 40 {
		more := forged
		more.original = fmt.Sprintf("X-N: %d\r\n", n) + evil
		flood = append(flood, more)
	}
	for _, c := range []struct {
		name    string
		reports []mail
		have    string // in the mailbox
		lost    string // an original that is not kept
		outcome store.Outcome
		code    store.Code
	}{
		{"made up after the good one's own", []mail{clean, forged}, original, "", store.Held, store.CodeDisputed},
		{"made up before it", []mail{forged, clean}, original, "", store.Held, store.CodeDisputed},
		{"the same content, another header", []mail{clean, headersAlone}, original, "", store.Held, store.CodeDisputed},
		{"the same octets, from a sender who is blocked", []mail{clean, blocked}, original, "", store.Held, store.CodeDisputed},
		{"the same octets, judged worse later", []mail{clean, bad(anna)}, original, "", store.Done, ""},
		{"a milder verdict that would act too", []mail{spam, forged}, original, "", store.Held, store.CodeDisputed},
		{"made up many times", append([]mail{clean}, flood...), original, "", store.Held, store.CodeDisputed},
		{"many times, before it", append(flood[:len(flood):len(flood)], clean), original, "", store.Held, store.CodeDisputed},
		{"the good form is not kept", []mail{clean, forged}, evil, original, store.Held, store.CodeDisputed},
		{"the bad form is not kept", []mail{clean, forged}, evil, evil, store.Held, store.CodeDisputed},
		{"rewritten in the mailbox", []mail{clean, forged}, original + "Disclaimer.\r\n", "", store.Held, store.CodeDisputed},
		{"a fork that is bad", []mail{clean, forged}, evil, "", store.Done, ""},
		{"a fork that is bad, with a tag", []mail{clean, forged}, strings.Replace(evil, "Invoice", "[EXTERNAL] Invoice", 1), "", store.Done, ""},
		{"forks that are all bad", []mail{forged, bad(anna)}, "not compared", "", store.Done, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				m := r.world.Deliver("A", retracttest.Message{MessageID: mid, NetworkIDs: []string{nid}, MIME: c.have, Good: c.outcome != store.Done})
				var rec store.Record
				for _, report := range c.reports {
					rec = r.report(report)
				}
				for sha, text := range r.originals {
					if text == c.lost {
						delete(r.originals, sha)
					}
				}
				r.run(time.Second)
				in := r.want(rec, anna, c.outcome, "")
				if in.Code != c.code {
					t.Errorf("code %q (%s), want %q", in.Code, in.Reason, c.code)
				}
				if c.outcome == store.Done {
					r.lies(m, exchange.Deletions)
					return
				}
				r.run(48 * time.Hour)
				r.lies(m, exchange.Inbox)
				r.world.Set(func(*retracttest.World) { m.Good = false })
				if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, "looked at it"); err != nil {
					t.Fatal(err)
				}
				r.run(time.Hour)
				if in := r.want(rec, anna, store.Done, ""); in.Code != store.CodeByPerson {
					t.Errorf("approved, with code %q (%s)", in.Code, in.Reason)
				}
			})
		})
	}
}

// Alone, such a report is believed where nothing speaks against it. What lies in the mailbox does when its author, its
// date or its subject is another one, or when it came long before.
func TestInsider_messageThatSpeaksAgainstTheReport(t *testing.T) {
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	const date = "Sat, 01 Jan 2000 01:00:00 +0100"
	for _, c := range []struct {
		name    string
		change  func(m *retracttest.Message)
		outcome store.Outcome
	}{
		{"as it was reported", func(*retracttest.Message) {}, store.Done},
		{"nothing known", func(m *retracttest.Message) { m.From, m.Date, m.Subject = "", "", "" }, store.Done},
		{"another author", func(m *retracttest.Message) { m.From = "Boss <boss@contoso.example>" }, store.Held},
		{"a longer domain", func(m *retracttest.Message) { m.From = "Eve <eve@sender.exampl>" }, store.Held},
		{"the author in capitals", func(m *retracttest.Message) { m.From = "EVE@SENDER.example (Eve)" }, store.Done},
		{"blanks in the address", func(m *retracttest.Message) { m.From = "Eve < eve@sender.example >" }, store.Done},
		{"another date", func(m *retracttest.Message) { m.Date = "Sat, 01 Jan 2000 01:00:01 +0100" }, store.Held},
		{"a date that is none", func(m *retracttest.Message) { m.Date = "yesterday" }, store.Done},
		{"another subject", func(m *retracttest.Message) { m.Subject = "Lunch" }, store.Held},
		{"a tag", func(m *retracttest.Message) { m.Subject = "[Suspicious]  Invoice" }, store.Done},
		{"not in ASCII", func(m *retracttest.Message) { m.Subject = "L\u00fcnch" }, store.Done},
		{"days before", func(m *retracttest.Message) { m.Received = at.Add(-5*24*time.Hour - time.Second) }, store.Held},
		{"as late as a report comes", func(m *retracttest.Message) { m.Received = at.Add(-5 * 24 * time.Hour) }, store.Done},
		{"later than its report", func(m *retracttest.Message) { m.Received = at.Add(30 * 24 * time.Hour) }, store.Done},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				m := retracttest.Message{MessageID: mid, NetworkIDs: []string{nid}, MIME: original, Good: c.outcome != store.Done,
					From: "Eve <eve@sender.example>", Date: date, Subject: "Invoice", Received: at}
				c.change(&m)
				r.world.Deliver("A", m)
				report := bad(anna)
				report.date = at
				rec := r.report(report)
				r.run(time.Second)
				if in := r.want(rec, anna, c.outcome,
					""); (in.Code == store.CodeOtherHeader) != (c.outcome == store.Held) {
					t.Errorf("code %q: %s", in.Code, in.Reason)
				}
			})
		})
	}
}

// Where the made-up report came first and was carried out, the good message's own report proposes to put it back, once;
// a copy that was compared is not proposed.
func TestInsider_theOwnReportProposesARestore(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", retracttest.Message{MessageID: mid, NetworkIDs: []string{nid}, MIME: original})
		forged, clean := bad(anna), bad(anna)
		forged.original, clean.disposition = evil, verdict.Clean
		rec := r.report(forged)
		r.run(time.Second)
		r.want(rec, anna, store.Done, "")
		r.lies(m, exchange.Deletions)
		r.report(clean)
		r.run(time.Second)
		again := clean
		again.original += "Disclaimer.\r\n"
		r.report(again)
		r.run(time.Second)
		back, err := r.st.Intent(t.Context(), store.IntentID(rec.ID, anna, store.Restore))
		if err != nil || back.Outcome != store.Held || !strings.Contains(back.Reason, "CLEAN") {
			t.Fatalf("the restore is %s (%s), %v", back.Outcome, back.Reason, err)
		}
		if err := r.e.Approve(context.Background(), "ada", []string{back.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute)
		r.lies(m, exchange.Inbox)
	})
	bubble(t, func(r *rig) {
		r.world.Deliver("A", retracttest.Message{MessageID: mid, NetworkIDs: []string{nid}, MIME: evil})
		fork, clean := bad(anna), bad(anna)
		fork.original, clean.disposition = evil, verdict.Clean
		r.report(clean)
		rec := r.report(fork)
		r.run(time.Second)
		if in := r.want(rec, anna, store.Done, ""); len(in.Taken) != 1 || !in.Taken[0].Compared {
			t.Errorf("taken: %+v", in.Taken)
		}
		fork.original += "Disclaimer.\r\n"
		r.report(fork)
		r.run(time.Second)
		if back, err := r.st.Intent(t.Context(), store.IntentID(rec.ID, anna, store.Restore)); err == nil {
			t.Errorf("a restore is proposed of a message that was compared: %s", back.Reason)
		}
	})
}
