package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/bounce"
	"clawback/config"
	"clawback/intel/submission"
	"clawback/journal"
	"clawback/queue"
	"clawback/spool"
	"clawback/store"
)

// desk notes what it is handed.
type desk struct {
	letters []submission.Letter
	bodies  []string
	err     error
}

func (d *desk) Take(_ context.Context, l submission.Letter) ([]submission.Taken, error) {
	octets, err := io.ReadAll(io.NewSectionReader(l.Octets, 0, l.Size))
	if err != nil || d.err != nil {
		return nil, errors.Join(err, d.err)
	}
	d.letters, d.bodies = append(d.letters, l), append(d.bodies, string(octets))
	found, err := journal.Attachments(l.Octets, l.Size)
	return make([]submission.Taken, len(found)), err
}

const (
	submissionAddress = "report@gw.example"
	reportMailbox     = "phish@contoso.example"
)

// withDesk is a pipeline whose tenant takes submissions.
func withDesk(t *testing.T) (*fixture, *desk) {
	f, d := newFixture(t), &desk{}
	f.p.o.Submissions = d
	f.p.o.Tenant = func(id string) (*config.Tenant, bool) {
		c := contoso()
		c.Submissions = []config.Submission{{Address: submissionAddress, Mailboxes: []string{reportMailbox}, Claim: "junk", Trusted: []string{"soc@contoso.example"}},
			{Address: "other@gw.example", Claim: "junk", Trusted: []string{"soc@contoso.example"}}}
		return c, id == tenantID
	}
	return f, d
}

func submitted() queue.Envelope {
	e := envelope()
	e.Purpose, e.MailFrom, e.Rcpts = queue.ForSubmission, "ada@contoso.example", []string{"Report@GW.example"}
	return e
}

const usersMail = "X-OriginatorOrg: contoso.onmicrosoft.com\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\nFrom: ada@contoso.example\r\nSubject: look\r\nMessage-ID: <u@contoso.example>\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: eve@shop.example\r\n\r\nbuy\r\n--b--\r\n"

// journaledTo is the journal's report of a mail to somebody.
func journaledTo(rcpt, mail string) string {
	return "Sender: <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.onmicrosoft.com>\r\nMessage-ID: <1@journal.report.generator>\r\n" +
		"X-MS-Journal-Report:\r\nX-MS-Exchange-Generated-Message-Source: Journal Agent\r\nX-OriginatorOrg: contoso.onmicrosoft.com\r\nContent-Type: multipart/mixed; boundary=j\r\n\r\n" +
		"--j\r\nContent-Type: text/plain\r\n\r\nSender: ada@contoso.example\r\nSubject: look\r\nMessage-Id: <u@contoso.example>\r\nRecipient: " + rcpt + "\r\n\r\n" +
		"--j\r\nContent-Type: message/rfc822\r\n\r\n" + mail + "\r\n--j--\r\n"
}

