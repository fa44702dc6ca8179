package storetest

import (
	"errors"
	"testing"

	"clawback/spool"
	"clawback/store"
	"clawback/verdict"
)

func testSubmissions(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Submission{ID: "s1", Tenant: Contoso, Claim: store.ClaimPhish, Reporter: "ada@contoso.example",
		Unproven: "x", Via: "soc@contoso.example",
		At: Start, Record: "r1", Matched: "network message id", Recipient: true, From: "eve@evil.example",
		Subject: "Invoice", MessageID: "<1@evil.example>",
		Body: spool.Ref{File: "segment-1", Size: 10}, Journaled: true, Attached: -1, Judged: verdict.Clean,
		Again:      verdict.Spam,
		NotLearned: "others say the contrary", TaughtAt: Start, State: store.SubmissionAccepted, Is: verdict.Spam,
		By: "root", Settled: Start, Comment: "yes"}
	two := store.Submission{ID: "s2", Tenant: Fabrikam, Claim: store.ClaimJunk, State: store.SubmissionOpen, At: Start}
	must(t, s.Update(t.Context(), store.Change{Submissions: store.Edit[store.Submission]{Put: []store.Submission{two,
		one}}}))
	s = b.restart(t, s)
	same(t, []store.Submission{one, two}, ok(s.Submissions(t.Context(), "")))
	same(t, []store.Submission{two}, ok(s.Submissions(t.Context(), Fabrikam)))
	same(t, one, ok(s.Submission(t.Context(), Contoso, "s1")))
	if _, err := s.Submission(t.Context(), Contoso, "s2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant's submission: %v", err)
	}
}
