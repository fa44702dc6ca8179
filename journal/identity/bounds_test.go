package identity

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const mixedHead = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"

// hostile are messages of about size bytes that are made to cost much.
func hostile(size int) map[string]string {
	fill := func(head, s string) string { return head + strings.Repeat(s, size/len(s)) }
	grow := func(next func(i int) string) string {
		var b strings.Builder
		b.WriteString(mixedHead)
		for i := 0; b.Len() < size; i++ {
			b.WriteString(next(i))
		}
		return b.String()
	}
	return map[string]string{
		"empty parts":          fill(mixedHead, "--b\n\n"),
		"parts without header": fill(mixedHead, "--b\n"),
		"quoted-printable":     fill(mixedHead, "--b\nContent-Transfer-Encoding: quoted-printable\n\n"),
		"base64":               fill(mixedHead, "--b\nContent-Transfer-Encoding: base64\n\nYQ==\n"),
		"files":                fill(mixedHead, "--b\nContent-Type: application/x-a\n\na\n"),
		"attached messages":    fill(mixedHead, "--b\nContent-Type: message/rfc822\n\na: b\n\na\n"),
		"multiparts, one name": fill(mixedHead, "--b\nContent-Type: multipart/mixed; boundary=b\n\n"),
		"multiparts, own names": grow(func(i int) string {
			return fmt.Sprintf("--b\nContent-Type: multipart/mixed; boundary=b%d\n\n--b%d\n\nx\n", i, i)
		}),
		"deep multiparts": grow(func(i int) string {
			outer := "b"
			if i > 0 {
				outer = fmt.Sprintf("c%d", i-1)
			}
			return fmt.Sprintf("--%s\nContent-Type: multipart/mixed; boundary=c%d\n\n", outer, i)
		}),
		"deep messages": fill("", "Content-Type: message/rfc822\n\n"),
		"deep files": fill(mixedHead+levels(30, func(i int) string {
			return fmt.Sprintf("--b%s\nContent-Type: application/x-a\n\nFrom: a\nContent-Type: multipart/mixed; boundary=b%s\n\n",
				strings.Repeat("x", i), strings.Repeat("x", i+1))
		})+"--b"+strings.Repeat("x", 30)+"\n\n", "x\n"),
		"header lines":  fill("", "a:\n"),
		"used fields":   fill("", "Subject: a\n"),
		"one long line": fill("Subject: ", "a"),
		"references":    fill("References: ", "<a@b> "),
		"authors":       fill("From: ", "a@b.example, "),
		"encoded words": fill("Subject: ", "=?utf-8?q?a?= "),
		"file of lines": fill(mixedHead+"--b\nContent-Type: application/x-a\n\n", "a:\n"),
		"empty lines":   fill("\n", " \n"),
		"blanks":        fill("\n", " "),
		"dashes":        fill(mixedHead+"--b\n\n", "--x\n"),
		"soft breaks":   fill("Content-Transfer-Encoding: quoted-printable\n\n", "=\n"),
		"base64 breaks": fill("Content-Transfer-Encoding: base64\n\n", "\n"),
	}
}

func levels(n int, level func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(level(i))
	}
	return b.String()
}

// What is allocated does not grow with the message, whatever it is made of.
func TestOf_memoryIsBounded(t *testing.T) {
	const small, large = 4 << 20, 12 << 20
	more := hostile(large)
	for name, message := range hostile(small) {
		a, b := allocated(t, message), allocated(t, more[name])
		if grown := int64(b) - int64(a); grown > 3*(large-small) {
			t.Errorf("%s: %d MB allocated for %d MB, %d MB for %d MB", name, a>>20, small>>20, b>>20, large>>20)
		}
	}
}

func allocated(t *testing.T, message string) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read(t, message)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Past a bound nothing goes uncompared, and the message says that it is in doubt.
func TestOf_boundsAreTold(t *testing.T) {
	for name, message := range hostile(1 << 20) {
		switch name {
		case "deep files", "header lines", "used fields", "one long line", "references", "authors", "encoded words",
			"file of lines", "empty lines", "blanks",
			"dashes", "soft breaks", "base64 breaks":
			continue // one part, or none
		}
		one, other := read(t, message+"x\n"), read(t, message+"y\n")
		if !slices.Contains(one.Doubts, Bounded) {
			t.Errorf("%s: doubts are %v, want %s", name, one.Doubts, Bounded)
		}
		if len(one.Parts) > maxParts {
			t.Errorf("%s: %d digests, at most %d are kept", name, len(one.Parts), maxParts)
		}
		if one.Content() == other.Content() || len(one.Differences(other)) == 0 {
			t.Errorf("%s: what stands at the end is not compared", name)
		}
	}
}

func TestOf_anOrdinaryMessageIsInNoDoubt(t *testing.T) {
	if m := read(t, plain+mixed("a", "\r\nx", "Content-Type: image/png\r\n\r\ny")); len(m.Doubts) > 0 {
		t.Errorf("doubts are %v, want none", m.Doubts)
	}
}

func TestOf_headerBeyondItsBound(t *testing.T) {
	if m := read(t, strings.Repeat("X-A: b\r\n", 8<<20/8+1)+"\r\nx\r\n"); !slices.Contains(m.Doubts, Bounded) {
		t.Errorf("doubts are %v, want %s", m.Doubts, Bounded)
	}
}

func BenchmarkOf_hostile(b *testing.B) {
	for name, message := range hostile(8 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				if _, err := Of(strings.NewReader(message)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
