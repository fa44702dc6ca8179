package retract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/job"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/verdict"
)

// goodMail is a message that the user has, and the attacker too.
const goodMail = "From: Anna <anna@contoso.example>\r\nTo: eve@sender.example\r\nSubject: Invoice 4711\r\n" +
	"Date: Sat, 01 Jan 2000 00:00:00 +0000\r\nMessage-ID: <m1@sender.example>\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n" +
	"--b1\r\nContent-Type: text/plain\r\n\r\nAs agreed.\r\n" +
	"--b1\r\nContent-Type: application/pdf; name=invoice.pdf\r\nContent-Disposition: attachment; filename=invoice.pdf\r\n\r\n%PDF 1\r\n" +
	"--b1\r\nContent-Type: image/png; name=logo.png\r\n\r\nPNG\r\n--b1--\r\n"

// sentBack are the ways in which an attacker sends a good message back so that it is judged bad, and the copy that the
// user has is taken for it. Message-ID, From and Date stay, for by these a message is found.
var sentBack = map[string]func(string) string{
	"as it is":                        func(s string) string { return s },
	"attachment renamed":              replace("filename=invoice.pdf", "filename=invoice.pdf.scr"),
	"attachment renamed in one field": replace("name=invoice.pdf\r\nContent-Disposition", "name=invoice.pdf.scr\r\nContent-Disposition"),
	"another subject":                 replace("Invoice 4711", "Your mailbox is full"),
	"renamed, another subject":        replace("Invoice 4711", "Pay", "filename=invoice.pdf", "filename=invoice.pdf.scr"),
	"another type":                    replace("application/pdf", "application/x-msdownload"),
	"text as HTML":                    replace("text/plain", "text/html"),
	"another order":                   exchanged,
	"a part more":                     replace("--b1--", "--b1\r\nContent-Type: text/html\r\n\r\n<a href=https://evil.example>\r\n--b1--"),
	"an empty file more":              replace("--b1--", "--b1\r\nContent-Type: application/x-a; name=run.scr\r\n\r\n\r\n--b1--"),
	"two boundaries in one field":     replace("boundary=b1", "boundary=b1; boundary=b2"),
	"two Content-Type fields":         replace("Content-Type: multipart", "Content-Type: text/html\r\nContent-Type: multipart"),
	"two transfer encodings":          replace("Content-Type: application/pdf", "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: application/pdf"),
	"nothing but empty parts": func(s string) string {
		return s[:strings.Index(s, "--b1")] + "--b1\r\n\r\n\r\n--b1\r\n\r\n\r\n--b1--\r\n"
	},
}

func replace(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

func exchanged(s string) string {
	parts := strings.SplitAfter(s, "--b1\r\n")
	pdf, png := strings.TrimSuffix(parts[2], "--b1\r\n"), strings.TrimSuffix(parts[3], "--b1--\r\n")
	return parts[0] + parts[1] + png + "--b1\r\n" + pdf + "--b1--\r\n"
}

// keptAs are the ways in which the user's own copy of the message may lie in the mailbox.
var keptAs = map[string]func(m *retracttest.Message){
	"a sent copy that was filed": func(m *retracttest.Message) { m.Folder = "Invoices" },
	"a migrated message":         func(m *retracttest.Message) { m.MIME, m.NoHeaders = "Received: from old.example\r\n"+m.MIME, true },
	"one with an id":             func(m *retracttest.Message) { m.NetworkIDs = []string{nid3} },
	"one with two ids":           func(m *retracttest.Message) { m.NetworkIDs = []string{nid3, nid} },
	"deleted by the user":        func(m *retracttest.Message) { m.Folder = string(exchange.Deleted) },
}

// recordedAs are the ways in which the attacker's message may be recorded, and lie in the mailbox beside the copy.
var recordedAs = map[string]func(m *mail, own *retracttest.Message){
	"with an id":  func(*mail, *retracttest.Message) {},
	"without ids": func(m *mail, own *retracttest.Message) { m.nid, own.NetworkIDs = "", nil },
	"with two ids, so none": func(m *mail, own *retracttest.Message) {
		m.nid, m.doubts, own.NetworkIDs = "", []store.Doubt{store.DoubtNetworkIDs}, []string{nid, nid4}
	},
	"without its identity": func(m *mail, own *retracttest.Message) {
		m.nid, m.doubts, own.NetworkIDs = "", []store.Doubt{store.DoubtUnread}, nil
	},
}

const nid4 = "aaaaaaaa-0000-0000-0000-000000000004"

// paths are the ways in which a retraction comes to look at the messages of a mailbox.
var paths = map[string]func(r *rig, rec store.Record){
	"by its verdict": func(r *rig, _ store.Record) { r.run(48 * time.Hour) },
	"by a person": func(r *rig, rec store.Record) {
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.SoftDelete, ""); err != nil {
			r.t.Fatal(err)
		}
		r.run(48 * time.Hour)
	},
	"by a bulk job": func(r *rig, rec store.Record) {
		r.job(job.Spec{Action: config.Trash, Records: []string{rec.ID}})
		r.run(48 * time.Hour)
	},
	"deleted hard": func(r *rig, rec store.Record) {
		if _, err := r.e.Retract(context.Background(), "ada", rec.ID, config.HardDelete, ""); err != nil {
			r.t.Fatal(err)
		}
		r.run(48 * time.Hour)
	},
	"after a lost answer": func(r *rig, _ store.Record) {
		r.world.Set(func(w *retracttest.World) { w.Script = once("move", lostAnswer(), false) })
		r.run(48 * time.Hour)
	},
	"after a lost answer, and its own message is gone": func(r *rig, rec store.Record) {
		r.world.Set(func(w *retracttest.World) {
			lost := once("move", lostAnswer(), false)
			w.Script = func(op, mailbox, argument string) *answer {
				a := lost(op, mailbox, argument)
				if a != nil {
					r.own.Purged = true
				}
				return a
			}
		})
		r.run(48 * time.Hour)
		r.restore(rec)
		r.run(time.Hour)
	},
	"and back": func(r *rig, rec store.Record) {
		r.run(time.Minute)
		r.world.Set(func(*retracttest.World) { r.own.Purged = true })
		r.restore(rec)
		r.run(48 * time.Hour)
	},
}

