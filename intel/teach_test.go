package intel

import (
	"errors"
	"strings"
	"testing"

	"clawback/store"
	"clawback/verdict"
	"clawback/verdict/history"
)

// A correction that is withdrawn was never given, for the classifier and after a restart; what is written with it is
// durable.
func TestWithdraw_unlearns(t *testing.T) {
	f := newFixture(t)
	rec := f.received(mail("eve@shop.example", "hello", "cheap replica handbags"))
	kept := f.received(mail("eve@shop.example", "again", "cheap replica watches"))
	for _, id := range []string{rec.ID, kept.ID} {
		if _, err := f.Correct(t.Context(), "ada", id, verdict.Spam, ""); err != nil {
			t.Fatal(err)
		}
	}
	with := store.Edit[store.Submission]{Put: []store.Submission{{ID: "s1", Tenant: contosoID}}}
	l, err := f.Withdraw(t.Context(), store.Act{Who: "bob", Tenant: contosoID, Object: rec.ID, Comment: "wrong"}, with)
	if err != nil || l.Is != verdict.Spam || l.By != "ada" {
		t.Errorf("%+v, %v", l, err)
	}
	for _, when := range []string{"at once", "after a restart"} {
		if m, err := f.Model(contosoID); err != nil || m.Bad != 1 || m.Tokens["handbags"].Bad != 0 ||
			m.Tokens["watches"].Bad != 1 {
			t.Errorf("%s it knows %+v, %v", when, m, err)
		}
		f.again()
	}
	if _, given, _ := f.Lesson(t.Context(), contosoID, rec.ID); given {
		t.Error("the correction is still there")
	}
	if list, err := f.store.Submissions(t.Context(), contosoID); err != nil || len(list) != 1 || list[0].ID != "s1" {
		t.Errorf("what was to be written with it: %+v, %v", list, err)
	}
	if got := f.audit()[0]; got != "bob feedback.withdraw "+rec.ID+" wrong" {
		t.Errorf("the audit says %q", got)
	}
	if _, err := f.Withdraw(t.Context(), store.Act{Who: "bob", Tenant: contosoID, Object: rec.ID}, store.Edit[store.Submission]{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("withdrawn twice: %v", err)
	}
}

// What an administrator calls bad has taught the sender history nothing.
func TestCorrect_badMailIsUnlearntByTheHistory(t *testing.T) {
	f := newFixture(t)
	f.observed = []history.Observation{{Key: "from:eve@shop.example", At: f.now, Aligned: true}}
	rec := f.received(mail("eve@shop.example", "hello", "cheap replica handbags"))
	for _, c := range []struct {
		is       verdict.Disposition
		reporter bool
		knows    int
	}{{verdict.Clean, false, 1}, {verdict.Spam, true, 1}, {verdict.Bulk, false, 1}, {verdict.Spam, false, 0}} {
		_, err := f.Teach(t.Context(), Lesson{Tenant: contosoID, Record: rec.ID, By: "ada", Is: c.is, Reporter: c.reporter}, store.Edit[store.Submission]{})
		got, readErr := f.store.History(t.Context(), contosoID, []string{"from:eve@shop.example"})
		if err := errors.Join(err, readErr); err != nil || len(got) != c.knows {
			t.Errorf("%s: %+v, %v", c.is, got, err)
		}
	}
}

// Judged again with a claim, a message has that as a reason; the record stays as it was.
func TestAgain_changesNothing(t *testing.T) {
	f := newFixture(t)
	rec := f.received(mail("eve@shop.example", "hello", "cheap replica handbags"))
	v, err := f.Again(t.Context(), rec, "phish")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range v.Reasons {
		found = found || r.ID == "submission.phish"
	}
	after, err := f.store.Record(t.Context(), rec.ID)
	if !found || err != nil || after.Rev != rec.Rev || v.Disposition == verdict.Malicious {
		t.Errorf("%+v; the record is at revision %d, and was at %d, %v", v, after.Rev, rec.Rev, err)
	}
}

func TestTokens_ofACopy(t *testing.T) {
	f := newFixture(t)
	text := mail("eve@shop.example", "hello", "cheap handbags")
	tokens, err := f.Tokens(&f.cfg.Tenants[0], strings.NewReader(text), int64(len(text)))
	if err != nil || !strings.Contains(strings.Join(tokens, " "), "from:shop.example") ||
		!strings.Contains(strings.Join(tokens, " "), "handbags") {
		t.Errorf("%v, %v", tokens, err)
	}
}
