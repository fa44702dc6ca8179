package visible

import (
	"regexp"
	"strings"
	"testing"
)

func TestDefang_noLinkIsLeftThatATerminalOpens(t *testing.T) {
	for text, want := range map[string]string{
		"https://evil.example/login":               "hxxps://evil[.]example/login",
		"HTTP://EVIL.example":                      "hxxp://EVIL[.]example",
		"see http://evil.example/a.b.":             "see hxxp://evil[.]example/a[.]b.",
		"(https://evil.example)":                   "(hxxps://evil[.]example)",
		"<https://evil.example/?u=http://x.y>":     "<hxxps://evil[.]example/?u=hxxp://x[.]y>",
		"ftp://evil.example":                       "ftp[:]//evil[.]example",
		"smb+ssh://evil.example/share":             "smb+ssh[:]//evil[.]example/share",
		"file:///etc/passwd":                       "file[:]///etc/passwd",
		"mailto:eve@evil.example":                  "mailto[:]eve@evil[.]example",
		"tel:+15550100":                            "tel[:]+15550100",
		"ms-msdt:/id":                              "ms-msdt[:]/id",
		"www.evil.example/login":                   "www[.]evil[.]example/login",
		"www2.evil.example":                        "www2[.]evil[.]example",
		"www.evil.example:8080/x":                  "www[.]evil[.]example:8080/x",
		"a https://one.example b www.two.example.": "a hxxps://one[.]example b www[.]two[.]example.",
		"https://user:pw@evil.example":             "hxxps://user:pw@evil[.]example",
		"https://[2001:db8::1]/":                   "hxxps://[2001:db8::1]/",
		"xhttps://evil.example":                    "xhxxps://evil[.]example",
		// Nothing that is none.
		"":                                   "",
		"Re: Invoice 7. See page 3:4":        "Re: Invoice 7. See page 3:4",
		"anna@contoso.example":               "anna@contoso.example",
		"evil.example":                       "evil.example",
		"file: report.pdf":                   "file: report.pdf",
		"News: we moved":                     "News: we moved",
		"10:30 and ://":                      "10:30 and ://",
		"hxxps://evil[.]example/login":       "hxxps://evil[.]example/login",
		"https://evil[.]example":             "hxxps://evil[.]example",
		"www[.]evil[.]example":               "www[.]evil[.]example",
		"hxxp://evil[.]example, and another": "hxxp://evil[.]example, and another",
	} {
		if got := Defang(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if got := Defang(Defang(text)); got != Defang(text) {
			t.Errorf("%q changes again: %q", text, got)
		}
	}
}

// opens is what GNOME Terminal, Windows Terminal and iTerm2 look for.
var opens = regexp.MustCompile(`(?i)\b(?:https?|ftps?|file|ssh|sftp|telnet|smb)://|\bmailto:|\btel:|\bwww\d*\.`)

func FuzzDefang(f *testing.F) {
	for _, seed := range []string{"https://evil.example/a", "www.x.example", "hxxp://a[.]b", "mailto:a@b.c", "[.].[:]http://",
		"http://http://x", "www.www.a", "[.", "ftp://www.x.y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := Defang(text)
		if twice := Defang(once); twice != once {
			t.Errorf("%q: %q changes again: %q", text, once, twice)
		}
		for _, field := range strings.Fields(once) {
			at := opens.FindStringIndex(field)
			if at != nil && len(strings.Trim(field[at[1]:], ".")) > 1 {
				t.Errorf("%q: %q is still opened", text, field)
			}
		}
	})
}
