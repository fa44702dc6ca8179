package main

import (
	"bytes"
	"testing"
)

func TestFacts_leavesOutWhatHasNoValue(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out}
	if err := a.facts([][]string{{"record", "r1"}, {"pinned", " "}, {"region", ""}, {"disposition", "CLEAN"}}); err != nil {
		t.Fatal(err)
	}
	if want := "record       r1\ndisposition  CLEAN\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
