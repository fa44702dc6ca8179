package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"slices"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/internal/test/testbed"
	"clawback/store"
)

// Pictures full of what a QR reader looks for: the choice of three finder patterns among n of them is cubic in n where
// nothing bounds it, and a picture of 780 bytes then keeps a worker for good.

// tiling is a picture full of finder patterns.
type tiling struct {
	width, height int
	module, step  int // pixels of a module; modules from one pattern to the next
	dark          bool
}

func (p tiling) String() string {
	return fmt.Sprintf("%dx%d, modules of %d, one in %d, dark %t", p.width, p.height, p.module, p.step, p.dark)
}

// picture has two colours, so that its file is small.
func (p tiling) picture() *image.Paletted {
	img := image.NewPaletted(image.Rect(0, 0, p.width, p.height), color.Palette{color.White, color.Black})
	for y := range p.height {
		for x := range p.width {
			a, b := x/p.module%p.step, y/p.module%p.step
			ring := a < 7 && b < 7 && (a == 0 || a == 6 || b == 0 || b == 6)
			if (ring || a >= 2 && a <= 4 && b >= 2 && b <= 4) != p.dark {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	return img
}

func (p tiling) png(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, p.picture()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (p tiling) gif(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := gif.Encode(&out, p.picture(), nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var tilings = []tiling{
	{560, 560, 1, 8, false}, {640, 640, 1, 8, false}, {640, 640, 1, 9, true}, {641, 639, 1, 11, false}, {1280, 1280, 2, 8, false},
	{2448, 2448, 1, 8, false}, {2448, 2448, 3, 8, true}, {6000, 1000, 1, 8, false}, {1000, 6000, 1, 10, false}, {160, 160, 1, 8, false},
}

// file is a part of a message.
func file(name, kind string, body []byte) string {
	return "--pic\r\nContent-Type: " + kind + "; name=\"" + name +
		"\"\r\nContent-Disposition: attachment; filename=\"" + name +
		"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(body) + "\r\n"
}

// wrapped is base64 in lines of 76 characters.
func wrapped(body []byte) string {
	var lines []string
	for part := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(body)), 76) {
		lines = append(lines, string(part))
	}
	return strings.Join(lines, "\r\n")
}

// carriers are the ways by which a picture comes with a message: each gives the message's parts.
var carriers = map[string]func(t *testing.T, p tiling) string{
	"a file": func(t *testing.T, p tiling) string { return file("scan.png", "image/png", p.png(t)) },
	"a GIF under another name": func(t *testing.T, p tiling) string {
		return file("scan.jpg", "application/octet-stream", p.gif(t))
	},
	"four files": func(t *testing.T, p tiling) string {
		return strings.Repeat(file("scan.png", "image/png", p.png(t)), 4)
	},
	"in the text": func(t *testing.T, p tiling) string {
		return "--pic\r\nContent-Type: text/html\r\n\r\n<p>Scan this:</p><img src=\"data:image/png;base64," +
			base64.StdEncoding.EncodeToString(p.png(t)) + "\">\r\n"
	},
	"beside the text": func(t *testing.T, p tiling) string {
		return "--pic\r\nContent-Type: text/html\r\n\r\n<p>Scan this:</p><img src=\"cid:code\">\r\n" +
			"--pic\r\nContent-Type: image/png\r\nContent-ID: <code>\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			wrapped(p.png(t)) + "\r\n"
	},
	"PDF, a bit a pixel": func(t *testing.T, p tiling) string {
		return file("scan.pdf", "application/pdf", mailgen.PDFImage(p.png(t), "bits"))
	},
	"PDF, six pictures": func(t *testing.T, p tiling) string {
		return file("scan.pdf", "application/pdf", bytes.Repeat(mailgen.PDFImage(p.png(t), "bits"), 6))
	},
	"PDF, JPEG": func(t *testing.T, p tiling) string {
		return file("scan.pdf", "application/pdf", mailgen.PDFImage(p.png(t), "jpeg"))
	},
	"DOCX": func(t *testing.T, p tiling) string {
		return file("form.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", mailgen.Zip(false,
			mailgen.File{Name: "[Content_Types].xml", Body: []byte(`<?xml version="1.0"?><Types/>`)},
			mailgen.File{Name: "word/document.xml", Body: []byte(`<w:document><w:body><w:p/></w:body></w:document>`)},
			mailgen.File{Name: "word/media/image1.png", Body: p.png(t)}, mailgen.File{Name: "word/media/image2.png", Body: p.png(t)}))
	},
	"archive in an archive": func(t *testing.T, p tiling) string {
		inner := mailgen.Zip(false, mailgen.File{Name: "a.png", Body: p.png(t)}, mailgen.File{Name: "b.png", Body: p.png(t)})
		return file("scans.zip", "application/zip", mailgen.Zip(false, mailgen.File{Name: "inner.zip", Body: inner},
			mailgen.File{Name: "scan.pdf", Body: mailgen.PDFImage(p.png(t), "bits")}))
	},
	"tar.gz": func(t *testing.T, p tiling) string {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		w := tar.NewWriter(z)
		for n := range 8 {
			body := p.png(t)
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%d.png", n), Mode: 0o600, Size: int64(len(body))}); err != nil {
				t.Fatal(err)
			}
			w.Write(body)
		}
		w.Close()
		z.Close()
		return file("scans.tar.gz", "application/gzip", out.Bytes())
	},
	"an attached message": func(t *testing.T, p tiling) string {
		return "--pic\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@outside.example\r\nSubject: scan\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: image/png; name=scan.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(p.png(t)) + "\r\n"
	},
}

// scan is a message with one such picture; its network message id is l's.
func scan(t *testing.T, n int, p tiling, carry func(*testing.T, tiling) string) letterback {
	l := newLetterback(n, func(string) string { return "" })
	l.evil = "From: Scanner <scan@evil.example>\r\nTo: sales@contoso.example\r\nSubject: Your scan\r\nMessage-ID: " +
		l.mid() +
		"\r\nDate: Mon, 02 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=pic\r\n\r\n" +
		"--pic\r\nContent-Type: text/plain\r\n\r\nPlease find the scan.\r\n" + carry(t, p) + "--pic--\r\n"
	return l
}

// Pictures of every size and pattern, however they come, are judged: nothing else waits for them, nothing is put aside,
// and neither SIGTERM nor kills in the middle of it change that.
func TestAttack_picturesFullOfFinderPatterns(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	var all []letterback
	for _, p := range tilings {
		all = append(all, scan(t, len(all)+1, p, carriers["a file"]))
	}
	for name, carry := range carriers {
		for _, p := range []tiling{tilings[1], tilings[5]} {
			l := scan(t, len(all)+1, p, carry)
			if len(l.evil) > 6<<20 {
				t.Fatalf("%s of %s has %d bytes: the attack is not small any more", name, p, len(l.evil))
			}
			all = append(all, l)
		}
	}
	quarter := len(all) / 4
	w.floodOf(all[:quarter])
	w.innocents(0)
	if err := w.Stop(); err != nil { // within its grace, whatever its workers do
		t.Errorf("SIGTERM while pictures are read: %v\n%s", err, w.LogTail())
	}
	for n := 1; n < 4; n++ {
		w.up()
		w.floodOf(all[n*quarter : (n+1)*quarter])
		w.innocents(n)
		if n < 3 {
			w.Kill()
		}
	}
	w.floodOf(all[4*quarter:])
	w.innocents(4)
	for _, l := range all {
		w.seen(l.nid())
	}
	w.nothingPutAside()
}

// floodOf sends the reports of the letters.
func (w *world) floodOf(all []letterback) {
	w.t.Helper()
	for _, l := range all {
		w.send(w.reportOf(l, "5e1d", l.transport(l.nid())+l.evil))
	}
}

// innocents fails unless a good report that comes now is judged beside all other work, and a bad one retracted.
func (w *world) innocents(n int) {
	w.t.Helper()
	good, err := testbed.Write(false, 100+n, "sales@contoso.example")
	if err != nil {
		w.t.Fatal(err)
	}
	bad, err := testbed.Write(true, 200+n, "busy@contoso.example")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range []testbed.Letter{good, bad} {
		if _, err := w.Bed.Deliver(l); err != nil {
			w.t.Fatal(err)
		}
		w.send(l.Report)
	}
	w.seen(good.MessageID)
	w.ends(bad.MessageID, map[string]store.Outcome{bad.Mailbox: store.Done})
}

// nothingPutAside fails where anything is in quarantine, or was bounced.
func (w *world) nothingPutAside() {
	w.t.Helper()
	if out := w.must("queue", "list", "--state", "quarantined", "--json"); strings.TrimSpace(out) != `{"items":[]}` {
		w.t.Errorf("in quarantine:\n%s", out)
	}
	if m := w.Receiver.Messages(); len(m) > 0 {
		w.t.Errorf("%d bounces; the first:\n%.2000s", len(m), m[0])
	}
}
