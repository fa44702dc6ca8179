package demo

import (
	"strings"
	"testing"
	"testing/fstest"

	"clawback/testdata"
)

// What is no journal report is named at once, each with what it lacks, and never as if nothing were wrong with it.
func TestImprovise_namesWhatIsNoReport(t *testing.T) {
	report, err := testdata.Demo.ReadFile("demo/01-credential-phish.eml")
	if err != nil {
		t.Fatal(err)
	}
	files := func(texts ...string) fstest.MapFS {
		m := fstest.MapFS{"01-report.eml": {Data: report}}
		for i, text := range texts {
			m[string(rune('a'+i))+".eml"] = &fstest.MapFile{Data: []byte(text)}
		}
		return m
	}
	if s, err := improvise(files()); err != nil || len(s.Stories) != 1 {
		t.Fatalf("a report alone: %v", err)
	}
	_, err = improvise(files("Subject: plain\r\n\r\nText\r\n", "", "no header at all"))
	if err == nil {
		t.Fatal("they are taken for reports")
	}
	for _, want := range []string{"a.eml: ", "b.eml: ", "c.eml: ", "clawback score"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "nil") || strings.Contains(err.Error(), "01-report") {
		t.Errorf("it says %v", err)
	}
}
