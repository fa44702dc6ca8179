package intel

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/score/learn"
	"clawback/verdict"
)

// teach gives corrections on n messages of each kind.
func (f *fixture) teach(n int) (wanted, unwanted string) {
	f.t.Helper()
	for i := range n {
		good := f.received(mail("ada@partner.example", fmt.Sprintf("good-%d", i),
			"minutes of the committee about turbines and bearings attached below"))
		bad := f.received(mail("eve@shop.example", fmt.Sprintf("bad-%d", i), "cheap replica handbags designer outlet discounted wristwatches tonight"))
		for id, is := range map[string]verdict.Disposition{good.ID: verdict.Clean, bad.ID: verdict.Spam} {
			if l, err := f.Correct(f.t.Context(), "ada", id, is, ""); err != nil || l.NotLearned != "" {
				f.t.Fatal(l.NotLearned, err)
			}
		}
	}
	return mail("ada@partner.example", "next", "minutes of the committee about turbines and bearings"),
		mail("eve@shop.example", "next", "cheap replica handbags designer outlet discounted wristwatches")
}

// why is the sentence of a reason.
func (f *fixture) why(text, id string) string {
	for _, r := range f.score(text).Reasons {
		if r.ID == id {
			return r.Text
		}
	}
	return ""
}

func TestCorrect_teachesOnceItHasSeenEnough(t *testing.T) {
	f := newFixture(t)
	wanted, unwanted := f.teach(learn.MinEach - 1)
	if got := f.score(unwanted); has(got, "learn.unwanted") {
		t.Error("it speaks before it has seen enough")
	}
	f.teach(1)
	for _, when := range []string{"at once", "after a restart"} {
		if got := f.score(unwanted); !has(got, "learn.unwanted") || !strings.Contains(got.Knowledge, "learnt-50-50") {
			t.Errorf("%s nothing was learnt of unwanted mail: %s, %+v", when, got.Knowledge, got.Reasons)
		}
		if text := f.why(unwanted, "learn.unwanted"); !strings.Contains(text, "replica") ||
			!strings.Contains(text, "wristwatches") {
			t.Errorf("%s the words that weighed most are not told as they stand there: %s", when, text)
		}
		if got := f.score(wanted); !has(got, "learn.wanted") || got.Disposition != verdict.Clean {
			t.Errorf("%s nothing was learnt of wanted mail: %+v", when, got.Reasons)
		}
		f.again()
	}
	n, err := f.Forget(t.Context(), "ada", contosoID, "start anew")
	if err != nil || n != 2*learn.MinEach {
		t.Errorf("forgot %d, %v", n, err)
	}
	if got := f.score(unwanted); has(got, "learn.unwanted") || strings.Contains(got.Knowledge, "learnt") {
		t.Error("it speaks after it was reset")
	}
	f.again()
	if list, err := f.Lessons(t.Context(), contosoID); err != nil || len(list) != 0 {
		t.Errorf("lessons after a reset: %v, %v", list, err)
	}
}

func TestCorrect_aSecondWordTakesThePlaceOfTheFirst(t *testing.T) {
	f := newFixture(t)
	rec := f.received(mail("eve@shop.example", "hello", "cheap replica handbags"))
	for _, is := range []verdict.Disposition{verdict.Spam, verdict.Spam, verdict.Clean} {
		if _, err := f.Correct(t.Context(), "ada", rec.ID, is, "word"); err != nil {
			t.Fatal(err)
		}
	}
	now, err := f.Model(contosoID)
	if err != nil || now.Bad != 0 || now.Good != 1 {
		t.Errorf("it has learnt %d unwanted and %d good messages of one: %v", now.Bad, now.Good, err)
	}
	f.again()
	later, _ := f.Model(contosoID)
	if diff := cmp.Diff(now, later); diff != "" {
		t.Errorf("after a restart it knows something else: %s", diff)
	}
	var exported bytes.Buffer
	if err := later.Export(&exported); err != nil {
		t.Fatal(err)
	}
	again, err := learn.Import(&exported)
	if err != nil || cmp.Diff(later, again) != "" {
		t.Errorf("exported and imported it is another: %v", err)
	}
	l, ok, _ := f.Lesson(t.Context(), contosoID, rec.ID)
	if !ok || l.Is != verdict.Clean || l.By != "ada" || l.Was != verdict.Clean {
		t.Errorf("the record's correction is %+v", l)
	}
	if got := f.audit()[0]; got != "ada feedback CLEAN "+rec.ID+" word" {
		t.Errorf("the audit says %q", got)
	}
}

func TestCorrect_unlearnableIsKeptAndTaughtToNobody(t *testing.T) {
	f := newFixture(t)
	rec := f.received(mail("eve@shop.example", "hello", "cheap replica handbags"))
	stored, err := f.store.Record(t.Context(), rec.ID)
	if err != nil {
		t.Fatal(err)
	}
	stored.Direction = "outbound"
	l := Lesson{}
	l.Tokens, l.NotLearned, _ = f.tokens(t.Context(), stored)
	if len(l.Tokens) > 0 || l.NotLearned == "" {
		t.Errorf("of mail that was sent from inside it would learn %v", l.Tokens)
	}
	if _, err := f.Correct(t.Context(), "ada", rec.ID, verdict.Unscored, ""); err == nil {
		t.Error("UNSCORED was taken for a judgement")
	}
	if _, err := f.Correct(t.Context(), "ada", "rnone", verdict.Spam, ""); err == nil {
		t.Error("a record that nobody knows was corrected")
	}
}

func TestLessons_whatIsUnlearntWasNeverThere(t *testing.T) {
	empty := func() *lessons { return (*lessons)(nil).copy() }
	spam := Lesson{Record: "r1", Is: verdict.Spam, Tokens: []string{"a", "b"}}
	good := Lesson{Record: "r2", Is: verdict.Clean, Tokens: []string{"b", "c"}}
	silent := Lesson{Record: "r3", Is: verdict.Clean}
	both, one := empty(), empty()
	for _, l := range []Lesson{spam, good, silent} {
		both.add(l)
	}
	one.add(good)
	before := both.copy()
	after := both.copy()
	after.without(spam)
	after.without(silent)
	if diff := cmp.Diff(one.model, after.model); diff != "" || len(after.given) != 1 {
		t.Errorf("%d lessons are left (-want +got):\n%s", len(after.given), diff)
	}
	if diff := cmp.Diff(before.model, both.model); diff != "" {
		t.Errorf("a copy is not a copy: %s", diff)
	}
}

func TestLessons_theOldestGivesWay(t *testing.T) {
	l := (*lessons)(nil).copy()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range maxLessons {
		if got := l.oldest(); got != "" {
			t.Fatalf("with %d lessons %s gives way", i, got)
		}
		l.add(Lesson{Record: fmt.Sprintf("r%d", i), At: start.Add(time.Duration((i+maxLessons-7)%maxLessons) * time.Minute)})
	}
	if got := l.oldest(); got != "r7" {
		t.Errorf("%s gives way, want r7", got)
	}
}
