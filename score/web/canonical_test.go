package web

import "testing"

func TestCanonical_whatLeadsToOnePageIsOneText(t *testing.T) {
	for want, all := range map[string][]string{
		"https://evil.example/a?q=1": {"https://evil.example/a?q=1", "HTTPS://EVIL.example:443/a?q=1", "https://user:pw@evil.example./a?q=1#to",
			`https:\\evil.example\a?q=1`, "https://evil.\nexample/a?q=1", "https:evil.example/a?q=1"},
		"http://evil.example/":               {"http://evil.example", "http://evil.example/", "http://evil.example:80", "http://evil.example#x", "http://evil.example?"},
		"http://evil.example/?x":             {"http://evil.example?x"},
		"http://xn--e1afmkfd.xn--p1ai/A":     {"http://пример.рф/A", "http://ПРИМЕР.РФ/A", "http://xn--e1afmkfd.xn--p1ai:80/A"},
		"http://evil.example:8080/":          {"http://evil.example:8080"},
		"http://1.2.3.4/x":                   {"http://1.2.3.4/x", "http://0x01020304/x", "http://16909060/x", "http://1.2.3.4:80/x"},
		"http://[2606:4700::1111]/":          {"http://[2606:4700::1111]", "http://[2606:4700:0::1111]:80/"},
		"https://evil.example:80/":           {"https://evil.example:80"},
		"https://evil.example/Case?Query=ON": {"https://Evil.Example/Case?Query=ON"},
	} {
		for _, text := range all {
			u, ok := Parse(text)
			if got := u.Canonical(); !ok || got != want {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
			again, ok := Parse(u.Canonical())
			if got := again.Canonical(); !ok || got != want {
				t.Errorf("%q: read again it is %q", text, got)
			}
		}
	}
}
