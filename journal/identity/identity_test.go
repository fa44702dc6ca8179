package identity

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const plain = "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n" +
	"Date: Tue, 17 Jul 2018 12:13:28 +0200\r\nMessage-ID: <1@example.com>\r\n" +
	"X-MS-Exchange-Organization-Network-Message-Id: 4DD9BA79-c85d-4626-87a8-08d5ebdeb47c\r\n" +
	"X-MS-Office365-Filtering-Correlation-Id: 4dd9ba79-c85d-4626-87a8-08d5ebdeb47c\r\n"

// read is Of for a message that can be read.
func read(t *testing.T, message string) Message {
	t.Helper()
	m, err := Of(strings.NewReader(message))
	if err != nil {
		t.Fatalf("Of: %v", err)
	}
	return m
}

func TestOf_header(t *testing.T) {
	m := read(t, plain+"\r\nhello\r\n")
	m.Parts = nil
	want := Message{
		From: "joerg@example.com", FromName: "Jörg", Subject: "Grüße", MessageID: "<1@example.com>",
		Date:              time.Date(2018, 7, 17, 10, 13, 28, 0, time.UTC),
		NetworkMessageIDs: []string{"4dd9ba79-c85d-4626-87a8-08d5ebdeb47c"},
	}
	if diff := cmp.Diff(want, m, cmpopts.IgnoreUnexported(Message{})); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestOf_tellsReadersError(t *testing.T) {
	broken := errors.New("disk")
	_, err := Of(io.MultiReader(strings.NewReader(plain+"\r\nhello"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("error = %v, want the reader's", err)
	}
}

// mixed builds a multipart of whole parts, header and body.
func mixed(boundary string, parts ...string) string {
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\npreamble\r\n")
	for _, p := range parts {
		b.WriteString("--" + boundary + "\r\n" + p + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\nepilogue\r\n")
	return b.String()
}

// same reports whether two messages have the same parts.
func same(a, b Message) bool { return len(differentParts(a.Parts, b.Parts)) == 0 }

func TestDifferences_ofParts(t *testing.T) {
	const png = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	original := mixed("a", "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"+
		"Gr=FC=DFe  =20\r\nzwei\r\n\r\n", png+"aGVsbG8gd29ybGQ=")
	tests := []struct {
		name, other string
		same        bool
	}{
		{"itself", original, true},
		{"re-encoded", mixed("b", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\nzwei",
			png+"aGVs\r\nbG8g\r\nd29ybGQ="), true},
		{"binary", mixed("b", "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\nzwei",
			"Content-Type: image/png\r\n\r\nhello world"), true},
		{"LF only", strings.ReplaceAll(original, "\r\n", "\n"), true},
		{"other order", mixed("b", png+"aGVsbG8gd29ybGQ=", "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\nzwei"), false},
		{"nested", mixed("x", mixed("y", "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\nzwei", png+"aGVsbG8gd29ybGQ=")), true},
		{"no closing delimiter", strings.TrimSuffix(original, "--a--\r\nepilogue\r\n"), true},
		{"text altered", strings.ReplaceAll(original, "zwei", "drei"), false},
		{"part more", mixed("a", "\r\nGrüße\r\nzwei", png+"aGVsbG8gd29ybGQ=", png+"aGVsbG8="), false},
		{"part fewer", mixed("a", "\r\nGrüße\r\nzwei"), false},
		{"attachment altered after broken base64", mixed("a", "\r\nGrüße\r\nzwei", png+"aGVsbG8gd29ybGQ=*x"), false},
		{"blank within a line", strings.ReplaceAll(original, "zwei", "z wei"), false},
		{"nothing", "\r\n", false},
	}
	m := read(t, original)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := read(t, tt.other).Differences(m); (len(got) == 0) != tt.same {
				t.Errorf("differences %v, the same should be %v", got, tt.same)
			}
		})
	}
}

func TestDifferences_nothingIsNotNothing(t *testing.T) {
	const named = "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n"
	for _, text := range []string{plain + "\r\n \r\n", plain + mixed("a", "\r\n", named), ""} {
		m := read(t, text)
		if len(m.Differences(m)) == 0 || m.Contents() != "" {
			t.Errorf("two messages without content count as the same: %q", text)
		}
	}
}

func TestOf_brokenEncodingLosesNothing(t *testing.T) {
	const head = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=!!!"
	long := strings.Repeat("x", 5000)
	if len(read(t, head+long+"1").Differences(read(t, head+long+"2"))) == 0 {
		t.Error("what stands after broken base64 is not compared")
	}
}

func TestOf_pastPartLimitStillCompares(t *testing.T) {
	part := "Content-Type: image/png\r\n\r\nx"
	many := make([]string, maxParts+10)
	for i := range many {
		many[i] = part
	}
	one := read(t, mixed("a", many...))
	many[maxParts+5] += "y"
	other := read(t, mixed("a", many...))
	if len(one.Parts) != maxParts {
		t.Errorf("%d sums, want %d", len(one.Parts), maxParts)
	}
	if len(one.Differences(other)) == 0 {
		t.Error("a part past the limit is not compared")
	}
}

func TestContent_followsWhatIsSeen(t *testing.T) {
	m := read(t, plain+"\r\nhello\r\n")
	if got := read(t, strings.ReplaceAll(plain, "\r\n", "\n")+"\nhello").Content(); got != m.Content() {
		t.Error("line endings change Content")
	}
	for _, change := range []string{"joerg@", "hello", "12:13", "Gr=FC"} {
		altered := strings.Replace(plain+"\r\nhello\r\n", change, "19:59"[:min(5, len(change))], 1)
		if read(t, altered).Content() == m.Content() {
			t.Errorf("Content is the same after altering %q", change)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte(plain + mixed("a", "\r\nx", "Content-Type: message/rfc822\r\n\r\n"+plain)))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\n\n--a\n--a\n--a--\n--a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Of(strings.NewReader(string(b)))
		if err != nil {
			t.Fatalf("Of: %v", err)
		}
		if len(m.Parts) > maxParts {
			t.Fatalf("%d parts", len(m.Parts))
		}
		slow, err := Of(iotest.OneByteReader(strings.NewReader(string(b))))
		if err != nil || slow.Content() != m.Content() {
			t.Fatalf("the digest depends on how the message is read")
		}
	})
}

func BenchmarkOf_10MB(b *testing.B) {
	message := plain + mixed("a", "Content-Type: text/plain\r\n\r\nsee attached", "Content-Type: application/pdf\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\n"+strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 10<<20/78))
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Of(strings.NewReader(message)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDifferences_charsets: a charset that cannot be decoded, or octets that are not in it, must not make two texts
// one.
func TestDifferences_charsets(t *testing.T) {
	for _, label := range []string{"iso-2022-kr", "hz-gb-2312", "x-unknown", "utf-8", "us-ascii", "gb18030", "iso-2022-jp", ""} {
		head := "Content-Type: text/plain; charset=" + label + "\r\n\r\n"
		one, other := read(t, head+"pay 100 \xff to Bob"), read(t, head+"pay 100 \xfe to Bob")
		if label == "gb18030" { // of which 0xff and 0xfe are no part either
			other = read(t, head+"pay 100 \xff\xff to Bob")
		}
		if len(one.Differences(other)) == 0 {
			t.Errorf("%q: two different texts count as the same", label)
		}
		if !same(one, one) {
			t.Errorf("%q: a text is not the same as itself", label)
		}
	}
}

func TestOf_brokenMIME(t *testing.T) {
	want := read(t, mixed("a", "\r\none", "\r\ntwo"))
	for name, message := range map[string]string{
		"doubled parameter":    "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\none\r\n--a\r\n\r\ntwo\r\n--a--",
		"header never ends":    "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nX: 1\r\n--a\r\n\r\none\r\n--a\r\n\r\ntwo\r\n--a--",
		"inner never closed":   mixed("a", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none", "\r\ntwo"),
		"line without colon":   "nonsense\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\none\r\n--a\r\n\r\ntwo",
		"folded content type":  "Content-Type: multipart/mixed;\r\n\tboundary=\"a\"\r\n\r\n--a\r\n\r\none\r\n--a \t\r\n\r\ntwo\r\n--a--",
		"delimiter-like lines": mixed("a", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n--bx\r\n--"),
	} {
		if !same(want, read(t, message)) {
			t.Errorf("%s: %d parts, want the same two", name, len(read(t, message).Parts))
		}
	}
}

// TestOf_depth: more multiparts within each other than are entered; what lies below is compared as it stands.
func TestOf_depth(t *testing.T) {
	one, other := mixed("in", "\r\none", "\r\nand"), mixed("in", "\r\nother", "\r\nand")
	for i := range maxDepth + 5 {
		boundary := "b" + string(rune('a'+i)) + "_"
		one, other = mixed(boundary, one), mixed(boundary, other)
	}
	if same(read(t, one), read(t, other)) {
		t.Error("what lies too deep is not compared")
	}
	if n := len(read(t, one).Parts); n != 1 {
		t.Errorf("%d parts, want what lies too deep as one", n)
	}
}

func TestOf_author(t *testing.T) {
	for value, want := range map[string][2]string{
		"a@example.com":                           {"a@example.com", ""},
		"Ann <a@example.com>, b@example.com":      {"a@example.com", "Ann"},
		`"=?utf-8?q?J=C3=B6rg?=" <a@example.com>`: {"a@example.com", "Jörg"},
		"Ann, the first <a@example.com>":          {"a@example.com", "the first"},
		"no address":                              {"no address", ""},
		"":                                        {"", ""},
	} {
		m := read(t, "From: "+value+"\r\n\r\n")
		if got := [2]string{m.From, m.FromName}; got != want {
			t.Errorf("From: %s: %q, want %q", value, got, want)
		}
	}
}

func TestOf_attachedMessage(t *testing.T) {
	attach := func(inner string) string {
		return mixed("a", "\r\nsee", "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n"+inner)
	}
	one := read(t, attach("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8="))
	if other := read(t, attach("Content-Type: image/png\r\n\r\nhello")); !same(one, other) {
		t.Error("the parts of an attached message are not decoded")
	}
}

func TestOf_octetsToTheEnd(t *testing.T) {
	const head = "Content-Type: image/png\r\n\r\n"
	if same(read(t, head+"x\r\n"), read(t, head+"x")) {
		t.Error("a line break at the end of octets does not count")
	}
	if n := len(read(t, mixed("a", head+"x", head+"y", head+"x")).Parts); n != 3 {
		t.Errorf("%d parts, want 3", n)
	}
}
