package extract

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/cputime"
)

func read(t testing.TB, text string) *Mail {
	t.Helper()
	m, err := Read(strings.NewReader(text), int64(len(text)), Default())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRead_tolerantOfBrokenMIME(t *testing.T) {
	for name, c := range map[string]struct{ text, plain, html string }{
		"plain":                   {"Subject: x\n\nhello\n", "hello", ""},
		"no header at all":        {"\nhello\n", "hello", ""},
		"missing end boundary":    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n", "hello", ""},
		"boundary never occurs":   {"Content-Type: multipart/mixed; boundary=b\n\nhello\n", "hello", ""},
		"no boundary parameter":   {"Content-Type: multipart/mixed\n\nhello\n", "hello", ""},
		"broken base64":           {"Content-Transfer-Encoding: base64\n\naGVs bG8*=!\n", "hello", ""},
		"broken quoted printable": {"Content-Transfer-Encoding: quoted-printable\n\nhel=6Co =ZZ\n", "hello", ""},
		"unknown charset":         {"Content-Type: text/plain; charset=x-none\n\nhello\n", "hello", ""},
		"latin 1 without saying":  {"\ngr\xfcn hello\n", "grün hello", ""},
		"html as plain":           {"\n<html><body>hello</body></html>\n", "", "hello"},
		"html":                    {"Content-Type: text/html\n\n<p>hello</p>\n", "", "hello"},
		"boundary is a prefix":    {"Content-Type: multipart/mixed; boundary=b\n\n--bb\nnot a part\n--b\n\nhello\n--b--\n", "hello", ""},
		"bare CR LF mix":          {"Subject: x\r\n\r\nhello\n", "hello", ""},
	} {
		m := read(t, c.text)
		if !strings.Contains(m.Plain, c.plain) || !strings.Contains(m.HTML.Text, c.html) ||
			c.html == "" && m.HTML.Text != "" && c.plain == "" {
			t.Errorf("%s: plain %q, html %q", name, m.Plain, m.HTML.Text)
		}
	}
}

func TestParseAddresses_inLowerCase(t *testing.T) {
	want := []Address{{Name: "Doe, Ann", Address: "ann@example.com"}, {Name: "Bo", Address: "bo@e\u212aample.com"}}
	if diff := cmp.Diff(want, ParseAddresses("\"Doe, Ann\" <Ann@Example.COM>, Bo <BO@E\u212aample.com>")); diff != "" {
		t.Error(diff) // the Kelvin sign is no K
	}
}

func TestHTML_toldFromWhatIsHidden(t *testing.T) {
	m := read(t, "Content-Type: text/html\n\n"+`<style>.a{color:red}</style><p>Shown</p>
<div style="display: none">one</div><span style="font-size:0px">two</span><p hidden>three</p>
<a href="https://www.example.com/x">Read <b>more</b></a><img src="https://img.example.com/a.png" alt="Logo"><form action="https://f.example.com/"><input type=password></form>`)
	for _, word := range []string{"one", "two", "three", "color"} {
		if strings.Contains(m.HTML.Text, word) {
			t.Errorf("%q is shown", word)
		}
	}
	if !strings.Contains(m.HTML.Text, "Shown") || !strings.Contains(m.HTML.Hidden, "two") || m.HTML.Passwords != 1 ||
		m.HTML.Forms != 1 {
		t.Errorf("%+v", m.HTML)
	}
	var links []string
	for _, l := range m.Links {
		links = append(links, fmt.Sprintf("%s %s %q", l.Kind, l.Host, l.Label))
	}
	want := []string{`anchor www.example.com "Read more"`, `image img.example.com ""`, `form f.example.com ""`}
	if diff := cmp.Diff(want, links); diff != "" {
		t.Error(diff)
	}
}

// torture are messages that break readers which are not bounded.
func torture() map[string]string {
	deep := &strings.Builder{}
	for i := range 5000 {
		fmt.Fprintf(deep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	nested := strings.Repeat("Content-Type: message/rfc822\n\n", 20000)
	return map[string]string{
		"deep multiparts":        deep.String(),
		"nested messages":        nested,
		"many parts":             "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 300000),
		"many fields":            strings.Repeat("X: y\n", 500000) + "\nbody",
		"one long field":         "Subject: " + strings.Repeat("x", 8<<20) + "\n\nbody",
		"folded forever":         "Subject: x\n" + strings.Repeat(" y\n", 1000000) + "\nbody",
		"many words":             "Subject: " + strings.Repeat("=?utf-8?Q?a?= ", 200000) + "\n\nbody",
		"many recipients":        "To: " + strings.Repeat("a@example.com, ", 300000) + "\n\nbody",
		"open brackets":          "Content-Type: text/html\n\n" + strings.Repeat("<", 2<<20),
		"open elements":          "Content-Type: text/html\n\n" + strings.Repeat("<div style='display:none'>", 200000),
		"many attributes":        "Content-Type: text/html\n\n<a " + strings.Repeat("a=b ", 400000) + ">",
		"many links":             "\n" + strings.Repeat("https://a.example/x ", 200000),
		"parameters":             "Content-Type: multipart/mixed; " + strings.Repeat("boundary*0=x; ", 100000) + "\n\nbody",
		"quotes":                 `From: ` + strings.Repeat(`"`, 1<<20) + "\n\nbody",
		"delimiters in a header": "Content-Type: multipart/mixed; " + strings.Repeat("x=\"y\"; ", 9000) + "boundary=\"b c\"\n" + strings.Repeat("--b\nX-A: 1\n", 90000) + "\nbody",
		"broken lines":           strings.Repeat("none\n a\n a\nX-A: 1\n", 60000) + "\nbody",
		"long folds":             "A: 1\n" + strings.Repeat("none\n"+strings.Repeat(" \n", 3000)+"X-A: 1\n", 150) + "\nbody",
		"long boundaries":        "Content-Type: multipart/mixed; boundary=\"a " + strings.Repeat("b", 60000) + "\"\n\n" + strings.Repeat("--\n", 300000),
		"uuencoded files":        "\n" + strings.Repeat("begin 644 a\n#86)C\n", 60000),
		"beginnings":             "\n" + strings.Repeat("begin 644 a\n", 90000),
		"encoded multiparts":     encodedDeep(40),
		"encoded messages":       encodedMessages(40),
		"parameters in parts":    "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Disposition: x; "+strings.Repeat("name*0=x; ", 250)+"\n\n", 400),
		"closing delimiters":     "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b--\n", 170000),
		"quoted blanks":          "Content-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat(" ", 1<<20) + "x",
		"equals signs":           "Content-Transfer-Encoding: base64\n\n" + strings.Repeat("a=", 1<<19),
		"shifts":                 "Content-Type: text/html; charset=utf-7\n\n" + strings.Repeat("+", 1<<20),
		"boundary look-alikes":   "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--bb\n", 1000000),
	}
}

