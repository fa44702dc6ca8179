package identity

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const invoiced = "Received: from a.example\r\n by b.example; Mon, 02 Nov 2026 09:00:00 +0000\r\n" +
	"From: Ada <ada@partner.example>\r\nSubject: Invoice\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nAs agreed.\r\n" +
	"--b\r\nContent-Type: application/pdf; name=invoice.pdf\r\nContent-Disposition: attachment; filename=invoice.pdf\r\n\r\n%PDF\r\n" +
	"--b\r\nContent-Type: image/png; name=logo.png\r\n\r\nPNG\r\n--b--\r\n"

// Whatever somebody changes who has a message and sends it again is told; what a mailbox system changes is not.
func TestDifferences(t *testing.T) {
	const pdf = "--b\r\nContent-Type: application/pdf; name=invoice.pdf\r\nContent-Disposition: attachment; filename=invoice.pdf\r\n\r\n%PDF\r\n"
	const png = "--b\r\nContent-Type: image/png; name=logo.png\r\n\r\nPNG\r\n"
	for _, c := range []struct {
		name, old, text string
		want            []Difference
	}{
		{"nothing", "", "", nil},
		{"the sender's name", "Ada <", "Eve <", nil}, // shown and judged, but rewritten where the directory knows the sender
		{"the sender's case", "ada@partner", "Ada@PARTNER", nil},
		{"the date in another zone", "10:00:00 +0100", "09:00:00 +0000", nil},
		{"a tag", "Subject: Invoice", "Subject: [EXTERNAL] Invoice", nil},
		{"tags in another case", "Subject: Invoice", "Subject: [spam][External]  Invoice", nil},
		{"the organisation's tag", "Subject: Invoice", "Subject: Extern! Invoice", nil},
		{"another boundary", "b", "b", nil},
		{"another encoding", "\r\n\r\nPNG\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\nUE5H\r\n", nil},
		{"a name in capitals of another field", "Content-Disposition: attachment", "content-disposition: ATTACHMENT", nil},
		{"another sender", "ada@", "eve@", []Difference{Sender}},
		{"another date", "10:00:00", "10:00:01", []Difference{Date}},
		{"no date", "Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n", "", []Difference{Date}},
		{"another subject", "Subject: Invoice", "Subject: Final notice", []Difference{Subject}},
		{"a tag of nobody's", "Subject: Invoice", "Subject: [PAID] Invoice", []Difference{Subject}},
		{"a tag at the end", "Subject: Invoice", "Subject: Invoice [EXTERNAL]", []Difference{Subject}},
		{"an attachment renamed", "filename=invoice.pdf", "filename=invoice.pdf.scr", []Difference{Names}},
		{"renamed in Content-Type, where that counts", "name=logo.png", "name=logo.png.scr", []Difference{Names}},
		{"without its name", "; name=logo.png", "", []Difference{Names}},
		{"another type", "image/png", "application/x-msdownload", []Difference{Types}},
		{"text as HTML", "text/plain", "text/html", []Difference{Types}},
		{"another content", "%PDF", "%PDG", []Difference{Contents}},
		{"another text", "As agreed", "As refused", []Difference{Contents}},
		{"another order", pdf + png, png + pdf, []Difference{Order}},
		{"names exchanged", pdf + png, strings.NewReplacer("invoice.pdf", "logo.png", "logo.png", "invoice.pdf").Replace(pdf + png), []Difference{Names}},
		{"a part less", png, "", []Difference{Number}},
		{"a part more", png, png + png, []Difference{Number}},
		{"an empty file more", png, png + "--b\r\nContent-Type: application/x-a; name=run.scr\r\n\r\n\r\n", []Difference{Number}},
		{"everything", invoiced, "From: x@y.example\r\nSubject: z\r\nContent-Type: text/html\r\n\r\nw", []Difference{Sender, Date, Subject, Number}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(invoiced, c.old, c.text, 1)
			other, err := Of(strings.NewReader(text), "Extern!")
			if err != nil {
				t.Fatal(err)
			}
			m := read(t, invoiced)
			if diff := cmp.Diff(c.want, other.Differences(m)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, m.Differences(other)); diff != "" {
				t.Errorf("the other way round (-want +got):\n%s", diff)
			}
			if same := other.Contents() == m.Contents(); same != (len(c.want) == 0) {
				t.Errorf("Contents is the same: %t", same)
			}
		})
	}
}

func TestHasTraceOf(t *testing.T) {
	const hop = "Received: from b.example by c.example; Mon, 02 Nov 2026 09:00:01 +0000\r\n"
	m := read(t, invoiced)
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"itself", invoiced, true},
		{"folded otherwise", strings.Replace(invoiced, "a.example\r\n by", "a.example by\r\n\t", 1), true},
		{"a hop later", hop + invoiced, true},
		{"sent again", strings.Replace(invoiced, "09:00:00 +0000", "09:30:00 +0000", 1), false},
		{"never sent", invoiced[strings.Index(invoiced, "From:"):], false},
	} {
		if got := read(t, c.text).HasTraceOf(m); got != c.want {
			t.Errorf("%s: came as the original: %t", c.name, got)
		}
	}
	if bare := read(t, plain+"\r\nx"); !bare.HasTraceOf(bare) || !m.HasTraceOf(bare) {
		t.Error("a message without trace fields did not come as itself")
	}
}

