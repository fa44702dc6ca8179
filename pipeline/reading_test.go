package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/journal/identity"
	"clawback/rfc822"
	"clawback/score/extract"
)

// The scorer judges what it reads, and a message of a mailbox counts as the judged one where identity reads the same of
// both. So both must read the same parts, or identity must be in doubt: else a message can be made of which the scorer
// sees a part that identity does not compare.
func FuzzReading_isTheScorers(f *testing.F) {
	for _, message := range messages(f) {
		f.Add(message)
	}
	const mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	for _, found := range []string{ // by fuzzing
		mixed + "text\r\n--b--\r\n",
		mixed + "--b\r\nContent-Type: message/rfc822\r\n\r\n\r\nx\r\n--b--\r\n",
		mixed + "--b\n\r\nx\r\n--b\r\nContent-Type: image/png\r\n\r\nx\n--b--\r\n",
		"\v",
		"Content-TYpe:teXt/\n\n0",
	} {
		f.Add([]byte(found))
	}
	for _, empty := range []string{"", "\n", "\r\n", "\r\r\n", "\r\r\r\n\r\n", "\r", "a:", "a:\n", " \n", ":\n\n"} {
		f.Add([]byte("Content-Type: message/rfc822\r\n\r\n" + empty)) // no message, or one that says nothing
	}
	for _, message := range []string{"d:\n=:", "d:\n@: pay now", "Subject: a\r\n=: x", "d:\n=: x\n\n--b\n",
		"d:\n=: x\n\n--b\n\ny"} {
		f.Add([]byte(mixed + "--b\nContent-Type: message/rfc822\n\n" + message + "\n--b--\n")) // without an empty line
	}
	f.Add([]byte("Content-Type: /0\nContent-Transfer-Encoding: base64\n\n0"))
	for _, broken := range []string{"0", "=", "IA=", "IAo", "I A"} { // text of which nothing, or a blank, comes
		f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64" +
			"\r\n\r\n" + broken + "\r\n--b--"))
	}
	for _, nothing := range []string{"utf-7\r\n\r\n+A\r\n ", "utf-7\r\n\r\n+A", "utf-7\r\n\r\n+h-+t-", "iso-2022-jp\r\n\r\n\x1b(B\r\n",
		"utf-16\r\n\r\n\xff\xfe", "utf-16\r\n\r\n\xfe\xff\x00 ", "hz-gb-2312\r\n\r\n~\n", "hz-gb-2312\r\n\r\n~{~}",
		"iso-2022-kr\r\n\r\n\x1b$)C\x0e\x0f", "iso-2022-cn\r\n\r\n\x1b$)A", "utf-32\r\n\r\n\x00\x00\xfe\xff", "ibm037\r\n\r\n@@"} {
		f.Add([]byte("Content-Type: text/plain; charset=" + nothing)) // octets of which no text comes
	}
	for depth := range 30 { // the scorer reads what lies too deep as one text
		f.Add([]byte(deep(depth)))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		read, doubts := readings(t, message)
		if len(doubts) == 0 && read != "" {
			t.Errorf("identity is in no doubt, and reads other parts than the scorer (-scorer +identity):\n%s", read)
		}
	})
}

// deep is an empty part within so many attached messages.
func deep(depth int) string {
	text := "\r\n"
	for i := range depth {
		b := fmt.Sprintf("b%d", i)
		text = "Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n" + text + "\r\n--" + b +
			"--\r\n"
		text = "Content-Type: message/rfc822\r\n\r\n" + text
	}
	return text
}

// A doubt about every message would make the fuzzing vain: ordinary mail is in none.
func TestReading_ordinaryMailIsInNoDoubt(t *testing.T) {
	clear := 0
	all := messages(t)
	for _, message := range all {
		if read, doubts := readings(t, message); len(doubts) == 0 {
			clear++
		} else if read == "" {
			t.Logf("%v: %.80q", doubts, message)
		}
	}
	if clear*10 < len(all)*6 {
		t.Errorf("%d of %d messages are in no doubt", clear, len(all))
	}
}

// readings compares the parts that identity and the scorer read of a message; "" where they are the same.
func readings(t *testing.T, message []byte) (diff string, doubts []identity.Doubt) {
	t.Helper()
	m, err := identity.Of(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	mail, err := extract.Read(bytes.NewReader(message), int64(len(message)), extract.Default())
	if err != nil {
		t.Fatal(err)
	}
	var scorers, ours []string
	for i := range mail.Parts {
		p := &mail.Parts[i]
		if strings.Contains(p.Path, ".uu") || bytes.Contains(p.Body(), []byte("begin")) {
			return "", nil // the scorer takes uuencoded files out of their text
		}
		scorers = appendPart(scorers, p)
	}
	for _, p := range m.Parts {
		if p.Decoded != "" { // else it is the header of an attached message
			ours = append(ours, p.Type+" "+p.Name+" "+p.Decoded)
		}
	}
	for i := range min(len(scorers), len(ours)) {
		if shownAsPlain(scorers[i], ours[i]) {
			ours[i] = scorers[i]
		}
	}
	// Identity compares the octets of text whose encoding is broken, also where nothing that can be seen comes of them:
	// it takes fewer messages for the same. What the scorer has read it must have.
	ours = slices.DeleteFunc(ours, func(part string) bool {
		kind, sum, nameless := strings.Cut(part, "  ")
		return nameless && (kind == "text/plain" || sum == nothing) && !slices.Contains(scorers, part)
	})
	if slices.Equal(scorers, ours) {
		return "", m.Doubts
	}
	return cmp.Diff(scorers, ours), m.Doubts
}

// nothing is the SHA-256 of no octets.
const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// shownAsPlain reports whether two parts differ in their type alone, which the scorer reads as text/plain since nobody
// knows it. Identity compares it as it stands: it takes fewer messages for the same.
func shownAsPlain(scorers, ours string) bool {
	content, plain := strings.CutPrefix(scorers, "text/plain ")
	kind, other, _ := strings.Cut(ours, " ")
	return plain && content == other && strings.HasPrefix(kind, "text/") && kind != "text/html"
}

// appendPart leaves out what says nothing, as identity does: a nameless part of which no text comes.
func appendPart(list []string, p *extract.Part) []string {
	body := p.Body()
	shown := string(body)
	if strings.HasPrefix(p.Type, "text/") {
		shown, _ = rfc822.DecodeText(body, p.Charset)
		shown = strings.Trim(shown, " \t\r\n")
	}
	if p.Name == "" && (shown == "" || len(body) == 0) {
		return list
	}
	sum := sha256.Sum256(body)
	return append(list, p.Type+" "+p.Name+" "+hex.EncodeToString(sum[:]))
}

// messages are those of the demonstration and of the tests of journal and score.
func messages(t testing.TB) (all [][]byte) {
	t.Helper()
	for _, pattern := range []string{"../testdata/demo/*.eml", "../journal/testdata/*.eml", "../journal/testdata/*/*.eml", "../score/testdata/*.eml",
		"../score/testdata/*/*.eml", "../testdata/*/*.eml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			message, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, message)
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d messages were found", len(all))
	}
	return all
}
