package rfc822

import (
	"bytes"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
	"testing/iotest"
)

// decodedBoth decodes from a slice, and checks that streams of every kind decode to the same.
func decodedBoth(t *testing.T, in string, e Encoding) (string, Forgiven) {
	t.Helper()
	out, forgiven := Decode([]byte(in), e)
	for name, r := range map[string]io.Reader{
		"stream": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in)),
		"with its error": iotest.DataErrReader(strings.NewReader(in)),
	} {
		d := NewDecoder(r, e)
		streamed, err := io.ReadAll(d)
		if err != nil || !bytes.Equal(streamed, out) || d.Forgiven() != forgiven {
			t.Errorf("%.80q from a %s: %.80q, forgiven %v, error %v; from a slice %.80q, %v", in, name, streamed,
				d.Forgiven().Codes(), err, out, forgiven.Codes())
		}
	}
	return string(out), forgiven
}

func TestDecode_quotedPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"a=3Db":                     "a=b",
		"a=3db":                     "a=b",
		"soft=\r\nbreak":            "softbreak",
		"soft= \t\r\nbreak":         "softbreak",
		"soft=\nbreak":              "softbreak",
		"soft=\rbreak":              "softbreak",
		"soft=\r=\rbr=\reak=3D":     "softbreak=",
		"soft=\r\r\nbreak":          "softbreak",
		"hard\rbreak=3D":            "hard\rbreak=",
		"blanks  \t\r\nnext":        "blanks\r\nnext",
		"blanks=20\r\nnext":         "blanks \r\nnext",
		"LF\nnext":                  "LF\nnext",
		"encoded LF=0Anext":         "encoded LF\nnext",
		"end=":                      "end",
		"end  ":                     "end",
		"a=ZZb=3":                   "a=ZZb=3",
		"==3D":                      "==",
		"a=\x00b":                   "a=\x00b",
		"raw \x00\x0b\x1b\x7f =3D":  "raw \x00\x0b\x1b\x7f =",
		"raw gr\xfcn =3D":           "raw gr\xfcn =",
		"<a href=\"https://x/\">":   "<a href=\"https://x/\">",
		"":                          "",
		"\r\n":                      "\r\n",
		"a\rb":                      "a\rb",
		strings.Repeat("x", 40<<10): strings.Repeat("x", 40<<10),
		strings.Repeat("=41", 20<<10) + "=\r\n=42":        strings.Repeat("A", 20<<10) + "B",
		strings.Repeat("x", 8191) + "=3D":                 strings.Repeat("x", 8191) + "=",
		strings.Repeat("x", 8190) + "=3D":                 strings.Repeat("x", 8190) + "=",
		strings.Repeat("x", lineBuffer-1) + "=3D  \r\ny":  strings.Repeat("x", lineBuffer-1) + "=\r\ny",
		strings.Repeat("x", lineBuffer-1) + "= \r\ny":     strings.Repeat("x", lineBuffer-1) + "y",
		strings.Repeat("\x0b", 5000) + "=3D" + "\r\nmore": strings.Repeat("\x0b", 5000) + "=\r\nmore",
	} {
		if got, _ := decodedBoth(t, in, QuotedPrintable); got != want {
			t.Errorf("%.60q: %.60q, want %.60q", in, got, want)
		}
	}
}

func TestDecode_base64(t *testing.T) {
	for in, want := range map[string]string{
		"aGVsbG8=":                        "hello",
		"aGVs\r\nbG8=\r\n":                "hello",
		"aGVs bG\t8=":                     "hello",
		"aGVsbG8":                         "hello",
		"aGVsbG8=aGVsbG8=":                "hellohello",
		"aGVsbG8=\r\naGVsbG8=\r\n":        "hellohello",
		"aA==\r\naA==\r\naGVsbG8=":        "hhhello",
		"aGVsbG8=\r\n\r\naGVs\r\nbG8=":    "hellohello",
		"aGVsbG8====\r\naGVsbG8=":         "hellohello",
		"aGVs*!b\x00G8=":                  "hello",
		"aGVs-bG8=":                       "hello", // RFC 2045, section 6.8: the dash is passed over
		"a":                               "",
		"=":                               "",
		"":                                "",
		"aG=VsbG8=":                       "hello", // within a quantum it pads nothing
		"a=GVsbG8=":                       "hello",
		"=aGVsbG8=":                       "hello",
		"aG=\r\naGVsbG8=":                 "hhello", // half the padding
		"aG= =aGVsbG8=":                   "hhello",
		"aG=":                             "h",
		"aGVsbG8=aGVsbG8=aGk=":            "hellohellohi",
		strings.Repeat("aGVs\r\n", 10000): strings.Repeat("hel", 10000),
	} {
		got, _ := decodedBoth(t, in, Base64)
		if got != want {
			t.Errorf("%.60q: %.60q, want %.60q", in, got, want)
		}
	}
}

func TestDecode_saysWhatItForgave(t *testing.T) {
	for _, c := range []struct {
		in   string
		e    Encoding
		want Forgiven
	}{
		{"aGVs\r\nbG8=\r\n", Base64, 0}, {"aGVsbG8=\r\naGVsbG8=", Base64, PaddedRuns}, {"aGVs!", Base64, BadBase64}, {"aGVsbG8", Base64, BadBase64},
		{"a=3D=\r\nb\r\n", QuotedPrintable, 0}, {"a=", QuotedPrintable, 0}, {"a=b", QuotedPrintable, BadQuotedPrintable}, {"\x0b", QuotedPrintable, RawByte}, {"\xfc=", QuotedPrintable, RawByte},
		{"begin 644 a\n#86)C\n`\nend\n", UUEncode, 0}, {"#86)C\n`\nend\n", UUEncode, BadUUEncode}, {"begin 644 a\n#86)C\n", UUEncode, BadUUEncode},
		{"anything", Identity, 0},
	} {
		if _, got := decodedBoth(t, c.in, c.e); got != c.want {
			t.Errorf("%q: %v, want %v", c.in, got.Codes(), c.want.Codes())
		}
	}
}

