package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/internal/daemon"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/testbed"
	"clawback/journal"
	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict"
)

// office is a running daemon over a state directory with a little of everything in it, all of it at rest: whoever asks
// gets the same answer each time.
type office struct {
	*testbed.Bed
	names map[string]string // ids by the names that the transcripts have for them
}

// officeTenant has a policy in its configuration and a mailbox for what users report.
var officeTenant = testbed.Tenant{
	Name: "contoso", ID: "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8",
	Domains: []string{"contoso.example"}, OriginatorOrg: []string{"contoso.onmicrosoft.com"},
	Tables: "\n[[tenant.policy]]\nkind = \"block_sender\"\npattern = \"@evil.example\"\nnote = \"never\"\n" +
		"\n[[tenant.submission]]\nmailboxes = [\"phish@contoso.example\"]\n",
}

const officeRules = `[[rule]]
id = "garden"
when = 'lower(subject) contains "garden"'
spam = 2.5
`

// runDaemon runs the daemon of a configuration in this process.
func runDaemon(ctx context.Context, file string, log io.Writer, reload <-chan os.Signal) error {
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	return daemon.Run(ctx, daemon.Options{
		Config: cfg, Version: version, Log: slog.New(slog.NewTextHandler(log, nil)), Files: files, Reload: reload,
	})
}

