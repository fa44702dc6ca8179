package attach

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"clawback/internal/test/mailgen"
	"clawback/internal/test/outlooktest"
)

// overlapping is a zip archive whose files all are the same octets.
func overlapping(t testing.TB, packed []byte, files int) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "a.txt", Method: zip.Deflate, CompressedSize64: uint64(len(packed)), UncompressedSize64: 10})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(packed)
	z.Close()
	all := out.Bytes()
	at, end := bytes.Index(all, []byte("PK\x01\x02")), bytes.Index(all, []byte("PK\x05\x06"))
	entry := bytes.Clone(all[at:end])
	body := append(bytes.Clone(all[:at]), bytes.Repeat(entry, files)...)
	tail := bytes.Clone(all[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(files))
	binary.LittleEndian.PutUint16(tail[10:], uint16(files))
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(entry)*files))
	return append(body, tail...)
}

// szFrame is a 7z archive of a header that is not packed.
func szFrame(data, header []byte) []byte {
	out := append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), 0, 0, 0, 0)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(data)))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(header)))
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
	return append(append(out, data...), header...)
}

// szNumber is a number of nine octets, as 7z may write any.
func szNumber(n uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{0xff}, n) }

// szMany is a 7z archive of many streams, each LZMA with a dictionary of four gigabytes, over the same few octets.
func szMany(streams int) []byte {
	header := []byte{0x01, 0x04, 0x06, 0x00}
	header = append(append(header, szNumber(uint64(streams))...), 0x09)
	for range streams {
		header = append(header, 0)
	}
	header = append(append(header, 0x00, 0x07, 0x0b), szNumber(uint64(streams))...)
	header = append(header, 0)
	for range streams {
		header = append(header, 0x01, 0x23, 3, 1, 1, 5, 93, 0xff, 0xff, 0xff, 0xff)
	}
	header = append(header, 0x0c)
	for range streams {
		header = append(header, szNumber(1<<40)...)
	}
	header = append(append(append(header, 0x00, 0x00), 0x05), szNumber(uint64(streams))...)
	names := []byte{0}
	for i := range streams {
		names = append(names, byte('a'+i%26), 0, 0, 0)
	}
	header = append(append(append(header, 0x11), szNumber(uint64(len(names)))...), names...)
	return szFrame(make([]byte, 1<<20), append(header, 0x00, 0x00))
}

// lzmaChunks is an LZMA2 stream, in the frame of xz, each chunk of which begins anew and holds one octet.
func lzmaChunks(size int) []byte {
	out := append([]byte("\xfd7zXZ\x00\x00\x01abcd"), 2, 0, 0x21, 1, 40, 0, 0, 0, 1, 2, 3, 4)
	for len(out) < size {
		out = append(out, 0xe0, 0, 0, 0, 5, 0x5d, 0, 0, 0, 0, 0, 0)
	}
	return out
}

// cabinet is one of many blocks that unpack to 32 KiB of zeros.
func cabinet(blocks int) []byte {
	block := bytes.NewBuffer([]byte("CK"))
	z := newDeflate(block)
	io.Copy(z, zeros(32<<10))
	z.Close()
	body := make([]byte, 36)
	copy(body, "MSCF")
	binary.LittleEndian.PutUint32(body[16:], 44)
	body[26], body[28] = 1, 1
	body = binary.LittleEndian.AppendUint32(body, 44+16+6)
	body = binary.LittleEndian.AppendUint16(body, uint16(blocks))
	body = append(body, 1, 0)
	body = append(binary.LittleEndian.AppendUint32(body, uint32(blocks)<<15), make([]byte, 12)...)
	body = append(body, "a.bin\x00"...)
	for range blocks {
		body = binary.LittleEndian.AppendUint16(append(body, 0, 0, 0, 0), uint16(block.Len()))
		body = append(append(body, 0, 0x80), block.Bytes()...)
	}
	return body
}

