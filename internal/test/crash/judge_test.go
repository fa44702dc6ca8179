package crash

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/testbed"
	"clawback/queue"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict/history"
)

// idle waits until the daemon has nothing left to do.
func idle(ctx context.Context, bed *testbed.Bed, letters int) error {
	for {
		s, err := client.Do(ctx, bed.Client, api.ShowStatus, api.None{})
		if err == nil {
			waiting := s.Queue.Items[queue.Ready].Count + s.Queue.Items[queue.Working].Count +
				s.Queue.Items[queue.Deferred].Count +
				s.Queue.Items[queue.Suspect].Count +
				s.Queue.Bounces[queue.BounceWaiting].Count + s.Tenants[0].Counts.Outcomes[store.Pending]
			if waiting == 0 {
				return nil
			}
			err = fmt.Errorf("%d still wait: %+v", waiting, s.Queue)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// verdict lists everything that is not as it must be; empty when all is well. The daemon runs and is idle.
func verdict(ctx context.Context, t testing.TB, bed *testbed.Bed, letters []*letter) []string {
	t.Helper()
	j := &judge{ctx: ctx, t: t, bed: bed}
	bounced := bouncedReports(bed)
	for _, l := range letters {
		if l.sent == 0 {
			continue
		}
		switch l.kind {
		case broken:
			j.bounce(l, bounced)
		default:
			j.record(l)
			j.mailbox(l)
		}
	}
	for id := range bounced {
		if len(bounced[id]) > 1 {
			j.wrong("one report arrived as %d bounces: %v", len(bounced[id]), bounced[id])
		}
	}
	for _, v := range bed.Sim.Violations() {
		j.wrong("Graph: %s", v)
	}
	j.counts(letters)
	return j.list
}

type judge struct {
	ctx  context.Context
	t    testing.TB
	bed  *testbed.Bed
	list []string
}

func (j *judge) wrong(format string, args ...any) {
	j.list = append(j.list, fmt.Sprintf(format, args...))
}

// record: the report is there, its octets are those that were sent, and no second record has its Message-ID.
func (j *judge) record(l *letter) {
	m, err := client.Do(j.ctx, j.bed.Client, api.ShowMessage, api.MessageRef{Key: l.messageID})
	if err != nil {
		j.wrong("letter %d (%d times 250): %v", l.n, l.answers, err)
		return
	}
	var got bytes.Buffer
	if err := client.Export(j.ctx, j.bed.Client, api.ExportMessage, api.MessageRef{Key: l.messageID}, &got); err != nil || !bytes.Equal(got.Bytes(), l.report) {
		j.wrong("letter %d: the stored report differs from the one sent (%d and %d octets, %v)", l.n, got.Len(),
			len(l.report), err)
	}
	if n := len(m.Record.Variants); n != 1 {
		j.wrong("letter %d: %d variants of one report", l.n, n)
	}
	want := map[kind]int{taken: 1}[l.kind]
	if len(m.Intents) != want {
		j.wrong("letter %d: %d intents, want %d", l.n, len(m.Intents), want)
	}
	for _, in := range m.Intents {
		if in.Outcome != store.Done {
			j.wrong("letter %d: the intent is %s: %s", l.n, in.Outcome, in.Reason)
		}
		// One that a crash cut off between C3 and C4 has no outcome; a later one says what it came to.
		if last := len(in.Attempts) - 1; last >= 0 && in.Attempts[last].Outcome == "" {
			j.wrong("letter %d: the last attempt (%s) has no outcome", l.n, in.Attempts[last].Operation)
		}
	}
}

// mailbox: a bad message was moved once, a good one not at all.
func (j *judge) mailbox(l *letter) {
	for _, m := range j.bed.Sim.Messages(l.mailbox) {
		if m.Key != l.key {
			continue
		}
		want, moves := "inbox", 0
		if l.kind == taken {
			want, moves = "recoverableitemsdeletions", 1
		}
		if m.Folder != want || len(m.Changes) != moves {
			j.wrong("letter %d: its message is in %s after %v", l.n, m.Folder, m.Changes)
		}
	}
}

func (j *judge) bounce(l *letter, bounced map[string]map[string]bool) {
	if len(bounced[string(l.report)]) == 0 {
		j.wrong("letter %d (%d times 250): no bounce with it has arrived", l.n, l.answers)
	}
}

// bouncedReports gives, for each report that arrived in the alternate mailbox, the Message-IDs of the bounces it came
// in.
func bouncedReports(bed *testbed.Bed) map[string]map[string]bool {
	found := map[string]map[string]bool{}
	for _, mail := range bed.Receiver.Messages() {
		_, id, _ := strings.Cut(string(mail), "\r\nMessage-ID: ")
		id, _, _ = strings.Cut(id, "\r\n")
		_, report, ok := strings.Cut(string(mail), "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n")
		if !ok {
			continue
		}
		report = report[:strings.LastIndex(report, "\r\n--=_")]
		if found[report] == nil {
			found[report] = map[string]bool{}
		}
		found[report][id] = true
	}
	return found
}

// counts: the counters say what was sent, each report once.
func (j *judge) counts(letters []*letter) {
	s, err := client.Do(j.ctx, j.bed.Client, api.ShowStatus, api.None{})
	if err != nil {
		j.wrong("status: %v", err)
		return
	}
	var records, done int
	for _, l := range letters {
		if l.sent > 0 && l.kind != broken {
			records++
		}
		if l.sent > 0 && l.kind == taken {
			done++
		}
	}
	c := s.Tenants[0].Counts
	if c.Processed != records || c.Records != records {
		j.wrong("counters say %d processed and %d records, want %d", c.Processed, c.Records, records)
	}
	if c.Outcomes[store.Done] != done {
		j.wrong("counters say %d done, want %d", c.Outcomes[store.Done], done)
	}
	if n := s.Queue.Items[queue.Quarantined].Count; n != 0 {
		j.wrong("%d items are in quarantine", n)
	}
}

// afterwards looks into the store itself, once the daemon has stopped: sender history counts each message once, the
// audit's chain holds, and no attempt was left open.
func afterwards(t testing.TB, bed *testbed.Bed, letters []*letter) {
	t.Helper()
	st, err := pebble.Open(bed.File("state"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	want := 0
	for _, l := range letters {
		if l.kind == known && l.sent > 0 {
			want++
		}
	}
	key := history.From("news@news.fabrikam.example")
	got := 0
	known, err := st.History(t.Context(), organisation.ID, []string{key})
	if err != nil {
		t.Error(err)
	}
	for _, e := range known {
		got = e.Received
	}
	if got != want {
		t.Errorf("sender history counts %d messages, %d were sent", got, want)
	}
	if err := st.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
	open, err := st.Unfinished(t.Context())
	if err != nil || len(open) > 0 {
		t.Errorf("%d attempts are open, %v", len(open), err)
	}
}
