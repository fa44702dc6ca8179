package attach

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"clawback/internal/test/outlooktest"
)

func zipped(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, body := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, name string, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Name = name
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	z.Close()
	return out.Bytes()
}

func limits() *Limits {
	l := Default()
	return &l
}

func found(r Report, id string) bool {
	for _, f := range r.Findings {
		if f.ID == id {
			return true
		}
	}
	return false
}

func TestSniff(t *testing.T) {
	for want, body := range map[string]string{
		"zip": "PK\x03\x04xxxx", "pdf": "%PDF-1.7\n", "dos": "MZ\x90\x00\x03", "pe": "MZ" + strings.Repeat("\x00", 58) + "\x40\x00\x00\x00PE\x00\x00", "ole": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxx", "lnk": "L\x00\x00\x00\x01\x14\x02\x00xxx",
		"tnef": "\x78\x9f\x3e\x22xxxx", "html": "  <!DOCTYPE html><p>", "svg": "<svg xmlns=x>", "text": "hello there", "": "\x00\x01\x02\x03\x04",
		"iso": strings.Repeat("\x00", 0x8001) + "CD001" + strings.Repeat("\x00", 9),
	} {
		if got := Sniff([]byte(body)); got != want {
			t.Errorf("%.12q is %q, want %q", body, got, want)
		}
	}
}

func TestInspect_findsWhatLiesDeep(t *testing.T) {
	script := []byte("WScript.Echo(1)")
	inner := zipped(t, map[string][]byte{"a.js": script})
	var tarred bytes.Buffer
	w := tar.NewWriter(&tarred)
	w.WriteHeader(&tar.Header{Name: "run.vbs", Size: int64(len(script)), Typeflag: tar.TypeReg})
	w.Write(script)
	w.Close()
	for name, body := range map[string][]byte{
		"zip in zip":  zipped(t, map[string][]byte{"inner.zip": inner}),
		"tar in gzip": gzipped(t, "x.tar", tarred.Bytes()),
		"tnef":        tnef("evil.js", script),
		"lnk in zip":  zipped(t, map[string][]byte{"notes.txt": []byte("L\x00\x00\x00\x01\x14\x02\x00xxxxxxxx")}),
	} {
		if r := Inspect(File{Name: "x", Body: body}, limits()); !found(r, "archive_executable") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// tnef is a winmail.dat with one file.
func tnef(name string, body []byte) []byte {
	out := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	attribute := func(id uint32, value []byte) {
		out = append(out, 2)
		out = binary.LittleEndian.AppendUint32(out, id)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(value)))
		out = append(append(out, value...), 0, 0)
	}
	attribute(0x00069002, make([]byte, 14))
	attribute(0x00018010, append([]byte(name), 0))
	attribute(0x0006800f, body)
	return out
}

func TestPDF_linksInPlainAndInCompressedObjects(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	fmt.Fprint(z, "1 0 << /S /URI /URI (https://two.example/a\\(b\\)) >> << /URI <68747470733a2f2f74687265652e6578616d706c652f> >>")
	z.Close()
	body := fmt.Sprintf("%%PDF-1.5\n1 0 obj << /S /URI /URI (https://one.example/) >> endobj\n2 0 obj << /Type /ObjStm /Filter /FlateDecode /Length %d >>\nstream\r\n%s\nendstream\n", packed.Len(), packed.String())
	var got []string
	for _, l := range Inspect(File{Name: "a.pdf", Body: []byte(body)}, limits()).Links {
		got = append(got, l.URL)
	}
	if want := "https://one.example/ https://two.example/a(b) https://three.example/"; strings.Join(got, " ") != want {
		t.Errorf("links %q, want %q", got, want)
	}
}

func TestDecompress_asTheSpecificationShows(t *testing.T) {
	// MS-OVBA 3.2.3, maximum compression: 73 times the letter a.
	if got := string(decompress([]byte{0x01, 0x03, 0xb0, 0x02, 0x61, 0x45, 0x00})); got != strings.Repeat("a", 73) {
		t.Errorf("%q", got)
	}
	// MS-OVBA 3.2.1: nothing to compress.
	in := []byte{0x01, 0x19, 0xb0, 0x00, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 0x00, 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 0x00, 'q', 'r', 's', 't', 'u', 'v', '.'}
	if got := string(decompress(in)); got != "abcdefghijklmnopqrstuv." {
		t.Errorf("%q", got)
	}
}