// What an encoder writes is decoded as Go's own packages do.
func TestDecode_whatEncodersWrite(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		octets := make([]byte, rng.IntN(5000))
		for i := range octets {
			octets[i] = byte(rng.Uint32())
			if rng.IntN(3) > 0 {
				octets[i] = "abc =\r\n\t."[rng.IntN(9)]
			}
		}
		if got, forgiven := decodedBoth(t, base64.StdEncoding.EncodeToString(octets), Base64); got != string(octets) ||
			forgiven != 0 {
			t.Fatalf("base64 of %q: %q, forgiven %v", octets, got, forgiven.Codes())
		}
		var quoted bytes.Buffer
		w := quotedprintable.NewWriter(&quoted)
		w.Binary = true
		if _, err := w.Write(octets); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		if got, forgiven := decodedBoth(t, quoted.String(), QuotedPrintable); got != string(octets) || forgiven != 0 {
			t.Fatalf("quoted-printable of %q: %q, forgiven %v", octets, got, forgiven.Codes())
		}
	}
}

// uuencode is what the program of that name writes.
func uuencode(octets []byte, name string) string {
	var out strings.Builder
	out.WriteString("begin 644 " + name + "\n")
	char := func(v byte) {
		out.WriteByte("`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"[v&0x3f])
	}
	for len(octets) > 0 {
		line := octets[:min(45, len(octets))]
		octets = octets[len(line):]
		char(byte(len(line)))
		for ; len(line) > 0; line = line[min(3, len(line)):] {
			var q [3]byte
			copy(q[:], line)
			char(q[0] >> 2)
			char(q[0]<<4 | q[1]>>4)
			char(q[1]<<2 | q[2]>>6)
			char(q[2])
		}
		out.WriteByte('\n')
	}
	return out.String() + "`\nend\n"
}

func TestDecode_uuencode(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		octets := make([]byte, rng.IntN(300))
		for i := range octets {
			octets[i] = byte(rng.Uint32() >> (8 * rng.IntN(4)))
		}
		text := uuencode(octets, "a b.js")
		for name, variant := range map[string]string{
			"as written": text, "CRLF": strings.ReplaceAll(text, "\n", "\r\n"), "text before and behind": "hello\n" + text + "bye\n",
			"blanks for zero": strings.ReplaceAll(text, "`", " "), "blanks lost": strings.ReplaceAll(trimLines(strings.ReplaceAll(text, "`", " ")), "\n\nend", "\n`\nend"),
			"no beginning": strings.TrimPrefix(text, "begin 644 a b.js\n"), "no end": strings.TrimSuffix(text, "`\nend\n"),
			"two blanks": strings.Replace(text, "begin 644", "begin  0644", 1),
		} {
			if got, _ := decodedBoth(t, variant, UUEncode); name != "text before and behind" && got != string(octets) ||
				!strings.Contains(got, string(octets)) {
				t.Fatalf("%s of %q: %q from\n%s", name, octets, got, variant)
			}
		}
	}
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestFindUU(t *testing.T) {
	file := uuencode([]byte("var a = 1;\n"), "a.js")
	for name, c := range map[string]struct{ text, names, rest string }{
		"in a text":            {"hello\n\n" + file + "bye\n", "a.js", "hello\n\nbye\n"},
		"at the beginning":     {file, "a.js", ""},
		"two":                  {"x\n" + file + file + "y", "a.js|a.js", "x\ny"},
		"with CRLF":            {"x\r\n" + strings.ReplaceAll(file, "\n", "\r\n") + "y", "a.js", "x\r\ny"},
		"cut short":            {"x\n" + strings.TrimSuffix(file, "`\nend\n"), "a.js", "x\n"},
		"without end":          {"x\n" + strings.TrimSuffix(file, "end\n") + "\nbye bye\n", "a.js", "x\nbye bye\n"},
		"name with blanks":     {uuencode([]byte("x"), "an order.js"), "an order.js", ""},
		"name in quotes":       {uuencode([]byte("x"), `"an order.js"`), "an order.js", ""},
		"quote within a name":  {uuencode([]byte("x"), `a"b.js`), `a"b.js`, ""},
		"one quote":            {uuencode([]byte("x"), `"a.js`), `"a.js`, ""},
		"two blanks":           {strings.Replace(file, "begin ", "begin  ", 1), "a.js", ""},
		"people write it":      {"begin with this\nand end\n", "", "begin with this\nand end\n"},
		"a mode, and no lines": {"begin 644 is a mode\nas you know\nend\n", "", "begin 644 is a mode\nas you know\nend\n"},
		"in the line":          {"now begin 644 a.js\nend", "", "now begin 644 a.js\nend"},
		"nothing in it":        {"begin 644 a.js\n`\nend\n", "", "begin 644 a.js\n`\nend\n"},
	} {
		var names []string
		rest, at := "", 0
		for _, b := range FindUU([]byte(c.text), 10) {
			names = append(names, b.Name)
			rest += c.text[at:b.Start]
			at = b.End
		}
		if rest += c.text[at:]; strings.Join(names, "|") != c.names || rest != c.rest {
			t.Errorf("%s: files %q, text %q; want %q, %q", name, names, rest, c.names, c.rest)
		}
	}
	if n := len(FindUU([]byte(strings.Repeat(file, 100)), 10)); n != 10 {
		t.Errorf("%d files, want 10", n)
	}
}