func TestSubmission_whereAUsersReportGoes(t *testing.T) {
	nothing := strings.Replace(usersMail, "message/rfc822", "text/plain", 1)
	for _, c := range []struct {
		name, message string
		change        func(*queue.Envelope)
		outcome       string
		letters       string // sender, way, journaled, why not believed
	}{
		{"at the address", usersMail, nil, "finished", "ada@contoso.example report@gw.example false "},
		{"from elsewhere", usersMail, func(e *queue.Envelope) { e.Network = "" }, "finished", "ada@contoso.example report@gw.example false sent from 192.0.2.1:1, which is in none of the listener's networks"},
		{"of another organisation", strings.Replace(usersMail, "contoso.onm", "fabrikam.onm", 1), nil, "finished", `ada@contoso.example report@gw.example false X-OriginatorOrg is "fabrikam.onmicrosoft.com", which is not an originator_org of tenant contoso`},
		{"nothing in it", nothing, nil, "quarantined", "ada@contoso.example report@gw.example false "},
		{"nothing in it, from elsewhere", strings.Replace(nothing, "contoso.onm", "x.onm", 1), nil, "finished", `ada@contoso.example report@gw.example false X-OriginatorOrg is "x.onmicrosoft.com", which is not an originator_org of tenant contoso`},
		{"to two addresses", usersMail, func(e *queue.Envelope) { e.Rcpts = append(e.Rcpts, "other@gw.example") }, "finished", "ada@contoso.example report@gw.example false \nada@contoso.example other@gw.example false "},
		{"no address any more", usersMail, func(e *queue.Envelope) { e.Rcpts[0] = "gone@gw.example" }, "deferred", ""},
		{"a journal rule's report at the address", journaledTo(reportMailbox, usersMail), nil, "finished", "ada@contoso.example report@gw.example true "},
		{"a report without the journal's marks there", strings.Replace(journaledTo(reportMailbox, usersMail), "--j\r\nContent-Type: text/plain", "--j\r\nContent-Type: text/enriched", 1), nil, "finished", " report@gw.example true the journal report of it is not first-hand"},
		{"journaled to the mailbox", journaledTo("Phish@contoso.example", usersMail), toJournal, "finished MALICIOUS", "ada@contoso.example phish@contoso.example true "},
		{"journaled to somebody else", journaledTo("bob@contoso.example", usersMail), toJournal, "finished MALICIOUS", ""},
		{"recovered", journaledTo(reportMailbox, usersMail), func(e *queue.Envelope) { toJournal(e); e.Purpose = queue.ForRecovery }, "finished MALICIOUS", "ada@contoso.example phish@contoso.example true the journal report of it is not first-hand"},
		{"our own mail", bounce.OwnHeader + ": x\r\n" + usersMail, nil, "finished", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, d := withDesk(t)
			if c.name == "our own mail" {
				f.p.o.Own = func(string, string, string) bool { return true }
			}
			e := submitted()
			if c.change != nil {
				c.change(&e)
			}
			id := f.put(e, []byte(c.message))
			f.work()
			if got := f.outcome(id); got != c.outcome {
				t.Errorf("it is %q, want %q (%s)", got, c.outcome, f.reason(id))
			}
			var got []string
			for i, l := range d.letters {
				got = append(got, fmt.Sprintf("%s %s %t %s", l.Sender, l.Via, l.Journaled, l.Unproven))
				if !strings.Contains(d.bodies[i], "From: ada@contoso.example") ||
					strings.Contains(d.bodies[i], "X-MS-Journal-Report") || l.Claim != "junk" ||
					l.Trusted[0] != "soc@contoso.example" || l.Tenant != tenantID {
					t.Errorf("letter %+v of\n%s", l, d.bodies[i])
				}
			}
			if diff := cmp.Diff(c.letters, strings.Join(got, "\n")); diff != "" {
				t.Errorf("letters (-want +got):\n%s", diff)
			}
		})
	}
}

func toJournal(e *queue.Envelope) {
	e.Purpose, e.MailFrom, e.Rcpts = queue.ForJournal, "ndr@archive.example", []string{"j@gw.example"}
}

// What cannot be taken is tried again, and then put aside; it is never bounced, for the alternate mailbox is for
// reports.
func TestSubmission_troubleNeverBounces(t *testing.T) {
	f, d := withDesk(t)
	d.err = errors.New("no")
	id := f.put(submitted(), []byte(usersMail))
	for _, want := range []string{"deferred", "deferred", "quarantined"} {
		f.work()
		if got := f.outcome(id); got != want {
			t.Errorf("it is %q, want %q", got, want)
		}
		f.now = f.now.Add(2 * time.Hour)
	}
	d.err = fmt.Errorf("keep: %w", store.ErrStorage)
	f.put(submitted(), []byte(usersMail))
	items, err := f.queue.Claim(t.Context(), 1)
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	if err := f.p.work(t.Context(), items[0]); !errors.Is(err, store.ErrStorage) {
		t.Errorf("a store that broke: %v", err)
	}
}

// A crash after a submission was kept takes it once more: the same letter, so that the same submission.
func TestSubmission_crashAfterKeep(t *testing.T) {
	for name, e := range map[string]queue.Envelope{"at the address": submitted(), "journaled": func() queue.Envelope { e := envelope(); toJournal(&e); return e }()} {
		f, d := withDesk(t)
		f.p.o.Fail = func(point string) error {
			if point == "submission.after-keep" && len(d.letters) == 1 {
				return errors.New("crash")
			}
			return nil
		}
		message := usersMail
		if e.Purpose == queue.ForJournal {
			message = journaledTo(reportMailbox, usersMail)
		}
		id := f.put(e, []byte(message))
		items, err := f.queue.Claim(t.Context(), 1)
		if err != nil || len(items) != 1 {
			t.Fatal(items, err)
		}
		if err := f.p.work(t.Context(), items[0]); err == nil {
			t.Fatalf("%s: it did not crash", name)
		}
		if err := f.queue.Release(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		f.work()
		if got := f.outcome(id); !strings.HasPrefix(got, "finished") || len(d.letters) != 2 {
			t.Fatalf("%s: it is %q after %d letters", name, got, len(d.letters))
		}
		a, b := d.letters[0], d.letters[1]
		a.Octets, b.Octets, a.Body, b.Body = nil, nil, spool.Ref{}, spool.Ref{} // kept twice is kept once more
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: the second letter differs:\n%s", name, diff)
		}
	}
}
