package attach

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"clawback/internal/test/outlooktest"
)

func bodies(r Report) (all string) {
	for _, m := range r.Messages {
		for _, line := range strings.Split(string(m.Raw), "\r\n") {
			if text, err := base64.StdEncoding.DecodeString(line); err == nil && len(line) > 8 {
				all += string(text) + "\n"
			}
		}
	}
	return all
}

func TestOutlook_messagesInItsFormatsAreLookedInto(t *testing.T) {
	program := "MZ\x90\x00\x03" + strings.Repeat("\x00", 90)
	m := outlooktest.Message{ID: "<a@x>", Subject: "papers", Body: "See https://paypal.com.verify.example/", Files: []string{"notes", program}}
	outer := outlooktest.Message{ID: "<b@x>", Subject: "fw", Attached: []outlooktest.Message{m}}
	for name, body := range map[string][]byte{
		"msg": m.MSG(), "winmail.dat": m.TNEF(), "msg in msg": outer.MSG(), "message in winmail.dat": outer.TNEF(),
		"msg in a zip": madeZip(zipEntryOf{name: "a.msg", body: string(m.MSG())}),
	} {
		r := Inspect(File{Name: "a.bin", Body: body}, limits())
		if got := ids(r.Findings); got != "archive_executable" {
			t.Errorf("%s: %q", name, got)
		}
		if !strings.Contains(bodies(r), "https://paypal.com.verify.example/") {
			t.Errorf("%s: its text is %q", name, bodies(r))
		}
	}
	calm := outlooktest.Message{ID: "<a@x>", Subject: "papers", Body: "Here are the papers.", Files: []string{"notes"}}
	for name, body := range map[string][]byte{"msg": calm.MSG(), "winmail.dat": calm.TNEF()} {
		if r := Inspect(File{Name: "a.msg", Body: body}, limits()); len(r.Findings) > 0 || r.Unreadable != "" || len(r.NotRead) > 0 {
			t.Errorf("a good %s: %+v", name, r)
		}
	}
}

// A file of winmail.dat has a short name and a long one.
func TestTNEF_eachNameIsJudged(t *testing.T) {
	attribute := func(id uint32, value []byte) []byte {
		out := binary.LittleEndian.AppendUint32([]byte{2}, id)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(value)))
		return append(append(out, value...), 0, 0)
	}
	long := func(name string) []byte {
		value := append(utf16Of(binary.LittleEndian, false, name), 0, 0)
		out := binary.LittleEndian.AppendUint32([]byte{1, 0, 0, 0, 0x1f, 0, 0x07, 0x37, 1, 0, 0, 0}, uint32(len(value)))
		return append(append(out, value...), make([]byte, -len(value)&3)...)
	}
	file := func(title, name string) []byte {
		return cat([]byte("\x78\x9f\x3e\x22\x01\x00"), attribute(attRendData, make([]byte, 14)),
			attribute(attTitle, []byte(title+"\x00")),
			attribute(attData, []byte("notes")), attribute(attFile, long(name)))
	}
	for _, c := range []struct{ title, name, want string }{
		{"NOTES.TXT", "notes of the meeting.txt", ""}, {"NOTES.TXT", "notes.js", "archive_executable"}, {"NOTES.JS", "notes.txt", "archive_executable"},
	} {
		if got := ids(Inspect(File{Name: "winmail.dat", Body: file(c.title, c.name)}, limits()).Findings); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.title, c.name, got, c.want)
		}
	}
}

func TestDecompressRTF_asTheSpecificationShows(t *testing.T) {
	// MS-OXRTFCP, section 3.1.1.
	packed := []byte("\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125B2\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0")
	if got, want := string(decompressRTF(packed)), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	plain := []byte("\x00\x00\x00\x00\x00\x00\x00\x00MELA\x00\x00\x00\x00{\\rtf1 x}")
	if got := string(decompressRTF(plain)); got != "{\\rtf1 x}" {
		t.Errorf("%q", got)
	}
}

func TestOLE_packagedFilesGoByTheList(t *testing.T) {
	native := func(name, body string) []byte {
		out := []byte("\x00\x00\x00\x00\x02\x00" + name + "\x00C:\\a\\" + name + "\x00\x00\x00\x03\x00")
		out = binary.LittleEndian.AppendUint32(out, 5)
		out = append(out, "C:\\a\x00"...)
		return append(binary.LittleEndian.AppendUint32(out, uint32(len(body))), body...)
	}
	for name, c := range map[string]struct{ file, body, want string }{
		"script": {"invoice.js", "x", "archive_executable"}, "connection": {"a.rdp", "x", "archive_executable"}, "link": {"a.library-ms", "x", "archive_executable"},
		"document": {"notes.txt", "notes", ""}, "program under another name": {"notes.txt", "MZ\x90\x00\x03\x00", "archive_executable disguised_program type_mismatch"},
		"archive": {"notes.zip", string(madeZip(zipEntryOf{name: "a.js", body: "x"})), "archive_executable"},
	} {
		doc := outlooktest.Document(map[string][]byte{"ObjectPool/_1/\x01Ole10Native": native(c.file, c.body)})
		if got := ids(Inspect(File{Name: "a.doc", Body: doc}, limits()).Findings); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Word saves macros of a web archive in a form of its own.
func TestActiveMime_macrosOfAWebArchive(t *testing.T) {
	doc := outlooktest.Document(map[string][]byte{"Macros/VBA/ThisDocument": module("Attribute VB_Name\nSub AutoOpen()\nShell \"x\"\nEnd Sub")})
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(doc)
	z.Close()
	body := cat([]byte("ActiveMime\x00\x00\x01\xf0\x04\x00\x00\x00\xff\xff\xff\xff\x00\x00\x07\xf0"), make([]byte, 26),
		packed.Bytes())
	if got := ids(Inspect(File{Name: "editdata.mso", Body: body}, limits()).Findings); got != "macro macro_autorun" {
		t.Errorf("%q", got)
	}
	if r := Inspect(File{Name: "editdata.mso", Body: []byte("ActiveMime and nothing more")}, limits()); r.Unreadable == "" {
		t.Error("what holds nothing is not said to")
	}
}

func TestRTF_links(t *testing.T) {
	r := Inspect(File{Name: "a.rtf", Body: []byte(`{\rtf1{\field{\*\fldinst HYPERLINK "https://x.example/a"}{\fldrslt here}}}`)}, limits())
	if len(r.Links) != 1 || r.Links[0].URL != "https://x.example/a" {
		t.Errorf("%v", r.Links)
	}
}
