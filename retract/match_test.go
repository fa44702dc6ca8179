package retract_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

// altered is the original with one text replaced by another.
func altered(old, text string) string { return strings.Replace(original, old, text, 1) }

// Each way to hit the wrong message, or to miss the right one. Only one message lies in the mailbox.
func TestIdentity_oneMessageInTheMailbox(t *testing.T) {
	for _, c := range []struct {
		name    string
		message retracttest.Message
		record  string // its network message id
		outcome store.Outcome
		code    store.Code
	}{
		{"the same network message id", retracttest.Message{NetworkIDs: []string{nid}}, nid, store.Done, ""},
		{"in capitals", retracttest.Message{NetworkIDs: []string{strings.ToUpper(nid)}}, nid, store.Done, ""},
		{"the list lacks the headers", retracttest.Message{NetworkIDs: []string{nid}, NoHeaders: true}, nid, store.Done, ""},
		{"subject rewritten", retracttest.Message{NetworkIDs: []string{nid}, MIME: altered("Invoice", "[EXTERNAL] Invoice")}, nid, store.Done, ""},
		{"disclaimer added, same id", retracttest.Message{NetworkIDs: []string{nid}, MIME: original + "Disclaimer.\r\n"}, nid, store.Done, ""},
		{"a good message with a copied Message-ID", retracttest.Message{NetworkIDs: []string{nid2}, MIME: altered("Pay", "Hello")}, nid, store.Mismatch, store.CodeOtherID},
		{"copied sender, subject, date and text too", retracttest.Message{NetworkIDs: []string{nid2}, MIME: original}, nid, store.Mismatch, store.CodeOtherID},
		{"the same, found by its headers alone", retracttest.Message{NetworkIDs: []string{nid2}, NoHeaders: true, MIME: original}, nid, store.Mismatch, store.CodeOtherID},
		{"its own id, and another one", retracttest.Message{NetworkIDs: []string{nid, nid2}, MIME: original}, nid, store.Held, store.CodeOneID},
		{"its own id, and another one, another content", retracttest.Message{NetworkIDs: []string{nid, nid2}, MIME: altered("Pay", "Hello")}, nid, store.Mismatch, store.CodeOtherContent},
		{"two other ids", retracttest.Message{NetworkIDs: []string{nid2, "x"}, MIME: original}, nid, store.Mismatch, store.CodeOtherID},
		{"no id, same content", retracttest.Message{MIME: original}, nid, store.Held, store.CodeOneID},
		{"no id, a tag before the subject", retracttest.Message{MIME: altered("Invoice", "[EXTERNAL] Invoice")}, nid, store.Held, store.CodeOneID},
		{"no id, the organisation's tag", retracttest.Message{MIME: altered("Invoice", "Extern: Invoice")}, nid, store.Held, store.CodeOneID},
		{"no id, another subject", retracttest.Message{MIME: altered("Invoice", "Re: Invoice")}, nid, store.Mismatch, store.CodeOtherContent},
		{"no id, disclaimer added", retracttest.Message{MIME: original + "Disclaimer.\r\n"}, nid, store.Mismatch, store.CodeOtherContent},
		{"no id, another text", retracttest.Message{MIME: altered("Pay here.", "Lunch?")}, nid, store.Mismatch, store.CodeOtherContent},
		{"no id, sent by somebody else", retracttest.Message{MIME: altered("eve@sender.example", "boss@contoso.example")}, nid, store.Mismatch, store.CodeOtherContent},
		{"no id, sent another day", retracttest.Message{MIME: altered("Date: Sat, 01 Jan", "Date: Sun, 02 Jan")}, nid, store.Mismatch, store.CodeOtherContent},
		{"no id, no parts", retracttest.Message{MIME: "Subject: x\r\n\r\n"}, nid, store.Mismatch, store.CodeOtherContent},
		{"the record has no id, same content", retracttest.Message{NetworkIDs: []string{nid2}, MIME: original}, "", store.Held, store.CodeOneID},
		{"the record has no id, another content", retracttest.Message{NetworkIDs: []string{nid2}, MIME: altered("Pay", "Hello")}, "", store.Mismatch, store.CodeOtherContent},
		{"neither has an id, same content", retracttest.Message{MIME: original}, "", store.Done, store.CodeByContent},
		{"neither, a tag before the subject", retracttest.Message{MIME: altered("Invoice", "[SPAM] Invoice")}, "", store.Done, store.CodeByContent},
		{"neither, another subject", retracttest.Message{MIME: altered("Invoice", "Lunch")}, "", store.Held, store.CodeOtherContent},
		{"neither, disclaimer added", retracttest.Message{MIME: original + "Disclaimer.\r\n"}, "", store.Held, store.CodeOtherContent},
		{"neither, sent by somebody else", retracttest.Message{MIME: altered("eve@sender.example", "boss@contoso.example")}, "", store.Mismatch, store.CodeOtherContent},
		{"neither, sent another day", retracttest.Message{MIME: altered("Date: Sat, 01 Jan", "Date: Sun, 02 Jan")}, "", store.Mismatch, store.CodeOtherContent},
		{"neither, an id in its own header that the list lacks", retracttest.Message{MIME: "X-MS-Office365-Filtering-Correlation-Id: " + nid2 + "\r\n" + original}, "", store.Held, store.CodeOneID},
		{"no id in the list, another one in its own header", retracttest.Message{MIME: "X-MS-Office365-Filtering-Correlation-Id: " + nid2 + "\r\n" + original}, nid, store.Mismatch, store.CodeOtherID},
		{"no id in the list, the record's in its own header", retracttest.Message{MIME: "X-MS-Exchange-Organization-Network-Message-Id: " + nid + "\r\n" + original}, nid, store.Done, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.cfg.SubjectTags = []string{"Extern:"}
				c.message.MessageID, c.message.Good = mid, c.outcome != store.Done
				r.world.Deliver("A", c.message)
				m := bad(anna)
				m.nid = c.record
				rec := r.report(m)
				r.run(time.Second)
				in := r.want(rec, anna, c.outcome, "")
				if in.Code != c.code {
					t.Errorf("code %q (%s), want %q", in.Code, in.Reason, c.code)
				}
				attempts, err := r.st.Attempts(t.Context(), in.ID)
				if err != nil || len(attempts) == 0 || attempts[len(attempts)-1].Code != c.code {
					t.Errorf("attempts %+v (%v), want the last with code %q", attempts, err, c.code)
				}
			})
		})
	}
}

