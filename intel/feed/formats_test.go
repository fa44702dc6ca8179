package feed

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/internal/test/configtest"
)

// taken collects what a reader of a format finds.
type taken struct {
	lines   []string
	skipped map[Skip]int
}

func (s *taken) entry(e entry) error {
	line := e.kind + " " + e.value
	if e.detail != "" {
		line += " (" + e.detail + ")"
	}
	if !e.date.IsZero() {
		line += " " + e.date.Format("2006-01-02T15:04")
	}
	if e.confidence >= 0 {
		line += fmt.Sprintf(" %d%%", e.confidence)
	}
	for word, is := range map[string]bool{" exact": e.exactOnly, " withdrawn": e.withdrawn} {
		if is {
			line += word
		}
	}
	s.lines = append(s.lines, line)
	return nil
}

func (s *taken) pass(skip Skip) {
	if s.skipped == nil {
		s.skipped = map[Skip]int{}
	}
	s.skipped[skip]++
}

// feedOf is a feed as the configuration has it.
func feedOf(t testing.TB, lines string) *config.Feed {
	t.Helper()
	cfg, err := config.Parse("clawback.toml", []byte(configtest.Minimal+"[[feed]]\nname = \"test\"\n"+lines+"\n"))
	if err != nil {
		t.Fatalf("%s: %v", lines, err)
	}
	return &cfg.Feeds[0]
}

