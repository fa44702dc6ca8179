package intel

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCSV_whatIsWrittenIsReadAgain(t *testing.T) {
	list := []Policy{
		{Kind: "trust_sender", Pattern: "ada@partner.example", Verify: true, Note: `says "hello", and more`},
		{Kind: "block_content", Pattern: "/gift;? card/", Field: "subject", Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)},
		{Kind: "simulation", Pattern: "192.0.2.0/24"},
	}
	var out bytes.Buffer
	if err := WriteCSV(&out, list); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCSV(&out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadCSV_takesWhatSpreadsheetsWrite(t *testing.T) {
	const text = "\ufeffPattern;Kind;Expires;Verify\r\n@bad.example;block_sender;2027-01-31;TRUE\r\n"
	got, err := ReadCSV(strings.NewReader(text))
	want := []Policy{{Kind: "block_sender", Pattern: "@bad.example", Verify: true, Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v: %s", err, cmp.Diff(want, got))
	}
}

func TestReadCSV_namesEveryProblemAndItsLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "heads"},
		{"kind,regex\n", `column "regex" is not known`},
		{"kind,note\n", `column "pattern" is missing`},
		{"kind,pattern\nblock_sender,@a.example\nblock_sender,nobody\nforbid,@x.example\n", "line 3: pattern"},
		{"kind,pattern\nblock_sender,nobody\nforbid,@x.example\n", "line 3: kind"},
		{"kind,pattern,verify\ntrust_sender,@a.example,maybe\n", `line 2: verify "maybe"`},
		{"kind,pattern,expires\ntrust_sender,@a.example,31.1.2027\n", `line 2: expires "31.1.2027"`},
		{"kind,pattern\nblock_sender,@a.example,more\n", "wrong number of fields"},
		{"kind,pattern\n" + strings.Repeat("block_sender,@a.example\n", maxPolicies+1), "more than 10000"},
	} {
		if _, err := ReadCSV(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: error %v does not say %q", c.text, err, c.want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("kind,pattern\nblock_sender,@bad.example\n"))
	f.Add([]byte("\ufeffkind;pattern;verify\ntrust_sender;\"/a;b/\";true\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ReadCSV(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteCSV(&out, list); err != nil {
			t.Fatal(err)
		}
		again, err := ReadCSV(&out)
		if err != nil || len(again) != len(list) {
			t.Fatalf("%d policies written are %d when read again: %v", len(list), len(again), err)
		}
	})
}