// Without an original nothing can be compared: what has no id on either side waits for a person.
func TestIdentity_originalNoLongerKept(t *testing.T) {
	for id, want := range map[string]store.Outcome{nid: store.Mismatch, "": store.Held} {
		bubble(t, func(r *rig) {
			r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: original, Good: true})
			m := bad(anna)
			m.nid = id
			rec := r.report(m)
			clear(r.originals)
			r.run(time.Second)
			if in := r.want(rec, anna, want, "the stored original cannot be read"); in.Code != store.CodeNoOriginal {
				t.Errorf("code %q", in.Code)
			}
		})
	}
}

func TestIdentity_forksWithOneId(t *testing.T) {
	bubble(t, func(r *rig) {
		a, b := r.world.Deliver("A", hit()), r.world.Deliver("B", hit())
		rec := r.report(bad(anna))
		fork := bad(bert)
		fork.original = original + "Disclaimer.\r\n"
		again := r.report(fork)
		if rec.ID != again.ID {
			t.Fatalf("two records, %s and %s, for one network message id", rec.ID, again.ID)
		}
		r.run(time.Second)
		r.want(rec, anna, store.Done, "")
		r.want(rec, bert, store.Done, "")
		r.lies(a, exchange.Deletions)
		r.lies(b, exchange.Deletions)
	})
}

func TestIdentity_forksWithDifferentIds(t *testing.T) {
	bubble(t, func(r *rig) {
		a := r.world.Deliver("A", hit())
		other := hit()
		other.NetworkIDs = []string{nid2}
		b := r.world.Deliver("B", other)
		rec := r.report(bad(anna))
		fork := bad(bert)
		fork.nid = nid2
		second := r.report(fork)
		r.run(time.Second)
		r.want(rec, anna, store.Done, "")
		r.want(second, bert, store.Done, "")
		r.lies(a, exchange.Deletions)
		r.lies(b, exchange.Deletions)
	})
}

// Two records, one Message-ID, both in one mailbox: each verdict rules over its own message.
func TestIdentity_twoRecordsWithOneMessageID(t *testing.T) {
	bubble(t, func(r *rig) {
		wrong := r.world.Deliver("A", hit())
		good := hit()
		good.NetworkIDs, good.Good = []string{nid2}, true
		right := r.world.Deliver("A", good)
		clean := bad(anna)
		clean.nid, clean.disposition = nid2, verdict.Clean
		r.report(clean)
		rec := r.report(bad(anna))
		r.run(time.Second)
		r.want(rec, anna, store.Done, "1 other with this Message-ID left alone")
		r.lies(wrong, exchange.Deletions)
		r.lies(right, exchange.Inbox)
	})
}

