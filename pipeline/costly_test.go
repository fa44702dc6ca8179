package pipeline

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"clawback/journal"
	"clawback/queue"
	"clawback/score"
	"clawback/store"
	"clawback/verdict"
)

// slow is an unwrapping that goes on until its time is over.
func slow(r io.ReaderAt, _ int64) (report *journal.Report, err error) {
	spin(func() bool { _, err = r.ReadAt(make([]byte, 1), 0); return err != nil })
	return nil, err
}

func slowHead(r io.ReaderAt, size, _ int64) (*journal.Report, error) { return slow(r, size) }

// headOf unwraps so many bytes in time.
func headOf(limit int64) func(io.ReaderAt, int64, int64) (*journal.Report, error) {
	return func(r io.ReaderAt, size, _ int64) (*journal.Report, error) { return journal.ParseHead(r, size, limit) }
}

// Each row is a report whose unwrapping runs over its time: who believes it, and how much of it is read in time.
func TestTooCostly_goesWhereItBelongs(t *testing.T) {
	stop := endless(t)
	report := demoReport(t, "01-credential-phish.eml")
	original := int64(bytes.Index(report, []byte("message/rfc822")))
	without := func(field string) []byte {
		var kept [][]byte
		for line := range bytes.Lines(report) {
			if !bytes.HasPrefix(bytes.ToLower(line), []byte(strings.ToLower(field)+":")) {
				kept = append(kept, line)
			}
		}
		return bytes.Join(kept, nil)
	}
	of := func(change func(*queue.Envelope)) queue.Envelope {
		e := envelope()
		change(&e)
		return e
	}
	elsewhere := append([]byte("X-OriginatorOrg: fabrikam.onmicrosoft.com\r\n"), without("x-originatororg")...)
	validation := append([]byte("From: O365ConnectorValidation@contoso.example\r\n"), without("x-originatororg")...)
	for name, row := range map[string]struct {
		envelope queue.Envelope
		report   []byte
		whole    func(io.ReaderAt, int64) (*journal.Report, error)
		head     func(io.ReaderAt, int64, int64) (*journal.Report, error)
		state    queue.State // "": it has left the queue
		cause    queue.Cause
		bounces  int
		records  int
	}{
		"all but the original's end is read": {envelope: envelope(), report: report, head: headOf(original + 400), records: 1},
		"the original's header is not there": {envelope: envelope(), report: report, head: headOf(original), bounces: 1},
		"the envelope part is cut":           {envelope: envelope(), report: report, head: headOf(original - 300), bounces: 1},
		"the header alone is read":           {envelope: envelope(), report: report, head: slowHead, bounces: 1},
		"the beginning does not end at all":  {envelope: envelope(), report: report, bounces: 1, head: func(io.ReaderAt, int64, int64) (*journal.Report, error) { spin(stop); return nil, nil }},
		"unwrapping does not end at all":     {envelope: envelope(), report: report, head: headOf(original + 400), records: 1, whole: func(io.ReaderAt, int64) (*journal.Report, error) { spin(stop); return nil, nil }},
		"it is no report, but the tenant's":  {envelope: envelope(), report: []byte("X-OriginatorOrg: contoso.onmicrosoft.com\r\nSubject: x\r\n\r\ny"), bounces: 1},
		"from a network of nobody's":         {envelope: of(func(e *queue.Envelope) { e.Network = "" }), report: report, state: queue.Quarantined, cause: queue.CauseNetwork},
		"from another organisation":          {envelope: envelope(), report: elsewhere, state: queue.Quarantined, cause: queue.CauseOrganisation},
		"the same, and the header alone":     {envelope: envelope(), report: elsewhere, head: slowHead, state: queue.Quarantined, cause: queue.CauseOrganisation},
		"without an organisation":            {envelope: envelope(), report: without("x-originatororg"), head: slowHead, state: queue.Quarantined, cause: queue.CauseOrganisation},
		"with the author of validation mail": {envelope: envelope(), report: validation, head: slowHead, state: queue.Quarantined, cause: queue.CauseOrganisation},
		"at a submission address":            {envelope: of(func(e *queue.Envelope) { e.Purpose = queue.ForSubmission }), report: report, state: queue.Quarantined, cause: queue.CauseFault},
		"at the recovery address":            {envelope: of(func(e *queue.Envelope) { e.Purpose = queue.ForRecovery }), report: report, state: queue.Quarantined, cause: queue.CauseFault},
	} {
		t.Run(name, func(t *testing.T) {
			f := quick(t)
			if f.p.unwrap = slow; row.whole != nil {
				f.p.unwrap = row.whole
			}
			if row.head != nil {
				f.p.unwrapHead = row.head
			}
			f.scorer = func(m score.Message) (score.Result, error) {
				if !m.Cut || m.FirstHand {
					t.Errorf("scored as whole or as first-hand: %v, %v", m.Cut, m.FirstHand)
				}
				return result(verdict.Malicious), nil
			}
			id := f.put(row.envelope, row.report)
			f.work()
			it, err := f.queue.Get(t.Context(), id)
			if row.state == "" && !errors.Is(err, queue.ErrNotFound) ||
				row.state != "" && (it.State != row.state || it.Cause != row.cause) {
				t.Errorf("the item is %s because of %s (%s), %v", it.State, it.Cause, it.Reason, err)
			}
			bounces, err := f.queue.Bounces(t.Context(), queue.BounceFilter{})
			if err != nil || len(bounces) != row.bounces {
				t.Errorf("%d bounces, %v; want %d", len(bounces), err, row.bounces)
			}
			records, err := f.store.Records(t.Context(), store.RecordFilter{})
			if err != nil || len(records) != row.records {
				t.Fatalf("%d records, %v; want %d", len(records), err, row.records)
			}
		})
	}
}

// What is committed of a report of which the end was not read has all its recipients, is no proof, and takes nothing
// away by itself, whatever its verdict.
func TestTooCostly_takesNothingAway(t *testing.T) {
	report := demoReport(t, "01-credential-phish.eml")
	whole, err := journal.Parse(bytes.NewReader(report), int64(len(report)))
	if err != nil {
		t.Fatal(err)
	}
	f := quick(t)
	f.p.unwrap, f.p.unwrapHead = slow, headOf(whole.Originals[0].Section.Offset+whole.Originals[0].Section.Size*2/3)
	f.put(envelope(), report)
	f.work()
	records, err := f.store.Records(t.Context(), store.RecordFilter{})
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	rec := records[0]
	if rec.FirstHand || rec.NetworkMessageID != "" || !slices.Contains(rec.Doubts, store.Doubt("unread")) {
		t.Errorf("first-hand %v, id %q, doubts %v", rec.FirstHand, rec.NetworkMessageID, rec.Doubts)
	}
	if len(rec.Recipients) != len(whole.Recipients) || rec.Sender != whole.Sender || rec.MessageID != whole.MessageID {
		t.Errorf("%v from %s as %s; want %v from %s as %s", rec.Recipients, rec.Sender, rec.MessageID, whole.Recipients,
			whole.Sender, whole.MessageID)
	}
	list, err := f.store.Intents(t.Context(), rec.ID)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d intents, %v: a verdict of MALICIOUS is told to a person", len(list), err)
	}
	for _, in := range list {
		if in.Outcome == store.Pending || in.Outcome == store.Done {
			t.Errorf("%s: %s", in.Address, in.Outcome)
		}
	}
}
