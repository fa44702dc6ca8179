package interop

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"clawback/testdata"
)

// letter is a message that a client is to deliver.
type letter struct {
	name  string
	octet []byte
	bare  bool // it has line ends that are not CRLF
}

// header names another organisation, so that the daemon puts the message into quarantine, where it can be looked at.
const header = "From: sender@example.com\r\nTo: %s\r\nSubject: by a client\r\nDate: Mon, 02 Nov 2026 09:04:05 +0000\r\n" +
	"Message-ID: <%s@client.example>\r\nX-OriginatorOrg: fabrikam.onmicrosoft.com\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n" +
	"Content-Transfer-Encoding: 8bit\r\n\r\n"

// letters have what mail programs like to change. None has a line over 998 octets, which Postfix would break.
func letters() []letter {
	every := make([]byte, 0, 256)
	for c := 0x80; c <= 0xff; c++ {
		every = append(every, byte(c))
	}
	bodies := []struct{ name, text string }{
		{"dots", ".leading dot\r\n..two\r\n.\r\n\r\n...\r\nend\r\n"},
		{"blanks", "\r\n\r\ntrailing blanks  \t\r\n\t\r\n \r\nFrom here on\r\n\r\n\r\n"},
		{"8bit", "umlauts \xe4\xf6\xfc and UTF-8 \xc3\xa4\r\n" + string(every) + "\r\n"},
		{"long", strings.Repeat("x", 990) + "\r\n" + strings.Repeat(strings.Repeat("y", 77)+"\r\n", 3000)},
		{"bare LF", "a bare\nLF, two\n\nof them, \xe4\n and one at the end of a line\n\r\n"},
	}
	var list []letter
	for _, b := range bodies {
		id := strings.ReplaceAll(b.name, " ", "-")
		octets := fmt.Sprintf(header, organisation.Journal(), id) + b.text
		list = append(list, letter{b.name, []byte(octets), b.name == "bare LF"})
	}
	return list
}

// reportID is the Message-ID of the message that the report below is about.
const reportID = "<demo-04.20261102@contoso.example>"

func report(t *testing.T) []byte {
	t.Helper()
	octets, err := testdata.Demo.ReadFile("demo/04-colleague.eml")
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// trace are whole header fields that only say which way a message went.
var trace = regexp.MustCompile(`^(?:Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)*$`)

// wantSame compares what arrived with what was sent, after what a relay puts before it.
func wantSame(t *testing.T, got, want []byte) {
	t.Helper()
	head, ok := bytes.CutSuffix(got, want)
	switch {
	case !ok:
		n := 0
		for n < min(len(got), len(want)) && got[len(got)-1-n] == want[len(want)-1-n] {
			n++
		}
		t.Errorf("%d octets arrived, %d were sent; only the last %d are the same: %q arrived before them, %q was sent",
			len(got), len(want), n, clip(got[:len(got)-n]), clip(want[:len(want)-n]))
	case !trace.Match(head):
		t.Errorf("before the message there is more than trace fields: %q", head)
	}
}

// clip is the end of what is before a difference.
func clip(b []byte) []byte { return b[max(0, len(b)-60):] }
