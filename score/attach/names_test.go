package attach

import (
	"slices"
	"strings"
	"testing"
)

func ids(findings []Finding) string {
	var all []string
	for _, f := range findings {
		all = append(all, f.ID)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestName_asTheProgramReadsItThatOpensTheFile(t *testing.T) {
	for name, want := range map[string]string{
		"invoice.pdf": "", "notes": "", "": "", "archive.tar.gz": "", "photo.of.anna.jpg": "", "Kündigung.docx": "", "v1.2.3": "", "example.com.eml": "",
		"page.html": "", "rechnung.xml.html": "", "schlüssel.crt": "blocked_type", "mail.pst": "blocked_type",
		"order.js": "script", "ORDER.JS": "script", "order.exe": "executable", "connect.rdp": "script", "app.appinstaller": "script", "x.theme": "script",
		"x.website": "script", "x.xbap": "script", "x.py": "script", "x.library-ms": "script", "disk.vhdx": "disk_image",
		// the end of the name, as Windows takes it
		"order.js.": "script", "order.js. . .": "script", "order.js\u00a0": "script", "order.js::$DATA": "script", "order.txt:run.js": "script",
		"order.js\x00.txt": "script", "order.txt.{00021401-0000-0000-C000-000000000046}": "double_extension script",
		// directories
		`C:\temp\order.js`: "script", "../../startup/order.lnk": "script", "order.js/readme.txt": "", "order.pdf /order.pdf .cmd": "double_extension executable",
		// what is not seen
		"order.j\u200bs": "script", "order.js\u200e": "script", "order\uff0ejs": "script", "order\u2024js": "script", "order\u3002js": "script", "order.\uff4a\uff53": "script",
		"cod\u202efdp.exe": "executable reversed_name", "cod\u2067fdp.txt": "reversed_name",
		"\u2067\u05d7\u05e9\u05d1\u05d5\u05df\u2069.pdf": "", // Hebrew, in its own direction
		"invoice.pdf.exe":  "double_extension executable",
		"invoice.pdf .exe": "double_extension executable",
		"invoice" + strings.Repeat(" ", 90) + ".exe":          "double_extension executable",
		"invoice.pdf" + strings.Repeat("\u2800", 90) + ".exe": "double_extension executable",
		"scan.htm.js": "double_extension script", "scan.pdf.html": "double_extension", "scan.html.html": "", "disk.pdf.img": "disk_image double_extension",
		strings.Repeat("a", 5000) + ".js": "script",
	} {
		if got := ids(Name(name)); got != want {
			t.Errorf("%.60q: %q, want %q", name, got, want)
		}
	}
}

func TestExtensions_listIsWellFormed(t *testing.T) {
	var order []string
	sources := map[rune]int{}
	for line := range strings.SplitSeq(extensionsText, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) < 5 || !slices.Contains([]Class{Program, Script, Image, Data}, Class(fields[1])) || !slices.Contains([]string{"link", "-"}, fields[2]) {
			t.Errorf("line %q", line)
			continue
		}
		order = append(order, fields[0])
		for _, s := range fields[3] {
			sources[s]++
		}
	}
	if !slices.IsSorted(order) || len(slices.Compact(slices.Clone(order))) != len(order) ||
		len(order) != len(extensions()) {
		t.Error("the extensions are not in order, or one stands twice")
	}
	// The page of Microsoft names 115 extensions, and all of them are here.
	if sources['O'] != 115 || sources['W'] < 120 || sources['F'] < 35 || sources['C'] == 0 {
		t.Errorf("sources: %v", sources)
	}
}

func TestLookUp(t *testing.T) {
	for extension, want := range map[string]Class{
		"exe": Program, "bat": Program, "js": Script, "hta": Script, "rdp": Script, "printerexport": Script, "psdm1": Script, "msu": Program, "wsb": Script,
		"iso": Image, "cer": Data, "pdf": Harmless, "zip": Harmless, "": Harmless, "{20d04fe0-3aea-1069-a2d8-08002b30309d}": Script,
	} {
		if got := LookUp(extension).Class; got != want {
			t.Errorf("%q: %q, want %q", extension, got, want)
		}
	}
}

func TestName_programUnderADocumentsName(t *testing.T) {
	program := []byte("MZ" + strings.Repeat("\x00", 58) + "\x40\x00\x00\x00PE\x00\x00" + strings.Repeat("\x00", 40))
	for name, want := range map[string]string{
		"invoice.pdf": "disguised_program executable type_mismatch", "": "executable", "setup.exe": "executable", "driver.sys": "executable", "x.pyd": "executable",
	} {
		if got := ids(Inspect(File{Name: name, Body: program}, limits()).Findings); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for name, body := range map[string]string{"a.txt": "MZ is the code of Mozambique, which this text is about.", "b.txt": "MZ\n\n\n"} {
		if got := ids(Inspect(File{Name: name, Body: []byte(body)}, limits()).Findings); got != "" {
			t.Errorf("%q: %q", name, got)
		}
	}
	inside := zipped(t, map[string][]byte{"package/_ssl.pyd": program, "bin/tool": program})
	if got := ids(Inspect(File{Name: "package.zip", Body: inside}, limits()).Findings); got != "archive_executable" {
		t.Errorf("a program in an archive of programs: %q", got)
	}
}

// Whatever a name holds, one of its readings ends as the name does, and nothing that takes no room changes what it is.
func FuzzName(f *testing.F) {
	for _, name := range []string{"order.js", "order.pdf.exe", "cod\u202efdp.exe", "order\uff0ejs", "a:b:c", "\x00.js", "..", "a.{x}", "\u2800.exe"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > maxName/2 {
			return
		}
		all := parseName(name)
		if len(all) == 0 {
			t.Fatal("no reading")
		}
		for _, reading := range all {
			if strings.HasSuffix(reading.extension, ".") || strings.ContainsAny(reading.extension, "/\\\x00") {
				t.Errorf("%q has the extension %q", name, reading.extension)
			}
		}
		hidden := parseName(name + "\u200b.j\u200bs")
		if !slices.ContainsFunc(hidden, func(f filename) bool { return f.extension == "js" }) {
			t.Errorf("%q with .js behind it is %+v", name, hidden)
		}
	})
}