// loop is a CD image whose directories all are the first one.
func loop() []byte {
	body := make([]byte, 22*sector)
	for at, kind := range map[int]byte{16: 1, 17: 255} {
		copy(body[at*sector:], append([]byte{kind}, "CD001"...))
	}
	record := make([]byte, 40)
	record[0], record[2], record[25], record[32] = 40, 20, 2, 3
	binary.LittleEndian.PutUint32(record[10:], 2*sector)
	copy(record[33:], "abc")
	copy(body[16*sector+156:], record[:34])
	for at := 20 * sector; at+40 <= 22*sector; at += 40 {
		copy(body[at:], record)
	}
	return body
}

// scans is a progressive JPEG that goes over its pixels very often: each scan says in eight octets that 65,536 blocks
// hold nothing.
func scans(t testing.TB, count int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, 2000, 2000)), nil); err != nil {
		t.Fatal(err)
	}
	body := out.Bytes()
	body[bytes.Index(body, []byte{0xff, 0xc0})+1] = 0xc2 // progressive
	body = bytes.Clone(body[:bytes.Index(body, []byte{0xff, 0xda})])
	body = append(append(body, 0xff, 0xc4, 0, 20, 0x10, 1), make([]byte, 15)...) // a table of one code, of one bit:
	// 16,384 blocks and as many more as 14 bits say
	body = append(body, 0xe0)
	scan := append([]byte{0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0}, make([]byte, 8)...)
	return append(append(body, bytes.Repeat(scan, count)...), 0xff, 0xd9)
}

// barrenPNG is a small picture whose octets hold nothing.
func barrenPNG(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 1000, 1000))); err != nil {
		t.Fatal(err)
	}
	body := out.Bytes()
	at := bytes.Index(body, []byte("IDAT")) - 4
	content := append([]byte("IDAT\x78\x9c"), mailgen.Barren(3<<20)...)
	body = binary.BigEndian.AppendUint32(bytes.Clone(body[:at]), uint32(len(content)-4))
	return binary.BigEndian.AppendUint32(append(body, content...), crc32.ChecksumIEEE(content))
}

// tarred is one file, several times.
func tarred(body []byte, times int) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for range times {
		w.WriteHeader(&tar.Header{Name: "a.png", Size: int64(len(body)), Typeflag: tar.TypeReg})
		w.Write(body)
	}
	w.Close()
	return out.Bytes()
}

