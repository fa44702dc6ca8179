package score

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"clawback/score/extract"
	"clawback/verdict"
)

// reason finds a signal in a verdict.
func reason(r Result, id string) (verdict.Reason, bool) {
	for _, one := range r.Reasons {
		if one.ID == id {
			return one, true
		}
	}
	return verdict.Reason{}, false
}

func TestUnread_isNoReasonToFlagGoodLargeMail(t *testing.T) {
	line := func(i int) string {
		return fmt.Sprintf("2026-11-04T09:%02d:%02d host%d app[%d]: request served in %d ms\n", i/60%60, i%60, i%7,
			100+i%900, i%250)
	}
	var log strings.Builder
	for i := range 20_000 {
		log.WriteString(line(i))
	}
	article := "<h2>News of the week</h2><p>" +
		strings.Repeat("The council met on Monday and spoke about the new bridge. ", 40) + "</p>"
	for name, text := range map[string]string{
		"a log as text":    vary("Subject: Build log\n\n" + log.String()),
		"a log as page":    page("Subject: Build log", "<pre>"+log.String()+"</pre>"),
		"a long newspaper": page("Subject: News of the week\nList-Unsubscribe: <https://sender.example/leave>", strings.Repeat(article, 200)),
	} {
		r := judge(t, text, "bob.field@contoso.example")
		if _, ok := reason(r, "structure.not_read"); !ok {
			t.Errorf("%s: nothing says that it was not read to its end; %s", name, summary(r))
		}
		if r.Disposition.Flagged() {
			t.Errorf("%s is %v: %s", name, r.Disposition, summary(r))
		}
	}
}

func TestUnread_namesWhatAndWhere(t *testing.T) {
	limits := extract.Default()
	limits.Octets = 4 << 10
	s, err := New(Options{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	text := vary("\n" + strings.Repeat("Some words of a long letter.\n", 1000))
	r, err := s.Score(context.Background(), Message{Original: strings.NewReader(text), Size: int64(len(text)), Recipients: []string{"bob.field@contoso.example"}})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := reason(r, "structure.not_read")
	if !ok || !strings.Contains(got.Text, fmt.Sprint(len(text))) || !strings.Contains(got.Text, "4096") ||
		got.Where != "message" {
		t.Errorf("reason %+v, %v: it should name %d bytes and the first 4096", got, ok, len(text))
	}
}

// A limit that is reached in a file, or behind one, is reported as one of the message's own is.
func TestUnread_inFilesToo(t *testing.T) {
	words := func(n int) string { return strings.Repeat("<p>some words of a long page</p>\n", n) }
	for name, text := range map[string]string{
		"an attached page":          attached("", longText, "page.html", "text/html", []byte("<html>"+words(40_000)+"</html>")),
		"a page in a page":          attached("", longText, "page.html", "text/html", []byte(`<html><iframe src="data:text/html,`+strings.Repeat("x", 3<<20)+`"></iframe></html>`)),
		"an attached page's sheets": attached("", longText, "page.html", "text/html", []byte("<html><style>"+strings.Repeat(".x{display:none}\n", 40_000)+"</style></html>")),
		"many attached pages":       vary("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/html; name=a.html\nContent-Disposition: attachment; filename=a.html\n\n<html><p>x</p></html>\n", maxPages+1) + "--b--\n"),
	} {
		if r := judge(t, text, "bob.field@contoso.example"); !has(r, "structure.not_read") {
			t.Errorf("%s: nothing says that it was not read to its end; %s", name, summary(r))
		}
	}
	for name, text := range map[string]string{
		"a page":      attached("", longText, "page.html", "text/html", []byte("<html>"+words(4_000)+"</html>")),
		"a few pages": vary("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/html; name=a.html\nContent-Disposition: attachment; filename=a.html\n\n<html><p>x</p></html>\n", maxPages) + "--b--\n"),
	} {
		if r := judge(t, text, "bob.field@contoso.example"); has(r, "structure.not_read") {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
}

// largePicture is a white picture of so many pixels to a side.
func largePicture(side int) []byte {
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	var out bytes.Buffer
	_ = png.Encode(&out, picture) // to memory
	return out.Bytes()
}

// What honest mail holds every day is said not to be searched, and flags nothing.
func TestUnsearched_isNoReasonToFlagGoodMail(t *testing.T) {
	photo := largePicture(4000)
	for name, text := range map[string]string{
		"a photograph":             attached("Subject: The site today\n", "The photo that you asked for.", "site.png", "image/png", photo),
		"one of a stranger's":      attached(gmail, "Hello, the photo that you asked for.", "site.png", "image/png", photo),
		"one that holds no letter": attached("", "", "site.png", "image/png", photo),
	} {
		r := judge(t, text, "bob.field@contoso.example")
		if got, ok := reason(r, "structure.not_searched"); !ok || got.Where == "" {
			t.Errorf("%s: nothing says that it was not searched; %s", name, summary(r))
		}
		if _, ok := reason(r, "structure.not_read"); ok || r.Disposition.Flagged() {
			t.Errorf("%s is %v: %s", name, r.Disposition, summary(r))
		}
	}
}