// Two good messages bear the Message-ID of a bad one that is not there: neither is touched, whatever the other one is.
func TestIdentity_twoGoodMessagesWithItsMessageID(t *testing.T) {
	for name, c := range map[string]struct {
		first, second retracttest.Message
		outcome       store.Outcome
	}{
		"both with ids of their own": {retracttest.Message{NetworkIDs: []string{nid2}, MIME: original}, retracttest.Message{NetworkIDs: []string{nid4}, MIME: original}, store.Mismatch},
		"one without an id, another text": {retracttest.Message{NetworkIDs: []string{nid2}, MIME: original},
			retracttest.Message{MIME: altered("Pay here.", "Lunch?")}, store.Mismatch},
		"one without an id, the same content": {retracttest.Message{NetworkIDs: []string{nid2}, MIME: original},
			retracttest.Message{MIME: original}, store.Held},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				var there []*retracttest.Message
				for _, m := range []retracttest.Message{c.first, c.second} {
					m.MessageID, m.Good = mid, true
					there = append(there, r.world.Deliver("A", m))
				}
				rec := r.report(bad(anna))
				r.run(time.Hour)
				r.want(rec, anna, c.outcome, "")
				for _, m := range there {
					r.lies(m, exchange.Inbox)
				}
			})
		})
	}
}

func TestIdentity_candidateBelongsToAnotherRecord(t *testing.T) {
	bubble(t, func(r *rig) {
		good := hit()
		good.NetworkIDs, good.Good = []string{nid2}, true
		r.world.Deliver("A", good)
		clean := bad(anna)
		clean.nid, clean.disposition = nid2, verdict.Clean
		other := r.report(clean)
		rec := r.report(bad(anna))
		r.run(time.Second)
		r.want(rec, anna, store.Mismatch, "record "+other.ID+" (CLEAN), whose own verdict decides")
	})
}

// A sender who has had a letter from the organisation knows the network message id of a record of its own. Written into
// a bad message it must not make that one the good record's, and keep it where it is unseen.
func TestIdentity_goodRecordsIDInABadMessage(t *testing.T) {
	for name, own := range map[string]string{"beside its own": nid, "which leaves it none": ""} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				letter := bad(anna)
				letter.mid, letter.nid, letter.disposition = "<m2@contoso.example>", nid2, verdict.Clean
				r.report(letter)
				evil := hit()
				evil.NetworkIDs = []string{nid2, nid}
				m := r.world.Deliver("A", evil)
				record := bad(anna)
				if record.nid = own; own == "" {
					record.doubts = []store.Doubt{store.DoubtNetworkIDs}
				}
				rec := r.report(record)
				r.run(time.Hour)
				if in := r.want(rec, anna, store.Held, "2 network message ids"); in.Code != store.CodeOneID {
					t.Errorf("code %q", in.Code)
				}
				r.lies(m, exchange.Inbox)
			})
		})
	}
}

// The record's own message may arrive after the other one was seen.
func TestIdentity_theRightMessageArrivesAfterAMismatch(t *testing.T) {
	bubble(t, func(r *rig) {
		good := hit()
		good.NetworkIDs, good.Good = []string{nid2}, true
		r.world.Deliver("A", good)
		rec := r.report(bad(anna))
		r.run(time.Second)
		r.want(rec, anna, store.Mismatch, "")
		late := r.world.Deliver("A", hit())
		r.run(time.Minute)
		r.want(rec, anna, store.Done, "taken")
		r.lies(late, exchange.Deletions)
	})
}

func TestIdentity_notFirstHandDrivesNothing(t *testing.T) {
	bubble(t, func(r *rig) {
		m := hit()
		m.Good = true
		r.world.Deliver("A", m)
		forged := bad(anna)
		forged.hearsay = true
		rec := r.report(forged)
		r.run(time.Hour)
		r.want(rec, anna, store.Held, "not first-hand")
		if calls := r.world.Calls(""); len(calls) > 0 {
			t.Errorf("%d calls for a report that is not first-hand, the first is %v", len(calls), calls[0])
		}
	})
}

func TestIdentity_confirmedAtFirstHandGoesOn(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", hit())
		forged := bad(anna)
		forged.hearsay = true
		rec := r.report(forged)
		r.run(time.Minute)
		r.want(rec, anna, store.Held, "")
		again := r.report(bad(anna))
		r.run(time.Minute)
		r.want(again, anna, store.Done, "")
		r.lies(m, exchange.Deletions)
	})
}

// A person may let a message pass that cannot be proven: that very message, and no other.
func TestIdentity_approvalIsForOneMessage(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: original})
		rec := r.report(bad(anna))
		r.run(time.Second)
		in := r.want(rec, anna, store.Held, "not provable")
		swapped := r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: "From: x@y.example\r\n\r\nHello\r\n", Good: true})
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, "looked at it"); err != nil {
			t.Fatal(err)
		}
		r.run(time.Second)
		if in := r.want(rec, anna, store.Done, "left alone"); in.Code != store.CodeByPerson {
			t.Errorf("code %q, want %q", in.Code, store.CodeByPerson)
		}
		r.lies(m, exchange.Deletions)
		r.lies(swapped, exchange.Inbox)
	})
}
