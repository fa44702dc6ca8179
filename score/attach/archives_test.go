package attach

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive reads a file that testdata/archives/make.sh made.
func archive(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "archives", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// What is expected of an archive: the script in it is named, the page in it is read, it is known to be encrypted.
const (
	named  = 1
	opened = 2
	locked = 4
)

func TestInspect_archivesOfOtherPrograms(t *testing.T) {
	for name, want := range map[string]int{
		"solid.7z": named | opened, "lzma.7z": named | opened, "deflate.7z": named | opened, "bzip2.7z": named | opened, "copy.7z": named | opened,
		"each.7z": named | opened, "filter.7z": named | opened, "plainheader.7z": named | opened,
		"ppmd.7z": named, "encrypted.7z": named | locked, "locked.7z": locked,
		"plain.cab": named | opened, "mszip.cab": named | opened, "disc.iso.xz": named | opened,
		"page.html.xz": opened, "page.html.bz2": opened, "plain.arj": named, "encrypted.arj": locked,
	} {
		if got := seen(Inspect(File{Name: name, Body: archive(t, name)}, limits())); got != want {
			t.Errorf("%s: %03b, want %03b", name, got, want)
		}
	}
}

func TestInspect_archivesByHand(t *testing.T) {
	page, script := []byte("<html><body>the page inside</body></html>"), []byte("WScript.Echo(1)")
	for name, c := range map[string]struct {
		body []byte
		want int
	}{
		"rar 5":                   {rarFive(0, false, "run.js", script, "page.html", page), named | opened},
		"rar 5, packed":           {rarFive(3<<7, false, "run.js", script, "page.html", page), named},
		"rar 5, encrypted":        {rarFive(0, true, "run.js", script, "page.html", page), named | locked},
		"rar 5, encrypted header": {append([]byte("Rar!\x1a\x07\x01\x00"), 1, 2, 3, 4, 2, 4, 0), locked},
		"rar 4":                   {rarFour(0x30, 0, "run.js", script, "page.html", page), named | opened},
		"rar 4, packed":           {rarFour(0x33, 0, "run.js", script, "page.html", page), named},
		"rar 4, encrypted":        {rarFour(0x30, 4, "run.js", script, "page.html", page), named | locked},
		"rar 4, encrypted header": {append([]byte("Rar!\x1a\x07\x00"), 0, 0, 0x73, 0x80, 0, 13, 0, 0, 0, 0, 0, 0, 0), locked},
		"lzh":                     {append(lzhFile("run.js", script), lzhFile("page.html", page)...), named | opened},
		"ace":                     {aceFile("run.js", 0), named},
		"ace, encrypted":          {aceFile("run.js", 0x4000), named | locked},
		"onenote":                 {oneNoteFile(page), opened},
	} {
		if got := seen(Inspect(File{Name: "a.bin", Body: c.body}, limits())); got != c.want {
			t.Errorf("%s: %03b, want %03b", name, got, c.want)
		}
	}
}

func seen(r Report) (got int) {
	if found(r, "archive_executable") {
		got |= named
	}
	for _, page := range r.Pages {
		if strings.Contains(page.Text, "the page inside") {
			got |= opened
		}
	}
	if r.Encrypted {
		got |= locked
	}
	return got
}

// rarFive is an archive of RAR 5 of two files, whose octets are as they stand.
func rarFive(method int, encrypted bool, files ...any) []byte {
	out := []byte("Rar!\x1a\x07\x01\x00")
	block := func(header, data []byte) {
		header = append([]byte{byte(len(header))}, header...)
		out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
		out = append(append(out, header...), data...)
	}
	block([]byte{1, 0, 0}, nil) // main
	for i := 0; i < len(files); i += 2 {
		name, data := files[i].(string), files[i+1].([]byte)
		var extra []byte
		if encrypted {
			extra = []byte{2, 1, 0} // a record of encryption
		}
		header := []byte{2, 3, byte(len(extra)), byte(len(data)), 0, byte(len(data)), 0}
		header = binary.AppendUvarint(header, uint64(method))
		header = append(append(header, 0, byte(len(name))), name...)
		block(append(header, extra...), data)
	}
	block([]byte{5, 0, 0}, nil)
	return out
}

// rarFour is an archive of RAR 4 of two files.
func rarFour(method byte, flags uint16, files ...any) []byte {
	out := []byte("Rar!\x1a\x07\x00")
	block := func(header, data []byte) {
		out = binary.LittleEndian.AppendUint16(out, uint16(crc32.ChecksumIEEE(header)))
		out = append(append(out, header...), data...)
	}
	block([]byte{0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0}, nil)
	for i := 0; i < len(files); i += 2 {
		name, data := files[i].(string), files[i+1].([]byte)
		header := binary.LittleEndian.AppendUint16([]byte{0x74}, flags|0x8000)
		header = binary.LittleEndian.AppendUint16(header, uint16(32+len(name)))
		header = binary.LittleEndian.AppendUint32(header, uint32(len(data)))
		header = binary.LittleEndian.AppendUint32(header, uint32(len(data)))
		header = binary.LittleEndian.AppendUint32(append(header, 2), crc32.ChecksumIEEE(data))
		header = append(header, 0, 0, 0, 0, 29, method)
		header = binary.LittleEndian.AppendUint16(header, uint16(len(name)))
		block(append(append(header, 0, 0, 0, 0), name...), data)
	}
	block([]byte{0x7b, 0, 0, 7, 0}, nil)
	return out
}

// lzhFile is a file of an LZH archive, with a header of level 0.
func lzhFile(name string, data []byte) []byte {
	out := append([]byte{byte(22 + len(name)), 0}, "-lh0-"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = append(append(append(out, 0, 0, 0, 0, 0x20, 0, byte(len(name))), name...), 0, 0)
	for _, b := range out[2:] {
		out[1] += b
	}
	return append(out, data...)
}

// aceFile is an ACE archive of one file.
func aceFile(name string, flags uint16) []byte {
	var out []byte
	block := func(header []byte) {
		out = binary.LittleEndian.AppendUint16(out, uint16(^crc32.ChecksumIEEE(header)))
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(header))), header...)
	}
	block(append(append([]byte{0, 0, 0}, "**ACE**"...), 10, 10, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
	header := binary.LittleEndian.AppendUint16([]byte{1}, flags|1)
	header = append(header, make([]byte, 4+22)...) // no octets after the header
	header = binary.LittleEndian.AppendUint16(header, uint16(len(name)))
	block(append(header, name...))
	return out
}

// oneNoteFile is what is looked at of a OneNote section that carries a file.
func oneNoteFile(data []byte) []byte {
	out := []byte("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3 and more \xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac")
	out = binary.LittleEndian.AppendUint64(out, uint64(len(data)))
	return append(append(out, make([]byte, 12)...), data...)
}

func TestSniff_disks(t *testing.T) {
	for want, body := range map[string][]byte{
		"vhd": append(bytes.Repeat([]byte{1}, 1000), append([]byte("conectix"), make([]byte, 504)...)...),
		"iso": append(make([]byte, 0x8001), "BEA01\x01 and more"...),
	} {
		if got := Sniff(body); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
