package web

import (
	"strings"
	"testing"

	"clawback/score/lists"
)

func TestParse_readsAsBrowsersDo(t *testing.T) {
	for _, c := range []struct {
		in, host, user string
		ok             bool
	}{
		{"https://www.Example.com/a?b#c", "www.example.com", "", true},
		{"http:\\\\example.com\\a", "example.com", "", true},
		{"https:/example.com", "example.com", "", true},
		{"ht\ntp://exa\tmple.com/", "example.com", "", true},
		{"https://www.bank.example@evil.example/x", "evil.example", "www.bank.example", true},
		{"https://a@b@evil.example/", "evil.example", "a@b", true},
		{"http://0x7f.1/", "127.0.0.1", "", true},
		{"http://2130706433/", "127.0.0.1", "", true},
		{"http://0177.0.0.1/", "127.0.0.1", "", true},
		{"http://[2001:db8::1]:80/", "2001:db8::1", "", true},
		{"http://%65xample.com/", "example.com", "", true},
		{"https://m\u00fcnchen.example/", "xn--mnchen-3ya.example", "", true},
		{"https://example\u3002com/", "example.com", "", true},
		{"mailto:a@example.com", "", "", false},
		{"https:///", "", "", false},
		{"https://localhost/", "localhost", "", false},
		{"javascript:alert(1)", "", "", false},
		{"", "", "", false},
	} {
		u, ok := Parse(c.in)
		if ok != c.ok || ok && (u.Host != c.host || u.User != c.user) {
			t.Errorf("Parse(%q) = host %q, user %q, %v; want %q, %q, %v", c.in, u.Host, u.User, ok, c.host, c.user,
				c.ok)
		}
	}
}

func TestRegistrable_customersOfAHostAreApart(t *testing.T) {
	for host, want := range map[string]string{
		"www.example.co.uk": "example.co.uk", "a.b.example.com": "example.com", "someone.github.io": "someone.github.io",
		"x.y.web.app": "y.web.app", "co.uk": "co.uk", "example.com.": "example.com", "": "",
	} {
		if got := Registrable(host); got != want {
			t.Errorf("Registrable(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestTarget_findsWhereARedirectLeads(t *testing.T) {
	for in, want := range map[string]string{
		"https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fx&data=1": "evil.example",
		"https://urldefense.com/v3/__https://evil.example/x__;!!abc":                                "evil.example",
		"https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_x&d=1":                   "evil.example",
		"https://www.google.com/url?q=https://evil.example/x":                                       "evil.example",
		"https://track.example/CL0/https:%2F%2Fevil.example%2Fx/1":                                  "evil.example",
		"https://www.example.com/?next=https://www.example.com/home":                                "",
		"https://www.example.com/?q=words":                                                          "",
	} {
		u, ok := Parse(in)
		if !ok {
			t.Fatalf("cannot read %q", in)
		}
		target, found := u.Target()
		if found != (want != "") || target.Host != want {
			t.Errorf("%s leads to %q, want %q", in, target.Host, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b        string
		limit, want int
	}{
		{"contoso", "contoso", 2, 0}, {"contoso", "contosso", 2, 1}, {"contoso", "cnotoso", 2, 1}, {"contoso", "fabrikam", 2, 3}, {"", "ab", 2, 2},
		{strings.Repeat("x", 100), strings.Repeat("x", 100), 2, 3},
	} {
		if got := Distance(c.a, c.b, c.limit); got != c.want {
			t.Errorf("Distance(%q, %q, %d) = %d, want %d", c.a, c.b, c.limit, got, c.want)
		}
	}
}

func TestRandom_tellsMachineNamesFromWords(t *testing.T) {
	for _, name := range []string{"xkqzvbnrtw", "a1b2c3d4e5", "vgyfdtrwqpl"} {
		if !Random(name) {
			t.Errorf("%q looks like a word", name)
		}
	}
	for _, name := range []string{"contoso", "northern-cycling", "volksbank", "schwarzenegger", "office365", "strengthening"} {
		if Random(name) {
			t.Errorf("%q looks random", name)
		}
	}
}

func TestMixed(t *testing.T) {
	if !Mixed("p\u0430ypal") || Mixed("\u043f\u0440\u0438\u0432\u0435\u0442-paypal") || Mixed("m\u00fcnchen") {
		t.Error("mixing of scripts is told wrongly")
	}
}

func TestSkeleton_foldsLookAlikes(t *testing.T) {
	s := lists.Builtin().Skeleton
	if got := s.Of("P\u0430yP\u0430l"); got != "paypal" {
		t.Errorf("skeleton is %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"https://a@b:1/x?y#z", "http://0x7f.1", "https://\u3002/", "http://[::1]/", "https://urldefense.com/v3/__x__;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		u, ok := Parse(in)
		if !ok {
			return
		}
		u.Target()
		if len(u.Raw) > MaxURL || u.Host == "" {
			t.Errorf("%q: %+v", in, u)
		}
		Random(Label(u.Domain))
		Defang(in)
	})
}
