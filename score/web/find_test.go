package web

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"See https://a.example/x, (http://b.example/y). <https://c.example/z>": "https://a.example/x http://b.example/y https://c.example/z",
		"https://d.example\u00a0end, https://e.example\u3000end":               "https://d.example https://e.example",
		"www.a.example/x":                         "http://www.a.example/x",
		"at www.a.example.":                       "http://www.a.example",
		"(WWW.A.example)":                         "http://WWW.A.example",
		"www.münchen.example":                     "http://www.münchen.example",
		"https://www.a.example/ www.b.example":    "https://www.a.example/ http://www.b.example",
		"www.a.example https://b.example/":        "http://www.a.example https://b.example/",
		"https://a.example/?u=www.b.example":      "https://a.example/?u=www.b.example",
		"a.example/www.b.example":                 "",
		"me@www.a.example":                        "",
		"awww.a.example":                          "",
		"the www. is large, and www.":             "",
		"wwww.a.example":                          "",
		"www...":                                  "",
		"://":                                     "://",
		"hxxps://a.example/ ftp://b.example/":     "hxxps://a.example/ ftp://b.example/",
		strings.Repeat("https://a.example/ ", 30): strings.TrimSpace(strings.Repeat("https://a.example/ ", 30)),
		"": "",
	} {
		var got []string
		Find(text, func(address string) { got = append(got, address) })
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	n := 0
	Find(strings.Repeat("www.a.example ", 5000), func(string) { n++ })
	if n != 5000 {
		t.Errorf("%d of 5000 addresses were found", n)
	}
}

func TestAbsolute(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.example/": "https://a.example/", " https://a.example/ ": "https://a.example/", "mailto:a@b.example": "mailto:a@b.example",
		"//a.example/x": "https://a.example/x", `\\a.example\x`: `https:\\a.example\x`, `/\a.example/x`: `https:/\a.example/x`,
		"www.a.example": "http://www.a.example", "a.example": "http://a.example", "a.example/x.html": "http://a.example/x.html", "a.example?x": "http://a.example?x",
		"A.EXAMPLE#x": "http://A.EXAMPLE#x", "a.example:8080/x": "http://a.example:8080/x", "a.xn--p1ai/x": "http://a.xn--p1ai/x",
		"#top": "#top", "": "", "/x": "/x", "./x.example": "./x.example", "?x=a.example": "?x=a.example", "index.html": "index.html", "a/b.example": "a/b.example",
		"page.php?x=1": "page.php?x=1", "me@a.example": "me@a.example", "a..example": "a..example", "two words.example": "two words.example", "1.5": "1.5",
		"javascript:alert(1)": "javascript:alert(1)", "tel:+1.555": "tel:+1.555", "data:text/html,a.example": "data:text/html,a.example", "photo.jpeg": "photo.jpeg",
	} {
		if got := Absolute(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestUndressed(t *testing.T) {
	for _, c := range []struct {
		dressed, plain string
		want           bool
	}{
		{"www.čau-obchod.example", "www.cau-obchod.example", true},
		{"münchen-shop.example", "muenchen-shop.example", true},
		{"münchen-shop.example", "munchen-shop.example", true},
		{"straße.example", "strasse.example", true},
		{"smørrebrød.example", "smorrebrod.example", true},
		{"ČAU.example", "cau.example", true},
		{"paypal.example", "päypal.example", false}, // the true one is dressed up: a look-alike
		{"münchen.example", "berlin.example", false},
		{"раураl.example", "paypal.example", false}, // other letters, and no marks
		{"paypal.example", "paypal.example", false},
	} {
		if got := Undressed(c.dressed, c.plain); got != c.want {
			t.Errorf("%s, %s: %v, want %v", c.dressed, c.plain, got, c.want)
		}
	}
}
