package feed

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A file is read as what it is: its name and its beginning say it, or the caller.
func TestReadFile(t *testing.T) {
	const md5 = "d41d8cd98f00b204e9800998ecf8427e"
	for _, c := range []struct {
		name, data string
		o          FileOptions
		entries    []Entry
		passed     []Passed
	}{
		{"list.txt", "\ufeff# a comment\nhxxps://a[.]example/x rest\n\nb.example\n" + md5 + "\n", FileOptions{},
			[]Entry{{Value: "https://a.example/x"}, {Value: "b.example"}},
			[]Passed{{md5, "messages are searched by no hash but SHA-256"}}},
		{"list", "b.example\n", FileOptions{Kind: "domain"}, []Entry{{Kind: "domain", Value: "b.example"}}, nil},
		{"LIST.CSV", "# by ada\nid;Type;Value;Comment\n1;url;https://a.example/x;kit\n2;md5;" + md5 + ";\n3\n",
			FileOptions{}, []Entry{{Kind: "url", Value: "https://a.example/x", Detail: "kit"}},
			[]Passed{{md5, "messages are not searched by md5"}, {"", "the row has no value"}}},
		{"-", "page,who\nhttps://a.example/x,ada\n", FileOptions{Format: "csv", Column: "page", Kind: "url"},
			[]Entry{{Kind: "url", Value: "https://a.example/x"}}, nil},
		{"event.json", `{"Event": {"info": "OSINT", "Attribute": [{"type": "url", "value": "https://a.example/x",
			"to_ids": true}, {"type": "domain", "value": "seen.example", "to_ids": false}],
			"Object": [{"Attribute": [{"type": "sha256", "value": "ab", "to_ids": "1"}]}]}}`, FileOptions{},
			[]Entry{{Kind: "url", Value: "https://a.example/x"}, {Kind: "sha256", Value: "ab"}},
			[]Passed{{"", "its publisher does not mean it for detection"}}},
		{"answer.json", `{"response": [{"Event": {"Attribute": [{"type": "ip-dst|port", "value": "192.0.2.7|443",
			"to_ids": true}]}}]}`, FileOptions{}, []Entry{{Kind: "ip", Value: "192.0.2.7"}}, nil},
		{"bundle.json", `{"type": "bundle", "objects": [{"type": "indicator", "name": "kit", "pattern":
			"[url:value = 'https://a.example/x']", "pattern_type": "stix", "valid_until": "2027-01-01T00:00:00Z"},
			{"type": "indicator", "pattern": "[url:value = 'https://b.example/x']", "revoked": true},
			{"type": "indicator", "pattern": "alert tcp", "pattern_type": "snort"}, {"type": "identity"}]}`,
			FileOptions{}, []Entry{{Kind: "url", Value: "https://a.example/x", Detail: "kit",
				Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}},
			[]Passed{{"https://b.example/x", "its publisher took it back"},
				{"", "its pattern is more than a list of values"}}},
	} {
		entries, passed, err := ReadFile(c.name, []byte(c.data), c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.entries, entries); diff != "" {
			t.Errorf("%s: entries (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.passed, passed); diff != "" {
			t.Errorf("%s: passed over (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestReadFile_whatIsNoList(t *testing.T) {
	for _, c := range []struct{ name, data, format, want string }{
		{"x.json", `{"a": 1}`, "", "neither an event of MISP's nor a bundle"},
		{"x.json", `{"Event": {`, "", "is not JSON"},
		{"x", "", "", "has no entries"},
		{"x.csv", "", "", "ends before its end"},
		{"x.csv", "address,when\nhttps://x.example/a,today\n", "", `no column "value"; its columns are "address,when"`},
		{"x.csv", "\"\n", "", ""},
		{"x.json", `{"objects": []}`, "", "no objects"},
		{"x", strings.Repeat("a", maxLine+1), "", "longer than"},
	} {
		entries, _, err := ReadFile(c.name, []byte(c.data), FileOptions{Format: c.format})
		var refusal *Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.40q: %v, %v; want %q", c.name, c.data, entries, err, c.want)
		}
	}
}

// FuzzReadFile: no file makes the readers fail in a way that nobody thought of.
func FuzzReadFile(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("testdata", "*"))
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil && len(data) < 64<<10 {
			f.Add(data, filepath.Ext(name))
		}
	}
	f.Add([]byte("type,value\nurl,https://a.example/x\n"), ".csv")
	f.Add([]byte(`{"response": [{"Event": {}}]}`), ".json")
	f.Fuzz(func(t *testing.T, data []byte, ext string) {
		entries, passed, err := ReadFile("x"+ext, data, FileOptions{})
		if err == nil && len(entries)+len(passed) == 0 {
			t.Error("nothing was read, and nothing is wrong")
		}
	})
}
