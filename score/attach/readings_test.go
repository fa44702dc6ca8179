package attach

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// zipEntryOf says how one file of a made archive is written.
type zipEntryOf struct {
	name, local string // in the directory, and before the file; "" is the same
	body        string
	method      uint16
	unnamed     bool   // the directory does not name it
	extra       string // of the directory
	flags       uint16
	lies        uint32 // size in the directory; 0 is the true one
}

// madeZip is an archive of the files, in order.
func madeZip(files ...zipEntryOf) []byte {
	var out, directory []byte
	count := uint16(0)
	for _, f := range files {
		at := uint32(len(out))
		body := []byte(f.body)
		if f.method == zip.Deflate {
			var packed bytes.Buffer
			z, _ := flate.NewWriter(&packed, 9)
			z.Write(body)
			z.Close()
			body = packed.Bytes()
		}
		local := f.local
		if local == "" {
			local = f.name
		}
		size := uint32(len(body))
		if f.lies != 0 {
			size = f.lies
		}
		head := func(out []byte, name string, packed uint32) []byte {
			out = binary.LittleEndian.AppendUint16(append(out, 20, 0), f.flags)
			out = binary.LittleEndian.AppendUint16(out, f.method)
			out = binary.LittleEndian.AppendUint32(append(out, 0, 0, 0, 0), crc32.ChecksumIEEE([]byte(f.body)))
			out = binary.LittleEndian.AppendUint32(out, packed)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(f.body)))
			return binary.LittleEndian.AppendUint16(out, uint16(len(name)))
		}
		out = append(append(head([]byte(string(out)+zipLocal), local, uint32(len(body))), 0, 0), local...)
		out = append(out, body...)
		if f.unnamed {
			continue
		}
		count++
		directory = head(append(directory, zipEntry+"\x14\x00"...), f.name, size)
		directory = binary.LittleEndian.AppendUint16(directory, uint16(len(f.extra)))
		directory = append(directory, make([]byte, 10)...)
		directory = append(append(binary.LittleEndian.AppendUint32(directory, at), f.name...), f.extra...)
	}
	return zipEnding(out, directory, count)
}

func zipEnding(out, directory []byte, count uint16) []byte {
	at := uint32(len(out))
	out = append(append(out, directory...), zipEnd+"\x00\x00\x00\x00"...)
	out = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(out, count), count)
	out = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(out, uint32(len(directory))), at)
	return append(out, 0, 0)
}

