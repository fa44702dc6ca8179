package visible

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWriter_nothingSteers(t *testing.T) {
	for text, want := range map[string]string{
		"Invoice\t12\n":                       "Invoice\t12\n",
		"Grüße, 東京, emoji 🙂":                  "Grüße, 東京, emoji 🙂",
		"a family \U0001f468\u200d\U0001f469": "a family \U0001f468\u200d\U0001f469", // joiners make letters and emoji
		"\x1b[2J\x1b]0;title\x07":             `\u001b[2J\u001b]0;title\u0007`,
		"a\rb\x00\x7f\v\f":                    `a\u000db\u0000\u007f\u000b\u000c`,
		"C1 \u009b31m \u0085":                 `C1 \u009b31m \u0085`,
		"bidi \u202efdp.exe\u202c":            `bidi \u202efdp.exe\u202c`,
		"isolate \u2066x\u2069 \u200f":        `isolate \u2066x\u2069 \u200f`,
		"line \u2028 paragraph \u2029":        `line \u2028 paragraph \u2029`,
		"arabic letter mark \u061c":           `arabic letter mark \u061c`,
		"order \ufeff":                        `order \ufeff`,
		"deprecated \u206a\u206f":             `deprecated \u206a\u206f`,
		"note \ufff9a\ufffab\ufffb":           `note \ufff9a\ufffab\ufffb`,
		"tags \U000e0001\U000e0041":           `tags \udb40\udc01\udb40\udc41`,
		"no UTF-8 \xff\xc3(":                  "no UTF-8 \ufffd\ufffd(",
		"surrogate half \xed\xa0\x80 x":       "surrogate half \ufffd\ufffd\ufffd x",
	} {
		var whole, bytewise bytes.Buffer
		if n, err := NewWriter(&whole).Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%q: %d, %v", text, n, err)
		}
		w := NewWriter(&bytewise)
		for i := range len(text) {
			if _, err := w.Write([]byte{text[i]}); err != nil {
				t.Fatal(err)
			}
		}
		for how, got := range map[string]string{"at once": whole.String(), "byte by byte": bytewise.String(), "as text": Text(text)} {
			if got != want {
				t.Errorf("%q %s: %q, want %q", text, how, got, want)
			}
		}
	}
}

// Unicode's own classes say what must not pass: every control, every separator of lines, every format character but
// those that shape letters.
func TestSteers_everyCharacter(t *testing.T) {
	shapes := map[rune]bool{0xad: true, 0x200b: true, 0x200c: true, 0x200d: true, 0x2060: true, 0x2061: true, 0x2062: true, 0x2063: true, 0x2064: true,
		0x180e: true, 0x70f: true, 0x8e2: true, 0x890: true, 0x891: true, 0x110bd: true, 0x110cd: true}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		must := unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Cf)
		letters := shapes[r] || r >= 0x600 && r <= 0x605 || r == 0x6dd || r >= 0x13430 && r <= 0x1345f ||
			r >= 0x1bca0 && r <= 0x1bca3 || r >= 0x1d173 && r <= 0x1d17a
		if must && !letters && r != '\n' && r != '\t' && !Steers(r) {
			t.Errorf("%U passes", r)
		}
		if Steers(r) && !must && !(r >= 0xe0000 && r <= 0xe007f) && !(r >= 0xfff9 && r <= 0xfffb) {
			t.Errorf("%U does not pass, and is an ordinary character", r)
		}
	}
}

// JSON stays JSON, and its text comes back as it was.
func TestWriter_leavesJSONWhole(t *testing.T) {
	subject := "pay \u202egpj.exe\u202c \u009b31m\u2028 now\x1b \ufeff \U000e0041\U000e007f"
	var out bytes.Buffer
	if err := json.NewEncoder(NewWriter(&out)).Encode(map[string]string{"subject": subject}); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(out.String(), Steers); i >= 0 {
		t.Errorf("steered at %d of %q", i, out.String())
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["subject"] != subject {
		t.Errorf("%q came back, %v", back["subject"], err)
	}
}

func TestRow_noCellIsAFormula(t *testing.T) {
	for _, cell := range []string{"", "a", "@contoso.example", "=1+1", "+1", "-1", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\u2003+1", "\u00ad\u2060@x", "\u22121", "\ufe66x", "\uff1d1", "\uff20x", "'=1", "''=1", "'a",
		`a","=1`, "a;=1", "a\t=1", "a\r\n=1", `"=1"`, "\ufeff=1", "\u202e=1", "\U000e0041", `\u000a`, "/[a-z]+\\d/", `\ud83d`, `\udb40\udc41x`, `\udb40x`, `\u`} {
		var out bytes.Buffer
		if err := Row(&out, []string{"head", cell, "tail"}); err != nil {
			t.Fatal(err)
		}
		text := strings.TrimSuffix(out.String(), "\n")
		if strings.ContainsAny(text, "\r\n\t") || strings.IndexFunc(text, Steers) >= 0 {
			t.Errorf("%q became %q", cell, text)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 3 {
			t.Fatalf("%q: %q, %v", cell, rows, err)
		}
		if shown := rows[0][1]; isFormula(shown) {
			t.Errorf("%q is shown as the formula %q", cell, shown)
		}
		if strings.Contains(cell, `\u000a`) || strings.Contains(cell, `\udb40\udc41`) {
			continue // spelled like an escape: read as one
		}
		if got := ReadCell(rows[0][1]); got != cell {
			t.Errorf("%q came back as %q", cell, got)
		}
	}
}

func FuzzRow(f *testing.F) {
	f.Add("'=\u202e\U000e0041")
	f.Fuzz(func(t *testing.T, cell string) {
		line := Line(cell)
		if strings.IndexFunc(line, breaks) >= 0 || isFormula(guard(line)) {
			t.Errorf("%q became %q", cell, line)
		}
		if strings.Contains(cell, `\u`) || !utf8.ValidString(cell) {
			return
		}
		if got := ReadCell(guard(line)); got != cell {
			t.Errorf("%q came back as %q", cell, got)
		}
	})
}