// module is a macro as it stands in a document.
func module(source string) []byte {
	out := []byte("\x00\x00\x00") // what stands before the source
	packed := []byte{0x01}
	var chunk []byte
	for text := source; len(text) > 0; {
		n := min(8, len(text))
		chunk = append(append(chunk, 0), text[:n]...)
		text = text[n:]
	}
	packed = binary.LittleEndian.AppendUint16(packed, uint16(len(chunk)-1)|0xb000)
	return append(out, append(packed, chunk...)...)
}

func TestOLE_streamsOfOldDocuments(t *testing.T) {
	starts := module("Attribute VB_Name\nSub AutoOpen()\nShell \"x\"\nEnd Sub")
	for name, c := range map[string]struct {
		streams   map[string][]byte
		want      string
		encrypted bool
	}{
		"plain":         {map[string][]byte{"WordDocument": []byte("text")}, "", false},
		"macros":        {map[string][]byte{"WordDocument": nil, "Macros/VBA/dir": []byte("x"), "Macros/VBA/ThisDocument": module("Attribute VB_Name\n")}, "macro", false},
		"a macro runs":  {map[string][]byte{"Macros/VBA/ThisDocument": starts}, "macro_autorun", false},
		"in a long one": {map[string][]byte{"WordDocument": make([]byte, 200_000), "_VBA_PROJECT_CUR/VBA/Sheet1": starts}, "macro_autorun", false},
		"not a macro":   {map[string][]byte{"Other/ThisDocument": starts}, "", false},
		"packaged file": {map[string][]byte{"ObjectPool/_1/\x01Ole10Native": []byte("\x02\x00invoice.js\x00C:\\x\x00")}, "archive_executable", false},
		"encrypted":     {map[string][]byte{"EncryptedPackage": make([]byte, 5000), "EncryptionInfo": []byte("x")}, "", true},
	} {
		report := Inspect(File{Name: "a.doc", Body: outlooktest.Document(c.streams)}, limits())
		for _, id := range []string{"macro", "macro_autorun", "archive_executable"} {
			if got, want := found(report, id), id == c.want || id == "macro" && c.want == "macro_autorun"; got != want {
				t.Errorf("%s: %s %v, want %v", name, id, got, want)
			}
		}
		if report.Encrypted != c.encrypted || report.Unreadable != "" {
			t.Errorf("%s: encrypted %v, unreadable %q", name, report.Encrypted, report.Unreadable)
		}
	}
}

func TestVBA_startsByItselfAndRuns(t *testing.T) {
	for source, want := range map[string]bool{
		"Attribute VB_Name\nSub AutoOpen()\nShell \"x\"\nEnd Sub": true,
		"Attribute VB_Name\nSub AutoOpen()\nMsgBox 1\nEnd Sub":    false,
		"Attribute VB_Name\nSub Format()\nShell \"x\"\nEnd Sub":   false,
	} {
		w := &work{limits: Default(), left: 1 << 20, files: 10, names: 100, report: &Report{}}
		w.vba("a.doc", module(source))
		if got := found(*w.report, "macro_autorun"); got != want {
			t.Errorf("%q: %v, want %v", source, got, want)
		}
	}
}

