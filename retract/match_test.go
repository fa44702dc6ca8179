package retract_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"clawback/retract"
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
		reason  string
	}{
		{"the same network message id", retracttest.Message{NetworkIDs: []string{nid}}, nid, store.Done, "taken"},
		{"in capitals", retracttest.Message{NetworkIDs: []string{strings.ToUpper(nid)}}, nid, store.Done, "taken"},
		{"the list lacks the headers", retracttest.Message{NetworkIDs: []string{nid}, NoHeaders: true}, nid, store.Done, "taken"},
		{"subject rewritten", retracttest.Message{NetworkIDs: []string{nid}, MIME: altered("Invoice", "[EXTERNAL] Invoice")}, nid, store.Done, "taken"},
		{"disclaimer added, same id", retracttest.Message{NetworkIDs: []string{nid}, MIME: original + "Disclaimer.\r\n"}, nid, store.Done, "taken"},
		{"a good message with a copied Message-ID", retracttest.Message{NetworkIDs: []string{nid2}, Good: true, MIME: altered("Pay", "Hello")}, nid, store.Mismatch, nid2},
		{"copied sender, subject, date and text too", retracttest.Message{NetworkIDs: []string{nid2}, Good: true, MIME: original}, nid, store.Mismatch, nid2},
		{"the same, found by its headers alone", retracttest.Message{NetworkIDs: []string{nid2}, NoHeaders: true, Good: true, MIME: original}, nid, store.Mismatch, nid2},
		{"no headers, same content", retracttest.Message{MIME: original}, nid, store.Done, "taken"},
		{"no headers, subject rewritten", retracttest.Message{MIME: altered("Invoice", "[EXTERNAL] Invoice")}, nid, store.Done, "taken"},
		{"no headers, disclaimer added", retracttest.Message{MIME: original + "Disclaimer.\r\n", Good: true}, nid, store.Held, "not provable"},
		{"no headers, another text", retracttest.Message{MIME: altered("Pay here.", "Lunch?"), Good: true}, nid, store.Held, "not provable"},
		{"no headers, sent by somebody else", retracttest.Message{MIME: altered("eve@sender.example", "boss@contoso.example"), Good: true}, nid, store.Held, "not provable"},
		{"no headers, sent another day", retracttest.Message{MIME: altered("01 Jan", "02 Jan"), Good: true}, nid, store.Held, "not provable"},
		{"no headers, no parts", retracttest.Message{MIME: "Subject: x\r\n\r\n", Good: true}, nid, store.Held, "not provable"},
		{"the record has no id, same content", retracttest.Message{NetworkIDs: []string{nid2}, MIME: original}, "", store.Done, "taken"},
		{"the record has no id, another content", retracttest.Message{NetworkIDs: []string{nid2}, MIME: altered("Pay", "Hello"), Good: true}, "", store.Held, "not provable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				c.message.MessageID = mid
				r.world.Deliver("A", c.message)
				m := bad(anna)
				m.nid = c.record
				rec := r.report(m)
				r.run(time.Second)
				r.want(rec, anna, c.outcome, c.reason)
			})
		})
	}
}

func TestIdentity_originalNoLongerKept(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: original, Good: true})
		rec := r.report(bad(anna))
		clear(r.originals)
		r.run(time.Second)
		r.want(rec, anna, store.Held, "the stored original cannot be read")
	})
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
		r.lies(a, retract.Deletions)
		r.lies(b, retract.Deletions)
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
		r.lies(a, retract.Deletions)
		r.lies(b, retract.Deletions)
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
		r.lies(wrong, retract.Deletions)
		r.lies(right, retract.Inbox)
	})
}

// Two good messages bear the Message-ID of a bad one that is not there: neither is touched, whatever the other one is.
func TestIdentity_twoGoodMessagesWithItsMessageID(t *testing.T) {
	const nid4 = "aaaaaaaa-0000-0000-0000-000000000004"
	for name, c := range map[string]struct {
		first, second retracttest.Message
		outcome       store.Outcome
	}{
		"both with ids of their own": {retracttest.Message{NetworkIDs: []string{nid2}, MIME: original}, retracttest.Message{NetworkIDs: []string{nid4}, MIME: original}, store.Mismatch},
		"one without headers": {retracttest.Message{NetworkIDs: []string{nid2}, MIME: original},
			retracttest.Message{MIME: altered("Pay here.", "Lunch?")}, store.Held},
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
					r.lies(m, retract.Inbox)
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
		r.lies(late, retract.Deletions)
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
		r.lies(m, retract.Deletions)
	})
}

// A person may let a message pass that cannot be proven: that very message, and no other.
func TestIdentity_approvalIsForOneMessage(t *testing.T) {
	bubble(t, func(r *rig) {
		m := r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: original + "Disclaimer.\r\n"})
		rec := r.report(bad(anna))
		r.run(time.Second)
		in := r.want(rec, anna, store.Held, "not provable")
		swapped := r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: "From: x@y.example\r\n\r\nHello\r\n", Good: true})
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, "looked at it"); err != nil {
			t.Fatal(err)
		}
		r.run(time.Second)
		r.want(rec, anna, store.Done, "left alone")
		r.lies(m, retract.Deletions)
		r.lies(swapped, retract.Inbox)
	})
}