// The user's copy of a message that an attacker has sent back is never touched without a person's word, however the
// attacker changes his, however the copy lies there, however his message is recorded, and by whatever way it is looked
// for. His own is taken all the same where it can be proven.
func TestSentBack_theUsersCopyStays(t *testing.T) {
	for attack, change := range sentBack {
		for kept, keep := range keptAs {
			for recorded, record := range recordedAs {
				t.Run(strings.Join([]string{attack, kept, recorded}, "/"), func(t *testing.T) {
					bubble(t, func(r *rig) {
						r.sentBack(change(goodMail), keep, record, paths["by its verdict"])
						if taken := len(r.world.Peek(r.own).Moves) > 0; recorded == "with an id" && !taken {
							t.Error("the attacker's own message was not taken")
						}
					})
				})
			}
		}
	}
}

func TestSentBack_byEveryWay(t *testing.T) {
	for _, attack := range []string{"as it is", "renamed, another subject", "nothing but empty parts"} {
		for kept, keep := range keptAs {
			for recorded, record := range recordedAs {
				for path, look := range paths {
					t.Run(strings.Join([]string{attack, kept, recorded, path}, "/"), func(t *testing.T) {
						bubble(t, func(r *rig) { r.sentBack(sentBack[attack](goodMail), keep, record, look) })
					})
				}
			}
		}
	}
}

func (r *rig) sentBack(evil string, keep func(*retracttest.Message), record func(*mail, *retracttest.Message),
	look func(*rig, store.Record)) {
	copied := retracttest.Message{MessageID: mid, MIME: goodMail, Good: true, Folder: "Archive"}
	keep(&copied)
	place := copied.Folder
	good := r.world.Deliver("A", copied)
	m := bad(anna)
	m.original = "Received: from evil.example by contoso.example; Sun, 02 Jan 2000 00:00:00 +0000\r\n" + evil
	own := retracttest.Message{MessageID: mid, NetworkIDs: []string{nid}, MIME: m.original}
	record(&m, &own)
	r.own = r.world.Deliver("A", own)
	look(r, r.report(m))
	r.lies(good, exchange.Folder(place))
}

// A good message with an id of its own that is another record's is that record's: a person's approval of a hold that
// stood before that was known changes nothing of it.
func TestSentBack_approvalOfAnotherRecordsMessage(t *testing.T) {
	bubble(t, func(r *rig) {
		m := bad(anna)
		m.nid = ""
		m.original = goodMail
		good := r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: goodMail, NetworkIDs: []string{nid2}, Good: true})
		rec := r.report(m)
		r.run(time.Second)
		in := r.want(rec, anna, store.Held, "not provable")
		owner := bad(anna)
		owner.nid, owner.disposition, owner.original = nid2, verdict.Clean, goodMail
		r.report(owner)
		if err := r.e.Approve(context.Background(), "ada", []string{in.ID}, ""); err != nil {
			t.Fatal(err)
		}
		r.run(time.Hour)
		if in := r.want(rec, anna, store.Mismatch, "whose own verdict decides"); in.Code != store.CodeOtherRecord {
			t.Errorf("code %q", in.Code)
		}
		r.lies(good, exchange.Inbox)
	})
}