// unicodeExtra is the extra field of a name in Unicode.
func unicodeExtra(name string) string {
	out := binary.LittleEndian.AppendUint16([]byte{0x75, 0x70}, uint16(5+len(name)))
	return string(append(append(out, 1, 0, 0, 0, 0), name...))
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestZip_isReadInEveryWay(t *testing.T) {
	script := zipEntryOf{name: "order.js", body: "WScript.Echo(1)", method: zip.Deflate}
	stored := zipEntryOf{name: "order.js", body: "WScript.Echo(1)"}
	notes := zipEntryOf{name: "notes.txt", body: "notes"}
	bad, good := madeZip(script), madeZip(notes)
	empty := zipEnding(nil, nil, 0)
	cut := func(b []byte) []byte { return b[:bytes.Index(b, []byte(zipEntry))] }
	change := func(b []byte, at int, value ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[bytes.LastIndex(b, []byte(zipEnd))+at:], value)
		return b
	}
	junk := bytes.Repeat([]byte("junk"), 100)
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"one script":                           {bad, "archive_executable"},
		"one text":                             {good, ""},
		"stored archive in an archive":         {madeZip(zipEntryOf{name: "inner.zip", body: string(good)}), ""},
		"directory size 0":                     {change(bad, 12, 0, 0, 0, 0), "archive_executable two_readings"},
		"directory size and place 0":           {change(bad, 12, 0, 0, 0, 0, 0, 0, 0, 0), "archive_executable two_readings"},
		"count 0":                              {change(bad, 8, 0, 0, 0, 0), "archive_executable two_readings"},
		"count too large":                      {change(bad, 8, 9, 0, 9, 0), "archive_executable two_readings"},
		"good, then bad":                       {cat(good, bad), "archive_executable two_readings"},
		"bad, then good":                       {cat(bad, good), "archive_executable two_readings"},
		"bad, then an empty one":               {cat(bad, empty), "archive_executable two_readings"},
		"good, bad, good":                      {cat(good, bad, good), "archive_executable two_readings"},
		"bytes before":                         {cat(junk, bad), "archive_executable two_readings"},
		"a picture before":                     {cat([]byte("\x89PNG\r\n\x1a\n"), junk, bad), "archive_executable two_readings type_mismatch"},
		"bytes after":                          {cat(bad, make([]byte, 70_000)), "archive_executable"},
		"bytes before and after":               {cat(junk, bad, make([]byte, 70_000)), "archive_executable two_readings"},
		"no directory":                         {cut(bad), "archive_executable two_readings"},
		"a script that the directory leaves":   {madeZip(notes, zipEntryOf{name: "order.js", body: "x", unnamed: true}), "archive_executable two_readings"},
		"a first one that it leaves":           {madeZip(zipEntryOf{name: "order.js", body: "x", unnamed: true}, notes), "archive_executable two_readings"},
		"another name before the file":         {madeZip(zipEntryOf{name: "notes.txt", local: "order.js", body: "x"}), "archive_executable two_readings"},
		"another name in the directory":        {madeZip(zipEntryOf{name: "order.js", local: "notes.txt", body: "x"}), "archive_executable two_readings"},
		"the same name in other letters":       {madeZip(zipEntryOf{name: "A/Notes.txt", local: `a\notes.txt`, body: "x"}), ""},
		"another name in Unicode":              {madeZip(zipEntryOf{name: "notes.txt", body: "x", extra: unicodeExtra("order.js")}), "archive_executable"},
		"trailing dot":                         {madeZip(zipEntryOf{name: "order.js.", body: "x"}), "archive_executable"},
		"stored here, packed there":            {madeZip(zipEntryOf{name: "a.zip", body: string(bad), method: 0, flags: 0}), "archive_executable"},
		"encrypted in the directory alone":     {encryptedInDirectory(stored), "archive_executable two_readings"},
		"a size in the directory that cuts":    {madeZip(zipEntryOf{name: "a.zip", body: string(bad), lies: 10}), "archive_executable two_readings"},
		"an entry that fills what it is not":   {coveredBy(bad), "archive_executable two_readings"},
		"a directory in two places":            {twoPlaces(bad, good), "archive_executable two_readings"},
		"a program under a name of a document": {madeZip(zipEntryOf{name: "a.txt", body: "MZ\x90\x00\x03" + strings.Repeat("\x00", 90)}), "archive_executable disguised_program type_mismatch"},
	} {
		r := Inspect(File{Name: "order.zip", Body: c.body}, limits())
		if got := ids(r.Findings); got != c.want || r.Unreadable != "" {
			t.Errorf("%s: %q, want %q; unreadable: %q", name, got, c.want, r.Unreadable)
		}
	}
}

// encryptedInDirectory is an archive whose file is plain, and whose directory calls it encrypted.
func encryptedInDirectory(f zipEntryOf) []byte {
	b := madeZip(zipEntryOf{name: "a.zip", body: string(madeZip(f))})
	b[bytes.LastIndex(b, []byte(zipEntry))+8] |= 1
	return b
}

// coveredBy is an archive in which a packed file is said to fill the room of another archive, and is none.
func coveredBy(hidden []byte) []byte {
	b := madeZip(zipEntryOf{name: "notes.txt", body: "\xff\xff\xff\xff" + string(hidden)})
	for _, at := range []int{bytes.Index(b, []byte(zipLocal)) + 8, bytes.LastIndex(b, []byte(zipEntry)) + 10} {
		b[at] = 8 // deflate
	}
	return b
}

