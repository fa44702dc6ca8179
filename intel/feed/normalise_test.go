package feed

import (
	"errors"
	"strings"
	"testing"
)

func TestNormalise_asMessagesHaveIt(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for _, c := range []struct{ kind, value, wantKind, want string }{
		{"url", "https://Evil.example:443/A?b=C#d", "url", "https://evil.example/A?b=C"},
		{"url", "hxxps://evil[.]example/a", "url", "https://evil.example/a"},
		{"url", "hXXp[:]//evil(.)example[/]a", "url", "http://evil.example/a"},
		{"url", "evil.example/a", "url", "http://evil.example/a"},
		{"url", `"https://evil.example"`, "url", "https://evil.example/"},
		{"url", "https://пример.рф/x", "url", "https://xn--e1afmkfd.xn--p1ai/x"},
		{"url", "http://0x01020304:8080/x", "url", "http://1.2.3.4:8080/x"},
		{"url", "http://[2606:4700::1111]:80/x", "url", "http://[2606:4700::1111]/x"},
		{"domain", "EVIL[dot]example", "domain", "evil.example"},
		{"domain", "*.evil.example", "domain", "evil.example"},
		{"domain", "evil.example:8443", "domain", "evil.example"},
		{"domain", "evil.example.", "domain", "evil.example"},
		{"domain", "1.2.3.4", "ip", "1.2.3.4"},
		{"domain", "evil.github.io", "domain", "evil.github.io"},
		{"ip", "1.2.3[.]4", "ip", "1.2.3.4"},
		{"ip", "1.2.3.4:443", "ip", "1.2.3.4"},
		{"ip", "::ffff:1.2.3.4", "ip", "1.2.3.4"},
		{"ip", "[2606:4700:0::1111]:443", "ip", "2606:4700::1111"},
		{"sha256", strings.ToUpper(hash), "sha256", hash},
		{"email", "Bad.Man[at]Evil[.]example", "email", "bad.man@evil.example"},
		{"", "hxxp://evil.example/", "url", "http://evil.example/"},
		{"", "evil.example", "domain", "evil.example"},
		{"", "evil.example/x", "url", "http://evil.example/x"},
		{"", "1.2.3.4", "ip", "1.2.3.4"},
		{"", "a@evil.example", "email", "a@evil.example"},
		{"", hash, "sha256", hash},
	} {
		got, err := normalise(c.kind, c.value)
		if err != nil || got.Kind != c.wantKind || got.Value != c.want {
			t.Errorf("%s %q: %+v, %v, want %s %s", c.kind, c.value, got, err, c.wantKind, c.want)
		}
	}
}

func TestNormalise_whatIsNoIndicator(t *testing.T) {
	for _, c := range []struct {
		kind, value string
		want        error
	}{
		{"url", "", errUnreadable}, {"url", "hello", errUnreadable}, {"url", "javascript:alert(1)", errUnreadable},
		{"url", "https://" + strings.Repeat("a", 5000) + ".example/", errUnreadable}, {"url", "https://𝐞vil.example/", errUnreadable},
		{"domain", "example", errUnreadable}, {"domain", "evil.example/path", errUnreadable}, {"domain", "a b.example", errUnreadable},
		{"domain", "co.uk", errNotPublic}, {"domain", "github.io", errNotPublic}, {"domain", "10.0.0.1", errNotPublic},
		{"ip", "10.0.0.1", errNotPublic}, {"ip", "127.0.0.1:80", errNotPublic}, {"ip", "::1", errNotPublic}, {"ip", "::ffff:192.168.0.1", errNotPublic},
		{"ip", "1.2.3.0/24", errUnreadable}, {"ip", "1.2.3", errUnreadable},
		{"sha256", emptyFile, errNotPublic}, {"sha256", strings.Repeat("g", 64), errUnreadable}, {"sha256", strings.Repeat("a", 32), errOtherKind},
		{"email", "@evil.example", errUnreadable}, {"email", "a b@evil.example", errUnreadable}, {"email", "evil.example", errUnreadable},
		{"email", "a@1.2.3.4", errUnreadable}, {"email", "x@evil.example/y", errUnreadable}, {"email", "a\tb@evil.example", errUnreadable},
		{"", strings.Repeat("a", 32), errOtherKind}, {"other:mutex", "x", errOtherKind},
	} {
		if got, err := normalise(c.kind, c.value); !errors.Is(err, c.want) {
			t.Errorf("%s %q: %+v, %v, want %v", c.kind, cut(c.value, 80), got, err, c.want)
		}
	}
}

// What was normalised once stays as it is, and has nothing in it that a line of a kept list could not hold.
func FuzzNormalise(f *testing.F) {
	for _, kind := range []string{"", "url", "domain", "ip", "sha256", "email"} {
		for _, value := range []string{"hxxps://evil[.]example:443/a?b#c", "*.пример.рф", "[::1]:80", "a@b.example", "http://%41.example\\x", "http://a.example//"} {
			f.Add(kind, value)
		}
	}
	f.Fuzz(func(t *testing.T, kind, value string) {
		i, err := normalise(kind, value)
		if err != nil {
			return
		}
		if i.Value == "" || strings.ContainsAny(i.Value, "\t\r\n") {
			t.Errorf("%q becomes %q", value, i.Value)
		}
		if again, err := normalise(i.Kind, i.Value); err != nil || again != i {
			t.Errorf("%q becomes %+v, and that %+v, %v", value, i, again, err)
		}
	})
}
