package attach

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"reflect"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"clawback/internal/test/outlooktest"
)

// packedBy is the body of a compressed stream of a PDF.
func packedBy(t testing.TB, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// drawn is a picture of a code, or of nothing where the text is "".
func drawn(t testing.TB, text string, side int) *image.Gray {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	if text == "" {
		return picture
	}
	code, err := qrcode.NewQRCodeWriter().EncodeWithoutHint(text, gozxing.BarcodeFormat_QR_CODE, side, side)
	if err != nil {
		t.Fatal(err)
	}
	for y := range side {
		for x := range side {
			if code.Get(x, y) {
				picture.SetGray(x, y, color.Gray{})
			}
		}
	}
	return picture
}

func pngOf(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func jpegOf(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// pdfOf is a PDF with pictures of grey pixels.
func pdfOf(t testing.TB, pictures ...*image.Gray) []byte {
	t.Helper()
	out := []byte("%PDF-1.5\n")
	for i, p := range pictures {
		out = fmt.Appendf(out, "%d 0 obj << /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /Filter /FlateDecode >>\n"+
			"stream\r\n%s\nendstream endobj\n", i+1, p.Rect.Dx(), p.Rect.Dy(), packedBy(t, p.Pix))
	}
	return out
}

func streamsOf(t testing.TB, count int, body string) []byte {
	t.Helper()
	packed := packedBy(t, []byte(body))
	out := []byte("%PDF-1.5\n")
	for i := range count {
		out = fmt.Appendf(out, "%d 0 obj << /Filter /FlateDecode >>\nstream\r\n%s\nendstream endobj\n", i+1, packed)
	}
	return out
}

func linksOf(count int) []byte {
	out := []byte("%PDF-1.4\nstream\nendstream\n")
	for i := range count {
		out = fmt.Appendf(out, "<< /URI (https://a%d.example/) >>\n", i)
	}
	return out
}

func slides(t testing.TB, pictures int) []byte {
	t.Helper()
	files := map[string][]byte{"[Content_Types].xml": nil, "ppt/presentation.xml": nil}
	for i := range pictures {
		files[fmt.Sprintf("ppt/media/image%d.png", i)] = pngOf(t, drawn(t, "", 60))
	}
	return zipped(t, files)
}

func letter(t testing.TB, words int) []byte {
	t.Helper()
	text := "<w:p><w:t>" + strings.Repeat("words ", words) + "</w:t></w:p>"
	return zipped(t, map[string][]byte{"[Content_Types].xml": nil, "word/document.xml": []byte(text)})
}

func padded(b []byte, size int) []byte { return append(b, make([]byte, max(0, size-len(b)))...) }

// Whoever puts something behind a bound is told of: what honest files reach as Unsearched, all else as NotRead. A file
// that stays within the bound is told of by neither.
func TestInspect_reachedBoundsAreTold(t *testing.T) {
	blank := drawn(t, "", 100)
	pictures := func(n int) (all []*image.Gray) {
		for range n {
			all = append(all, blank)
		}
		return all
	}
	shortcut := func(n int) []byte {
		return []byte("[InternetShortcut]\n" + strings.Repeat("URL=https://a.example/\n", n))
	}
	script := func(n int) []byte {
		return []byte("<html><script>" + strings.Repeat(`x("data:text/javascript,a");`, n) + "</script></html>")
	}
	for name, c := range map[string]struct {
		file           string
		within, beyond []byte
		unsearched     string // part of the sentence
		notRead        string
	}{
		"bytes of a picture":   {"a.png", pngOf(t, blank), padded(pngOf(t, blank), maxPicture+1), "too large", ""},
		"pixels of pictures":   {"a.png", pngOf(t, image.NewGray(image.Rect(0, 0, 2000, 2000))), pngOf(t, image.NewGray(image.Rect(0, 0, 3000, 3000))), "more pixels", ""},
		"scans of a JPEG":      {"a.jpg", jpegOf(t, blank), scans(t, maxScans+10), "too large", ""},
		"pictures of a PDF":    {"a.pdf", pdfOf(t, pictures(maxPDFImages)...), pdfOf(t, pictures(maxPDFImages+1)...), "Of the pictures", ""},
		"pixels in a PDF":      {"a.pdf", pdfOf(t, blank), pdfOf(t, image.NewGray(image.Rect(0, 0, 3000, 3000))), "more pixels", ""},
		"pictures of slides":   {"a.pptx", slides(t, maxOfficeImages), slides(t, maxOfficeImages+1), "Of the pictures", ""},
		"streams of a PDF":     {"a.pdf", streamsOf(t, maxStreams/2-1, "x"), streamsOf(t, maxStreams/2+1, "x"), "Of the streams", ""},
		"words of a PDF":       {"a.pdf", streamsOf(t, 1, "BT (words words) Tj ET"), streamsOf(t, 1, "BT ("+strings.Repeat("words ", maxText/6+1)+") Tj ET"), "searched for words", ""},
		"words of a letter":    {"a.docx", letter(t, 100), letter(t, maxText/6+1), "searched for words", ""},
		"links of a PDF":       {"a.pdf", linksOf(maxLinks), linksOf(maxLinks + 1), "", "Of the links"},
		"a stream of a PDF":    {"a.pdf", streamsOf(t, 1, "x"), streamsOf(t, 1, strings.Repeat("x", maxInner+1)), "", "Of a part"},
		"a document in RTF":    {"a.rtf", []byte(`{\rtf1 x}`), padded([]byte(`{\rtf1 x}`), maxRTF+1), "", "Of the document"},
		"a shortcut":           {"a.url", shortcut(maxShortcuts), shortcut(maxShortcuts + 1), "", "Of the addresses"},
		"a large shortcut":     {"a.url", shortcut(1), append(shortcut(1), strings.Repeat("\n", maxActive)...), "", "Of the file"},
		"addresses in a page":  {"a.html", script(maxPages - 1), script(maxData + 1), "", "Of what the page"},
		"entries of a RAR":     {"a.rar", rarFive(0, false, "a.txt", []byte("x")), rarBlocks(maxEntries + 1), "", "Of the archive"},
		"a macro":              {"a.doc", moduleOf(100), moduleOf(maxMacro + 1), "", "Of a part"},
		"directories of a zip": {"a.zip", zipEnds(2), zipEnds(maxZipEnds + 2), "", "in every way"},
	} {
		within := Inspect(File{Name: c.file, Body: c.within}, limits())
		if len(within.Unsearched)+len(within.NotRead) > 0 {
			t.Errorf("%s: within the bound it says %q, %q", name, within.Unsearched, within.NotRead)
		}
		beyond := Inspect(File{Name: c.file, Body: c.beyond}, limits())
		if got := strings.Join(beyond.Unsearched, " "); c.unsearched == "" && got != "" ||
			!strings.Contains(got, c.unsearched) {
			t.Errorf("%s: unsearched %q, want %q", name, got, c.unsearched)
		}
		if got := strings.Join(beyond.NotRead, " "); c.notRead == "" && got != "" || !strings.Contains(got, c.notRead) {
			t.Errorf("%s: not read %q, want %q", name, got, c.notRead)
		}
	}
}

// moduleOf is a document with a module of macros of so many bytes.
func moduleOf(size int) []byte {
	return outlooktest.Document(map[string][]byte{"Macros/VBA/Module1": padded(module("Attribute VB_Name\n"), size)})
}

// rarBlocks is an archive of many blocks that are no files.
func rarBlocks(count int) []byte {
	block := []byte{0, 0, 0, 0, 2, 9, 0} // checksum, size, a kind that is none, flags
	return append([]byte("Rar!\x1a\x07\x01\x00"), bytes.Repeat(block, count)...)
}

// zipEnds is an archive with so many ends of directories that lie in no file.
func zipEnds(count int) []byte {
	whole := madeZip(zipEntryOf{name: "a.txt", body: "x"})
	end := whole[len(whole)-22:]
	return append(bytes.Repeat(end, count-1), whole...)
}

// What is remembered of pictures changes no report and no limit: neither of the same picture nor of others.
func TestSeen_changesNoReport(t *testing.T) {
	blank, code := drawn(t, "", 200), drawn(t, "https://evil.example/scan", 200)
	files := map[string][]byte{
		"a.png": pngOf(t, blank), "b.jpg": jpegOf(t, blank), "c.png": pngOf(t, code), "d.jpg": jpegOf(t, code),
		"e.pdf": pdfOf(t, blank, blank, code), "f.pdf": pdfOf(t, code, blank), "broken.png": pngOf(t, blank)[:200],
		"g.pptx": slides(t, 3), "inverted.pdf": pdfOf(t, invertedOf(code)),
	}
	inline := Inline{Seen: NewSeen()}
	for range 3 {
		for name, body := range files {
			left, want := *limits(), *limits()
			fresh := Inspect(File{Name: name, Body: body}, &want)
			got := inline.Inspect(t.Context(), []File{{Name: name, Body: body}}, &left)[0]
			if !reflect.DeepEqual(got, fresh) || left != want {
				t.Fatalf("%s: %+v with %+v left, want %+v with %+v", name, got, left, fresh, want)
			}
		}
	}
	if n := len(inline.Seen.young); n == 0 || n > len(files)+3 {
		t.Errorf("%d pictures are remembered", n)
	}
}

// The same bytes are other pixels where the document says that they lie otherwise, and are searched again.
func TestSeen_goesByTheForm(t *testing.T) {
	code := drawn(t, "https://evil.example/scan", 200)
	wrong := bytes.Replace(pdfOf(t, code), []byte("/Width 200"), []byte("/Width 100"), 1)
	inline := Inline{Seen: NewSeen()}
	for i, c := range []struct {
		body []byte
		want int
	}{{wrong, 0}, {pdfOf(t, code), 1}, {wrong, 0}, {pdfOf(t, code), 1}} {
		if got := inline.Inspect(t.Context(), []File{{Name: "a.pdf", Body: c.body}}, limits())[0]; len(got.Links) != c.want {
			t.Errorf("%d: links %v, want %d", i, got.Links, c.want)
		}
	}
}

// Where less is left to unpack than a picture may take, it is unpacked, as it would be the first time.
func TestSeen_littleIsLeft(t *testing.T) {
	body := pdfOf(t, drawn(t, "", 200))
	inline := Inline{Seen: NewSeen()}
	inline.Inspect(t.Context(), []File{{Name: "a.pdf", Body: body}}, limits())
	for _, bytes := range []int64{1, 1000, 39_999, 40_000, 40_001, maxInner - 1, maxInner, maxInner + 1} {
		got, want := Default(), Default()
		got.Bytes, want.Bytes = bytes, bytes
		known := inline.Inspect(t.Context(), []File{{Name: "a.pdf", Body: body}}, &got)[0]
		if fresh := Inspect(File{Name: "a.pdf", Body: body}, &want); got != want || !reflect.DeepEqual(known, fresh) {
			t.Errorf("with %d bytes left: %+v, %+v; want %+v, %+v", bytes, known, got, fresh, want)
		}
	}
}

// The memory is bounded, and what comes again stays in it.
func TestSeen_isBounded(t *testing.T) {
	s := NewSeen()
	often := keyOf([]byte("letterhead"))
	s.add(often, 7)
	for i := range 5 * maxSeen {
		s.add(keyOf(nil, uint32(i)), 1)
		if cost, ok := s.has(often); !ok || cost != 7 {
			t.Fatalf("after %d others it is forgotten", i+1)
		}
		if n := len(s.young) + len(s.old); n > 2*maxSeen {
			t.Fatalf("it holds %d", n)
		}
	}
	if _, ok := s.has(keyOf(nil, 0)); ok {
		t.Error("what came once is never forgotten")
	}
}

func invertedOf(p *image.Gray) *image.Gray {
	out := image.NewGray(p.Rect)
	for i, shade := range p.Pix {
		out.Pix[i] = ^shade
	}
	return out
}

// A code is found in a picture of whatever proportions: a banner is shown as wide as the window.
func TestPicture_inABanner(t *testing.T) {
	banner := image.NewGray(image.Rect(0, 0, 2400, 200))
	for i := range banner.Pix {
		banner.Pix[i] = 0xff
	}
	code := drawn(t, "https://evil.example/scan", 200)
	for y := range 200 {
		copy(banner.Pix[y*banner.Stride+1900:], code.Pix[y*code.Stride:][:200])
	}
	for name, body := range map[string][]byte{"a.png": pngOf(t, banner), "a.jpg": jpegOf(t, banner), "a.pdf": pdfOf(t, banner)} {
		r := Inspect(File{Name: name, Body: body}, limits())
		if len(r.Links) != 1 || r.Links[0].Where != "QR code" {
			t.Errorf("%s: links %v", name, r.Links)
		}
	}
}
