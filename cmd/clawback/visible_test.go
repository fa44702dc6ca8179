package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestVisible_nothingSteers(t *testing.T) {
	for text, want := range map[string]string{
		"Invoice\t12\n":                 "Invoice\t12\n",
		"Grüße, 東京, emoji 🙂":            "Grüße, 東京, emoji 🙂",
		"\x1b[2J\x1b]0;title\x07":       `\u001b[2J\u001b]0;title\u0007`,
		"a\rb\x00\x7f":                  `a\u000db\u0000\u007f`,
		"C1 \u009b31m \u0085":           `C1 \u009b31m \u0085`,
		"bidi \u202efdp.exe\u202c":      `bidi \u202efdp.exe\u202c`,
		"isolate \u2066x\u2069 \u200f":  `isolate \u2066x\u2069 \u200f`,
		"line \u2028 paragraph \u2029":  `line \u2028 paragraph \u2029`,
		"arabic letter mark \u061c":     `arabic letter mark \u061c`,
		"no UTF-8 \xff\xc3(":            "no UTF-8 \ufffd\ufffd(",
		"surrogate half \xed\xa0\x80 x": "surrogate half \ufffd\ufffd\ufffd x",
	} {
		var whole, bytewise bytes.Buffer
		if n, err := visible(&whole).Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%q: %d, %v", text, n, err)
		}
		w := visible(&bytewise)
		for i := range len(text) {
			if _, err := w.Write([]byte{text[i]}); err != nil {
				t.Fatal(err)
			}
		}
		for how, got := range map[string]string{"at once": whole.String(), "byte by byte": bytewise.String()} {
			if got != want {
				t.Errorf("%q %s: %q, want %q", text, how, got, want)
			}
		}
	}
}

// JSON stays JSON, and its text comes back as it was.
func TestVisible_leavesJSONWhole(t *testing.T) {
	subject := "pay \u202egpj.exe\u202c \u009b31m\u2028 now\x1b"
	var out bytes.Buffer
	a := &app{out: visible(&out)}
	if err := a.printJSON(map[string]string{"subject": subject}); err != nil {
		t.Fatal(err)
	}
	for _, r := range out.String() {
		if steers(r) {
			t.Errorf("%U is in the output %q", r, out.String())
		}
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["subject"] != subject {
		t.Errorf("%q came back, %v", back["subject"], err)
	}
}
