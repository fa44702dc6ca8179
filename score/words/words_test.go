package words

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/cputime"
	"clawback/score/lists"
)

func lexicon(t testing.TB) *Lexicon {
	t.Helper()
	l, err := Load(lists.Builtin().Skeleton)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFind_sixLanguagesAndTheirDisguises(t *testing.T) {
	l := lexicon(t)
	for _, c := range []struct{ text, topic string }{
		{"Your password expires", "credential"},
		{"Ihr Konto wurde gesperrt", "credential"},
		{"votre compte a été suspendu", "credential"},
		{"uw rekening is geblokkeerd", "credential"},
		{"sua conta foi bloqueada", "credential"},
		{"su cuenta ha sido bloqueada", "credential"},
		{"Y\u043eur p\u0430ssword \u0435xpires", "credential"},                      // Cyrillic letters
		{"Your p\u200bass\u200bword exp\u200bires", "credential"},                   // zero width
		{"\U0001d5ec\U0001d5fc\U0001d602\U0001d5ff password expires", "credential"}, // mathematical letters
		{"YOUR PASSW0RD EXP1RES", "credential"},                                     // digits for letters
		{"your   password\n expires", "credential"},
	} {
		hits := l.Find(l.Fold(c.text).Text)
		found := false
		for _, h := range hits {
			found = found || h.Topic == c.topic
		}
		if !found {
			t.Errorf("%q does not touch %s: %+v", c.text, c.topic, hits)
		}
	}
}

func TestFind_phrasesCountOnceAndOverlapsTheWeightiest(t *testing.T) {
	l := lexicon(t)
	once := l.Find(l.Fold("verify your account").Text)
	thrice := l.Find(l.Fold(strings.Repeat("verify your account ", 3)).Text)
	if diff := cmp.Diff(once, thrice); diff != "" {
		t.Errorf("repetition counts: %s", diff)
	}
}

func TestFind_wordsInsideOthersDoNotCount(t *testing.T) {
	l := lexicon(t)
	for _, h := range l.Find(l.Fold("Essex, Sussex and Middlesex; the inheritances of a penisula").Text) {
		if h.Topic == "dating" || h.Topic == "health" {
			t.Errorf("a word inside another counts: %+v", h)
		}
	}
}

// The machine finds each phrase wherever it stands, and nothing else, whatever it passes over.
func TestMachine_findsWhatSearchesOfEachPhraseFind(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	word := func() string { return []string{"a", "ab", "abc", "abcd", "abcde", "b", "bab", "éa", "cd"}[r.IntN(9)] }
	for range 500 {
		var phrases []string
		for range 1 + r.IntN(6) {
			p := " " + word()
			for range r.IntN(3) {
				p += " " + word()
			}
			if r.IntN(3) > 0 {
				p += " "
			}
			phrases = append(phrases, p)
		}
		if r.IntN(5) == 0 {
			phrases = append(phrases, "bc") // one that begins within a word: nothing may be passed over
		}
		slices.Sort(phrases)
		phrases = slices.Compact(phrases)
		text := strings.Repeat(" ", r.IntN(2))
		for range r.IntN(30) {
			text += word() + " "
		}
		text += []string{"", "ab", "a"}[r.IntN(3)]
		got, want := map[[2]int]bool{}, map[[2]int]bool{}
		build(phrases).find(text, func(id int32, end int) { got[[2]int{int(id), end}] = true })
		for id, p := range phrases {
			for end := len(p); end <= len(text); end++ {
				if text[end-len(p):end] == p {
					want[[2]int{id, end}] = true
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("phrases %q in %q: %s", phrases, text, diff)
		}
	}
}

func TestFold_countsWhatWasDone(t *testing.T) {
	l := lexicon(t)
	got := l.Fold("C0NTA v\u0435rify a\u200bc\u200bc\u200bount \U0001d5d4\U0001d5d5 Donau\u00addampf")
	want := Folded{Text: " conta verlfy account ab donaudampf ", Words: 5, Split: 1, Invisible: 1, Styled: 2, Mixed: 1, Leet: 1}
	got.Latin, got.Other = 0, 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLists_everyPhraseIsFoundInItself(t *testing.T) {
	l := lexicon(t)
	for _, p := range l.phrases {
		found := false
		for _, h := range l.Find(l.Fold(strings.TrimSuffix(p.text, "*")).Text) {
			found = found || h.Topic == p.topic
		}
		if !found {
			t.Errorf("%s: %q is not found in itself", p.language, p.text)
		}
	}
}

func TestFold_longTextsTakeLinearTime(t *testing.T) {
	l := lexicon(t)
	text := strings.Repeat("verify your \u0430ccount \u200b", 50_000)
	started := cputime.Used()
	l.Find(l.Fold(text).Text)
	if took := cputime.Used() - started; took > 5*time.Second && !raced {
		t.Errorf("%d octets took %v", len(text), took)
	}
}

func FuzzFold(f *testing.F) {
	l := lexicon(f)
	for _, seed := range []string{"verify your account", "\u0430\u200b", "\xff\xfe", "C0NTA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		folded := l.Fold(in)
		if !strings.HasPrefix(folded.Text, " ") || !strings.HasSuffix(folded.Text, " ") ||
			strings.Contains(folded.Text, "  ") {
			t.Errorf("%q folds to %q", in, folded.Text)
		}
		l.Find(folded.Text)
	})
}
