package score

import (
	"context"
	"strings"
	"testing"

	"clawback/verdict"
)

// judge scores a message made of lines.
func judge(t *testing.T, text string, recipients ...string) Result {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	text = strings.ReplaceAll(text, "\n", "\r\n")
	r, err := s.Score(context.Background(), Message{Original: strings.NewReader(text), Size: int64(len(text)), Recipients: recipients})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestScore_plainMailIsClean(t *testing.T) {
	r := judge(t, "From: Ann Example <ann@example.com>\nTo: bob@contoso.example\nSubject: Lunch\nMessage-ID: <1@example.com>\n\nShall we meet at noon?\n", "bob@contoso.example")
	if r.Disposition != verdict.Clean {
		t.Errorf("disposition %v, want CLEAN; reasons %+v", r.Disposition, r.Reasons)
	}
}
