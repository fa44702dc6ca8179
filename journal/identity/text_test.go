package identity

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// plainText says slowly what of a text is hashed.
func plainText(text string) string {
	text = strings.ReplaceAll(text, "\r", "")
	text = regexp.MustCompile(`[ \t]+\n`).ReplaceAllString(text, "\n")
	return strings.TrimRight(text, " \t\n")
}

func TestTextSum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var text strings.Builder
		for range random.IntN(30) {
			text.WriteString([]string{"a", "b c", " ", "\t", "\r", "\n", "\r\n", " \r\n", "\v"}[random.IntN(9)])
		}
		sum := &textSum{}
		sum.reset(sha256.New())
		for rest := text.String(); rest != ""; {
			n := 1 + random.IntN(len(rest))
			_, _ = io.WriteString(sum, rest[:n])
			rest = rest[n:]
		}
		sum.flush()
		if want := sha256.Sum256([]byte(plainText(text.String()))); string(sum.h.Sum(nil)) != string(want[:]) {
			t.Fatalf("%q is not hashed as %q", text.String(), plainText(text.String()))
		}
	}
}
