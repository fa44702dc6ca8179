package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

// testCampaigns: a mailbox counts for each of its intent's campaigns, once, for an hour; nobody else's name is taken
// for it.
func testCampaigns(t *testing.T, b *bench) {
	s := b.start(t)
	act := func(n int, tenant string, campaigns ...string) {
		t.Helper()
		in := pending(t, s, tenant, n, 6, Start, Start)
		in.Campaigns = campaigns
		for range 2 { // the second attempt at the same mailbox does not count
			begun, attempt, err := s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove})
			must(t, err)
			in, err = s.Complete(t.Context(), begun, attempt)
			must(t, err)
		}
	}
	act(1, Contoso, "sender:evil.example", "link:evil.example")
	act(2, Contoso, "sender:evil.example")
	act(3, Contoso, "sender:evil.example.net")
	act(4, Fabrikam, "sender:evil.example")
	act(5, Contoso)
	check := func(since time.Time, want []store.Campaign) {
		t.Helper()
		got := ok(s.Campaigns(t.Context(), Contoso, since, 10))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("campaigns since %s:\n%s", since, diff)
		}
		for _, c := range want {
			if n := ok(s.CampaignActed(t.Context(), Contoso, c.Name, since)); n != c.Mailboxes {
				t.Errorf("%s: %d mailboxes, want %d", c.Name, n, c.Mailboxes)
			}
		}
	}
	all := []store.Campaign{{Name: "sender:evil.example", Mailboxes: 2}, {Name: "link:evil.example", Mailboxes: 1},
		{Name: "sender:evil.example.net", Mailboxes: 1}}
	hour := func() time.Time { return b.now().Add(-time.Hour) }
	check(hour(), all)
	for _, name := range []string{"sender:evil.exampl", "sender:evil", "", "link:evil.example.net"} {
		if n := ok(s.CampaignActed(t.Context(), Contoso, name, hour())); n != 0 {
			t.Errorf("%q: %d mailboxes", name, n)
		}
	}
	if got := ok(s.Campaigns(t.Context(), Contoso, hour(), 1)); len(got) != 1 || got[0] != all[0] {
		t.Errorf("the first one: %v", got)
	}
	s = b.restart(t, s)
	check(hour(), all)
	b.advance(62 * time.Minute)
	check(hour(), []store.Campaign{})
	if n := ok(s.Acted(t.Context(), Contoso, b.now().Add(-2*time.Hour))); n != 4 {
		t.Errorf("%d mailboxes in all, want 4: the campaigns' rows count beside them", n)
	}
}
