package smtpd_test

import (
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/smtpload"
)

// ends are the end-of-data variants of the known smuggling tools (The-Login/SMTP-Smuggling-Tools, hannob/smtpsmug) and
// then some. None of them ends DATA.
var ends = map[string]string{
	"LF . LF":              "\n.\n",
	"LF . CRLF":            "\n.\r\n",
	"CRLF . LF":            "\r\n.\n",
	"CR . CR":              "\r.\r",
	"CR . CRLF":            "\r.\r\n",
	"CRLF . CR":            "\r\n.\r",
	"CR . LF":              "\r.\n",
	"LF . CR":              "\n.\r",
	"CRLF . CR CR LF":      "\r\n.\r\r\n",
	"CRLF NUL . CRLF":      "\r\n\x00.\r\n",
	"CRLF . NUL CRLF":      "\r\n.\x00\r\n",
	"CRLF . SP CRLF":       "\r\n. \r\n",
	"CRLF SP . CRLF":       "\r\n .\r\n",
	"CRLF . TAB CRLF":      "\r\n.\t\r\n",
	"CRLF .. CRLF":         "\r\n..\r\n",
	"CRLF . CR SP LF":      "\r\n.\r \n",
	"LF CR . LF CR":        "\n\r.\n\r",
	"LF LF . LF LF":        "\n\n.\n\n",
	"VT . VT":              "\v.\v",
	"FF . FF":              "\f.\f",
	"NEL . NEL":            "\u0085.\u0085",
	"LS . LS":              "\u2028.\u2028",
	"CRLF fullwidth CRLF":  "\r\n\uff0e\r\n",
	"CRLF . BS CRLF":       "\r\n.\b\r\n",
	"encoded =0D=0A.":      "=0D=0A.=0D=0A",
	"CRLF . CRLF cut by x": "\r\n.\rx\n",
}

const smuggled = "MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<" + foreign +
	">\r\nDATA\r\nFrom: smuggled\r\n\r\nsmuggled"

// With DATA nothing but CRLF . CRLF ends a message; the attempt stands in the one message that arrives.
func TestSmuggle_DATA(t *testing.T) {
	for name, end := range ends {
		for _, split := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " split=", split), func(t *testing.T) {
				f := start(t, nil)
				c := f.envelope()
				expect(t, c, "354", "DATA")
				sent := "Subject: x\r\n\r\ntext" + end + smuggled + "\r\n"
				if split { // each byte in a TLS record of its own
					for _, b := range []byte(sent[:40]) {
						send(t, c, string(b))
					}
					sent = sent[40:]
				}
				expect(t, c, "250", sent+".")
				expect(t, c, "250", "NOOP")
				m := f.intake.messages()
				if len(m) != 1 || !strings.Contains(string(m[0].Body), smuggled) {
					t.Errorf("%d messages", len(m))
				}
			})
		}
	}
}

// With BDAT no byte ends a message, not even CRLF . CRLF; it arrives as it is.
func TestSmuggle_BDAT(t *testing.T) {
	variants := map[string]string{"CRLF . CRLF": "\r\n.\r\n"}
	for name, end := range ends {
		variants[name] = end
	}
	for name, end := range variants {
		for _, chunk := range []int{0, 1, 17} {
			t.Run(fmt.Sprint(name, " chunk=", chunk), func(t *testing.T) {
				f := start(t, nil)
				body := "Subject: x\r\n\r\ntext" + end + smuggled + "\r\n"
				deliverChunks(t, f, body, chunk)
				f.only(body)
			})
		}
	}
}

// A chunk whose BDAT is refused is skipped, not run.
func TestSmuggle_refusedChunk(t *testing.T) {
	for _, before := range []string{"", "MAIL FROM:<>\r\n", "MAIL FROM:<>\r\nRCPT TO:<nobody@contoso.example>\r\n"} {
		f := start(t, nil)
		c := f.secure()
		send(t, c, before)
		for range strings.Count(before, "\n") {
			if _, err := c.Reply(); err != nil {
				t.Fatal(err)
			}
		}
		inner := "RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<" + journal + ">\r\nBDAT 1 LAST\r\nx"
		send(t, c, fmt.Sprintf("BDAT %d LAST\r\n%sNOOP\r\n", len(inner), inner))
		expectReply(t, c, "503 5.5.1")
		expectReply(t, c, "250")
		f.none()
	}
}

// It is also forgotten: the next DATA is not taken for a BDAT.
func TestSmuggle_dataAfterARefusedChunk(t *testing.T) {
	f := start(t, nil)
	c := f.secure()
	expect(t, c, "503 5.5.1", "BDAT 4 LAST\r\nNO")
	expect(t, c, "250", "MAIL FROM:<>")
	expect(t, c, "250", "RCPT TO:<"+journal+">")
	expect(t, c, "354", "DATA")
	expect(t, c, "250", "four and more\r\n.")
	f.only("four and more\r\n")
}

// A refused chunk larger than any message is not waited for.
func TestSmuggle_refusedChunkWithoutEnd(t *testing.T) {
	f := start(t, nil)
	c := f.secure()
	expect(t, c, "503 5.5.1", "BDAT 5000000000 LAST")
	expectReply(t, c, "552 5.3.4")
	expectEnd(t, c)
}

// What follows a refused DATA is commands, as the client must know from the reply; a body sent anyway is refused line
// by line and ends the session.
func TestSmuggle_bodyAfterARefusedDATA(t *testing.T) {
	f := start(t, nil)
	c := f.secure()
	expect(t, c, "503 5.5.1", "DATA")
	expect(t, c, "500", "Subject: x")
	f.none()
}

// A command line ends in CRLF only.
func TestSmuggle_commandLineEnds(t *testing.T) {
	f := start(t, nil)
	for _, line := range []string{"NOOP\nRSET\r\n", "NOOP\rRSET\r\n", "NOOP\x00\r\n", "NOOP\u0085\xff\r\n"} {
		c := f.secure()
		send(t, c, line)
		expectReply(t, c, "500 5.5.2")
	}
}

func deliverChunks(t *testing.T, f *fixture, body string, chunk int) {
	t.Helper()
	r := must(smtpload.Run(t.Context(), smtpload.Options{
		Address: f.addr, To: []string{journal}, Verb: smtpload.BDAT, Messages: 1, Chunk: chunk,
		Next: func(int, int) smtpload.Message { return smtpload.Message{Key: "k", Body: []byte(body)} },
	}))(t)
	if len(r.Accepted) != 1 {
		t.Fatalf("%v %v %v", r, r.Refused, r.Errors)
	}
}