// twoPlaces is an archive whose end gives the place of one directory and the size of another.
func twoPlaces(first, second []byte) []byte {
	at := bytes.Index(first, []byte(zipEntry))
	end := bytes.LastIndex(first, []byte(zipEnd))
	body := cat(first[:end], second)
	last := bytes.LastIndex(body, []byte(zipEnd))
	binary.LittleEndian.PutUint32(body[last+16:], uint32(at))
	return body
}

func TestZip_whatCannotBeReadIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		body  []byte
		files int
	}{
		"nothing but a mark": {[]byte(zipLocal + " and no more"), 0},
		"broken deflate":     {brokenDeflate(), 1},
		"an odd method":      {madeZip(zipEntryOf{name: "a.txt", body: "x", method: 98}), 1},
	} {
		r := Inspect(File{Name: "a.zip", Body: c.body}, limits())
		if len(r.Files) != c.files || r.Unreadable == "" && name != "broken deflate" {
			t.Errorf("%s: %q, %d files", name, r.Unreadable, len(r.Files))
		}
	}
	if r := Inspect(File{Name: "a.zip", Body: zipEnding(nil, nil, 0)}, limits()); r.Unreadable != "" || len(r.Findings) > 0 {
		t.Errorf("an empty archive: %+v", r)
	}
}

func brokenDeflate() []byte {
	b := madeZip(zipEntryOf{name: "a.txt", body: strings.Repeat("abc", 50), method: 8})
	b[35] ^= 0xff
	return b
}

func TestZip_manyNamesAreReadAndTheRestIsSaid(t *testing.T) {
	var files []zipEntryOf
	for i := range 3000 {
		files = append(files, zipEntryOf{name: "f" + strings.Repeat("x", i%7) + ".txt"})
	}
	files = append(files, zipEntryOf{name: "last.js"})
	r := Inspect(File{Name: "a.zip", Body: madeZip(files...)}, limits())
	if !found(r, "archive_executable") || len(r.NotRead) == 0 {
		t.Errorf("the last of many files: %v, not read: %q", r.Findings, r.NotRead)
	}
	few := limits()
	few.Names = 100
	if r := Inspect(File{Name: "a.zip", Body: madeZip(files...)}, few); found(r, "archive_executable") || len(r.NotRead) == 0 {
		t.Errorf("more names than are read: %v, not read: %q", r.Findings, r.NotRead)
	}
}

func TestArchives_ofOtherKindsAreReadInEveryWay(t *testing.T) {
	script, notes := []byte("WScript.Echo(1)"), []byte("notes")
	tarOf := func(names ...string) []byte { return tarWith(t, names...) }
	dir := archive(t, "disc.iso.xz")
	for name, c := range map[string]struct {
		file string
		body []byte
		want string
	}{
		"rar behind bytes":            {"a.rar", cat([]byte("some junk "), rarFive(0, false, "run.js", script)), "archive_executable two_readings"},
		"rar behind a picture":        {"a.rar", cat([]byte("\xff\xd8\xff\xe0 a picture "), rarFive(0, false, "run.js", script)), "archive_executable two_readings"},
		"rar behind rar":              {"a.rar", cat(rarFive(0, false, "notes.txt", notes), rarFive(0, false, "run.js", script)), "archive_executable two_readings"},
		"rar 4 behind rar 4":          {"a.rar", cat(rarFour(0x30, 0, "notes.txt", notes), rarFour(0x30, 0, "run.js", script)), "archive_executable two_readings"},
		"zip behind rar":              {"a.rar", cat(rarFive(0, false, "notes.txt", notes), madeZip(zipEntryOf{name: "run.js", body: "x"})), "archive_executable two_readings"},
		"rar 4 with a second name":    {"a.rar", rarFour(0x30, 0x200, "notes.txt\x00\x00\x00run.\x00js", notes), "archive_executable"},
		"7z behind bytes":             {"a.7z", cat([]byte("some junk "), archive(t, "copy.7z")), "archive_executable two_readings"},
		"7z behind 7z":                {"a.7z", cat(archive(t, "deflate.7z"), archive(t, "copy.7z")), "archive_executable two_readings"},
		"cab behind bytes":            {"a.cab", cat([]byte("some junk "), archive(t, "plain.cab")), "archive_executable two_readings"},
		"tar behind tar":              {"a.tar", cat(tarOf("notes.txt"), tarOf("run.js")), "archive_executable two_readings"},
		"tar":                         {"a.tar", tarOf("notes.txt", "more.txt"), ""},
		"tar, pax name":               {"a.tar", tarOf(strings.Repeat("long", 70) + ".js"), "archive_executable"},
		"tar, two names":              {"a.tar", tarTwoNames(t, "run.js", "notes.txt"), "archive_executable"},
		"tar, two names, turned":      {"a.tar", tarTwoNames(t, "notes.txt", "run.js"), "archive_executable"},
		"tar without its mark":        {"a.tar", tarUnmarked(t, "run.js"), "archive_executable"},
		"gzip of two parts":           {"a.gz", cat(gzipped(t, "run.js", []byte("MZ")), gzipped(t, "", []byte("more"))), "archive_executable"},
		"gzip with a name of its own": {"notes.txt.gz", gzipped(t, "run.js", script), "archive_executable"},
		"gzip by the name outside":    {"run.js.gz", gzipped(t, "notes.txt", script), "archive_executable"},
		"zstd":                        {"run.js.zst", zstdOf(t, script), "archive_executable"},
		"disc, both trees":            {"disc.iso.xz", dir, "archive_executable disk_image double_extension"},
	} {
		if got := ids(Inspect(File{Name: c.file, Body: c.body}, limits()).Findings); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func tarWith(t testing.TB, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: 5, Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("notes"))
	}
	w.Close()
	return out.Bytes()
}

