package score

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

// What attached files must show that other programs' parsers were seen to pass over: one of the signals, in each file
// of the folder.
func TestFiles_thatOthersPassOver(t *testing.T) {
	folders := map[string][]string{
		"07-uuencode":                   {"attachment.executable", "attachment.script"},
		"08-message-as-file":            {"attachment.executable", "attachment.html_login", "link.brand_host"},
		"09-html-file-without-html-tag": {"attachment.html_login", "attachment.html_redirect"},
		"10-zip-two-readings":           {"attachment.archive_executable"},
		"11-file-kinds":                 {"attachment.script", "attachment.archive_executable"},
		"24-picture-types":              {"attachment.script", "attachment.executable", "attachment.html_login", "link.brand_host"},
	}
	for folder, want := range folders {
		paths, err := filepath.Glob(filepath.Join("testdata", "files", folder, "*.eml"))
		if err != nil || len(paths) < 5 {
			t.Fatalf("%s: %d files, %v", folder, len(paths), err)
		}
		for _, path := range paths {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r := run(t, scorer(t, Options{}), string(body))
			seen := false
			for _, id := range want {
				seen = seen || has(r, id)
			}
			if !seen || r.Disposition == verdict.Clean {
				t.Errorf("%s: %s", path, summary(r))
			}
		}
	}
}

// filePart is a part of a message, in base64.
func filePart(fields string, body []byte) string {
	return "--b\n" + strings.Trim(fields, "\n") + "\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(body) + "\n"
}

// mixed is a message of a text and parts.
func mixed(parts ...string) string {
	return vary("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + longText + "\n" +
		strings.Join(parts, "") + "--b--\n")
}

// carrier is a message as a file, with a file in it.
func carrier(name string, body []byte) []byte {
	return []byte("From: x@y.example\r\nSubject: f\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=zz\r\n\r\n--zz\r\n\r\nSee the file.\r\n--zz\r\n" +
		"Content-Type: application/octet-stream; name=\"" + name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(body) + "\r\n--zz--\r\n")
}

func octets(name string) string {
	return "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"" + name + "\""
}

