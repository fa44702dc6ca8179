package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"clawback/spool"
	"clawback/store"
	"clawback/verdict"
)

func testPolicies(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Policy{ID: "p1", Tenant: Contoso, Kind: "block_sender", Pattern: "eve@evil.example", Field: "x",
		Verify: true,
		Note:   "seen", Expires: Start.Add(time.Hour), By: "ada", Added: Start}
	two := store.Policy{ID: "p2", Tenant: Contoso, Kind: "trusted_domain", Pattern: "good.example", Added: Start}
	other := store.Policy{ID: "p1", Tenant: Fabrikam, Kind: "trusted_domain", Pattern: "other.example", Added: Start}
	must(t, s.Update(t.Context(), store.Change{Policies: store.Edit[store.Policy]{Put: []store.Policy{two, other,
		one}}}))
	s = b.restart(t, s)
	same(t, []store.Policy{one, two}, ok(s.Policies(t.Context(), Contoso)))
	same(t, []store.Policy{one, two, other}, ok(s.Policies(t.Context(), "")))
	one.Note = "seen twice"
	must(t, s.Update(t.Context(), store.Change{Policies: store.Edit[store.Policy]{Put: []store.Policy{one},
		Remove: []store.Key{two.Key()}}}))
	same(t, []store.Policy{one}, ok(s.Policies(t.Context(), Contoso)))
	same(t, []store.Policy{other}, ok(s.Policies(t.Context(), Fabrikam)))
}

func testIndicators(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Indicator{ID: "k1", Tenant: Contoso, Kind: "url", Value: "https://evil.example/",
		Disposition: verdict.Malicious,
		State:       store.IndicatorWaiting, Why: "too many", Hits: 3, Note: "n", By: "ada",
		Approved: "bob", Added: Start,
		Until: Start.Add(time.Hour)}
	all := store.Indicator{ID: "k1", Kind: "domain", Value: "evil.example", Disposition: verdict.Suspicious,
		State: store.IndicatorActive, Added: Start}
	put := func(e store.Edit[store.Indicator]) { must(t, s.Update(t.Context(), store.Change{Indicators: e})) }
	put(store.Edit[store.Indicator]{Put: []store.Indicator{one, all}})
	s = b.restart(t, s)
	same(t, []store.Indicator{all, one}, ok(s.Indicators(t.Context(), "")))
	same(t, []store.Indicator{one}, ok(s.Indicators(t.Context(), Contoso)))
	put(store.Edit[store.Indicator]{Remove: []store.Key{all.Key()}})
	same(t, []store.Indicator{one}, ok(s.Indicators(t.Context(), "")))
}

func testCorrections(t *testing.T, b *bench) {
	s := b.start(t)
	same(t, nil, ok(s.CorrectedTenants(t.Context())))
	one := store.Correction{Record: "r1", Tenant: Contoso, Is: verdict.Spam, Was: verdict.Clean, By: "ada", At: Start,
		Comment:    "no",
		NotLearned: "it did not come from outside", Tokens: []string{"a", "b"}, Reporter: true}
	two := store.Correction{Record: "r2", Tenant: Contoso, Is: verdict.Clean, At: Start}
	other := store.Correction{Record: "r1", Tenant: Fabrikam, Is: verdict.Malicious, At: Start}
	// Begins with another's name.
	longer := store.Correction{Record: "r1", Tenant: Contoso + "0", Is: verdict.Bulk, At: Start}
	all := []store.Correction{two, other, longer, one}
	must(t, s.Update(t.Context(), store.Change{Corrections: store.Edit[store.Correction]{Put: all}}))
	s = b.restart(t, s)
	same(t, []store.Correction{one, two}, ok(s.Corrections(t.Context(), Contoso)))
	same(t, []string{Contoso, Contoso + "0", Fabrikam}, ok(s.CorrectedTenants(t.Context())))
	same(t, other, ok(s.Correction(t.Context(), Fabrikam, "r1")))
	must(t, s.Update(t.Context(), store.Change{Corrections: store.Edit[store.Correction]{Remove: []store.Key{one.Key()}}}))
	if _, err := s.Correction(t.Context(), Contoso, "r1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a correction that was removed: %v", err)
	}
	if _, err := s.Correction(t.Context(), Fabrikam, "r2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant's correction: %v", err)
	}
	same(t, other, ok(s.Correction(t.Context(), Fabrikam, "r1")))
}

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

