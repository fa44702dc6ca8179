package attach

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"
)

// der is an element with its length.
func der(tag byte, parts ...[]byte) []byte {
	content := cat(parts...)
	head := []byte{tag, byte(len(content))}
	if len(content) >= 0x80 {
		head = []byte{tag, 0x82, byte(len(content) >> 8), byte(len(content))}
	}
	return append(head, content...)
}

// ber is an element of indefinite length.
func ber(tag byte, parts ...[]byte) []byte {
	return cat([]byte{tag, 0x80}, cat(parts...), []byte{0, 0})
}

// signed is a message of S/MIME whose content stands in the signature, put together by one of the above.
func signed(element func(byte, ...[]byte) []byte, kind string, content ...[]byte) []byte {
	data := cat(der(0x06, []byte(oidData)), element(0xa0, content...))
	return element(0x30, der(0x06, []byte(kind)), element(0xa0, element(0x30, der(0x02, []byte{1}), der(0x31), element(0x30, data), der(0x31))))
}

func TestCMS_signedMessagesAreRead(t *testing.T) {
	inner := "Content-Type: text/html\r\nMIME-Version: 1.0\r\n\r\n" +
		strings.Repeat("<a href=\"https://x.example/\">x</a>", 20)
	half := len(inner) / 2
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write([]byte(inner))
	z.Close()
	for name, body := range map[string][]byte{
		"definite":            signed(der, oidSigned, der(0x04, []byte(inner))),
		"indefinite":          signed(ber, oidSigned, ber(0x24, der(0x04, []byte(inner[:half])), der(0x04, []byte(inner[half:])))),
		"in pieces of pieces": signed(ber, oidSigned, ber(0x24, ber(0x24, der(0x04, []byte(inner[:half]))), der(0x04, []byte(inner[half:])))),
		"signed twice":        signed(der, oidSigned, der(0x04, []byte(inner))),
		"cut short":           signed(ber, oidSigned, ber(0x24, der(0x04, []byte(inner[:half])), der(0x04, []byte(inner[half:]))))[:len(inner)+60],
		"compressed":          signed(der, oidCompressed, der(0x04, packed.Bytes())),
	} {
		r := Inspect(File{Name: "smime.p7m", Body: body}, limits())
		if len(r.Messages) != 1 || !strings.Contains(string(r.Messages[0].Raw), "https://x.example/") {
			t.Errorf("%s: %d messages; unreadable %q", name, len(r.Messages), r.Unreadable)
		}
	}
	for name, body := range map[string][]byte{
		"signature alone": der(0x30, der(0x06, []byte(oidSigned)), der(0xa0, der(0x30, der(0x02, []byte{1}), der(0x31), der(0x30, der(0x06, []byte(oidData))), der(0x31)))),
		"loop of lengths": bytes.Repeat([]byte{0x30, 0x80}, 5000), "nothing": append(signed(der, oidSigned)[:14], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
	} {
		if r := Inspect(File{Name: "smime.p7s", Body: body}, limits()); len(r.Messages) > 0 || r.Unreadable != "" || len(r.Findings) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestPDF_filesInIt(t *testing.T) {
	flate := func(body string) string {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		fmt.Fprint(z, body)
		z.Close()
		return packed.String()
	}
	carrying := func(name, body string) []byte {
		return fmt.Appendf(nil, "%%PDF-1.5\n1 0 obj << /Type /Filespec /F (%s) >> endobj\n2 0 obj << /Type /EmbeddedFile /Filter /FlateDecode >>\nstream\r\n%s\nendstream\n", name, flate(body))
	}
	utf16Name := "\xfe\xff\x00a\x00.\x00j\x00s"
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"a program":                {carrying("notes.txt", "MZ\x90\x00\x03"+strings.Repeat("\x00", 90)), "archive_executable pdf_file"},
		"a script, by name":        {carrying("run.js", "x"), "archive_executable pdf_file"},
		"a name in Unicode":        {carrying(utf16Name, "x"), "archive_executable pdf_file"},
		"an archive":               {carrying("notes.zip", string(madeZip(zipEntryOf{name: "run.js", body: "x"}))), "archive_executable pdf_file"},
		"an invoice, for machines": {carrying("factur-x.xml", "<?xml version='1.0'?><invoice/>"), "pdf_file"},
	} {
		if got := ids(Inspect(File{Name: "a.pdf", Body: c.body}, limits()).Findings); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A PDF without a stream has nothing to show; one whose stream is a page, a picture, or cannot be read is not said to
// be so, nor is one that leads somewhere or does something.
func TestPDF_withNothingToShow(t *testing.T) {
	const catalog = "%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"its mark alone":    {"%PDF-1.7\n", "pdf_empty"},
		"without a page":    {catalog + "2 0 obj << /Type /Pages /Count 0 /Kids [] >> endobj\n%%EOF", "pdf_empty"},
		"with a blank page": {catalog + "2 0 obj << /Type /Pages /Count 1 /Kids [3 0 R] >> endobj\n3 0 obj << /Type /Page >> endobj\n", "pdf_empty"},
		"with a page":       {catalog + "3 0 obj << /Length 9 >>\nstream\nBT (x) Tj ET\nendstream endobj\n", ""},
		"compressed":        {catalog + "3 0 obj << /Type /ObjStm /Filter /FlateDecode >>\nstream\nxxx\nendstream endobj\n", ""},
		"encrypted":         {catalog + "trailer << /Encrypt 9 0 R >>\n3 0 obj << >>\nstream\nxxx\nendstream endobj\n", ""},
		"with a link":       {catalog + "3 0 obj << /S /URI /URI (https://www.sender.example/) >> endobj\n", ""},
		"with a script":     {catalog + "3 0 obj << /S /JavaScript /JS (x) >> endobj\n", "pdf_script"},
	} {
		if got := ids(Inspect(File{Name: "a.pdf", Body: []byte(c.body)}, limits()).Findings); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
