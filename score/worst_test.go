package score

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"clawback/internal/test/mailgen"
	"clawback/internal/test/outlooktest"
)

// The bounds that no message may break: time, and memory handed out in all while it is judged.
const (
	worstTime   = 2 * time.Second
	worstMemory = 256 << 20
)

func base64Part(name string, body []byte) string {
	return "--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"" + name +
		"\"\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(body) + "\n"
}

// noise is a picture that looks a little like QR codes everywhere.
func noise(side int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(255 * r.IntN(2))
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil
	}
	return out.Bytes()
}

// bomb is a file that unpacks to 256 MiB.
func bomb(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("attach", "testdata", "archives", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// inLayers is a message in base64 in a message in base64, so many times, of so many bytes in all; beside each of them
// another part, where asked.
func inLayers(times, size int, beside bool) string {
	for range times {
		size = size * 3 / 4
	}
	inner := "Content-Type: text/plain\n\n" + strings.Repeat("hello there\n", size/12)
	for range times {
		inner = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte(inner)) + "\n"
		if beside {
			inner = "Content-Type: multipart/mixed; boundary=n\n\n--n\n" + inner + "--n\n\nhello\n--n--\n"
		}
	}
	return inner
}

// worst are messages that cost as much as messages can.
func worst(t testing.TB) map[string]string {
	head := "From: a@sender.example\nTo: bob.field@contoso.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
	many := func(n int, name string, body []byte) string {
		return head + strings.Repeat(base64Part(name, body), n) + "--b--\n"
	}
	var links strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&links, `<a href="https://h%d.paypal-%d.example/?u=https://x%d.example/">https://www.bank%d.example/</a> `, i, i, i, i)
	}
	words := "verify your account p\u0430ssword \u200b W\u034fe\u034f claim your prize $1,000,000.00 ann@gmail.com "
	return map[string]string{
		"large plain text":     head + "--b\n\n" + strings.Repeat("hello there world\n", 24<<20/18) + "\n--b--\n",
		"large html":           head + "--b\nContent-Type: text/html\n\n" + strings.Repeat("<p>hello <b>there</b></p>", 1<<20) + "\n--b--\n",
		"words and disguises":  head + "--b\nContent-Type: text/plain; charset=utf-8\n\n" + strings.Repeat(words, 20000) + "\n--b--\n",
		"many links":           head + "--b\nContent-Type: text/html\n\n" + links.String() + "\n--b--\n",
		"many archives":        many(250, "a.zip", manyFiles(480)),
		"many 7z bombs":        many(20, "a.7z", bomb(t, "bomb.7z")),
		"many xz bombs":        many(20, "a.xz", bomb(t, "bomb.xz")),
		"many bzip2 bombs":     many(200, "a.bz2", bomb(t, "bomb.bz2")),
		"empty deflate":        many(4, "a.gz", append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00"), mailgen.Barren(4<<20)...)),
		"nested storages":      many(4, "a.doc", outlooktest.Nested(8000)),
		"many pictures":        many(20, "a.png", noise(900)),
		"large attachment":     many(1, "a.bin", bytes.Repeat([]byte("0123456789abcdef"), 1<<20)),
		"many messages":        many(250, "a.eml", carrier("b.zip", manyFiles(20))),
		"messages in messages": many(1, "a.eml", carriers(10, bytes.Repeat([]byte("0123456789abcdef"), 60<<10))),
		"archive of messages":  many(10, "a.zip", manyMessages(200)),
		"pages in pages":       many(20, "a.html", []byte(strings.Repeat(`<iframe src="data:text/html;base64,`+base64.StdEncoding.EncodeToString([]byte(strings.Repeat(`<form><input type=password>`, 100)))+`">`, 100))),
		"names in names":       many(20, "a.zip", manyFiles(19_000)),
		"many pdfs":            many(250, "a.pdf", bytes.Repeat(mailgen.PDF("https://a.example/"), 50)),
		"nested base64":        inLayers(19, 20<<20, false),
		"nested, with others":  inLayers(19, 20<<20, true),
		"many nested":          head + strings.Repeat("--b\n"+inLayers(8, 8000, false), 2000) + "\n--b--\n",
		"many pages":           many(250, "a.html", []byte("<html>"+strings.Repeat("<a href=https://a.example/>x</a><script>atob('x')</script>", 500))),
	}
}

func TestScore_worstMessagesAreBounded(t *testing.T) {
	s := scorer(t, Options{})
	for name, text := range worst(t) {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		started := computing(t)
		runWith(t, s, of(text))
		took := computing(t) - started
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		t.Logf("%-20s %9d octets: %8v, %4d MiB handed out in all", name, len(text), took.Round(time.Millisecond),
			used>>20)
		if took > worstTime && !raced {
			t.Errorf("%s took %v", name, took)
		}
		if used > worstMemory {
			t.Errorf("%s used %d MiB", name, used>>20)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	s := scorer(b, Options{})
	messages := mailgen.Generate(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m := messages[i%len(messages)]
		if _, err := s.Score(b.Context(), Message{Original: bytes.NewReader(m.Raw), Size: int64(len(m.Raw)), Tenant: mailgen.Tenant()}); err != nil {
			b.Fatal(err)
		}
	}
}

// carriers is a file in a message in a message.
func carriers(levels int, body []byte) []byte {
	for range levels {
		body = carrier("a.eml", body)
	}
	return body
}

func manyMessages(n int) []byte {
	var files []mailgen.File
	for i := range n {
		files = append(files, mailgen.File{Name: fmt.Sprintf("%d.eml", i), Body: carrier("a.zip", manyFiles(5))})
	}
	return mailgen.Zip(false, files...)
}

// computing is the time that this process has computed for. What a bound is measured by must not depend on what else
// the machine does.
func computing(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