// tarTwoNames is an archive of one file, which pax calls otherwise than the header.
func tarTwoNames(t testing.TB, pax, header string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	long := strings.Repeat("a", 300)
	w.WriteHeader(&tar.Header{Name: long, Size: 5, Mode: 0o644, Typeflag: tar.TypeReg, Format: tar.FormatPAX})
	w.Write([]byte("notes"))
	w.Close()
	b := out.Bytes()
	record := "310 path=" + long + "\n"
	other := "310 path=" + pax + strings.Repeat(" ", 300-len(pax)) + "\n"
	b = bytes.Replace(b, []byte(record), []byte(other), 1)
	at := bytes.Index(b, []byte(strings.Repeat("a", 100)))
	copy(b[at:at+100], append([]byte(header), make([]byte, 100-len(header))...))
	return b
}

// tarUnmarked is an archive as programs wrote it before POSIX.
func tarUnmarked(t testing.TB, name string) []byte {
	t.Helper()
	b := tarWith(t, name)
	clear(b[257:512])
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:156], []byte{byte('0' + sum>>15&7), byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	return b
}

func zstdOf(t testing.TB, body []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(body, nil)
}

// Whatever the reader of the standard library can read, this one reads too.
func FuzzZip(f *testing.F) {
	script, notes := zipEntryOf{name: "order.js", body: "WScript.Echo(1)", method: zip.Deflate}, zipEntryOf{name: "notes.txt", body: "notes"}
	f.Add(madeZip(script, notes))
	f.Add(cat(madeZip(script), madeZip(notes)))
	f.Add(cat([]byte("junk"), madeZip(script)))
	f.Add(madeZip(zipEntryOf{name: "a.zip", body: string(madeZip(script))}))
	f.Add(zipped(f, map[string][]byte{"a.js": []byte("x"), "b/c.txt": bytes.Repeat([]byte("y"), 1000)}))
	f.Fuzz(func(t *testing.T, body []byte) {
		limits := &Limits{Bytes: 1 << 20, Files: 50, Names: 100, Depth: 2}
		r := Inspect(File{Name: "a.zip", Body: body}, limits)
		z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		if err != nil || limits.Names < 0 || Sniff(body) != "zip" && !zipTail(body, true) {
			return
		}
		have := map[string]bool{}
		for _, name := range r.Files {
			have[name] = true
		}
		for _, file := range z.File {
			if !have[zipName([]byte(file.Name))] && len(r.NotRead) == 0 {
				t.Errorf("%q is not read; only %q", file.Name, r.Files)
			}
		}
	})
}
