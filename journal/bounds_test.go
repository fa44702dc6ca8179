package journal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// faulty fails when the octet at is read, and is short when err is nil.
type faulty struct {
	b   []byte
	at  int64
	err error
}

func (f faulty) ReadAt(b []byte, off int64) (int, error) {
	n, err := bytes.NewReader(f.b[:f.at]).ReadAt(b, off)
	if err != nil && f.err != nil {
		err = f.err
	}
	return n, err
}

func TestParse_tellsReadersError(t *testing.T) {
	eml := bigReport(100 << 10)
	for _, broken := range []error{errors.New("disk"), nil} {
		want := broken
		if want == nil {
			want = io.ErrUnexpectedEOF
		}
		for at := 0; at < len(eml); at += 1009 {
			_, err := Parse(faulty{eml, int64(at), broken}, int64(len(eml)))
			if !errors.Is(err, want) {
				t.Fatalf("failing at %d: error %v, want %v", at, err, want)
			}
		}
	}
}

func TestParse_nothing(t *testing.T) {
	r := parseBytes(t, nil)
	if r.Kind != KindNotReport || r.FirstHand {
		t.Errorf("%+v", r)
	}
}

// hasProblem reports whether one of the problems says so.
func hasProblem(r *Report, text string) bool {
	return strings.Contains(strings.Join(r.Problems, "\n"), text)
}

// withEnvelope is a report with this envelope part.
func withEnvelope(envelope string) []byte {
	return []byte("X-MS-Journal-Report:\nMessage-ID: <1@journal.report.generator>\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\n\n" + envelope + "\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n--b--\n")
}

func TestParse_limits(t *testing.T) {
	const envelope = "Sender: a@example.com\nMessage-ID: <2@example.com>\nRecipient: b@example.com\n"
	part := "--b\nContent-Type: text/html\n\nx\n"
	tests := []struct {
		name    string
		eml     []byte
		problem string
	}{
		{"header", append(bytes.Repeat([]byte("X-Filler: 0123456789\n"), maxHeader/20), withEnvelope(envelope)...), "the header is longer than"},
		{"recipients", withEnvelope(envelope + strings.Repeat("Recipient: c@example.com\n", maxRecipients+5)), "more than 100000 recipients"},
		{"envelope", withEnvelope(envelope + strings.Repeat("Recipient:"+strings.Repeat(" ", 1000)+"\n", maxEnvelope/1000)), "the envelope part is longer than"},
		{"parts", []byte("Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat(part, maxParts+5)), "more than 1000 parts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := parseBytes(t, tt.eml)
			if !hasProblem(r, tt.problem) {
				t.Errorf("problems %q, want one with %q", r.Problems, tt.problem)
			}
			if len(r.Recipients) > maxRecipients || len(r.Problems) > maxProblems {
				t.Errorf("%d recipients, %d problems", len(r.Recipients), len(r.Problems))
			}
		})
	}
}

// TestParse_lineWithoutEnd: a field of 40 MB costs no 40 MB, and what follows is still read.
func TestParse_lineWithoutEnd(t *testing.T) {
	r := parseBytes(t, withEnvelope("Sender: a@example.com\nMessage-ID: <2@example.com>\nSubject: "+
		strings.Repeat("x", 10<<20)+"\nRecipient: b@example.com\n"))
	if len(r.Subject) > maxField || len(r.Subject) < maxField/2 || len(r.Recipients) != 1 || !r.FirstHand {
		t.Errorf("subject of %d octets, %d recipients, problems %q", len(r.Subject), len(r.Recipients), r.Problems)
	}
}

// TestParse_entangled: originals that lie deep in one encoded stream cost a pass each; the work ends, and no hash of
// half an original is answered.
func TestParse_entangled(t *testing.T) {
	var inner strings.Builder
	inner.WriteString("X-MS-Journal-Report:\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nSender: a@example.com\n" +
		"Message-ID: <2@example.com>\nRecipient: b@example.com\n")
	for i := range maxOriginals {
		fmt.Fprintf(&inner, "--i\nContent-Type: message/rfc822\n\nMessage-ID: <%d@example.com>\n\n%s\n", i,
			strings.Repeat("x", 100_000))
	}
	eml := inBounce([]byte(inner.String()+"--i--\n"), "\r\n")
	r := parseBytes(t, eml)
	if !hasProblem(r, "too entangled") || len(r.Originals) != 0 {
		t.Errorf("%d originals, problems %q", len(r.Originals), r.Problems)
	}
}

