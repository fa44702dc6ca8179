package pipeline

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/journal"
	"clawback/score"
	"clawback/store"
	"clawback/verdict"
)

// The verdict comes first: a message that was judged is committed, whatever becomes of reading its identity.
func TestCommit_identityFails(t *testing.T) {
	for name, act := range map[string]func(j *job){
		"the body cannot be read any more": func(j *job) { j.body.Close() },
		"reading it panics":                func(j *job) { j.body = nil },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			j := f.job(demoReport(t, "01-credential-phish.eml"))
			f.scorer = func(score.Message) (score.Result, error) { act(j); return result(verdict.Malicious), nil }
			end := j.commit(t.Context())
			if end.how != processed || end.record == nil {
				t.Fatalf("the item ended as %v (%s, %v), want a record", end.how, end.why, end.err)
			}
			rec := *end.record
			if rec.Verdict.Disposition != verdict.Malicious {
				t.Errorf("verdict is %s, want MALICIOUS", rec.Verdict.Disposition)
			}
			if !slices.Contains(rec.Doubts, store.DoubtUnread) || rec.Content != "" || rec.Contents != "" {
				t.Errorf("doubts %v, content %q, contents %q: what was not read must prove nothing", rec.Doubts,
					rec.Content, rec.Contents)
			}
		})
	}
}

// A record whose network message id its sender may have written, or hidden, is none of a message that had no id: equal
// content does not stand in for it.
func TestCommit_hiddenNetworkMessageID(t *testing.T) {
	const field = "X-MS-Exchange-Organization-Network-Message-Id: "
	for name, lines := range map[string]string{
		"hidden": "\r\r\n" + field,
		"twice":  field + "11111111-2222-4333-8444-555555555555\r\n" + field,
	} {
		f := newFixture(t)
		j := f.job(bytes.ReplaceAll(demoReport(t, "01-credential-phish.eml"), []byte(field), []byte(lines)))
		end := j.commit(t.Context())
		if end.record == nil {
			t.Fatalf("%s: the item ended as %v (%s, %v), want a record", name, end.how, end.why, end.err)
		}
		if r := end.record; r.NetworkMessageID != "" || !slices.Contains(r.Doubts, store.DoubtNetworkIDs) {
			t.Errorf("%s: id %q, doubts %v", name, r.NetworkMessageID, r.Doubts)
		}
	}
}

// job is an accepted message that was unwrapped.
func (f *fixture) job(message []byte) *job {
	f.t.Helper()
	f.put(envelope(), message)
	items, err := f.queue.Claim(f.t.Context(), 1)
	if err != nil || len(items) != 1 {
		f.t.Fatalf("%d items claimed: %v", len(items), err)
	}
	body, err := f.queue.Body(f.t.Context(), items[0])
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { body.Close() })
	report, err := journal.Parse(body, body.Size())
	if err != nil {
		f.t.Fatal(err)
	}
	return &job{Pipeline: f.p, item: items[0], tenant: contoso(), body: body, limit: time.Minute, report: report}
}

// A report's key stands in stores: the same report has the same key in every version.
func TestReportKey_staysAsItIs(t *testing.T) {
	for _, c := range []struct{ tenant, outer string }{
		{"3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8", "<1@contoso.example>"}, {"", ""}, {"t", strings.Repeat("long ", 200)},
	} {
		original := sha256.Sum256([]byte(c.outer))
		want := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%x", c.tenant, c.outer, original)))
		if got := reportKey(c.tenant, c.outer, original); got != want {
			t.Errorf("the key of %.40q is %s, not %s", c.outer, got, want)
		}
	}
}
