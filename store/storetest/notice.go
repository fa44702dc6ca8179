package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

func testNotices(t *testing.T, b *bench) {
	s := b.start(t)
	n := store.Notice{Kind: "brake", Tenant: Contoso, Subject: "r1", Text: "held", Do: "approve"}
	kept, isNew, err := s.Raise(t.Context(), n)
	if err != nil || !isNew || !kept.Since.Equal(b.now()) || kept.ID != store.NoticeID("brake", Contoso, "r1") {
		t.Fatalf("%+v, %v, %v", kept, isNew, err)
	}
	at := ok(s.LastChange(t.Context()))
	b.advance(time.Hour)
	again, isNew, err := s.Raise(t.Context(), n)
	if err != nil || isNew || !again.Since.Equal(kept.Since) || !again.Last.Equal(b.now()) ||
		len(eventsAfter(t, s, at)) != 0 {
		t.Errorf("raised again: %+v, %v, %v", again, isNew, err)
	}
	n.Text = "more held"
	if again, _, err = s.Raise(t.Context(), n); err != nil || again.Text != "more held" ||
		len(eventsAfter(t, s, at)) != 1 {
		t.Errorf("reworded: %+v, %v", again, err)
	}
	until := store.Notice{Kind: "engine.away", Text: "away", Until: b.now().Add(time.Hour)}
	if _, _, err := s.Raise(t.Context(), until); err != nil {
		t.Fatal(err)
	}
	s = b.restart(t, s)
	kinds := func(tenant string) (list []string) {
		for _, n := range ok(s.Notices(t.Context(), tenant)) {
			list = append(list, n.Kind)
		}
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff([]string{"brake", "engine.away"}, kinds(Contoso)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"engine.away"}, kinds(Fabrikam)); diff != "" {
		t.Errorf("another tenant's: %s", diff)
	}
	b.advance(time.Hour)
	if diff := cmp.Diff([]string{"brake"}, kinds("")); diff != "" {
		t.Errorf("after its end: %s", diff)
	}
	if e := ok(s.Expire(t.Context(), store.Retention{})); e.Notices != 1 {
		t.Errorf("expired %+v", e)
	}
	if !ok(s.Clear(t.Context(), "brake", Contoso, "r1")) || ok(s.Clear(t.Context(), "brake", Contoso, "r1")) ||
		len(kinds("")) != 0 {
		t.Errorf("after it was cleared: %q", kinds(""))
	}
	if _, err := s.Notice(t.Context(), kept.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a notice that was cleared: %v", err)
	}
	if _, _, err := s.Raise(t.Context(), store.Notice{Kind: "x"}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a notice without text: %v", err)
	}
}