// moreBombs are those of single kinds of file.
func moreBombs(t testing.TB) map[string][]byte {
	t.Helper()
	nothing := mailgen.Barren(8 << 20)
	pdf := []byte("%PDF-1.5\n")
	for range 20 {
		pdf = fmt.Appendf(pdf, "1 0 obj << /Filter /FlateDecode >>\nstream\n\x78\x9c%s\nendstream\n", nothing[:1<<20])
	}
	return map[string][]byte{
		"7z of zeros": archive(t, "bomb.7z"), "xz of zeros": archive(t, "bomb.xz"), "bzip2 of zeros": archive(t, "bomb.bz2"),
		"bzip2 of nothing":     bytes.Repeat(archive(t, "page.html.bz2"), 100_000),
		"zip of nothing":       overlapping(t, nothing, 400),
		"gzip of nothing":      append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00"), nothing...),
		"pdf of nothing":       pdf,
		"pictures of nothing":  tarred(barrenPNG(t), 8),
		"scans of a picture":   scans(t, 100_000),
		"7z of streams":        szMany(1900),
		"7z of a billion":      szFrame(nil, append([]byte{0x01, 0x05}, szNumber(1<<30)...)),
		"chunks of one octet":  lzmaChunks(8 << 20),
		"cabinet of zeros":     cabinet(60_000),
		"disc in itself":       loop(),
		"onenote in itself":    bytes.Repeat(append(oneNoteFile(nil)[:16], oneNoteFile(make([]byte, 8))[16:]...), 50_000),
		"discs with one file":  archive(t, "disc.iso.xz"),
		"rar of nothing":       append([]byte("Rar!\x1a\x07\x01\x00"), bytes.Repeat([]byte{0, 0, 0, 0, 3, 3, 0, 0}, 1<<20)...),
		"zip of directories":   bytes.Repeat(overlapping(t, nothing[:100], 1000), 60),
		"zip of marks":         bytes.Repeat([]byte("PK\x03\x04"), 4<<20),
		"zip of loose files":   bytes.Repeat(madeZip(zipEntryOf{name: "a.txt", body: "x", unnamed: true})[:40], 400_000),
		"zip of ends":          bytes.Repeat([]byte(zipEnd+"\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"), 500_000),
		"zip of long names":    longNames(),
		"xz of blocks":         append(archive(t, "page.html.xz")[:12], bytes.Repeat(archive(t, "page.html.xz")[12:76], 100_000)...),
		"zstd of zeros":        zstdOf(t, make([]byte, 64<<20)),
		"zstd of nothing":      append([]byte("\x28\xb5\x2f\xfd\x00\x58"), make([]byte, 16<<20)...),
		"zstd of frames":       bytes.Repeat(zstdOf(t, []byte("x")), 500_000),
		"page of addresses":    append([]byte("<svg>"), bytes.Repeat([]byte(`<a href="data:text/html;base64,PHA+">`), 400_000)...),
		"page in itself":       pageInItself(12),
		"page of entities":     append([]byte("<svg>"), bytes.Repeat([]byte("<!entity "), 400_000)...),
		"page of comments":     append([]byte("<!--"), bytes.Repeat([]byte("--!><!--"), 400_000)...),
		"messages in messages": outlooktest.Nested(4000),
		"text of uuencode":     bytes.Repeat(uuOf("a.txt", []byte("notes")), 200_000),
		"names of a tar":       bytes.Repeat(tarUnmarked(t, "a.txt")[:1024], 20_000),
		"rtf of nothing":       append([]byte("{\\rtf1 "), bytes.Repeat([]byte("HYPERLINK "), 2<<20)...),
		"tar of headers alone": bytes.Repeat(append(append(make([]byte, 257), "ustar\x0000"...), make([]byte, 247)...), 30_000),
	}
}

// longNames is an archive whose files have names as long as they may be, which have to be folded.
func longNames() []byte {
	var files []zipEntryOf
	for i := range 300 {
		files = append(files, zipEntryOf{name: fmt.Sprint(i) + strings.Repeat("\u202e\uff0e\u00e9", 8000) + ".js"})
	}
	return madeZip(files...)
}

// pageInItself is a page that carries a page that carries a page.
func pageInItself(levels int) []byte {
	page := []byte("<p>")
	for range levels {
		page = fmt.Appendf(nil, "<iframe src=%q><iframe src=%q>", dataAddress("text/html", string(page)),
			dataAddress("text/html", string(page)))
	}
	return page
}

// What a document says is handed on to be held against words: no document says more than is kept.
func TestInspect_documentsSayNoMoreThanIsKept(t *testing.T) {
	for name, show := range map[string]string{
		"one string":           "BT (" + strings.Repeat("buy now ", 900_000) + ") Tj ET",
		"letters beyond ASCII": "BT (" + strings.Repeat("\xe4\xf6\xfc ", 20_000) + ") Tj ET",
		"strings of one array": "BT [" + strings.Repeat("(buy now)", 700_000) + "] TJ ET",
	} {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		z.Write([]byte(show))
		z.Close()
		body := fmt.Appendf(nil, "%%PDF-1.5\n1 0 obj << /Filter /FlateDecode /Length %d >>\nstream\r\n%s\nendstream\n",
			packed.Len(), packed.String())
		r := Inspect(File{Name: "a.pdf", Body: body}, limits())
		if len(r.Text) == 0 || len(r.Text) > maxText || !utf8.ValidString(r.Text) {
			t.Errorf("%s: %d octets packed say %d, valid %v", name, len(body), len(r.Text), utf8.ValidString(r.Text))
		}
	}
}