func TestBIFF_macroSheet(t *testing.T) {
	record := func(kind uint16, body ...byte) []byte {
		out := binary.LittleEndian.AppendUint16(nil, kind)
		return append(binary.LittleEndian.AppendUint16(out, uint16(len(body))), body...)
	}
	for name, c := range map[string]struct {
		body []byte
		want bool
	}{
		"macro sheet": {append(record(0x809, 0, 0), record(0x85, 0, 0, 0, 0, 0, 1, 2, 'x')...), true},
		"sheet":       {append(record(0x809, 0, 0), record(0x85, 0, 0, 0, 0, 0, 0, 2, 'x')...), false},
		"cut off":     {record(0x85, 0, 0, 0, 0, 0, 1)[:6], false},
	} {
		w := &work{limits: Default(), report: &Report{}}
		w.biff("a.xls", c.body)
		if got := found(*w.report, "macro_xlm"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// zeros is a stream of n zero octets.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// bombs are files that unpack to more than they should.
func bombs(t testing.TB) map[string][]byte {
	t.Helper()
	var big bytes.Buffer
	z := zip.NewWriter(&big)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 9) })
	for i := range 4 {
		w, _ := z.Create(fmt.Sprintf("zeros%d.bin", i))
		io.Copy(w, zeros(16<<20))
	}
	z.Close()
	nested := []byte("x")
	for range 30 {
		nested = zipped(t, map[string][]byte{"a.zip": nested, "b.zip": nested})
		if len(nested) > 1<<20 {
			break
		}
	}
	many := map[string][]byte{}
	for i := range 20000 {
		many[fmt.Sprintf("f%d.txt", i)] = nil
	}
	var gz bytes.Buffer
	g, _ := gzip.NewWriterLevel(&gz, 9)
	io.Copy(g, zeros(64<<20))
	g.Close()
	var stream bytes.Buffer
	p := zlib.NewWriter(&stream)
	io.Copy(p, zeros(16<<20))
	p.Close()
	pdf := []byte("%PDF-1.5\n")
	for range 100 {
		pdf = fmt.Appendf(pdf, "1 0 obj << /Filter /FlateDecode >>\nstream\n%s\nendstream\n", stream.Bytes())
	}
	var picture bytes.Buffer
	png.Encode(&picture, image.NewGray(image.Rect(0, 0, 6000, 6000)))
	return map[string][]byte{"zip of zeros": big.Bytes(), "zip in zip": nested, "many files": zipped(t, many), "gzip of zeros": gz.Bytes(), "pdf of zeros": pdf, "huge picture": picture.Bytes()}
}

func newDeflate(w io.Writer) io.WriteCloser {
	z, err := flate.NewWriter(w, 9)
	if err != nil {
		panic(err) // the level is one
	}
	return z
}

func TestInspect_bombsAreBounded(t *testing.T) {
	all := bombs(t)
	maps.Copy(all, moreBombs(t))
	for name, body := range all {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		started := computing(t)
		Inspect(File{Name: name, Body: body}, limits())
		took := computing(t) - started
		runtime.ReadMemStats(&after)
		t.Logf("%-20s %9d octets, %12v, %4d MiB handed out in all", name, len(body), took,
			(after.TotalAlloc-before.TotalAlloc)>>20)
		if took > 2*time.Second && !raced {
			t.Errorf("%s took %v", name, took)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 && !raced || used > 256<<20 {
			t.Errorf("%s used %d MiB", name, used>>20)
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add("a.zip", []byte("PK\x03\x04\x14\x00"))
	f.Add("a.pdf", []byte("%PDF-1.4 /URI (https://a.example) stream"))
	f.Add("a.doc", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Add("winmail.dat", tnef("a.js", []byte("x")))
	f.Add("a.rar", []byte("Rar!\x1a\x07\x01\x00"))
	f.Add("a.lzh", lzhFile("run.js", nil))
	f.Add("a.ace", aceFile("run.js", 0))
	f.Add("a.rar", rarFive(0, false, "run.js", []byte("x")))
	f.Add("a.rar", rarFour(0x30, 0, "run.js", []byte("x")))
	f.Add("a.one", oneNoteFile([]byte("MZ and more")))
	f.Add("a.cab", cabinet(3))
	f.Add("a.iso", loop())
	f.Add("a.7z", szMany(3))
	for _, name := range []string{"solid.7z", "lzma.7z", "deflate.7z", "bzip2.7z", "filter.7z", "plainheader.7z", "locked.7z", "mszip.cab", "disc.iso.xz", "page.html.bz2", "plain.arj"} {
		f.Add(name, archive(f, name))
	}
	f.Add("a.docx", zipped(f, map[string][]byte{"[Content_Types].xml": nil, "word/_rels/a.rels": []byte(`<Relationship Target="http://x" TargetMode="External"/>`)}))
	for name, body := range newerKinds(f) {
		f.Add(name, body)
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		before := Limits{Bytes: 1 << 20, Files: 50, Names: 500, Depth: 3, Pixels: 1 << 16}
		after := before
		r := Inspect(File{Name: name, Body: body}, &after)
		if Plain(File{Name: name, Body: body}) && after != before {
			t.Errorf("a plain file was decoded: %+v are left of %+v", after, before)
		}
		if len(r.Links) > 100 || len(r.Files) > 200 {
			t.Errorf("%d links, %d files", len(r.Links), len(r.Files))
		}
	})
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