func testAddresses(t *testing.T, b *bench) {
	s := b.start(t)
	journal := store.Address{Address: "journal@in.example", Tenant: Contoso, Last: Start}
	old := store.Address{Address: "a@in.example", Tenant: Fabrikam}
	must(t, s.Update(t.Context(), store.Change{Addresses: store.Edit[store.Address]{Put: []store.Address{journal,
		old}}}))
	s = b.restart(t, s)
	same(t, []store.Address{old, journal}, ok(s.Addresses(t.Context())))
	journal.Tenant = Fabrikam // the address is another tenant's now, and stands once
	must(t, s.Update(t.Context(), store.Change{Addresses: store.Edit[store.Address]{Put: []store.Address{journal},
		Remove: []store.Key{old.Key()}},
		Act: &store.Act{Who: "ada", What: "address.retire", Object: old.Address}}))
	same(t, []store.Address{journal}, ok(s.Addresses(t.Context())))
	if acts := ok(s.Audit(t.Context(), store.AuditFilter{What: "address.retire"})); len(acts) != 1 ||
		acts[0].Object != "a@in.example" {
		t.Errorf("audit %+v", acts)
	}
}

func testGates(t *testing.T, b *bench) {
	s := b.start(t)
	tenant := store.Gate{Tenant: Contoso, Until: Start.Add(time.Minute)}
	mailbox := store.Gate{Tenant: Contoso, Mailbox: "ada@contoso.example", Until: Start.Add(time.Hour)}
	other := store.Gate{Tenant: Fabrikam, Until: Start.Add(time.Second)}
	must(t, s.Update(t.Context(), store.Change{Gates: store.Edit[store.Gate]{Put: []store.Gate{mailbox, other,
		tenant}}}))
	s = b.restart(t, s)
	same(t, []store.Gate{tenant, mailbox}, ok(s.Gates(t.Context(), Contoso)))
	must(t, s.Update(t.Context(), store.Change{Gates: store.Edit[store.Gate]{Remove: []store.Key{tenant.Key()}}}))
	same(t, []store.Gate{mailbox}, ok(s.Gates(t.Context(), Contoso)))
	same(t, []store.Gate{other}, ok(s.Gates(t.Context(), Fabrikam)))
}

// testOrders: an order is durable with its entry in the audit, until it is removed.
func testOrders(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Order{ID: "o1", What: "queue.trust", Who: "ada", Tenant: Contoso, Object: "item-1", Comment: "ours", At: Start}
	two := store.Order{ID: "o2", What: "bounce.retry", Who: "bob", Object: "b1", At: Start}
	put := store.Edit[store.Order]{Put: []store.Order{one, two}}
	must(t, s.Update(t.Context(), store.Change{Orders: put, Act: &store.Act{Who: "ada", What: "queue.trust", Object: "item-1"}}))
	s = b.restart(t, s)
	same(t, []store.Order{two, one}, ok(s.Orders(t.Context())))
	if acts := ok(s.Audit(t.Context(), store.AuditFilter{})); len(acts) != 1 || acts[0].Object != "item-1" {
		t.Errorf("audit %+v", acts)
	}
	must(t, s.Update(t.Context(), store.Change{Orders: store.Edit[store.Order]{Remove: []store.Key{one.Key()}}}))
	same(t, []store.Order{two}, ok(s.Orders(t.Context())))
}

// testEdits: all that a change edits is written with its act, or nothing is; a row without a sound key is refused.
func testEdits(t *testing.T, b *bench) {
	s := b.start(t)
	act := &store.Act{Who: "ada", What: "policy.add", Object: "p1"}
	good := store.Edit[store.Policy]{Put: []store.Policy{{ID: "p1", Tenant: Contoso}}}
	for name, key := range map[string]store.Key{
		"no id":               {Tenant: Contoso},
		"a NUL in the id":     {Tenant: Contoso, ID: "a\x00b"},
		"a NUL in the tenant": {Tenant: "a\x00", ID: "b"},
		"no UTF-8":            {Tenant: Contoso, ID: "\xff"},
		"a long id":           {Tenant: Contoso, ID: strings.Repeat("x", 513)},
		"a long tenant":       {Tenant: strings.Repeat("x", 129), ID: "x"},
	} {
		put := store.Edit[store.Correction]{Put: []store.Correction{{Tenant: key.Tenant, Record: key.ID}}}
		remove := store.Edit[store.Correction]{Remove: []store.Key{key}}
		for _, bad := range []store.Edit[store.Correction]{put, remove} {
			if err := s.Update(t.Context(), store.Change{Policies: good, Corrections: bad, Act: act}); !errors.Is(err,
				store.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
	}
	same(t, nil, ok(s.Policies(t.Context(), "")))
	same(t, nil, ok(s.Audit(t.Context(), store.AuditFilter{})))
	must(t, s.Update(t.Context(), store.Change{Policies: good, Act: act}))
	if acts := ok(s.Audit(t.Context(), store.AuditFilter{})); len(acts) != 1 || acts[0].Object != "p1" {
		t.Errorf("audit %+v", acts)
	}
	gone := store.Edit[store.Policy]{Remove: []store.Key{{Tenant: Contoso, ID: "never there"}}}
	must(t, s.Update(t.Context(), store.Change{Policies: gone}))
	same(t, good.Put, ok(s.Policies(t.Context(), "")))
}

// same requires that two values are equal; nil stands for any empty list.
func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
