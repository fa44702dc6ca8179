package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"
)

// FuzzParse: no octets make it panic, and what it answers holds together.
func FuzzParse(f *testing.F) {
	for _, name := range groups(f) {
		if eml := readFile(f, name+".eml"); len(eml) < 16<<10 {
			f.Add(eml)
		}
	}
	f.Fuzz(func(t *testing.T, eml []byte) {
		src := bytes.NewReader(eml)
		r, err := Parse(src, int64(len(eml)))
		if err != nil {
			t.Fatalf("Parse: %v", err)
		}
		checkSound(t, r, src)
		shown, err := r.Describe("x", src)
		if err != nil {
			t.Fatalf("Describe: %v", err)
		}
		if err := shown.WriteText(io.Discard); err != nil {
			t.Fatalf("WriteText: %v", err)
		}
	})
}

func checkSound(t *testing.T, r *Report, src *bytes.Reader) {
	t.Helper()
	if r.FirstHand && (r.Kind != KindReport || !r.Outer.Marker || len(r.Originals) == 0 || len(r.Recipients) == 0) {
		t.Fatalf("first-hand without its conditions: %+v", r)
	}
	for _, o := range r.Originals {
		if o.Section.Offset < 0 || o.Section.Size < 0 || o.Section.Offset+o.Section.Size > src.Size() {
			t.Fatalf("section %+v of %d octets", o.Section, src.Size())
		}
		sum := sha256.New()
		n, err := io.Copy(sum, o.Open(src))
		if err != nil || n != o.Size || !bytes.Equal(sum.Sum(nil), o.SHA256[:]) {
			t.Fatalf("original of %d octets opens as %d, error %v", o.Size, n, err)
		}
	}
	if carried, ok := r.Embedded(src); ok {
		if _, err := io.Copy(io.Discard, carried); err != nil {
			t.Fatalf("open carried report: %v", err)
		}
	}
	if len(r.Problems) > maxProblems {
		t.Fatalf("%d problems", len(r.Problems))
	}
}

// wrap builds a report around an original, with a boundary that does not stand in it.
func wrap(original []byte, eol string) (eml []byte, boundary string) {
	boundary = "_b_"
	for bytes.Contains(original, []byte(boundary)) {
		boundary += "_"
	}
	head := strings.Join([]string{
		"Content-Type: multipart/mixed; boundary=\"" + boundary + "\"", "X-MS-Journal-Report:",
		"Message-ID: <1@journal.report.generator>", "", "--" + boundary, "Content-Type: text/plain", "",
		"Sender: a@example.com", "Message-Id: <2@example.com>", "Recipient: b@example.com", "", "--" + boundary,
		"Content-Type: message/rfc822", "", "",
	}, eol)
	return []byte(head + string(original) + eol + "--" + boundary + "--" + eol), boundary
}

// FuzzOriginal: whatever the original's octets, none is lost and none is added, with either line ending, and also
// when the report comes back in a bounce of ours.
func FuzzOriginal(f *testing.F) {
	f.Add([]byte("From: a@example.com\r\n\r\nhello\r\n"))
	f.Add([]byte("\r"))
	f.Add([]byte(""))
	f.Add([]byte("\n--_b_\r\n\x00\xff\r\r\n\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--"))
	f.Add(bytes.Repeat([]byte("y"), 2*lineBufferSize))
	f.Fuzz(func(t *testing.T, original []byte) {
		for _, eol := range []string{"\r\n", "\n"} {
			eml, _ := wrap(original, eol)
			checkOriginal(t, eml, original, true)
			bounce := inBounce(eml, eol)
			checkOriginal(t, bounce, original, false)
			if in, ok := parseBytes(t, bounce).Embedded(bytes.NewReader(bounce)); !ok ||
				opened(in) != opened(bytes.NewReader(eml)) {
				t.Fatalf("the report of %q does not come out of its bounce", original)
			}
		}
	})
}

func inBounce(eml []byte, eol string) []byte {
	return []byte(strings.Join([]string{
		"Content-Type: multipart/report; boundary=r", "", "--r", "Content-Type: application/octet-stream; name=report.eml",
		"Content-Transfer-Encoding: base64", "", base64.StdEncoding.EncodeToString(eml), "--r--", "",
	}, eol))
}

func checkOriginal(t *testing.T, eml, original []byte, firstHand bool) {
	t.Helper()
	src := bytes.NewReader(eml)
	r, err := Parse(src, src.Size())
	if err != nil || len(r.Originals) != 1 || r.FirstHand != firstHand {
		t.Fatalf("%+v, error %v", r, err)
	}
	got, err := io.ReadAll(r.Originals[0].Open(src))
	if err != nil || !bytes.Equal(got, original) {
		t.Fatalf("original %q came out as %q, error %v", original, got, err)
	}
	if r.Originals[0].SHA256 != sha256.Sum256(original) || r.Originals[0].Size != int64(len(original)) {
		t.Fatalf("size %d or hash wrong", r.Originals[0].Size)
	}
	if firstHand {
		s := r.Originals[0].Section
		if !bytes.Equal(eml[s.Offset:s.Offset+s.Size], original) {
			t.Fatalf("section %+v is not the original", s)
		}
	}
}
