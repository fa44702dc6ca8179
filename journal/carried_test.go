package journal

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// returning is an NDR whose third part has these header lines and this body.
func returning(header, body string) string {
	return "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n\r\nIt did not go on.\r\n" +
		"--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; gw.example\r\n\r\n--r\r\n" + header +
		"\r\n\r\n" + body + "\r\n--r--\r\n"
}

const (
	asMessage = "Content-Type: message/rfc822"
	asBinary  = asMessage + "\r\nContent-Transfer-Encoding: binary"
	asFile    = "Content-Type: application/octet-stream; name=report.eml\r\nContent-Transfer-Encoding: base64"
)

func TestEmbedded_whateverWasReturned(t *testing.T) {
	noReport := "Subject: no report\r\n\r\nsome words\r\n"
	odd := "\x00\xff bare\nLF\rCR, and no end of line"
	marked := "X-MS-Journal-Report:\r\nMessage-ID: <1@journal.report.generator>\r\n\r\nno parts\r\n"
	binary := "Content-Transfer-Encoding: binary\r\n"
	coded := base64.StdEncoding.EncodeToString
	tests := []struct {
		name, mail, want string
		kind             Kind
		problems         int
	}{
		{"no report", returning(asMessage, noReport), noReport, KindNotReport, 1},
		{"no report, as a file", returning(asFile, coded([]byte(odd))), odd, KindNotReport, 1},
		{"report without an original", returning(asMessage, marked), marked, KindNDR, 2},
		{"report without an original, as a file", returning(asFile, coded([]byte(marked+odd))), marked + odd, KindNDR, 2},
		{"damaged base64", returning(asFile, "####"), "####", KindNotReport, 2},
		{"no report, binary", binary + returning(asBinary, odd), odd, KindNotReport, 1},
		{"report without an original, binary", binary + returning(asBinary, marked+odd), marked + odd, KindNDR, 2},
		// A mail store on Unix keeps lines with LF; the report went over SMTP, with CRLF.
		{"stored with LF", unix(returning(asMessage, noReport)), noReport, KindNotReport, 1},
		{"stored with LF, quoted-printable", unix(returning(asMessage+"\r\nContent-Transfer-Encoding: quoted-printable", noReport)), noReport, KindNotReport, 1},
		{"stored with LF, as a file", unix(returning(asFile, coded([]byte(marked+odd)))), marked + odd, KindNDR, 2},
		{"stored with LF, binary", unix(binary + returning(asBinary, noReport)), noReport, KindNotReport, 2},
		{"stored with LF, binary, as a file", unix(binary + returning(asFile, coded([]byte(odd)))), odd, KindNotReport, 1},
		{"mixed", strings.Replace(unix(returning(asMessage, "BODY")), "BODY", noReport, 1), noReport, KindNotReport, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := parseBytes(t, []byte(test.mail))
			in, ok := r.Embedded(strings.NewReader(test.mail))
			if !ok {
				t.Fatalf("carries nothing: %+v", r)
			}
			got, err := io.ReadAll(iotest.OneByteReader(in))
			if err != nil || string(got) != test.want {
				t.Errorf("carries %q, %v, want %q", got, err, test.want)
			}
			if r.Kind != test.kind || len(r.Problems) != test.problems || r.FirstHand {
				t.Errorf("%s, first-hand %t, problems %q; want %s with %d problems", r.Kind, r.FirstHand, r.Problems,
					test.kind, test.problems)
			}
		})
	}
}

func TestEmbedded_nothingReturned(t *testing.T) {
	mail := []byte(returning("Content-Type: text/rfc822-headers", "Subject: x"))
	if in, ok := parseBytes(t, mail).Embedded(bytes.NewReader(mail)); ok {
		got, err := io.ReadAll(in)
		t.Errorf("carries %q, %v", got, err)
	}
}

func unix(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