func TestRead_formats(t *testing.T) {
	const csvFeed = "url = \"https://x.example/\"\nformat = \"csv\"\nkind = \"url\"\n"
	threatfox := `preset = "threatfox"` + "\nurl = \"https://x.example/\"\nauth = \"none\"\n"
	for _, c := range []struct {
		name, feed, text string
		want             []string
		skipped          map[Skip]int
		refused          Code
	}{
		{name: "text", feed: "url = \"https://x.example/\"\nkind = \"url\"",
			text: "\ufeff# one\nhttp://a.example/x\r\n\n  http://b.example/ second word\nhttp://c.example/", want: []string{"url http://a.example/x", "url http://b.example/", "url http://c.example/"}},
		{name: "a file of hosts", feed: "url = \"https://x.example/\"\nkind = \"domain\"", text: "127.0.0.1\tevil.example # x\n0.0.0.0 bad.example\nplain.example\n",
			want: []string{"domain evil.example", "domain bad.example", "domain plain.example"}},
		{name: "URLhaus", feed: "preset = \"urlhaus\"\nurl = \"https://x.example/\"\nauth = \"none\"",
			text: "################\n# abuse.ch URLhaus #\n# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n" +
				`"1","2026-11-28 10:00:05","http://a.example/x?a=""b"",c","online","2026","malware_download","exe","https://u.example/1/","me"` + "\r\n",
			want: []string{`url http://a.example/x?a="b",c (malware_download) 2026-11-28T10:00`}},
		{name: "ThreatFox, blanks after commas and a new column", feed: threatfox,
			text: "# ThreatFox\n# \"first_seen_utc\",\"new\",\"ioc_value\",\"ioc_type\",\"malware_printable\",\"confidence_level\",\"is_compromised\"\n" +
				`"2026-11-01 00:00:00", "x", "1.2.3.4:443", "ip:port", "Cobalt Strike", "75", "False"` + "\n" +
				`"2026-11-01 00:00:00", "x", "good.example", "domain", "None", "100", "True"` + "\n" +
				`"2026-11-01 00:00:00", "x", "aa", "md5_hash", "None", "100", "False"` + "\n",
			want: []string{"ip 1.2.3.4:443 (Cobalt Strike) 2026-11-01T00:00 75%", "domain good.example (None) 2026-11-01T00:00 100% exact",
				"other:md5_hash aa (None) 2026-11-01T00:00 100%"}},
		{name: "PhishTank", feed: "preset = \"phishtank\"\nurl = \"https://x.example/\"\nauth = \"none\"",
			text: "phish_id,url,phish_detail_url,submission_time,verified,verification_time,online,target\n" +
				"1,http://a.example/,d,2026-11-01T00:00:00+00:00,yes,2026-11-02T00:00:00+00:00,yes,Other\n2,http://b.example/,d,x,no,,yes,Other\n",
			want: []string{"url http://a.example/ (Other) 2026-11-02T00:00"}, skipped: map[Skip]int{SkipFilter: 1}},
		{name: "columns by number", feed: csvFeed + "header = \"none\"\ndelimiter = \";\"\ncolumns = { value = \"2\" }", text: "x;http://a.example/\ny\n",
			want: []string{"url http://a.example/"}, skipped: map[Skip]int{SkipUnreadable: 1}},
		{name: "a column was renamed", feed: csvFeed + "columns = { value = \"url\" }", text: "id,address\n1,http://a.example/\n", refused: Columns},
		{name: "no comment with names", feed: csvFeed + "header = \"comment\"\ncolumns = { value = \"url\" }", text: "1,http://a.example/\n", refused: Columns},
		{name: "a quote that is never closed", feed: csvFeed + "columns = { value = \"url\" }", text: "url\n\"http://a.example/" + strings.Repeat("x\n", maxRecord), refused: LongEntry},
		{name: "a line of 10 MB", feed: "url = \"https://x.example/\"\nkind = \"url\"", text: strings.Repeat("x", 10<<20), refused: LongEntry},
		{name: "a CSV line of 10 MB", feed: csvFeed + "columns = { value = \"url\" }", text: "url\n" + strings.Repeat("x", 10<<20), refused: LongEntry},
		{name: "a comment of 10 MB", feed: csvFeed + "header = \"comment\"\ncolumns = { value = \"url\" }", text: "#" + strings.Repeat("x", 10<<20), refused: LongEntry},
		{name: "JSON, texts", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"data[]\"\nkind = \"url\"",
			text: `{"meta":{"data":[1]},"data":["http://a.example/","http://b.example/"]}`, want: []string{"url http://a.example/", "url http://b.example/"}},
		{name: "JSON, objects below ids", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"*[]\"\ncolumns = { value = \"ioc\", kind = \"type\", confidence = \"level\" }\nwhere = [\"on=True\"]",
			text: `{"7":[{"ioc":"a.example","type":"domain","level":80,"on":true}],"8":[{"ioc":"b.example","type":"domain","on":false},null,5]}`,
			want: []string{"domain a.example 80%"}, skipped: map[Skip]int{SkipFilter: 1, SkipUnreadable: 2}},
		{name: "JSON, an answer that is none", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"data[]\"\nkind = \"url\"", text: `{"query_status":"unknown_auth_key"}`, refused: Columns},
		{name: "JSON, cut off", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"data[]\"\nkind = \"url\"", text: `{"data":["http://a.example/",`, refused: Format},
		{name: "JSON, one value of 10 MB", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"data[]\"\nkind = \"url\"", text: `{"data":["` + strings.Repeat("x", 10<<20) + `"]}`, refused: LongEntry},
		{name: "JSON, a skipped value of 10 MB", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"data[]\"\nkind = \"url\"", text: `{"other":"` + strings.Repeat("x", 10<<20) + `"}`, refused: LongEntry},
		{name: "JSON, deep", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"data[]\"\nkind = \"url\"", text: strings.Repeat("[", 1<<20), refused: Format},
		{name: "JSON, two documents", feed: "url = \"https://x.example/\"\nformat = \"json\"\npath = \"data[]\"\nkind = \"url\"", text: `{"data":["http://a.example/"]} {}`, refused: Format},
		{name: "STIX", feed: "url = \"https://x.example/\"\nformat = \"stix\"",
			text: `{"type":"bundle","objects":[{"type":"identity","name":"x"},` +
				`{"type":"indicator","name":"N","pattern":"[url:value = 'http://a.example/it\\'s']","pattern_type":"stix","confidence":90,"modified":"2026-01-01T00:00:00.000Z"},` +
				`{"type":"indicator","pattern":"[domain-name:value = 'a.example' OR file:hashes.'SHA-256' = 'ab']","pattern_type":"stix","revoked":true},` +
				`{"type":"indicator","pattern":"rule x {}","pattern_type":"yara"},` +
				`{"type":"indicator","pattern":"[url:value = 'a'] FOLLOWEDBY [url:value = 'b']","pattern_type":"stix"}]}`,
			want:    []string{"url http://a.example/it's (N) 90%", "domain a.example withdrawn", "sha256 ab withdrawn"},
			skipped: map[Skip]int{SkipPattern: 2}},
		{name: "STIX, something else", feed: "url = \"https://x.example/\"\nformat = \"stix\"", text: `{"title":"error"}`, refused: Columns},
	} {
		var got taken
		err := read(strings.NewReader(c.text), feedOf(t, c.feed), &got)
		var refusal *Refusal
		errors.As(err, &refusal)
		switch {
		case c.refused != "" && (refusal == nil || refusal.Code != c.refused):
			t.Errorf("%s: %v, want refused as %s", c.name, err, c.refused)
		case c.refused == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.refused == "":
			if diff := cmp.Diff(c.want, got.lines) + cmp.Diff(c.skipped, got.skipped); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
	}
}

func TestReadPattern_listsOfValuesAlone(t *testing.T) {
	for pattern, want := range map[string]string{
		`[url:value = 'http://a.example/']`:                                                           "url http://a.example/",
		`[ domain-name:value='a.example' ]`:                                                           "domain a.example",
		`[ipv4-addr:value = '1.2.3.4' OR ipv6-addr:value = '2606:4700::1']`:                           "ip 1.2.3.4, ip 2606:4700::1",
		`[url:value = 'a'] OR [url:value = 'b'] or ([url:value = 'c'])`:                               "url a, url b, url c",
		`[url:value IN ('a', 'b\'c', 'd\\e')]`:                                                        `url a, url b'c, url d\e`,
		`[file:hashes.'SHA-256' = 'ab' OR file:hashes."SHA-256" = 'cd' OR file:hashes.sha256 = 'ef']`: "sha256 ab, sha256 cd, sha256 ef",
		`[file:hashes.MD5 = 'ab']`:                                                                    "other:file:hashes.md5 ab",
		`[email-message:from_ref.value = 'a@b.example']`:                                              "email a@b.example",
		`[url:value = 'http://a.example/x' AND domain-name:value = 'a.example']`:                      "url http://a.example/x",
		`[domain-name:value = 'A.example' AND url:value = 'hxxp://a[.]example/x']`:                    "url hxxp://a[.]example/x",
		`[(url:value = 'a' OR url:value = 'b')]`:                                                      "url a, url b",
		`[url:value = 'http://a.example/x' AND domain-name:value = 'b.example']`:                      "",
		`[url:value = 'a' AND file:hashes.MD5 = 'b']`:                                                 "",
		`[url:value = 'a'] AND [url:value = 'b']`:                                                     "",
		`[url:value = 'a'] FOLLOWEDBY [url:value = 'b']`:                                              "",
		`[url:value = 'a'] WITHIN 5 SECONDS`:                                                          "",
		`[url:value LIKE 'a%']`:                                                                       "",
		`[url:value MATCHES '.*']`:                                                                    "",
		`[url:value != 'a']`:                                                                          "",
		`[NOT url:value = 'a']`:                                                                       "",
		`[url:value NOT = 'a']`:                                                                       "",
		`[url:value NOT IN ('a')]`:                                                                    "",
		`[ipv4-addr:value ISSUBSET '1.2.3.0/24']`:                                                     "",
		`[url:value > 'a']`:                                                                           "",
		`[url:value = 'a`:                                                                             "",
		`[url:value = 'a'`:                                                                            "",
		`[url:value = 'a']]`:                                                                          "",
		`[url:value = 5]`:                                                                             "",
		`[url:value IN ()]`:                                                                           "",
		`[]`:                                                                                          "",
		``:                                                                                            "",
		strings.Repeat("(", 10_000) + `[url:value = 'a']` + strings.Repeat(")", 10_000): "",
	} {
		values, err := readPattern(pattern)
		var got []string
		for _, v := range values {
			got = append(got, v.kind+" "+v.value)
		}
		if text := strings.Join(got, ", "); text != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", cut(pattern, 100), text, err, want)
		}
	}
}

