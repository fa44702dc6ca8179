package journal

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

// bigReport is a report of about size octets whose original is base64 text, as attachments are.
func bigReport(size int) []byte {
	line := strings.Repeat("QUJDREVGR0hJSktM", 5)[:76] + "\r\n"
	original := "Message-ID: <2@example.com>\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		strings.Repeat(line, size/len(line))
	eml, _ := wrap([]byte(original), "\r\n")
	return eml
}

func benchmarkParse(b *testing.B, size int) {
	eml := bigReport(size)
	src := bytes.NewReader(eml)
	b.SetBytes(src.Size())
	b.ReportAllocs()
	for b.Loop() {
		r, err := Parse(src, src.Size())
		if err != nil || !r.FirstHand {
			b.Fatalf("%+v, error %v", r, err)
		}
	}
}

func BenchmarkParse_50KB(b *testing.B)  { benchmarkParse(b, 50<<10) }
func BenchmarkParse_150MB(b *testing.B) { benchmarkParse(b, 150<<20) }

// BenchmarkParse_bounce is a 50 KB report within a bounce, in base64: read through the decoder.
func BenchmarkParse_bounce(b *testing.B) {
	eml := inBounce(bigReport(50<<10), "\r\n")
	src := bytes.NewReader(eml)
	b.SetBytes(src.Size())
	for b.Loop() {
		if r, err := Parse(src, src.Size()); err != nil || r.Kind != KindNDR {
			b.Fatalf("%+v, error %v", r, err)
		}
	}
}

// TestParse_memoryDoesNotGrow parses a report of 64 MiB from a file and counts what is allocated in all.
func TestParse_memoryDoesNotGrow(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "report")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	eml := bigReport(64 << 20)
	size := int64(len(eml))
	if _, err := f.Write(eml); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Parse(f, size)
	runtime.ReadMemStats(&after)
	if err != nil || !r.FirstHand {
		t.Fatalf("%+v, error %v", r, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("%d octets allocated for a message of %d", used, size)
	}
	if n, err := io.Copy(io.Discard, r.Originals[0].Open(f)); err != nil || n != r.Originals[0].Size {
		t.Errorf("opened %d octets, error %v", n, err)
	}
}
