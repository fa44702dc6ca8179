package pipeline

import (
	"io"
	"strings"
	"testing"

	"clawback/bounce"
)

func TestMarkOf(t *testing.T) {
	for _, c := range []struct{ name, header, want string }{
		{"as it is written", "Subject: x\r\n" + bounce.OwnHeader + ": abc\r\n", "abc"},
		{"in another case", strings.ToLower(bounce.OwnHeader) + ": abc\r\n", "abc"},
		{"in capitals, with bare LF", "Subject: x\n" + strings.ToUpper(bounce.OwnHeader) + ": abc\n", "abc"},
		{"a blank before the colon", bounce.OwnHeader + " : abc\r\n", "abc"},
		{"folded", bounce.OwnHeader + ":\r\n abc\r\n", "abc"},
		{"behind a long one", "Subject: " + strings.Repeat("x", 9000) + "\r\n" + bounce.OwnHeader + ": abc\r\n", "abc"},
		{"in the value of another field", "Subject: " + bounce.OwnHeader + ": abc\r\n", ""},
		{"in a folded value", "Subject: x\r\n " + bounce.OwnHeader + ": abc\r\n", ""},
		{"in the body", "Subject: x\r\n\r\n" + bounce.OwnHeader + ": abc\r\n", ""},
		{"none", "Subject: x\r\n", ""},
	} {
		text := c.header + "Message-ID: <1@gw.example>\r\n\r\nbody\r\n"
		if got, _ := markOf(func() io.Reader { return strings.NewReader(text) }); got != c.want {
			t.Errorf("%s: the mark is %q, not %q", c.name, got, c.want)
		}
	}
}
