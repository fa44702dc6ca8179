package attach

import (
	"bytes"
	"fmt"
	"testing"
)

// uuOf is a file as uuencode writes it.
func uuOf(name string, body []byte) []byte {
	out := fmt.Appendf(nil, "begin 644 %s\n", name)
	for len(body) > 0 {
		line := body[:min(45, len(body))]
		body = body[len(line):]
		out = append(out, byte(' '+len(line)))
		for ; len(line) > 0; line = line[min(3, len(line)):] {
			var three [3]byte
			copy(three[:], line)
			n := uint(three[0])<<16 | uint(three[1])<<8 | uint(three[2])
			for shift := 18; shift >= 0; shift -= 6 {
				out = append(out, byte(' '+n>>shift&63))
			}
		}
		out = append(out, '\n')
	}
	return append(out, "`\nend\n"...)
}

func TestUU_filesInAttachedTexts(t *testing.T) {
	script := []byte("WScript.Echo(1)")
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"a file":         {uuOf("order.js", script), "archive_executable"},
		"behind text":    {cat([]byte("See the file.\n\n"), uuOf("order.js", script)), "archive_executable"},
		"the second":     {cat(uuOf("notes.txt", []byte("notes")), uuOf("order.js", script)), "archive_executable"},
		"an archive":     {uuOf("a.zip", madeZip(zipEntryOf{name: "order.js", body: "x"})), "archive_executable"},
		"by its content": {uuOf("notes.txt", append([]byte("MZ\x90\x00\x03"), bytes.Repeat([]byte{0}, 90)...)), "archive_executable disguised_program type_mismatch"},
		"a good file":    {uuOf("notes.txt", []byte("notes")), ""},
		"a sentence":     {[]byte("begin 644 times with order.js\nand end it.\n"), ""},
	} {
		if got := ids(Inspect(File{Name: "a.txt", Body: c.body}, limits()).Findings); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
