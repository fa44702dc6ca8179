package mailaddr

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// No letter outside of ASCII, and no sequence of them, is equal to an ASCII letter.
func TestLower_noLookAlikeBecomesASCII(t *testing.T) {
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		if got := Lower(string(r)); isASCII(got) {
			t.Errorf("U+%04X became %q", r, got)
		}
	}
	if strings.ToLower("\u212a") != "k" || !strings.EqualFold("\u017f", "s") {
		t.Error("the standard library has changed: the package may not be needed any more")
	}
}

func TestName_comparesDomains(t *testing.T) {
	for _, row := range []struct {
		a, b string
		same bool
	}{
		{"Contoso.EXAMPLE", "contoso.example", true},
		{"contoso.example.", "contoso.example", true},
		{"contoso.example..", "contoso.example", false},
		{"b\u00fccher.example", "xn--bcher-kva.example", true},
		{"B\u00dcCHER.example", "xn--BCHER-kva.example", true},
		{"fabri\u212aam.example", "fabrikam.example", false},      // Kelvin sign
		{"contoso.e\u212aample", "contoso.ekample", false},        // in another label
		{"conto\u017fo.example", "contoso.example", false},        // long s
		{"f\u0130rm.example", "firm.example", false},              // I with a dot above
		{"f\u0131rm.example", "firm.example", false},              // dotless i
		{"\u212bngstrom.example", "\u00e5ngstrom.example", false}, // Angstrom sign
		{"\uff43ontoso.example", "contoso.example", false},        // full width
		{"contoso\u3002example", "contoso.example", false},        // ideographic full stop
		{"con\u00adtoso.example", "contoso.example", false},       // soft hyphen
		{"contoso\u200b.example", "contoso.example", false},       // zero width space
		{"c\u043entoso.example", "contoso.example", false},        // Cyrillic
		{"stra\u00dfe.example", "strasse.example", false},
		{"\xff.example", "\xfe.example", false}, // no UTF-8
		{"", "", true},
	} {
		if got := Name(row.a) == Name(row.b); got != row.same {
			t.Errorf("%q and %q: the same = %v, want %v", row.a, row.b, got, row.same)
		}
	}
}

func TestAddress_comparesAddresses(t *testing.T) {
	for _, row := range []struct {
		a, b string
		same bool
	}{
		{"Ada@Contoso.example", "ada@contoso.example", true},
		{"\u00dcnal@contoso.example", "\u00fcnal@contoso.example", true},
		{"mar\u212a@contoso.example", "mark@contoso.example", false},
		{"po\u017ftmaster@contoso.example", "postmaster@contoso.example", false},
		{`"a@evil"@contoso.example`, `"A@EVIL"@contoso.example`, true},
		{`"a@contoso.example`, "contoso.example", false},
		{"ada@b\u00fccher.example", "ada@xn--bcher-kva.example", true},
		{"ada", "ADA", true},
	} {
		if got := Address(row.a) == Address(row.b); got != row.same {
			t.Errorf("%q and %q: the same = %v, want %v", row.a, row.b, got, row.same)
		}
	}
	if got := Domain("a@b@C.example"); got != "c.example" {
		t.Errorf("the domain is %q", got)
	}
	if got := Domain("nobody"); got != "" {
		t.Errorf("an address without @ has the domain %q", got)
	}
}

func TestEqual_isLowerOnBothSides(t *testing.T) {
	words := []string{"", "a", "A", "ab", "aB", "k", "K", "\u212a", "\u017f", "s", "\u00fc", "\u00dc", "x\u00fc", "X\u00dc", "x\xff", "\xff", "@", "`", "[", "{"}
	for _, a := range words {
		for _, b := range words {
			if got, want := Equal(a, b), Lower(a) == Lower(b); got != want {
				t.Errorf("Equal(%q, %q) = %v, want %v", a, b, got, want)
			}
		}
	}
}

func TestUpper_changesASCIIAlone(t *testing.T) {
	if got := Upper("rset"); got != "RSET" {
		t.Errorf("got %q", got)
	}
	if got := Upper("r\u017fet"); got == "RSET" {
		t.Error("a long s became S")
	}
}

func FuzzName(f *testing.F) {
	f.Add("b\u00fccher.example")
	f.Add("xn--a.example")
	f.Fuzz(func(t *testing.T, s string) {
		once := Name(s)
		if isASCII(once) && !isASCII(s) && !strings.Contains(once, "xn--") {
			t.Errorf("%q became the plain %q", s, once)
		}
		if strings.HasSuffix(s, "..") {
			return
		}
		if twice := Name(once); twice != once {
			t.Errorf("%q, %q, %q", s, once, twice)
		}
	})
}
