package attach

import (
	"testing"

	"clawback/internal/test/outlooktest"
)

// newerKinds are small files of the kinds whose readers are written by hand, for the fuzz target.
func newerKinds(t testing.TB) map[string][]byte {
	t.Helper()
	m := outlooktest.Message{ID: "<a@x>", Subject: "s", Body: "See https://x.example/", Files: []string{"x"}}
	return map[string][]byte{
		"a.msg": m.MSG(), "b.dat": m.TNEF(), "a.tar": tarTwoNames(t, "run.js", "notes.txt"), "b.tar": tarUnmarked(t, "run.js"), "a.zst": zstdOf(t, []byte("x")),
		"a.svg":  []byte(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x "<script>">]><svg><use href="data:image/svg+xml;base64,PHN2Zz4="/></svg>`),
		"a.html": []byte(`<iframe srcdoc="&lt;form&gt;"><meta content="0;url=data:text/html,%3Cp%3E">`),
		"a.rdp":  []byte("full address:s:x\r\nredirectdrives:i:1\r\n"),
		"a.p7m":  signed(ber, oidSigned, ber(0x24, der(0x04, []byte("From: a@b\r\n\r\nx")))),
		"a.mso":  []byte("ActiveMime\x00\x00\x78\x9c\x03\x00"),
		"a.txt":  uuOf("a.js", []byte("x")),
		"a.mht":  []byte("MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n"),
		"b.pdf":  []byte("%PDF-1.5\n<< /UF (a.js) /EmbeddedFile >> stream\nx"),
		"b.zip":  madeZip(zipEntryOf{name: "a.txt", local: "b.js", body: "x", extra: unicodeExtra("c.js")}),
		"c.rar":  append([]byte("junk"), rarFour(0x30, 0x200, "n\x00\x00\x54run", []byte("x"))...),
	}
}