// Where nobody has an id, an exact copy that came another way, or that was never sent, is not the journaled one; nor is
// one that only shares a milder form of a record.
func TestSentBack_whereNothingHasAnID(t *testing.T) {
	const trace = "Received: from outside.example by contoso.example; Sat, 01 Jan 2000 00:00:07 +0000\r\n"
	const earlier = "Received: from outside.example by contoso.example; Fri, 31 Dec 1999 00:00:07 +0000\r\n"
	for _, c := range []struct {
		name, kept string
		lost       bool                  // the original of the first form is not kept
		forms      []verdict.Disposition // of the record, the first as it is kept, the next sent again
		doubts     []store.Doubt
		outcome    store.Outcome
		code       store.Code
	}{
		{"the journaled one", trace + goodMail, false, []verdict.Disposition{verdict.Malicious}, nil, store.Done, store.CodeByContent},
		{"the journaled one, a hop later", "Received: by mailbox.example\r\n" + trace + goodMail, false, []verdict.Disposition{verdict.Malicious}, nil, store.Done, store.CodeByContent},
		{"the sender's own copy", goodMail, false, []verdict.Disposition{verdict.Malicious}, nil, store.Mismatch, store.CodeNeverReceived},
		{"one that came earlier", earlier + goodMail, false, []verdict.Disposition{verdict.Malicious}, nil, store.Held, store.CodeDoubt},
		{"a form that is good", earlier + goodMail, false, []verdict.Disposition{verdict.Malicious, verdict.Clean}, nil, store.Held, store.CodeDoubt},
		{"the second of two forms", earlier + goodMail, false, []verdict.Disposition{verdict.Malicious, verdict.Malicious}, nil, store.Done, store.CodeByContent},
		{"the form that is kept is good", earlier + goodMail, true, []verdict.Disposition{verdict.Malicious, verdict.Clean}, nil, store.Held, store.CodeDoubt},
		{"read in two ways", trace + goodMail, false, []verdict.Disposition{verdict.Malicious}, []store.Doubt{store.DoubtReadings}, store.Held, store.CodeDoubt},
		{"not read to its end", trace + goodMail, false, []verdict.Disposition{verdict.Malicious}, []store.Doubt{store.DoubtBounded}, store.Held, store.CodeDoubt},
		{"of several ids", trace + goodMail, false, []verdict.Disposition{verdict.Malicious}, []store.Doubt{store.DoubtNetworkIDs}, store.Held, store.CodeOneID},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				m := r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: c.kept, Good: c.outcome != store.Done})
				var rec store.Record
				for i, d := range c.forms {
					letter := bad(anna)
					letter.nid, letter.disposition, letter.content, letter.doubts = "", d, "one", c.doubts
					letter.original = []string{trace, earlier}[i] + goodMail
					rec = r.report(letter)
					if i == 0 && c.lost {
						clear(r.originals)
					}
				}
				r.run(time.Hour)
				if in := r.want(rec, anna, c.outcome, ""); in.Code != c.code {
					t.Errorf("code %q (%s), want %q", in.Code, in.Reason, c.code)
				}
				if c.outcome != store.Done {
					r.lies(m, exchange.Inbox)
				}
			})
		})
	}
}

// A person who approves moves that very message, and is told which other record has its content.
func TestSentBack_theHoldNamesTheOtherRecord(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("A", retracttest.Message{MessageID: mid, MIME: original})
		clean := bad(anna)
		clean.nid, clean.disposition, clean.contents = nid2, verdict.Clean, contentsOf(t, original)
		other := r.report(clean)
		rec := r.report(bad(anna))
		r.run(time.Second)
		r.want(rec, anna, store.Held, fmt.Sprintf("record %s (CLEAN) has that content too", other.ID))
	})
}

// A report may name a Message-ID that is not the original's own, and whoever wrote the message may have chosen it:
// under that id equal content is no proof.
func TestSentBack_underAnIDThatTheReportNames(t *testing.T) {
	bubble(t, func(r *rig) {
		const theirs = "<theirs@contoso.example>"
		good := r.world.Deliver("A", retracttest.Message{MessageID: theirs, MIME: strings.ReplaceAll(original, mid, theirs), Good: true})
		m := bad(anna)
		m.nid, m.also = "", []string{theirs}
		rec := r.report(m)
		r.run(time.Hour)
		if in := r.want(rec, anna, store.Held, "not that of the original's own header"); in.Code != store.CodeDoubt {
			t.Errorf("code %q, want %q", in.Code, store.CodeDoubt)
		}
		r.lies(good, exchange.Inbox)
	})
}