// nothing takes entries and forgets them.
type nothing struct{ n int }

func (s *nothing) entry(entry) error { s.n++; return nil }
func (s *nothing) pass(Skip)         { s.n++ }

func fuzzRead(f *testing.F, lines string, seeds ...string) {
	feed := feedOf(f, lines)
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var to nothing
		err := read(strings.NewReader(string(data)), feed, &to)
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("the error says nothing of why: %v", err)
		}
		if to.n > len(data)+1 {
			t.Errorf("%d entries of %d bytes", to.n, len(data))
		}
	})
}

func FuzzReadText(f *testing.F) {
	fuzzRead(f, "url = \"https://x.example/\"\nkind = \"domain\"", "# x\n127.0.0.1 a.example\n", "\ufeffa.example",
		"a\x00b\n\n")
}

func FuzzReadCSV(f *testing.F) {
	fuzzRead(f, "url = \"https://x.example/\"\nformat = \"csv\"\nkind = \"url\"\nheader = \"comment\"\ncolumns = { value = \"url\", date = \"d\" }",
		"# url,d\nhttp://a.example/,2026-01-01\n", "#url,d\n\"a\"\"b\", \"c\n", "# \"d\", \"url\"\n,\n#x\n")
}

func FuzzReadJSON(f *testing.F) {
	fuzzRead(f, "url = \"https://x.example/\"\nformat = \"json\"\npath = \"*[]\"\ncolumns = { value = \"v\", kind = \"k\" }",
		`{"a":[{"v":"x","k":"url"},"y",null]}`, `[[]]`, `{"a":[{"v":{}}`, `{"[]":[{"v":"x"}]}`)
}

