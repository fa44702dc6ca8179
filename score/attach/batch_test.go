package attach

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/mailgen"
)

func TestPlain_isWhatNeedsNoDecoder(t *testing.T) {
	for name, body := range map[string]string{
		"notes.txt": "Call Ann.", "page.html": "<html><a href=https://a.example/>x</a>", "drawing.svg": "<svg></svg>", "run.exe": "MZ and more",
		"empty": "", "noise.bin": "\x01\x02\x03\xff",
	} {
		f := File{Name: name, Body: []byte(body)}
		limits, before := Default(), Default()
		if Inspect(f, &limits); !Plain(f) || limits != before {
			t.Errorf("%s: plain %v, %+v left of %+v", name, Plain(f), limits, before)
		}
	}
	for name, body := range map[string][]byte{
		"a.zip": mailgen.Zip(false), "a.pdf": mailgen.PDF("https://a.example/"), "a.png": mailgen.QR("https://a.example/"), "a.7z": archive(t, "solid.7z"),
		"a.rtf": []byte("{\\rtf1 }"), "winmail.dat": tnef("a.js", []byte("x")), "a.one": oneNoteFile([]byte("MZ and more")), "a.cab": cabinet(1),
		"in disguise.txt": mailgen.PDF("https://a.example/"),
	} {
		if Plain(File{Name: name, Body: body}) {
			t.Errorf("%s is said to be plain", name)
		}
	}
}

func TestUnopened_saysWhatNameAndFirstBytesSay(t *testing.T) {
	for _, c := range []struct {
		file File
		kind string
		ids  []string
	}{
		{File{Name: "Invoice.PDF.exe", Body: []byte("MZ\x90\x00\x03\x00\x00\x00")}, "dos", []string{"executable", "double_extension"}},
		{File{Name: "a.js"}, "", []string{"script"}},
		{File{Name: "a.zip", Body: mailgen.Zip(false, mailgen.File{Name: "a.exe", Body: []byte("MZ")})}, "zip", nil},
		{File{Name: "a.pdf", Body: []byte("MZ\x90\x00\x03\x00\x00\x00")}, "dos", []string{"disguised_program", "executable", "type_mismatch"}},
	} {
		r := Unopened(c.file)
		var ids []string
		for _, f := range r.Findings {
			ids = append(ids, f.ID)
		}
		if diff := cmp.Diff(c.ids, ids); diff != "" || r.Kind != c.kind {
			t.Errorf("%s: %q %s", c.file.Name, r.Kind, diff)
		}
	}
}