// archived is a web archive with a page in it.
func archived(fields, page string) []byte {
	return []byte(fields + "MIME-Version: 1.0\r\nContent-Type: multipart/related; type=\"text/html\"; boundary=q\r\n\r\n--q\r\nContent-Type: text/html\r\n" +
		"Content-Location: file:///C:/a.htm\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString([]byte(page)) + "\r\n--q--\r\n")
}

const loginPage = `<html><form action="https://x.example/"><input type="password"></form></html>`

func TestMessages_areReadWhereverTheyLie(t *testing.T) {
	program := []byte("MZ\x90\x00\x03" + strings.Repeat("\x00", 100))
	zip := func(name string, body []byte) []byte { return mailgen.Zip(false, mailgen.File{Name: name, Body: body}) }
	phish := []byte("From: a@b.example\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<a href=\"https://paypal.com.verify.example/\">x</a>")
	for name, c := range map[string]struct{ text, want string }{
		"message as bytes":                  {mixed(filePart(octets("a.eml"), carrier("order.exe", program))), "attachment.executable"},
		"message without a telling name":    {mixed(filePart(octets("a"), carrier("order.exe", program))), "attachment.executable"},
		"message under the name of a text":  {mixed(filePart(octets("a.txt"), carrier("order.exe", program))), "attachment.executable"},
		"message without any name":          {mixed(filePart("Content-Type: application/octet-stream", carrier("order.exe", program))), "attachment.executable"},
		"message as text":                   {mixed(filePart("Content-Type: text/plain; name=a.eml", carrier("order.exe", program))), "attachment.executable"},
		"message as a picture":              {mixed(filePart("Content-Type: image/png; name=a.eml", carrier("order.exe", program))), "attachment.executable"},
		"message/global":                    {mixed(filePart("Content-Type: message/global", carrier("order.exe", program))), "attachment.executable"},
		"message/rfc822, encoded":           {mixed(filePart("Content-Type: message/rfc822", carrier("order.exe", program))), "attachment.executable"},
		"message of a mailbox file":         {mixed(filePart(octets("a.eml"), append([]byte("From x@y.example Thu Nov 26 08:12:01 2026\r\n"), carrier("order.exe", program)...))), "attachment.executable"},
		"message with few fields":           {mixed(filePart(octets("a.eml"), []byte("Subject: x\r\nContent-Type: application/octet-stream; name=order.exe\r\n\r\nMZ"))), "attachment.executable"},
		"message in a zip":                  {mixed(filePart(octets("a.zip"), zip("a.eml", carrier("order.exe", program)))), "attachment.executable"},
		"message in a zip in a message":     {mixed(filePart(octets("a.eml"), carrier("a.zip", zip("b.eml", carrier("order.exe", program))))), "attachment.executable"},
		"zip in a message in a zip":         {mixed(filePart(octets("a.zip"), zip("a.eml", carrier("b.zip", zip("order.exe", program))))), "attachment.archive_executable"},
		"message in a message in a message": {mixed(filePart(octets("a.eml"), carrier("b.eml", carrier("c.eml", carrier("order.exe", program))))), "attachment.executable"},
		"page in a zip in a message":        {mixed(filePart(octets("a.eml"), carrier("a.zip", zip("a.html", []byte(loginPage))))), "attachment.html_login"},
		"the first of messages in a zip": {mixed(filePart(octets("a.zip"), mailgen.Zip(false, mailgen.File{Name: "a.eml", Body: carrier("order.exe", program)},
			mailgen.File{Name: "b.eml", Body: carrier("notes.txt", bytes.Repeat([]byte("notes "), 400))}))), "attachment.executable"},
		"page in a zip":                       {mixed(filePart(octets("a.zip"), zip("a.html", []byte(loginPage)))), "attachment.html_login"},
		"link in a message":                   {mixed(filePart(octets("a.eml"), phish)), "link.brand_host"},
		"link in a message in a zip":          {mixed(filePart(octets("a.zip"), zip("a.eml", phish))), "link.brand_host"},
		"web archive":                         {mixed(filePart(octets("a.mht"), archived("", loginPage))), "attachment.html_login"},
		"web archive with an author":          {mixed(filePart(octets("a.mhtml"), archived("From: <Saved by Blink>\r\nSubject: x\r\n", loginPage))), "attachment.html_login"},
		"web archive with an address":         {mixed(filePart(octets("a.mht"), archived("From: a@b.example\r\nTo: c@d.example\r\n", loginPage))), "attachment.html_login"},
		"web archive by its content":          {mixed(filePart(octets("a.dat"), archived("From: <Saved by Blink>\r\nSnapshot-Content-Location: https://x.example/\r\n", loginPage))), "attachment.html_login"},
		"web archive under a document's name": {mixed(filePart(octets("a.doc"), archived("", loginPage))), "attachment.html_login"},
		"web archive as message/rfc822":       {mixed(filePart("Content-Type: message/rfc822; name=a.mht", archived("", loginPage))), "attachment.html_login"},
		"web archive in a zip":                {mixed(filePart(octets("a.zip"), zip("a.mht", archived("", loginPage)))), "attachment.html_login"},
		"web archive of one page":             {mixed(filePart(octets("a.mht"), []byte("MIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Location: https://x.example/\r\n\r\n"+loginPage))), "attachment.html_login"},
		"drawing in a message":                {mixed(filePart(octets("a.eml"), carrier("a.svg", []byte("<svg><script>go()</script></svg>")))), "attachment.script"},
		"page without a name":                 {mixed(filePart("Content-Type: text/html\nContent-Disposition: attachment", []byte(loginPage))), "attachment.html_login"},
	} {
		r := run(t, scorer(t, Options{}), c.text)
		if !has(r, c.want) {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
}

// Mail that good people send, which looks like the above.
func TestMessages_goodOnesStayGood(t *testing.T) {
	reply := []byte("From: Ann <ann@sender.example>\r\nTo: Bob <bob.field@contoso.example>\r\nSubject: Re: papers\r\nMessage-ID: <2@sender.example>\r\nDate: Wed, 4 Nov 2026 09:12:40 +0000\r\n\r\n" +
		longText + "\r\nhttps://www.sender.example/papers\r\n")
	patch := []byte("From 1f0c2 Mon Sep 17 00:00:00 2001\nFrom: Ann <ann@sender.example>\nDate: Wed, 4 Nov 2026 09:12:40 +0000\nSubject: [PATCH] a change\n\n---\n a.c | 2 +-\n\ndiff --git a/a.c b/a.c\n")
	for name, text := range map[string]string{
		"message as bytes":   mixed(filePart(octets("Re papers.eml"), reply)),
		"message in a zip":   mixed(filePart(octets("papers.zip"), mailgen.Zip(false, mailgen.File{Name: "papers.eml", Body: reply}))),
		"patch":              mixed(filePart("Content-Type: text/x-patch; name=a.patch", patch)),
		"saved page":         mixed(filePart(octets("page.mht"), archived("From: <Saved by Blink>\r\n", "<html><h1>Opening hours</h1></html>"))),
		"minutes":            mixed(filePart("Content-Type: text/plain; name=minutes.txt", []byte("Subject: minutes\nDate: Wednesday\nFrom: 9 to 10\n\nWe spoke of the papers."))),
		"message under .com": mixed(filePart(octets("papers from sender.com"), reply)),
	} {
		r := run(t, scorer(t, Options{}), text)
		if r.Disposition != verdict.Clean {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
}

func TestPictures_whatOnlyCallsItselfOneIsLookedInto(t *testing.T) {
	picture := mailgen.QR("https://pay.other.example/1")
	image := func(name string, body []byte) string {
		return filePart("Content-Type: image/png\nContent-Disposition: inline; filename=\""+name+"\"", body)
	}
	five := strings.Repeat(image("logo.png", picture), 5)
	program := []byte("MZ\x90\x00\x03" + strings.Repeat("\x00", 10))
	for name, c := range map[string]struct{ text, want string }{
		"a small program":         {mixed(image("logo.png", program)), "attachment.disguised_program"},
		"a program, by its name":  {mixed(image("logo.exe", picture)), "attachment.executable"},
		"a script, fifth":         {mixed(five + image("logo.js", []byte("go()"))), "attachment.script"},
		"a page, fifth":           {mixed(five + image("logo.html", []byte(loginPage))), "attachment.html_login"},
		"a page with its mark":    {mixed(five + image("logo.html", []byte("GIF89a"+strings.Repeat("x", 100)+loginPage))), "attachment.html_login"},
		"an archive":              {mixed(five + image("logo.png", mailgen.Zip(false, mailgen.File{Name: "run.js", Body: []byte("x")}))), "attachment.archive_executable"},
		"a drawing, without name": {mixed(five + filePart("Content-Type: image/svg+xml", []byte("<svg><script>go()</script></svg>"))), "attachment.script"},
		"a drawing as PNG":        {mixed(five + image("logo.png", []byte("<svg><script>go()</script></svg>"))), "attachment.script"},
		"from a list":             {strings.Replace(mixed(image("logo.scr", program)), "From:", "List-Id: <x.example>\r\nList-Post: <mailto:x@x.example>\r\nFrom:", 1), "attachment.executable"},
		"turned name":             {mixed(image("logo\u202egnp.exe", picture)), "attachment.reversed_name"},
	} {
		r := run(t, scorer(t, Options{}), c.text)
		if !has(r, c.want) {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
	if r := run(t, scorer(t, Options{}), mixed(five)); r.Disposition == verdict.Malicious || has(r, "attachment.type_mismatch") {
		t.Errorf("five pictures: %s", summary(r))
	}
}

// The feeds are asked about what only calls itself a picture, by its content or by its name; about pictures they are
// not.
func TestPictures_whatOnlyCallsItselfOneIsAskedAbout(t *testing.T) {
	picture := mailgen.QR("https://pay.other.example/1")
	for name, c := range map[string]struct {
		head string
		body []byte
		want bool
	}{
		"a script":            {"image/jpeg; name=order.js", []byte("go()"), true},
		"a program as PNG":    {"image/png; name=logo.png", []byte("MZ\x90\x00\x03" + strings.Repeat("\x00", 10)), true},
		"a page":              {"image/gif; name=logo.html", []byte("GIF89a" + loginPage), true},
		"a drawing":           {"image/svg+xml; name=logo.svg", []byte("<svg><script>go()</script></svg>"), true},
		"an archive":          {"image/bmp", mailgen.Zip(false, mailgen.File{Name: "run.js", Body: []byte("x")}), true},
		"a picture":           {"image/png; name=logo.png", picture, false},
		"a picture, no name":  {"image/png", picture, false},
		"a picture as a JPEG": {"image/jpeg; name=logo.jpg", picture, false},
	} {
		r := run(t, scorer(t, Options{}), mixed(filePart("Content-Type: "+c.head, c.body)))
		asked := slices.ContainsFunc(r.Indicators, func(i verdict.Indicator) bool {
			return i == verdict.Indicator{Kind: "sha256", Value: fmt.Sprintf("%x", sha256.Sum256(c.body))}
		})
		if asked != c.want {
			t.Errorf("%s: asked about %v, want %v", name, asked, c.want)
		}
	}
}

// One budget is for all files of a message, however they lie in each other, and its end is a reason.
func TestFiles_oneBudgetForAll(t *testing.T) {
	zeros := bytes.Repeat([]byte("0123456789abcdef"), 7<<16)
	big := mailgen.Zip(false, mailgen.File{Name: "a.txt", Body: zeros})
	deep := carrier("order.exe", []byte("MZ"))
	for range 12 {
		deep = carrier("a.eml", deep)
	}
	var many strings.Builder
	for i := range 8 {
		many.WriteString(filePart(octets(fmt.Sprintf("%d.eml", i)), carrier("a.zip", big)))
	}
	for name, text := range map[string]string{
		"archives in messages": mixed(many.String()),
		"messages in messages": mixed(filePart(octets("a.eml"), deep)),
		"archives in archives": mixed(filePart(octets("a.zip"), nested(12))),
	} {
		if r := run(t, scorer(t, Options{}), text); !has(r, "structure.not_read") {
			t.Errorf("%s: the limit is not said: %s", name, summary(r))
		}
	}
}

// nested is an archive in an archive, and so on.
func nested(levels int) []byte {
	body := mailgen.Zip(false, mailgen.File{Name: "order.js", Body: []byte("x")})
	for range levels {
		body = mailgen.Zip(false, mailgen.File{Name: "a.zip", Body: body})
	}
	return body
}