func FuzzReadSTIX(f *testing.F) {
	fuzzRead(f, "url = \"https://x.example/\"\nformat = \"stix\"", `{"objects":[{"type":"indicator","pattern":"[url:value = 'a' OR url:value IN ('b')]"}]}`,
		`{"objects":[{"type":"indicator","pattern":5,"modified":7,"confidence":"x"}]}`)
}

func FuzzReadMISP(f *testing.F) {
	f.Add([]byte(`{"Event":{"Attribute":[{"type":"url","value":"http://a.example/","to_ids":true}],"Object":[{"Attribute":[{"type":"domain|ip","value":"a.example|1.2.3.4","to_ids":"1","deleted":false}]}]}}`))
	f.Add([]byte(`{"0b6e6f2c-6d1f-4b1a-9b1c-0e0e0e0e0e0e":{"timestamp":"1","info":"x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var to nothing
		if err := readEvent(strings.NewReader(string(data)), 1<<20, "info", &to); err == nil && to.n > len(data) {
			t.Errorf("%d entries of %d bytes", to.n, len(data))
		}
		events, err := readManifest(strings.NewReader(string(data)))
		for _, e := range events {
			if err == nil && (strings.ContainsAny(e.uuid, "/.\\") || e.stamp <= 0) {
				t.Errorf("event %q of %d", e.uuid, e.stamp)
			}
		}
	})
}

func FuzzReadPattern(f *testing.F) {
	for _, s := range []string{"[url:value = 'a']", "[(url:value IN ('a','b')) OR x:y = 'c'] OR [a:b='\\\\']", "[a:b='c' AND d:e='f']"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		values, err := readPattern(pattern)
		if (err == nil) == (len(values) == 0) || len(values) > len(pattern) {
			t.Errorf("%d values, %v", len(values), err)
		}
	})
}

// A feed's comments, columns and detail that say nothing are as none.
func TestDetailOf(t *testing.T) {
	for s, want := range map[string]string{"None": "", "n/a": "", "": "", " Cobalt Strike ": "Cobalt Strike", "a\tb": `a\u0009b`, strings.Repeat("x", 200): strings.Repeat("x", 120) + "..."} {
		if got := detailOf(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("BZh9"))
	f.Add([]byte("  <html>"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		l := limits{wire: 1 << 16, unpacked: 1 << 16}
		r, err := unpack(strings.NewReader(string(data)), l, dir)
		if err != nil {
			return
		}
		defer r.Close()
		if n, _ := io.Copy(io.Discard, r); n > 1<<16 {
			t.Errorf("%d bytes came through a bound of %d", n, 1<<16)
		}
	})
}