// openOffice fills a state directory and starts the daemon on it.
func openOffice(t *testing.T) *office {
	t.Helper()
	bed, err := testbed.New(testbed.Options{Daemon: runDaemon, Tenants: []testbed.Tenant{officeTenant},
		Sim:    graphsim.Options{Seed: 1, Rates: graphsim.Calm()},
		Config: "[rest]\nlisten = \"127.0.0.1:0\"\n\n[score]\nrules_dir = \"rules\"\n\n[spool]\nmin_free = \"1MiB\"\nmin_free_percent = 0\n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	o := &office{Bed: bed, names: map[string]string{}}
	o.write(t, "rules/own.toml", officeRules)
	o.write(t, "mail.eml", officeReport(1))
	o.fill(t)
	for _, user := range []string{"anna", "bob"} {
		bed.Sim.AddUser(graphsim.User{Tenant: officeTenant.ID, UPN: user + "@contoso.example"})
	}
	if err := bed.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	o.names["URL"] = o.restURL(t)
	return o
}

// restURL is where the API is answered.
func (o *office) restURL(t *testing.T) string {
	t.Helper()
	log, err := os.ReadFile(o.LogFile())
	must(t, err)
	found := regexp.MustCompile(`event=rest.listening address=(\S+)`).FindSubmatch(log)
	if found == nil {
		t.Fatal("the log does not say where the API is answered")
	}
	return "https://" + string(found[1])
}

func (o *office) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(o.File(name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.File(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fill writes rows as the daemon of some hours ago would have left them.
func (o *office) fill(t *testing.T) {
	t.Helper()
	dir := o.File("state")
	must(t, os.MkdirAll(dir, 0o700))
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{})
	must(t, err)
	q, err := bolt.Open(dir, sp, bolt.Options{})
	must(t, err)
	st, err := pebble.Open(dir, store.Options{})
	must(t, err)
	defer func() { must(t, st.Close()); must(t, q.Close()); must(t, sp.Close()) }()
	o.fillQueue(t, q)
	o.fillStore(t, q, st)
	o.fillSubmissions(t, q, st)
}

// accept puts a report into the queue.
func accept(t *testing.T, q *bolt.Queue, report string) queue.Item {
	t.Helper()
	d, err := q.Begin(t.Context(), queue.Envelope{
		Session: "S1", Tenant: officeTenant.ID, Purpose: queue.ForJournal, MailFrom: testbed.Alternate,
		Rcpts: []string{officeTenant.Journal()}, Received: time.Now().UTC().Add(-3 * time.Hour),
		Remote: "192.0.2.25:25000", Hello: "mail-x.outbound.example", Network: "exchange-online",
		TLS: queue.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_256_GCM_SHA384"},
	}, int64(len(report)))
	must(t, err)
	_, err = io.WriteString(d, report)
	must(t, err)
	id, err := d.Commit(t.Context())
	must(t, err)
	it, err := q.Get(t.Context(), id)
	must(t, err)
	return it
}

// fillQueue leaves one report in quarantine, one that is deferred, and one on its way to the alternate mailbox.
func (o *office) fillQueue(t *testing.T, q *bolt.Queue) {
	t.Helper()
	quarantined, deferred := accept(t, q, officeReport(7)), accept(t, q, officeReport(8))
	bounced := accept(t, q, "no report\r\n")
	must(t, q.Quarantine(t.Context(), quarantined.ID, queue.CauseOrganisation,
		"not attributed: X-OriginatorOrg is fabrikam.example"))
	must(t, q.Defer(t.Context(), deferred.ID, time.Now().Add(20*time.Hour), "tenant is not in the configuration"))
	b, err := q.GiveUp(t.Context(), bounced.ID, "not a journal report", "")
	must(t, err)
	must(t, q.BounceDefer(t.Context(), b.ID, time.Now().Add(20*time.Hour), "451 4.3.0 mailbox full", true))
	o.names["QUARANTINED"], o.names["DEFERRED"], o.names["BOUNCE"] = quarantined.ID, deferred.ID, b.ID
}

// fillStore leaves a message that was partly taken away, one that would have been, and one that is clean.
func (o *office) fillStore(t *testing.T, q *bolt.Queue, st *store.Store) {
	t.Helper()
	reasons := []verdict.Reason{
		{ID: "link.lookalike", Family: "link", Weight: 6.1, Where: "part 1", Text: "A link leads to a lookalike."},
		{ID: "auth.dmarc_fail", Family: "auth", Weight: 3.2, Text: "DMARC failed for bank.example."},
	}
	malicious := verdict.Verdict{Disposition: verdict.Malicious, Score: 93, Threat: 9.3, Reasons: reasons,
		Indicators: []verdict.Indicator{{Kind: "url", Value: "https://bank-login.example/pay"}}}
	phish := o.record(t, q, st, 1, malicious, planTaken)
	spam := o.record(t, q, st, 2, verdict.Verdict{Disposition: verdict.Spam, Score: 61, Spam: 6.1}, planDryRun)
	clean := o.record(t, q, st, 3, verdict.Verdict{Disposition: verdict.Clean}, nil)
	o.names["PHISH"], o.names["SPAM"], o.names["CLEAN"] = phish.ID, spam.ID, clean.ID
	list, err := st.Intents(t.Context(), phish.ID)
	must(t, err)
	for _, in := range list {
		o.names[strings.ToUpper(strings.SplitN(in.Address, "@", 2)[0])] = in.ID
		if in.Outcome == store.Done {
			a := store.Attempt{Intent: in.ID, Operation: "move", Started: in.Changed}
			_, _, err := st.Begin(t.Context(), in, a)
			must(t, err)
		}
	}
	must(t, st.Note(t.Context(), store.Act{
		At: time.Now().UTC().Add(-3 * time.Hour), Who: "clawback", What: "connector.validated",
		Tenant: officeTenant.ID, Object: officeTenant.Journal(),
	}))
}

// record applies the n-th report.
func (o *office) record(
	t *testing.T, q *bolt.Queue, st *store.Store, n int, v verdict.Verdict, plan func(store.Record) []store.Intent,
) store.Record {
	t.Helper()
	report := officeReport(n)
	it := accept(t, q, report)
	parsed, err := journal.Parse(strings.NewReader(report), int64(len(report)))
	must(t, err)
	key := fmt.Sprintf("report-%d", n)
	rec, _, err := st.Apply(t.Context(), store.Application{
		Key: key, Item: it.ID, Tenant: officeTenant.ID, Network: networkID(n),
		Record: store.Record{
			MessageID: fmt.Sprintf("<message-%d@bank.example>", n), Subject: subjects[n],
			Sender: "bounce@bank.example", From: "billing@bank.example", FromName: "Bank",
			Received: it.Envelope.Received, Direction: "inbound", FirstHand: true, Verdict: v,
			Recipients: []journal.Recipient{
				{Address: "anna@contoso.example", Type: journal.To},
				{Address: "bob@contoso.example", Type: journal.Cc},
				{Address: "partner@fabrikam.example", Type: journal.Bcc},
			},
			Variants: []store.Variant{{
				SHA256: fmt.Sprintf("%064x", n), Report: key, At: it.Envelope.Received, Body: it.Body,
				Section: parsed.Originals[0].Section, Verdict: v, FirstHand: true,
			}},
		},
	}, func(rec store.Record, _ []store.Intent) []store.Intent {
		if plan == nil {
			return nil
		}
		return plan(rec)
	})
	must(t, err)
	must(t, q.Finish(t.Context(), it.ID))
	return rec
}

var subjects = map[int]string{1: "Invoice overdue", 2: "Garden news", 3: "Lunch"}

func networkID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func intentFor(rec store.Record, address string) store.Intent {
	return store.Intent{
		ID: store.IntentID(rec.ID, address, store.Retract), Record: rec.ID, Tenant: rec.Tenant, Address: address,
		Kind: store.Retract, Action: "soft_delete", Cause: rec.Verdict.Disposition.String(),
		Severity: int(rec.Verdict.Disposition), Created: rec.Received, Changed: rec.Received,
	}
}

// planTaken plans the intents of a message that lies in one mailbox's Deletions already, waits for a person at another,
// and went to somebody outside as well.
func planTaken(rec store.Record) []store.Intent {
	done, held := intentFor(rec, "anna@contoso.example"), intentFor(rec, "bob@contoso.example")
	outside := intentFor(rec, "partner@fabrikam.example")
	read := false
	done.Outcome, done.Reason, done.WasRead, done.Looks = store.Done, "in Recoverable Items/Deletions", &read, 2
	done.Taken = []store.Taken{{Message: "m1", Folder: "inbox", FolderName: "Inbox", Target: "recoverableitemsdeletions",
		State: store.TakenMoved, Proof: store.ByNetworkID, Received: rec.Received.Add(-5 * time.Second),
		At: rec.Received.Add(40 * time.Second)}}
	held.Outcome, held.Reason, held.Hold = store.Held, "brake: 50 mailboxes of one message were acted on", "brake"
	outside.Outcome, outside.Reason = store.Skipped, "outside the organisation"
	return []store.Intent{done, held, outside}
}

// planDryRun plans the intent of a message of a tenant in dry-run.
func planDryRun(rec store.Record) []store.Intent {
	in := intentFor(rec, "anna@contoso.example")
	in.Action, in.Outcome, in.DryRun = "junk", store.Skipped, true
	in.Reason = "dry-run: would have been moved to Junk Email"
	return []store.Intent{in}
}

// officeReport is the n-th journal report.
func officeReport(n int) string {
	lines := []string{
		`From: "Journal" <MicrosoftExchange@contoso.example>`,
		"To: j@" + testbed.Hostname,
		fmt.Sprintf("Message-ID: <outer-%d@contoso.example>", n),
		"X-MS-Journal-Report:",
		"MIME-Version: 1.0",
		`Content-Type: multipart/mixed; boundary="b"`,
		"", "--b",
		"Content-Type: text/plain; charset=us-ascii",
		"",
		"Sender: bounce@bank.example",
		"Subject: " + subjects[n],
		fmt.Sprintf("Message-Id: <message-%d@bank.example>", n),
		"To: anna@contoso.example",
		"Cc: bob@contoso.example",
		"Bcc: partner@fabrikam.example",
		"", "--b",
		"Content-Type: message/rfc822",
		"",
		"From: Bank <billing@bank.example>",
		"To: anna@contoso.example",
		"Subject: " + subjects[n],
		fmt.Sprintf("Message-ID: <message-%d@bank.example>", n),
		"X-MS-Exchange-Organization-Network-Message-Id: " + networkID(n),
		"",
		fmt.Sprintf("Text %d.", n),
		"", "--b--", "",
	}
	return strings.Join(lines, "\r\n")
}

// fillSubmissions leaves one message that a user reported.
func (o *office) fillSubmissions(t *testing.T, q *bolt.Queue, st *store.Store) {
	t.Helper()
	mail := "X-MS-Exchange-Organization-AuthAs: Internal\r\nFrom: anna@contoso.example\r\nTo: phish@contoso.example\r\n" +
		"Subject: 3|" + networkID(3) + "|server|billing@bank.example|(Lunch)\r\n\r\nThis looks odd.\r\n"
	it := accept(t, q, mail)
	desk := submission.NewDesk(submission.Options{Store: st, Judge: sameVerdict{},
		Tenant: func(string) (*config.Tenant, bool) {
			return &config.Tenant{ID: officeTenant.ID, Domains: officeTenant.Domains}, true
		},
		Open: func(spool.Ref) (intel.Body, error) { return nil, os.ErrNotExist },
	})
	list, err := desk.Take(t.Context(), submission.Letter{
		Tenant: officeTenant.ID, Via: "phish@contoso.example", Claim: "subject", Sender: "anna@contoso.example",
		Body: it.Body, Octets: strings.NewReader(mail), Size: int64(len(mail)), Received: it.Envelope.Received,
	})
	must(t, err)
	must(t, q.Finish(t.Context(), it.ID))
	o.names["SUBMISSION"] = list[0].ID
}

// sameVerdict is a judge that keeps each verdict.
type sameVerdict struct{ submission.Judge }

func (sameVerdict) Again(_ context.Context, rec store.Record, _ string) (verdict.Verdict, error) {
	return rec.Verdict, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
