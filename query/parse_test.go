package query

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"from:evil.example", "from:evil.example"},
		{"FROM:Evil.Example.", "from:evil.example"},
		{"sender:<Eve@Evil.Example>", "from:eve@evil.example"},
		{"from:*@evil.example", "from:@evil.example"},
		{"from:finance@", "from:finance@"},
		{`from:"Bell, Anna"`, `from:"bell anna"`},
		{"from:bücher.example", "from:xn--bcher-kva.example"},
		{`subject:"Invoice  due!" to:finance@`, `subject:"invoice due" to:finance@`},
		{"invoice -paid", "subject:invoice -subject:paid"},
		{"!outcome:done", "-outcome:done"},
		{"subject:inv*", "subject:inv*"},
		{"link:hxxps://evil[.]example/a?b#c", "link:evil.example/a?b"},
		{"link:Evil.Example", "link:evil.example"},
		{"link:https://evil.example:8443", "link:evil.example:8443/"},
		{"url:http://evil.example:80/", "link:evil.example/"},
		{"hash:" + strings.ToUpper(hash), "hash:" + hash},
		{"file:*.ISO", "file:*.iso"},
		{"ip:192.0.2.1", "ip:192.0.2.1"},
		{"ip:::ffff:192.0.2.1", "ip:192.0.2.1"},
		{"id:<A@b>", "id:A@b"},
		{"disposition:malicious -outcome:done,gone", "disposition:MALICIOUS -outcome:done,gone"},
		{"disposition:spam disposition:SPOOF", "disposition:SPAM,SPOOF"},
		{"reason:link.qr proof:content is:pinned", "reason:link.qr proof:content is:pinned"},
		{"since:2d", "since:2026-11-18T12:00:00Z"},
		{"since:1d12h until:90m", "since:2026-11-19T00:00:00Z until:2026-11-20T10:30:00Z"},
		{"since:2026-11-01 before:2026-11-02T01:00:00+01:00", "since:2026-11-01T00:00:00Z until:2026-11-02T00:00:00Z"},
		{"tenant:contoso from:a", "from:a tenant:contoso"},
		{`subject:"say \"hello\""`, `subject:"say hello"`},
	} {
		q, err := Parse(tt.text, now)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if got := q.String(); got != tt.want {
			t.Errorf("%q is read as %q, want %q", tt.text, got, tt.want)
		}
		again, err := Parse(q.String(), now.Add(time.Hour))
		if diff := cmp.Diff(q, again); err != nil || diff != "" {
			t.Errorf("%q read again: %v\n%s", q.String(), err, diff)
		}
	}
}

func TestParse_errorsPointAtTheWord(t *testing.T) {
	for _, tt := range []struct{ text, marked, says string }{
		{"from:a sendr:b", "sendr:b", "is not known"},
		{"from:a subject:", "subject:", "has no value"},
		{`x subject:"open now`, `"open now`, "not closed"},
		{"from:a since:yesterday to:b", "since:yesterday", "how long ago"},
		{"since:-4h", "since:-4h", "how long ago"},
		{"since:2h since:3h", "since:3h", "twice"},
		{"-since:2d", "-since:2d", "negated"},
		{"disposition:evil", "disposition:evil", "unknown disposition"},
		{"outcome:done,lost", "outcome:done,lost", `"lost"`},
		{"hash:d41d8cd98f00b204e9800998ecf8427e", "hash:d41d8cd98f00b204e9800998ecf8427e", "MD5"},
		{"from:a is:Held", "is:Held", "write outcome:held"},
		{"is:open", "is:open", "one of pinned"},
		{"hash:zz", "hash:zz", "64 hexadecimal"},
		{"ip:10.0.0.0/8", "ip:10.0.0.0/8", "networks"},
		{"é https://x.example", "https://x.example", "link:https:"},
		{"from:*", "from:*", "nothing in it"},
		{`subject:"!?"`, `subject:"!?"`, "no word"},
		{"from:a -", "-", "missing"},
		{"tenant:a tenant:b", "tenant:b", "twice"},
		{"since:1h until:2h", "", "not before until"},
		{strings.Repeat("a", maxQuery+1), "", "is the most"},
	} {
		_, err := Parse(tt.text, now)
		var bad *Error
		if !errors.As(err, &bad) {
			t.Errorf("%.60q: error %v", tt.text, err)
			continue
		}
		if got := tt.text[bad.At : bad.At+bad.Len]; got != tt.marked || !strings.Contains(bad.Text, tt.says) {
			t.Errorf("%.60q: %q is marked, %q; want %q, %q", tt.text, got, bad.Text, tt.marked, tt.says)
		}
		if tt.marked != "" && !strings.HasSuffix(bad.Point(), strings.Repeat("^", len([]rune(tt.marked)))) {
			t.Errorf("%q: no mark in %q", tt.text, bad.Point())
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1w2d": 9 * 24 * time.Hour, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute, "45s": 45 * time.Second,
		"": 0, "2": 0, "d": 0, "0d": 0, "2h1d": 0, "1d1d": 0, "-1h": 0, "1.5h": 0, "9999999999d": 0, "99999w": 0,
	} {
		if got, err := Duration(text); got != want || (err != nil) != (want == 0) {
			t.Errorf("Duration(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
}

// FuzzParse: whatever a query says, it says the same when it is read again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`from:evil.example subject:"invoice due" -outcome:done since:2d to:finance@`,
		"link:hxxp://[::1]/a",
		"file:*.iso ip:::1", "link:::1", "link:a\\b", "from:a*b@c", `to:"x\" y"`, "id:<x>", "subject:ǅ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text, now)
		if err != nil {
			if !errors.As(err, new(*Error)) {
				t.Fatalf("%q: error of type %T", text, err)
			}
			return
		}
		again, err := Parse(q.String(), now.Add(24*time.Hour))
		if err != nil {
			t.Fatalf("%q becomes %q: %v", text, q.String(), err)
		}
		if diff := cmp.Diff(q.String(), again.String()); diff != "" {
			t.Fatalf("%q (-first +again):\n%s", text, diff)
		}
	})
}