// TestParse_nesting builds bombs of all kinds of nesting and expects an answer that costs no more than the limits.
func TestParse_nesting(t *testing.T) {
	bombs := map[string]func(string) string{
		"messages":   func(s string) string { return "Content-Type: message/rfc822\n\n" + s },
		"multiparts": func(s string) string { return "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + s + "\n--b--" },
		"same boundary, forked": func(s string) string {
			return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: message/rfc822\n\n"+s+"\n", 2)
		},
		"reports": func(s string) string {
			return "Content-Type: multipart/report; boundary=r" + fmt.Sprint(len(s)) + "\n\n--r" + fmt.Sprint(len(s)) +
				"\nContent-Type: message/rfc822\n\n" + s
		},
		"base64": func(s string) string {
			return "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(s))
		},
	}
	for name, wrapOnce := range bombs {
		t.Run(name, func(t *testing.T) {
			eml := "From: a@example.com\n\nx"
			for len(eml) < 1<<16 {
				eml = wrapOnce(eml)
			}
			if r := parseBytes(t, []byte(eml)); r.FirstHand || r.Kind != KindNotReport {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestLocation_opensThroughEncodings(t *testing.T) {
	text := "0123456789 the carried report 0123456789"
	once := base64.StdEncoding.EncodeToString([]byte("=3D" + text))
	src := strings.NewReader("....." + once[:8] + "\r\n \t" + once[8:] + "....")
	at := Location{Section{5, int64(len(once)) + 4}, "base64 quoted-printable 2+10 3+100"}
	got, err := io.ReadAll(at.Open(src))
	if want := "=" + text; err != nil || string(got) != want[5:12] {
		t.Errorf("%q, error %v, want %q", got, err, want[5:12])
	}
	for _, bad := range []string{"rot13", "5", "-1+3", "1+-3", "+"} {
		if _, err := io.ReadAll(Location{Section{0, 3}, bad}.Open(src)); err == nil {
			t.Errorf("encoding %q opens", bad)
		}
	}
}

// TestParse_keptFieldsAreBounded: 900 parts with fields of 60 KB cost no 50 MB.
func TestParse_keptFieldsAreBounded(t *testing.T) {
	part := "--b\nContent-Type: text/html; x=" + strings.Repeat("y", 60<<10) + "\n\nx\n"
	p := &parser{src: &source{r: strings.NewReader("Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat(part, 900) + "--b--\n")}}
	p.src.size = 1 << 30
	p.src.budget = 1 << 30
	kept := 0
	for _, c := range p.outline(Location{Section: Section{0, 1 << 30}}).parts {
		kept += len(c.header.get("content-type"))
	}
	if kept > maxKept || kept < maxKept/2 {
		t.Errorf("%d octets kept, want at most %d", kept, maxKept)
	}
}

// TestParse_fieldsCannotCrowdOut: the sender's own fields stand before Exchange's, and must not take their place.
func TestParse_fieldsCannotCrowdOut(t *testing.T) {
	const id = "4dd9ba79-c85d-4626-87a8-08d5ebdeb47c"
	var head strings.Builder
	for _, name := range []string{"From", "Sender", "Subject", "Message-ID", "Content-Type", "Content-Disposition"} {
		for range 16 {
			fmt.Fprintf(&head, "%s: %s\n", name, strings.Repeat("x", 60<<10))
		}
	}
	eml, _ := wrap([]byte(head.String()+"X-MS-Exchange-Organization-Network-Message-Id: "+id+"\n\nx"), "\n")
	if r := parseBytes(t, eml); r.NetworkMessageID != id {
		t.Errorf("network message id %q, want %q; problems %q", r.NetworkMessageID, id, r.Problems)
	}
}

// TestParse_lineBreakAcrossPieces: the line break before the delimiter may fall between two reads.
func TestParse_lineBreakAcrossPieces(t *testing.T) {
	for n := lineBufferSize - 8; n < lineBufferSize+8; n++ {
		original := []byte("Subject: x\r\n\r\n" + strings.Repeat("x", n))
		for _, eol := range []string{"\r\n", "\n"} {
			eml, _ := wrap(original, eol)
			checkOriginal(t, eml, original, true)
		}
	}
}

func TestParse_manyAttachedMessages(t *testing.T) {
	carrying := func(before int) []byte {
		message := "--m\nContent-Type: message/rfc822\n\n"
		report, _ := wrap([]byte("Subject: x\n\nx"), "\n")
		return []byte("Content-Type: multipart/mixed; boundary=m\n\n" +
			strings.Repeat(message+"Subject: no report\n\nx\n", before) + message + string(report) + "--m--\n")
	}
	if r := parseBytes(t, carrying(maxMessages-2)); r.Kind != KindResent || len(r.Originals) != 1 {
		t.Errorf("within the limit: %+v", r)
	}
	if r := parseBytes(t, carrying(maxMessages)); r.Kind != KindNotReport ||
		!hasProblem(r, "not all attached messages") {
		t.Errorf("past the limit: %+v", r)
	}
}