// Records without a network message id are known by Content: a message with an attachment renamed must be another
// record.
func TestContent_ofARenamedAttachment(t *testing.T) {
	var seen []string
	for _, change := range [][2]string{{"", ""}, {"filename=invoice.pdf", "filename=invoice.pdf.scr"}, {"filename=invoice.pdf", "filename=a"}, {"image/png", "text/html"},
		{"Subject: Invoice", "Subject: [EXTERNAL] Invoice"}} {
		c := read(t, strings.Replace(invoiced, change[0], change[1], 1)).Content()
		if slices.Contains(seen, c) {
			t.Errorf("%q for %q gives the same Content", change[1], change[0])
		}
		seen = append(seen, c)
	}
}

// What mail programs may read in two ways is compared as one of them, and in doubt.
func TestOf_twoReadings(t *testing.T) {
	for name, change := range map[string][2]string{
		"two names of one file":    {"filename=invoice.pdf", "filename=invoice.pdf.scr"},
		"two names of one field":   {"filename=invoice.pdf", "filename=invoice.pdf; filename=invoice.pdf.scr"},
		"a name in two spellings":  {"filename=invoice.pdf", "filename=invoice.pdf; filename*=utf-8''invoice.scr"},
		"two transfer encodings":   {"Content-Type: image/png", "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\nContent-Type: image/png"},
		"an encoding with a word":  {"Content-Type: image/png", "Content-Transfer-Encoding: base64; x\r\nContent-Type: image/png"},
		"two types":                {"Content-Type: image/png", "Content-Type: text/html\r\nContent-Type: image/png"},
		"two types of it all":      {"Content-Type: multipart", "Content-Type: text/plain\r\nContent-Type: multipart"},
		"two boundaries":           {"boundary=b", "boundary=b; boundary=c"},
		"a boundary in sections":   {"boundary=b", "boundary*1=b; boundary*0=b"},
		"a boundary in quotes":     {"boundary=b", "boundary='b'"},
		"an escape in a boundary":  {"boundary=b", `boundary="\b"`},
		"a parameter not indented": {"; boundary=b", ";\r\nboundary=b"},
		"an encoded multipart":     {"Content-Type: multipart", "Content-Transfer-Encoding: base64\r\nContent-Type: multipart"},
		"no closing delimiter":     {"--b--\r\n", ""},
		"a part behind the end":    {"--b--\r\n", "--b--\r\n--b\r\nContent-Type: text/html\r\n\r\n<a href=x>\r\n--b--\r\n"},
		"no delimiter at all":      {"boundary=b", "boundary=zz"},
		"nothing but the end":      {"--b\r\nContent-Type: text/plain\r\n\r\nAs agreed.\r\n--b\r\n", "--b--\r\n"},
		"an inner one not closed":  {"--b\r\nContent-Type: image/png", "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--b\r\nContent-Type: image/png"},
		"no empty line":            {"image/png; name=logo.png\r\n\r\nPNG", "image/png; name=logo.png\r\nPNG"},
		"a line that is no field":  {"Content-Type: image/png", "nonsense\r\nContent-Type: image/png"},
		"a link before the parts":  {"--b\r\nContent-Type: text/plain", "https://evil.example\r\n--b\r\nContent-Type: text/plain"},
		"a link behind the parts":  {"--b--\r\n", "--b--\r\nwww.evil.example\r\n"},
		"two senders":              {"Subject:", "From: eve@evil.example\r\nSubject:"},
		"two subjects":             {"Subject:", "Subject: other\r\nSubject:"},
		"two dates":                {"Subject:", "Date: Mon, 02 Nov 2026 10:00:01 +0100\r\nSubject:"},
	} {
		if m := read(t, strings.Replace(invoiced, change[0], change[1], 1)); !slices.Contains(m.Doubts, Readings) {
			t.Errorf("%s: doubts are %v, want %s", name, m.Doubts, Readings)
		}
	}
	if m := read(t, invoiced); len(m.Doubts) > 0 {
		t.Errorf("doubts are %v, want none", m.Doubts)
	}
}

// A letter that Unicode folds to an ASCII one makes another address, and a name of a field of its own.
func TestDifferences_lookAlikesAreOthers(t *testing.T) {
	body := "Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n\r\nhello\r\n"
	of := func(from string) Message {
		m, err := Of(strings.NewReader("From: " + from + "\r\n" + body))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	honest := of("mark.smith@contoso.example")
	if d := honest.Differences(of("MARK.Smith@Contoso.EXAMPLE")); len(d) > 0 {
		t.Errorf("in capitals: %v", d)
	}
	for _, from := range []string{"mar\u212a.smith@contoso.example", "mark.\u017fmith@contoso.example", "mark.smith@conto\u017fo.example", "mark.sm\u0130th@contoso.example"} {
		if d := honest.Differences(of(from)); !slices.Contains(d, Sender) {
			t.Errorf("%s is taken for %s: %v", from, honest.From, d)
		}
		if of(from).Content() == honest.Content() {
			t.Errorf("%s has the content of %s", from, honest.From)
		}
	}
	stamped, err := Of(strings.NewReader("X-MS-Exchange-Organization-Networ\u212a-Message-Id: 11111111-1111-4111-8111-111111111111\r\nFrom: a@b.example\r\n" + body))
	if err != nil || len(stamped.NetworkMessageIDs) > 0 {
		t.Errorf("%v, %v: the id of a field of another name", stamped.NetworkMessageIDs, err)
	}
}
