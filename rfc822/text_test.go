package rfc822

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestDecodeWords(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                                                 "plain",
		"=?utf-8?Q?gr=C3=BCn?=":                                 "grün",
		"=?utf-8?B?Z3LDvG4=?= =?utf-8?Q?_Tee?=":                 "grün Tee",
		"=?utf-8?Q?M=C3?= =?utf-8?Q?=BCller?=":                  "Müller",
		"=?utf-8?Q?M=C3?=\r\n =?UTF-8?B?vGxsZXI=?=":             "Müller",
		"=?utf-8?B?TcM=?= =?utf-8?B?vGxsZXI=?=":                 "Müller",
		"=?utf-8?B?TcO?= =?utf-8?B?8bGxlcg==?=":                 "Müller", // the base64 itself was cut
		"=?utf-8?Q?a?==?utf-8?Q?b?=":                            "ab",
		"=?utf-8?Q?a?= b =?utf-8?Q?c?=":                         "a b c",
		"=?utf-8?Q?=C3?= x =?utf-8?Q?=BC?=":                     "Ã x ¼",
		"=?iso-8859-1?q?=FC?= =?utf-8?q?=C3=BC?=":               "üü",
		"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=":                    "日本",
		"=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?B?S1wbKEI=?=": "日本", // the escape sequence stands in the first alone
		"=?gb2312?B?1tA=?= =?gb2312?B?uQ==?= =?gb2312?B?+g==?=": "中国",
		"=?utf-7?Q?J+APY-rg?=":                                  "Jörg",
		"=?utf-16?B?/v8AagDm?=":                                 "jæ",
		"=?utf-8*en?Q?a?=":                                      "a",
		"=?x-none?Q?gr=C3=BCn?=":                                "grün",
		"=?x-none?Q?gr=FCn?=":                                   "grün",
		"a =?iso-8859-1?q?=FC?= b":                              "a ü b",
		"a=?utf-8?Q?b?=c":                                       "abc",
		`"=?utf-8?Q?b?="`:                                       `"b"`,
		"=?utf-8?Q?a b?=":                                       "a b",
		"=?utf-8?X?abc?=":                                       "=?utf-8?X?abc?=",
		"=?utf-8?Q?abc":                                         "=?utf-8?Q?abc",
		"=?utf-8?Q?abc?":                                        "=?utf-8?Q?abc?",
		"=?":                                                    "=?",
		"=??Q?a?=":                                              "a",
		"=?utf-8?B?!?=":                                         "=?utf-8?B?!?=",
		"=?utf-8?Q??=":                                          "",
		"=?utf-8?B?aGkKUmVjaXBpZW50OiBldmls?=":                  "hi Recipient: evil",
		"=?utf-8?Q?a=0D=0Ab=00c?=":                              "a b c",
		"gr\xfcn":                                               "grün",
		"gr\xfcn =?utf-8?Q?a?= \x80":                            "grün a €",
		"=?=?utf-8?Q?a?=":                                       "=?a",
		"=?utf-8?=?utf-8?Q?a?=":                                 "=?utf-8?a",
	} {
		if got := DecodeWords(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDecodeWords_bounded(t *testing.T) {
	for _, in := range []string{
		strings.Repeat("=?utf-8?Q?a?= ", 1<<16), strings.Repeat("=?", 1<<19), strings.Repeat("=?a?q?", 1<<17), strings.Repeat("=?a?q?x", 1<<17) + "?=",
		strings.Repeat("=?utf-8?B?/?= ", 1<<16), strings.Repeat("?=", 1<<19), "=?utf-8?Q?" + strings.Repeat("=41", 1<<18) + "?=",
	} {
		if out := DecodeWords(in); len(out) > 2*len(in)+maxWords {
			t.Errorf("%.20q: %d bytes of %d", in, len(out), len(in))
		}
	}
}

func utf16Text(s string, big bool) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return string(out)
}

// shiftedText is a text between SO and SI, without the eighth bit of the wide encoding.
func shiftedText(text string, wide encoding.Encoding) string {
	octets, err := wide.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	for i := range octets {
		octets[i] &= 0x7f
	}
	return "\x0e" + string(octets) + "\x0f"
}

func TestDecodeText(t *testing.T) {
	const text = "<p>grün: https://x.example/</p>"
	const ascii = "<p>hello, https://x.example/</p>"
	japaneseText, _ := japanese.ShiftJIS.NewEncoder().String("日本語")
	for name, c := range map[string]struct {
		octets, label, want string
		forgiven            Forgiven
	}{
		"utf-8":                          {text, "utf-8", text, 0},
		"utf-8, quoted":                  {text, ` "UTF-8" `, text, 0},
		"nothing said":                   {text, "", text, 0},
		"ascii":                          {ascii, "us-ascii", ascii, 0},
		"ascii that is not":              {text, "us-ascii", text, 0},
		"latin 1 without saying":         {"gr\xfcn", "", "grün", WrongCharset},
		"latin 1 as utf-8":               {"gr\xfcn ü", "utf-8", "grün ü", WrongCharset},
		"windows-1252 as latin 1":        {"\x93x\x94", "iso-8859-1", "“x”", 0},
		"utf-8 with its mark":            {"\ufeff" + text, "utf-8", text, 0},
		"utf-8 mark as latin 1":          {"\ufeff" + text, "iso-8859-1", text, WrongCharset},
		"utf-8 as gb2312":                {"grün日", "gb2312", "grün日", WrongCharset},
		"shift-jis":                      {japaneseText, "shift_jis", "日本語", 0},
		"hz":                             {"~{VPND~}", "hz-gb-2312", "中文", 0},
		"ibm":                            {"gr\x81n", "cp850", "grün", 0},
		"iso-2022-kr":                    {"\x1b$)C" + ascii, "iso-2022-kr", ascii, 0},
		"iso-2022-kr, shifted":           {"\x1b$)C" + shiftedText("한국", korean.EUCKR) + ascii, "iso-2022-kr", "한국" + ascii, 0},
		"iso-2022-kr without SI":         {"\x1b$)C\x0eGQ19\r\n" + ascii, "iso-2022-kr", "한국\r\n" + ascii, 0},
		"iso-2022-kr that ends in ESC":   {ascii + "\x1b$", "iso-2022-kr", ascii + "\x1b$", 0},
		"iso-2022-kr, half a character":  {"\x0eG", "iso-2022-kr", "\ufffd", WrongCharset},
		"iso-2022-kr of another name":    {ascii, "csISO2022KR", ascii, 0},
		"iso-2022-cn":                    {"\x1b$)A" + shiftedText("中文", simplifiedchinese.GBK) + ascii, "ISO-2022-CN", "中文" + ascii, 0},
		"iso-2022-cn-ext":                {ascii, "iso-2022-cn-ext", ascii, 0},
		"iso-2022-jp":                    {"\x1b$BF|\x1b(B" + ascii, "csiso2022jp", "日" + ascii, 0},
		"ibm500":                         {ebcdicText(ascii), "IBM500", ascii, WrongCharset},
		"ibm01047":                       {ebcdicText(ascii), "ibm01047", ascii, WrongCharset},
		"cp1140":                         {ebcdicText(ascii), "cp1140", ascii, WrongCharset},
		"ibm037":                         {ebcdicText(ascii), "ibm037", ascii, 0},
		"ibm852 is none of these":        {ascii, "ibm852", ascii, 0},
		"unknown":                        {"grün", "x-none", "grün", UnknownCharset},
		"unknown, and not utf-8":         {"gr\xfcn", "x-none", "grün", UnknownCharset | WrongCharset},
		"utf-16 little":                  {"\xff\xfe" + utf16Text(text, false), "utf-16", text, 0},
		"utf-16 big":                     {"\xfe\xff" + utf16Text(text, true), "utf-16", text, 0},
		"utf-16 mark alone":              {"\xff\xfe" + utf16Text(text, false), "", text, WrongCharset},
		"utf-16 mark as utf-8":           {"\xfe\xff" + utf16Text(text, true), "utf-8", text, WrongCharset},
		"utf-16 mark as latin 1":         {"\xff\xfe" + utf16Text(text, false), "iso-8859-1", text, WrongCharset},
		"utf-16le":                       {utf16Text(text, false), "utf-16le", text, 0},
		"utf-16be":                       {utf16Text(text, true), "utf-16be", text, 0},
		"utf-16 without mark, little":    {utf16Text(ascii, false), "utf-16", ascii, 0},
		"utf-16 without mark, big":       {utf16Text(ascii, true), "utf-16", ascii, 0},
		"utf-16be that is le":            {utf16Text(ascii, false), "utf-16be", ascii, 0},
		"utf-16 without a word":          {utf16Text(ascii, false), "", ascii, 0},
		"utf-16 as utf-8":                {utf16Text(ascii, true), "utf-8", ascii, WrongCharset},
		"utf-8 as utf-16":                {text, "utf-16", text, WrongCharset},
		"utf-16 of an odd length":        {"\xff\xfea\x00b", "utf-16", "a\ufffd", WrongCharset},
		"utf-32":                         {"\x00\x00\xfe\xff\x00\x00\x00a", "utf-32", "a", 0},
		"utf-32, cut short":              {"\x00\x00\xfe\xff\x00\x00\x00a\x00", "utf-32", "a\ufffd", WrongCharset},
		"utf-7":                          {"+ADw-p+AD4-gr+APw-n 1 +- 1 a+AGI", "utf-7", "<p>grün 1 + 1 ab", 0},
		"utf-7 of another name":          {"+ADw-p+AD4-", "unicode-1-1-utf-7", "<p>", 0},
		"utf-7 with surrogates":          {"+2D3eAA-", "utf-7", "😀", 0},
		"utf-7 that is latin 1":          {"gr\xfcn +ADw-", "utf-7", "grün <", 0},
		"utf-7 that ends in a shift":     {"a+", "utf-7", "a+", 0},
		"utf-7 with half a surrogate":    {"+2D0-a", "utf-7", "\ufffda", WrongCharset},
		"utf-7 with a sign that ends it": {"+AGE.b", "utf-7", "a.b", 0},
		"utf-7 that is cut short":        {"a+A- b+AG", "utf-7", "a\ufffd b\ufffd", WrongCharset},
		"utf-7 of a sextet at a time":    {"+h-+t-+t-+p-", "utf-7", "\ufffd\ufffd\ufffd\ufffd", WrongCharset},
		"utf-7 with bits left over":      {"+AGF-", "utf-7", "a\ufffd", WrongCharset},
		"utf-7 that a line end cuts":     {"+A\r\n ", "utf-7", "\ufffd\r\n ", WrongCharset},
		"utf-7 of two, with two zeros":   {"+AGEAYg-", "utf-7", "ab", 0},
		"nothing":                        {"", "utf-16", "", 0},
	} {
		got, forgiven := DecodeText([]byte(c.octets), c.label)
		if got != c.want || forgiven != c.forgiven {
			t.Errorf("%s: %q, forgiven %v; want %q, %v", name, got, forgiven.Codes(), c.want, c.forgiven.Codes())
		}
		if name == "utf-8 as gb2312" { // a stream is decoded as its label says
			continue
		}
		r := NewTextReader(iotest.OneByteReader(strings.NewReader(c.octets)), c.label)
		streamed, err := io.ReadAll(iotest.OneByteReader(r))
		if err != nil || string(streamed) != c.want || r.Forgiven() != c.forgiven {
			t.Errorf("%s, from a stream: %q, forgiven %v, error %v; want %q, %v", name, streamed, r.Forgiven().Codes(),
				err, c.want, c.forgiven.Codes())
		}
	}
}

// ebcdicText is a text in IBM's code page 37.
func ebcdicText(s string) string {
	out, _ := charmap.CodePage037.NewEncoder().String(s)
	return out
}

func TestDecodeHTML(t *testing.T) {
	shiftJIS, _ := japanese.ShiftJIS.NewEncoder().String("日本")
	const meta = `<html><head><meta charset=shift_jis></head>`
	const old = `<html><head><META http-equiv="Content-Type" content="text/html; charset=Shift_JIS"></head>`
	for name, c := range map[string]struct{ page, label, want string }{
		"as it says":                {meta + shiftJIS, "", "日本"},
		"as it said in old times":   {old + shiftJIS, "", "日本"},
		"label us-ascii":            {meta + shiftJIS, "us-ascii", "日本"},
		"label unknown":             {meta + shiftJIS, "x-none", "日本"},
		"the label says more":       {meta + "日本", "utf-8", "日本"},
		"the mark says most":        {"\ufeff" + meta + "日本", "shift_jis", "日本"},
		"it says utf-16":            {`<meta charset=utf-16>` + "日本", "", "日本"},
		"it says nothing":           {`<meta name=x><style>@charset</style>` + "日本", "", "日本"},
		"it says what nobody knows": {`<meta charset=x-none>` + "日本", "", "日本"},
		"utf-7":                     {`<meta charset="utf-7"><meta charset=utf-7>+ZeVnLA-`, "", "日本"},
	} {
		got, _ := DecodeHTML([]byte(c.page), c.label)
		if !strings.HasSuffix(got, c.want) || !utf8.ValidString(got) {
			t.Errorf("%s: %q, want %q at its end", name, got, c.want)
		}
	}
}

func TestParseAddresses(t *testing.T) {
	for in, want := range map[string][]Address{
		`"Doe, Ann" <Ann@Example.COM>`:                           {{"Doe, Ann", "Ann@Example.COM"}},
		`ann@example.com (Ann Doe)`:                              {{"Ann Doe", "ann@example.com"}},
		`"=?utf-8?Q?J=C3=B6rg?=" <j@example.com>, b@example.com`: {{"Jörg", "j@example.com"}, {"", "b@example.com"}},
		`=?utf-8?Q?J=C3?= =?utf-8?Q?=B6rg?= <j@example.com>`:     {{"Jörg", "j@example.com"}},
		`=?utf-8?Q?a=0AFrom:_b?= <j@example.com>`:                {{"a From: b", "j@example.com"}},
		`undisclosed-recipients:;`:                               nil,
		`Friends: a@example.com, b@example.com;`:                 {{"", "a@example.com"}, {"", "b@example.com"}},
		`Friends: Ann <a@example.com>, b@example.com;`:           {{"Ann", "a@example.com"}, {"", "b@example.com"}},
		`"a@bank.example" <b@evil.example>`:                      {{"a@bank.example", "b@evil.example"}},
		`a@bank.example <b@evil.example>`:                        {{"a@bank.example", "b@evil.example"}},
		`Ann <ann@example.com >`:                                 {{"Ann", "ann@example.com"}},
		`Ann <@relay.example:ann@example.com>`:                   {{"Ann", "ann@example.com"}},
		`Ann <mailto:ann@example.com>`:                           {{"Ann", "ann@example.com"}},
		`"ann doe"@example.com`:                                  {{"", `"anndoe"@example.com`}},
		`Just A Name`:                                            {{"Just A Name", ""}},
		`RE: an offer <a@example.com>`:                           {{"an offer", "a@example.com"}},
		`"unclosed <ann@example.com>`:                            {{"unclosed", "ann@example.com"}},
		`a@example.com; b@example.com`:                           {{"", "a@example.com"}, {"", "b@example.com"}},
		``:                                                       nil,
	} {
		if diff := cmp.Diff(want, ParseAddresses(in)); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	if n := len(ParseAddresses(strings.Repeat("a@example.com,", 1000))); n != maxAddresses {
		t.Errorf("%d addresses", n)
	}
}

// A stream gives the same text as the whole, however its octets come and however little is read at a time.
func TestTextReader_givesTheSameText(t *testing.T) {
	long := strings.Repeat("grün ", 2000)
	for name, octets := range map[string]string{
		"ascii": "hello", "utf-8": "grün ☃ 😀", "latin 1": "gr\xfcn ü", "cut at the end": "gr\xc3", "nothing": "",
		"windows-1252 of three octets": "\x80\x80\x80", "mark": "\ufeffgrün", "longer than the buffer": long,
		"a character across the buffer": "x" + long, "long and wrong": long + "\xe2\x82",
	} {
		want, forgiven := DecodeText([]byte(octets), "utf-8")
		for _, room := range []int{1, 2, 3, 7, 4096} {
			for way, in := range map[string]io.Reader{
				"whole": strings.NewReader(octets), "by octets": iotest.OneByteReader(strings.NewReader(octets)),
				"with the end": iotest.DataErrReader(strings.NewReader(octets)),
			} {
				r := NewTextReader(in, "utf-8")
				var got []byte
				buf := make([]byte, room)
				for {
					n, err := r.Read(buf)
					got = append(got, buf[:n]...)
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				r.Close()
				if string(got) != want || r.Forgiven() != forgiven {
					t.Errorf("%s, %s, %d at a time: %.40q %v, want %.40q %v", name, way, room, got, r.Forgiven(), want,
						forgiven)
				}
				if n, err := r.Read(buf); n != 0 || err != io.EOF {
					t.Errorf("%s: %d octets after Close, %v", name, n, err)
				}
			}
		}
	}
}

// The reader's own error is told, and what came before it is text.
func TestTextReader_tellsTheReadersError(t *testing.T) {
	broken := errors.New("broken")
	r := NewTextReader(io.MultiReader(strings.NewReader("gr\xc3\xbcn \xe2\x82"), iotest.ErrReader(broken)), "utf-8")
	got, err := io.ReadAll(r)
	if string(got) != "grün " || !errors.Is(err, broken) || r.Forgiven() != 0 {
		t.Errorf("%q, %v, %v", got, err, r.Forgiven())
	}
}
