package feed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/verdict"
)

func newCaution(t *testing.T, lists ...string) *Caution {
	t.Helper()
	var files []string
	for _, text := range lists {
		file := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	c, err := NewCaution([]string{"contoso.example", "partner.example"}, files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSpare_whatGoodMailHasTooIsNoIndicator(t *testing.T) {
	c := newCaution(t, "# ours\nsupplier.example\n198.51.100.0/24\nhttps://forms.example/known\n",
		`{"name":"x","type":"hostname","list":[".warned.example","203.0.113.7"]}`)
	for _, v := range []struct {
		kind, value string
		spared      bool
	}{
		{"domain", "contoso.example", true}, {"domain", "mail.contoso.example", true}, {"domain", "partner.example", true},
		{"domain", "notcontoso.example", false}, {"domain", "contoso.example.evil.example", false},
		{"domain", "google.com", true}, {"domain", "drive.google.com", true}, {"domain", "bit.ly", true}, {"domain", "gmail.com", true},
		{"domain", "google.com.evil.example", false}, {"domain", "xgoogle.com", false},
		{"domain", "evil.github.io", false}, {"domain", "evil.duckdns.org", false}, {"domain", "evil.example", false},
		{"domain", "supplier.example", true}, {"domain", "www.warned.example", true}, {"domain", "warned.example", true},
		{"url", "https://www.google.com/", true}, {"url", "http://google.com/", true}, {"url", "https://contoso.example/", true},
		{"url", "https://drive.google.com/file/evil", false}, {"url", "https://bit.ly/abc", false}, {"url", "https://www.google.com/url?q=x", false},
		{"url", "https://evil.example/", false}, {"url", "https://supplier.example/invoice", false}, {"url", "https://forms.example/known", true},
		{"url", "https://forms.example/other", false}, {"url", "http://198.51.100.9/", true}, {"url", "http://198.51.100.9/x", false},
		{"ip", "198.51.100.9", true}, {"ip", "203.0.113.7", true}, {"ip", "203.0.113.8", false},
		{"email", "boss@contoso.example", true}, {"email", "boss@mail.contoso.example", true}, {"email", "bad.man@gmail.com", false},
		{"sha256", strings.Repeat("ab", 32), false},
	} {
		if why := c.spare(verdict.Indicator{Kind: v.kind, Value: v.value}); (why != "") != v.spared {
			t.Errorf("%s %s: %q, want spared %t", v.kind, v.value, why, v.spared)
		}
	}
}

func TestMost_aNameAloneIsNeverMalicious(t *testing.T) {
	for kind, want := range map[string]verdict.Disposition{"url": verdict.Malicious, "sha256": verdict.Malicious, "domain": verdict.Suspicious,
		"ip": verdict.Suspicious, "email": verdict.Suspicious, "": verdict.Suspicious, "phone": verdict.Suspicious} {
		if got := most(kind, verdict.Malicious); got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
		if got := most(kind, verdict.Suspicious); got != verdict.Suspicious {
			t.Errorf("%s: a suspicious feed gives %v", kind, got)
		}
	}
}

func TestNewCaution_listsThatCannotBeRead(t *testing.T) {
	for name, text := range map[string]string{"regular expressions": `{"type":"regex","list":["/x/"]}`, "empty": "# nothing\n",
		"not JSON": `{"list":`, "not values": "one two three\n"} {
		file := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewCaution(nil, []string{file}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewCaution(nil, []string{"/nowhere/list"}); err == nil {
		t.Error("a list that is not there is none")
	}
}
