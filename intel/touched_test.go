package intel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"clawback/journal"
	"clawback/store"
	"clawback/verdict"
)

// What random changes of policies do not touch has the verdict of its original; and most mail is not touched.
func TestTouched_likeTheOriginal(t *testing.T) {
	f := newFixture(t)
	var kept []store.Record
	for n := range 12 {
		text := mail(fmt.Sprintf("a%d@s%d.example", n%3, n%4), fmt.Sprintf("m%d", n), "hello")
		if n%3 == 0 {
			text = fmt.Sprintf("Reply-To: r%d@r%d.example\r\n", n, n%2) + text
		}
		kept = append(kept, f.received(text))
	}
	touched, untouched := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		pattern := []string{fmt.Sprintf("@s%d.example", r.IntN(6)),
			fmt.Sprintf("a%d@s%d.example", r.IntN(4), r.IntN(5)),
			fmt.Sprintf("@r%d.example", r.IntN(3)), "@elsewhere.example", "/^a1@/"}[r.IntN(5)]
		kind := []string{"block_sender", "trust_sender", "accept_sender"}[r.IntN(3)]
		if r.IntN(5) == 0 {
			kind, pattern = "exempt_recipient", []string{"bob@contoso.example", "carol@contoso.example"}[r.IntN(2)]
		}
		list, err := f.Policies(contosoID)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 && r.IntN(2) == 0 {
			_, err = f.RemovePolicy(t.Context(), "ada", contosoID, list[r.IntN(len(list))].ID, "")
		} else {
			_, err = f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: kind, Pattern: pattern}})
		}
		if err != nil {
			t.Fatal(err)
		}
		for n, rec := range kept {
			form := rec.Variants[0]
			is := f.Touched(rec, form)
			again, err := f.Again(t.Context(), rec, "")
			if err != nil {
				t.Fatal(err)
			}
			if is {
				touched++
			} else if untouched++; again.Disposition != form.Verdict.Disposition ||
				again.Review != form.Verdict.Review {
				t.Fatalf("seed %d, message %d is not touched, and %s, %q instead of %s, %q", seed, n, again.Disposition,
					again.Review, form.Verdict.Disposition, form.Verdict.Review)
			}
			if r.IntN(3) == 0 { // as its verdict is replaced
				rec.Variants = []store.Variant{form}
				rec.Variants[0].Verdict, kept[n] = again, rec
			}
		}
	}
	if touched < 50 || untouched < 200 {
		t.Errorf("%d were touched, and %d not", touched, untouched)
	}
}

// What cannot be told from what is kept takes the original: other rules, another configuration, what was taught,
// policies of before the start, and those that ask for more.
func TestTouched_whereOnlyTheOriginalCanTell(t *testing.T) {
	f := newFixture(t)
	rec := f.received(mail("ann@sender.example", "hello", "hi"))
	form := rec.Variants[0]
	wants := func(what string, want bool) {
		t.Helper()
		if got := f.Touched(rec, form); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	add := func(kind, pattern string) string {
		t.Helper()
		list, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: kind, Pattern: pattern}})
		if err != nil {
			t.Fatal(err)
		}
		return list[0].ID
	}
	wants("the version of now", false)
	add("block_sender", "@other.example")
	wants("a policy for another sender", false)
	id := add("block_content", "zzz")
	wants("a policy for contents", true)
	if _, err := f.RemovePolicy(t.Context(), "ada", contosoID, id, ""); err != nil {
		t.Fatal(err)
	}
	wants("without it", false)

	form.Verdict.Knowledge = strings.Replace(form.Verdict.Knowledge, "+config-", "+config-x", 1)
	wants("another configuration", true)
	form = rec.Variants[0]
	form.Verdict.Rules += "+own"
	wants("other rules", true)
	form = rec.Variants[0]
	form.Verdict.Knowledge += "+learnt-60-60"
	wants("what was taught", true)
	form.Verdict.Knowledge = rec.Variants[0].Verdict.Knowledge + policiesPart + "00000000"
	wants("policies that nobody knows", true)

	form.Verdict = f.score(mail("ann@sender.example", "hello", "hi")).Verdict
	f.again()
	wants("after a start with the same policies", false)
	add("block_sender", "@third.example")
	wants("after a start, and another policy", false)
	form.Verdict.Knowledge = rec.Variants[0].Verdict.Knowledge
	wants("of before there were policies", false)
	rec.Recipients = append(slices.Clone(rec.Recipients), journal.Recipient{Address: "carol@contoso.example"})
	add("exempt_recipient", "bob@contoso.example")
	wants("where one of two recipients is exempt", false)
	form.Verdict.Reasons = []verdict.Reason{{ID: "policy.exempt_recipient"}}
	wants("where a policy like it may have decided", true)
}
