package learn

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func train(n int) *Model {
	m := &Model{}
	for i := range n {
		m.Train(Tokens(fmt.Sprintf("quarterly budget meeting minutes agenda number%d", i), nil), false)
		m.Train(Tokens(fmt.Sprintf("cheap pills casino bonus winner number%d", i), []string{"link:pills.example"}), true)
	}
	return m
}

func TestJudge_isSilentUntilItHasSeenEnough(t *testing.T) {
	few, enough := train(MinEach-1), train(MinEach)
	tokens := Tokens("cheap pills casino bonus winner", nil)
	if got := few.Judge(tokens); got.Ready || got.Bad != 0.5 {
		t.Errorf("after %d messages: %+v, want silence", MinEach-1, got)
	}
	if got := enough.Judge(tokens); !got.Ready || got.Bad < 0.9 {
		t.Errorf("after %d messages: %+v, want an opinion", MinEach, got)
	}
	if (*Model)(nil).Ready() {
		t.Error("no model is ready")
	}
}

func TestJudge_tellsBothKindsAndSaysWhy(t *testing.T) {
	m := train(60)
	bad := m.Judge(Tokens("casino bonus winner cheap pills today", nil))
	good := m.Judge(Tokens("minutes of the quarterly budget meeting and the agenda", nil))
	if bad.Bad < 0.9 || good.Bad > 0.1 {
		t.Errorf("bad %.2f, good %.2f", bad.Bad, good.Bad)
	}
	if !strings.Contains(strings.Join(bad.Tokens, " "), "casino") ||
		!strings.Contains(strings.Join(good.Tokens, " "), "budget") {
		t.Errorf("explained by %v and %v", bad.Tokens, good.Tokens)
	}
}

func TestTrain_orderDoesNotMatter(t *testing.T) {
	a, b := &Model{}, &Model{}
	a.Train([]string{"x"}, true)
	a.Train([]string{"y"}, false)
	b.Train([]string{"y"}, false)
	b.Train([]string{"x"}, true)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

func TestTrain_isBounded(t *testing.T) {
	m := &Model{}
	for i := range maxTokens/100 + 200 {
		var tokens []string
		for j := range 100 {
			tokens = append(tokens, fmt.Sprintf("t%d-%d", i, j))
		}
		m.Train(tokens, i%2 == 0)
	}
	if len(m.Tokens) > maxTokens {
		t.Errorf("%d tokens", len(m.Tokens))
	}
}

func TestImport_takesBackWhatWasExported(t *testing.T) {
	m := train(3)
	var b bytes.Buffer
	if err := m.Export(&b); err != nil {
		t.Fatal(err)
	}
	back, err := Import(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Error(diff)
	}
	if _, err := Import(strings.NewReader(`{"bad":1,"good":1,"tokens":{"x":{"b":7}}}`)); err == nil {
		t.Error("impossible counts were taken")
	}
}