// encodedDeep is multiparts within each other, each of which says that it is encoded as a whole; every other one is.
func encodedDeep(levels int) string {
	text := "\r\nhello " + strings.Repeat("you ", 1000)
	for i := range levels {
		body := fmt.Sprintf("--b%d\r\n%s\r\n--b%d--\r\n", i, text, i)
		if i%2 == 0 && len(body) < 1<<20 {
			body = base64Of(body)
		}
		text = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\nContent-Transfer-Encoding: base64\r\n\r\n%s",
			i, body)
	}
	return text
}

func encodedMessages(levels int) string {
	text := "Subject: x\r\n\r\nhello"
	for i := 0; i < levels && len(text) < 1<<20; i++ {
		text = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64Of(text)
	}
	return text
}

func TestRead_tortureIsBounded(t *testing.T) {
	for name, text := range torture() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		started := cputime.Used()
		m, err := Read(strings.NewReader(text), int64(len(text)), Default())
		took := cputime.Used() - started
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		if took > 2*time.Second && !raced {
			t.Errorf("%s: %d octets took %v", name, len(text), took)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 200<<20 {
			t.Errorf("%s: the heap grew by %d MiB", name, grown>>20)
		}
		if len(m.Parts) > Default().Parts || len(m.Links) > Default().Links {
			t.Errorf("%s: %d parts, %d links", name, len(m.Parts), len(m.Links))
		}
	}
}

func TestRead_stopsAtItsLimit(t *testing.T) {
	text := "Subject: x\n\n" + strings.Repeat("a", 1000)
	m, err := Read(strings.NewReader(text), int64(len(text)), Limits{Octets: 100, Parts: 10, Depth: 3, Text: 1000, Links: 10})
	if err != nil || !m.Truncated || len(m.Raw()) != 100 {
		t.Errorf("truncated %v, %d octets, %v", m.Truncated, len(m.Raw()), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<a href=https://a.example>x</a>\n--b--\n"))
	f.Add([]byte("Content-Transfer-Encoding: base64\n\naGVsbG8="))
	f.Add([]byte("From: \"=?utf-8?B?eA==?=\" <a@b>\nContent-Type: message/rfc822\n\nX: y\n\nz"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Read(bytes.NewReader(in), int64(len(in)), Default())
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.Parts {
			m.Parts[i].Body()
		}
		again, _ := Read(bytes.NewReader(in), int64(len(in)), Default())
		if m.HTML.Text != again.HTML.Text || m.Plain != again.Plain || len(m.Links) != len(again.Links) {
			t.Error("two readings of one message differ")
		}
	})
}
