package score

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
)

// base is a message that nothing is wrong with. Cases change header fields and the body.
const base = `Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=sender.example; dkim=pass header.d=sender.example;dmarc=pass action=none header.from=sender.example;compauth=pass reason=100
Received: from mx.sender.example by x.mail.protection.outlook.com
From: Ann Example <ann@sender.example>
To: Bob Field <bob.field@contoso.example>
Subject: Lunch on Thursday
Message-ID: <1@sender.example>
Date: Wed, 4 Nov 2026 09:12:40 +0000

Shall we meet for lunch at noon? I could come to your office.
`

// vary changes base: "Name: value" lines replace header fields ("Name:" alone removes one), and what follows a blank
// line is the body.
func vary(change string) string {
	header, body, hasBody := strings.Cut(change, "\n\n")
	if strings.HasPrefix(change, "\n") && !strings.HasPrefix(change, "\nX-Test:") &&
		!strings.HasPrefix(change, "\nMIME-") {
		header, body, hasBody = "", strings.TrimPrefix(change, "\n"), true
	}
	baseHeader, baseBody, _ := strings.Cut(base, "\n\n")
	lines := strings.Split(baseHeader, "\n")
	for _, line := range strings.Split(header, "\n") {
		name, value, found := strings.Cut(line, ":")
		if !found {
			continue
		}
		lines = replaceField(lines, name, value)
	}
	if !hasBody {
		body = baseBody
	}
	return strings.ReplaceAll(strings.Join(lines, "\n")+"\n\n"+body, "\n", "\r\n")
}

// replaceField puts a field in the place of the one of its name, or behind all where there is none.
func replaceField(lines []string, name, value string) []string {
	at := slices.IndexFunc(lines, func(line string) bool {
		return strings.HasPrefix(strings.ToLower(line), strings.ToLower(name)+":")
	})
	blank := strings.TrimSpace(value) == ""
	switch {
	case at < 0 && blank:
		return lines
	case at < 0:
		return append(lines, name+":"+value)
	case blank:
		return slices.Delete(lines, at, at+1)
	}
	lines[at] = name + ":" + value
	return lines
}

// page is a message with an HTML body beside its plain one.
func page(change, html string) string {
	return vary(strings.Trim(change, "\n") + "\nX-Test: page\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the page, please.\n--b\nContent-Type: text/html; charset=utf-8\n\n" + html + "\n--b--\n")
}

// link is a page with one link and some words.
func link(href, label string) string {
	return page("", `<p>Shall we meet for lunch at noon? I could come to your office.</p><a href="`+href+`">`+label+`</a>`)
}

// attached is a message with one file.
func attached(change, text, name, kind string, body []byte) string {
	return vary(strings.Trim(change, "\n") + "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n" + text +
		"\n--b\nContent-Type: " + kind + "; name=\"" + name + "\"\n" +
		"Content-Disposition: attachment; filename=\"" + name + "\"\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(body) + "\n--b--\n")
}

const longText = "Dear Bob, here are the papers for the meeting on Thursday that we spoke of last week. I have marked the places that changed since the spring, and the figures are now those of the third quarter."

const (
	gmail     = "From: Ann Example <ann@gmail.com>\nAuthentication-Results: spf=pass smtp.mailfrom=gmail.com; dkim=pass header.d=gmail.com;dmarc=pass header.from=gmail.com;compauth=pass reason=100\n"
	unsigned  = "Authentication-Results: spf=none smtp.mailfrom=sender.example; dkim=none header.d=none;dmarc=none action=none header.from=sender.example;compauth=softpass reason=201\n"
	incomings = "X-MS-Exchange-Organization-MessageDirectionality: Incoming\n"
)

// signalCase shows one signal: a message that has it, and one near it that has not.
type signalCase struct {
	id   string
	hit  string
	miss string
}

func signalCases() []signalCase {
	var all []signalCase
	for _, part := range [][]signalCase{authCases(), linkCases(), fileCases(), claimCases(), wordCases(), shapeCases(), microsoftCases()} {
		all = append(all, part...)
	}
	return all
}

func authCases() []signalCase {
	auth := func(s string) string { return vary("Authentication-Results: " + s) }
	return []signalCase{
		{"auth.spf_fail", auth("spf=fail smtp.mailfrom=sender.example; dkim=none header.d=none;dmarc=none header.from=sender.example"), vary("")},
		{"auth.spf_softfail", auth("spf=softfail smtp.mailfrom=sender.example; dkim=none header.d=none"), vary("")},
		{"auth.spf_none", vary(unsigned), vary("")},
		{"auth.dmarc_fail", auth("spf=pass smtp.mailfrom=other.example; dkim=none header.d=none;dmarc=fail action=none header.from=sender.example"), vary("")},
		{"auth.dmarc_reject", auth("spf=pass smtp.mailfrom=other.example; dkim=none header.d=none;dmarc=fail action=oreject header.from=sender.example"),
			auth("spf=pass smtp.mailfrom=other.example; dkim=none header.d=none;dmarc=fail action=none header.from=sender.example")},
		{"auth.dmarc_fail_arc", auth("spf=pass smtp.mailfrom=lists.example; dmarc=fail action=none header.from=sender.example;compauth=pass reason=130"), vary("")},
		{"auth.dmarc_fail_list", vary("List-Id: <l.lists.example>\nList-Post: <mailto:l@lists.example>\nAuthentication-Results: spf=pass smtp.mailfrom=lists.example; dmarc=fail action=none header.from=sender.example;compauth=pass reason=100"), vary("")},
		{"auth.compauth_fail", auth("spf=pass smtp.mailfrom=other.example; dmarc=fail action=none header.from=sender.example;compauth=fail reason=001"), vary("")},
		{"auth.own_domain_forged", vary("From: Eve <eve@contoso.example>\nAuthentication-Results: spf=fail smtp.mailfrom=contoso.example; dmarc=fail action=none header.from=contoso.example;compauth=fail reason=000"),
			vary("From: Eve <eve@contoso.example>\nAuthentication-Results: spf=pass smtp.mailfrom=contoso.example; dmarc=pass action=none header.from=contoso.example;compauth=pass reason=100")},
		{"auth.own_domain_unproven", vary("From: Eve <eve@contoso.example>\nAuthentication-Results: spf=none smtp.mailfrom=contoso.example; dkim=none header.d=none;dmarc=none header.from=contoso.example"),
			vary("From: Eve <eve@contoso.example>\nAuthentication-Results: spf=pass smtp.mailfrom=contoso.example; dmarc=pass header.from=contoso.example")},
		{"auth.dkim_fail", auth("spf=pass smtp.mailfrom=sender.example; dkim=fail (body hash did not verify) header.d=sender.example;dmarc=pass header.from=sender.example"), vary("")},
		{"auth.foreign_tenant", auth("spf=none smtp.mailfrom=sender.example; dkim=pass header.d=strangers.onmicrosoft.com;dmarc=none header.from=sender.example"),
			auth("spf=pass smtp.mailfrom=sender.example; dkim=pass header.d=strangers.onmicrosoft.com;dmarc=pass header.from=sender.example")},
		{"auth.unaligned", auth("spf=pass smtp.mailfrom=mailer.example; dkim=pass header.d=mailer.example;dmarc=none header.from=sender.example"), vary("")},
	}
}

func linkCases() []signalCase {
	plain := link("https://www.sender.example/menu", "the menu")
	return []signalCase{
		{"link.text_href_mismatch", link("https://login.other.example/x", "https://www.bank.example/login"), link("https://www.bank.example/x", "https://www.bank.example/login")},
		{"link.brand_host", link("https://paypal-help.example/x", "here"), link("https://www.paypal.com/help", "here")},
		{"link.own_lookalike", link("https://c0ntoso.example/x", "here"), link("https://www.contoso.example/x", "here")},
		{"link.mixed_script", link("https://p\u0430ypal.example/x", "here"), plain},
		{"link.punycode", link("https://m\u00fcnchen-caf\u00e9.example/x", "here"), plain},
		{"link.userinfo", link("https://www.bank.example@198.51.100.7/x", "here"), plain},
		{"link.ip_host", link("http://198.51.100.7/x", "here"), plain},
		{"link.ip_odd", link("http://0xC6336407/x", "here"), link("http://198.51.100.7/x", "here")},
		{"link.port", link("http://www.other.example:8443/x", "here"), link("http://www.other.example:443/x", "here")},
		{"link.shortener", link("https://tinyurl.com/abc", "here"), plain},
		{"link.file_host", link("https://www.4shared.com/file/abc", "here"), plain},
		{"link.free_subdomain", link("https://something.web.app/x", "here"), plain},
		{"link.dynamic_dns", link("https://home.duckdns.org/x", "here"), plain},
		{"link.ipfs", link("https://gateway.example/ipfs/QmAbc", "here"), plain},
		{"link.cheap_tld", link("https://offers-today.click/x", "here"), plain},
		{"link.random_host", link("https://xkqzvbnrtw.example/x", "here"), plain},
		{"link.recipient_in_url", link("https://www.other.example/p#bob.field@contoso.example", "here"), link("https://www.other.example/p#ann@sender.example", "here")},
		{"link.open_redirect", link("https://www.google.com/url?q=https://evil.example/x", "here"), link("https://www.google.com/url?q=https://www.youtube.com/x", "here")},
		{"link.purpose_host", link("https://secure-login.example/x", "here"), link("https://login.sender.example/x", "here")},
		{"link.lone_first", page("", `<a href="https://www.other.example/x">Sign in</a><a href="https://www.bank.example/a">Help</a><a href="https://www.bank.example/b">Terms</a>`),
			page("", `<a href="https://www.bank.example/x">Sign in</a><a href="https://www.bank.example/a">Help</a><a href="https://www.bank.example/b">Terms</a>`)},
		{"link.foreign_only", link("https://www.other.example/x", "here"), plain},
		{"link.foreign_page", vary("Content-Type: text/html\n\n<p>" + longText + ` <a href="https://www.other.example/x">here</a></p>`), link("https://www.other.example/x", "here")},
		{"link.token", vary("From: Ann <ann@offers-now.click>\n\nhttp://offers-now.click/nq3VdUTz_75tdLn8j36umF6YDrT524bHiz5ffPCZ"), vary("From: Ann <ann@offers-now.click>\n\nhttp://offers-now.click/menu")},
		{"link.deep_path", link("https://www.other.example/wp-content/uploads/x.php", "here"), plain},
		{"link.program", link("https://www.other.example/get/invoice.vbs?x=1", "here"), link("https://www.other.example/get/invoice.php?x=1", "here")},
		{"link.qr", attached("", "Scan it.", "code.png", "image/png", mailgen.QR("https://pay.other.example/1")), attached("", "Look.", "code.png", "image/png", []byte("\x89PNG\r\n\x1a\nno picture"))},
		{"link.qr_lure", attached("", "Please scan the code to sign.", "code.png", "image/png", mailgen.QR("https://pay.other.example/1")),
			attached("", "Please scan the code to sign.", "code.png", "image/png", mailgen.QR("https://pay.sender.example/1"))},
		{"link.odd_host", link("https://\u00b1shed.other.example/x", "here"), link("https://caf\u00e9.other.example/x", "here")},
		{"link.padded", link("      https://www.other.example/x", "here"), link(" https://www.other.example/x", "here")},
		{"link.html_form", page("", `<form action="https://www.other.example/collect"><input name=q></form>`), page("", `<p>no form</p>`)},
		{"link.password_form", page("", `<form action="https://www.other.example/collect"><input type=password></form>`), page("", `<form action="https://www.other.example/collect"><input name=q></form>`)},
	}
}

func fileCases() []signalCase {
	zip := func(name, body string) []byte {
		return mailgen.Zip(false, mailgen.File{Name: name, Body: []byte(body)})
	}
	file := func(name, kind string, body []byte) string { return attached("", longText, name, kind, body) }
	text := file("notes.txt", "text/plain", []byte("notes"))
	html := func(body string) string {
		return file("page.html", "text/html", []byte("<html><body>"+body+"</body></html>"))
	}
	calm := html("<h1>Report</h1>")
	return []signalCase{
		{"attachment.executable", file("setup.exe", "application/octet-stream", []byte("MZ\x90\x00\x03")), text},
		{"attachment.script", file("run.vbs", "text/plain", []byte("x = 1")), text},
		{"attachment.disguised_program", file("photo.jpg", "image/jpeg", append([]byte("MZ\x90\x00\x03"), make([]byte, 500)...)), file("setup.exe", "application/octet-stream", []byte("MZ\x90\x00\x03\x00"))},
		{"attachment.double_extension", file("invoice.pdf.exe", "application/octet-stream", []byte("MZ\x90\x00\x03")), file("invoice.v2.pdf", "application/pdf", mailgen.PDF("https://www.sender.example/"))},
		{"attachment.reversed_name", file("cod\u202egnp.exe", "application/octet-stream", []byte("x")), text},
		{"attachment.type_mismatch", file("report.pdf", "application/pdf", zip("a.txt", "x")), file("report.pdf", "application/pdf", mailgen.PDF("https://www.sender.example/"))},
		{"attachment.disk_image", file("files.iso", "application/octet-stream", make([]byte, 100)), text},
		{"attachment.archive_executable", file("files.zip", "application/zip", zip("run.js", "x")), file("files.zip", "application/zip", zip("notes.txt", "x"))},
		{"attachment.rare_archive", file("files.ace", "application/octet-stream", append(make([]byte, 7), "**ACE** and more"...)), file("files.zip", "application/zip", zip("notes.txt", "x"))},
		{"attachment.archive_bomb", file("files.zip", "application/zip", zip("zeros.bin", strings.Repeat("\x00", 12<<20))), file("files.zip", "application/zip", zip("zeros.bin", strings.Repeat("\x00", 1<<20)))},
		{"attachment.blocked_type", file("site.crt", "application/octet-stream", []byte("x")), text},
		{"attachment.two_readings", file("files.zip", "application/zip", append(zip("notes.txt", "x"), zip("other.txt", "y")...)), file("files.zip", "application/zip", zip("notes.zip", string(zip("notes.txt", "x"))))},
		{"attachment.unreadable", file("files.zip", "application/zip", []byte("PK\x03\x04 and no more")), file("files.zip", "application/zip", zip("notes.txt", "x"))},
		{"attachment.encrypted", file("files.zip", "application/zip", mailgen.Zip(true, mailgen.File{Name: "a.docx", Body: []byte("x")})), file("files.zip", "application/zip", zip("a.docx", "x"))},
		{"attachment.encrypted_password", attached("", "The password is 1234.", "files.zip", "application/zip", mailgen.Zip(true, mailgen.File{Name: "a.docx", Body: []byte("x")})),
			attached("", "The password is 1234.", "files.zip", "application/zip", zip("a.docx", "x"))},
		{"attachment.macro", file("book.xlsm", "application/octet-stream", office("xl/vbaProject.bin", "x")), file("book.xlsx", "application/octet-stream", office("xl/workbook.xml", "x"))},
		{"attachment.macro_xlm", file("book.xlsm", "application/octet-stream", office("xl/macrosheets/sheet1.xml", "x")), file("book.xlsx", "application/octet-stream", office("xl/worksheets/sheet1.xml", "x"))},
		{"attachment.remote_template", file("a.docx", "application/octet-stream", mailgen.Docx("attachedTemplate", "https://t.example/t.dotm")), file("a.docx", "application/octet-stream", mailgen.Docx("hyperlink", "https://t.example/"))},
		{"attachment.remote_object", file("a.docx", "application/octet-stream", mailgen.Docx("oleObject", "https://t.example/x")), file("a.docx", "application/octet-stream", mailgen.Docx("hyperlink", "https://t.example/"))},
		{"attachment.dde", file("a.docx", "application/octet-stream", office("word/document.xml", `<w:instrText>DDEAUTO c:\\x</w:instrText>`)), file("a.docx", "application/octet-stream", office("word/document.xml", `<w:t>an address</w:t>`))},
		{"attachment.rtf_object", file("a.rtf", "application/rtf", []byte(`{\rtf1 {\object\objupdate x}}`)), file("a.rtf", "application/rtf", []byte(`{\rtf1 hello}`))},
		{"attachment.pdf_launch", file("a.pdf", "application/pdf", []byte("%PDF-1.4\n1 0 obj << /S /Launch /F (x.exe) >>\n")), file("a.pdf", "application/pdf", mailgen.PDF("https://www.sender.example/"))},
		{"attachment.pdf_script", file("a.pdf", "application/pdf", []byte("%PDF-1.4\n1 0 obj << /S /JavaScript /JS (x) >>\n")), file("a.pdf", "application/pdf", mailgen.PDF("https://www.sender.example/"))},
		{"attachment.pdf_file", file("a.pdf", "application/pdf", []byte("%PDF-1.4\n1 0 obj << /Type /EmbeddedFile >>\n")), file("a.pdf", "application/pdf", mailgen.PDF("https://www.sender.example/"))},
		{"attachment.pdf_link", attached("", "See the file.", "a.pdf", "application/pdf", mailgen.PDF("https://www.other.example/")), attached("", strings.Repeat(longText+" ", 3), "a.pdf", "application/pdf", mailgen.PDF("https://www.other.example/"))},
		{"attachment.pdf_empty", file("a.pdf", "application/pdf", []byte("%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n")), file("a.pdf", "application/pdf", mailgen.PDF("https://www.sender.example/"))},
		{"attachment.pdf_free_mail", attached(gmail, "See the file.", "a.pdf", "application/pdf", []byte("%PDF-1.4 x")), attached("", "See the file.", "a.pdf", "application/pdf", []byte("%PDF-1.4 x"))},
		{"attachment.random_name", file("xk3q9zv7bw2r.pdf", "application/pdf", []byte("%PDF-1.4 x")), file("minutes-october.pdf", "application/pdf", []byte("%PDF-1.4 x"))},
		{"attachment.html", calm, text},
		{"attachment.html_form", html(`<script>var a=1</script><form action="https://x.example/"><input name=q></form>`), calm},
		{"attachment.html_login", html(`<form action="https://x.example/"><input type="password"></form>`), calm},
		{"attachment.html_smuggling", html(`<script>var b=new Blob([atob("QUJD")]);a.href=URL.createObjectURL(b)</script>`), html(`<script>document.title="Report"</script>`)},
		{"attachment.html_obfuscated", html(`<script>document.write(unescape("%3Cp%3E"))</script>`), html(`<script>document.title="Report"</script>`)},
		{"attachment.html_redirect", html(`<script>window.location="https://x.example/"</script>`), html(`<script>document.title="Report"</script>`)},
	}
}

func manyFiles(n int) []byte {
	var files []mailgen.File
	for i := range n {
		files = append(files, mailgen.File{Name: fmt.Sprintf("f%d.txt", i), Body: []byte("x")})
	}
	return mailgen.Zip(false, files...)
}

func office(part, body string) []byte {
	return mailgen.Zip(false, mailgen.File{Name: "[Content_Types].xml", Body: []byte("<Types/>")}, mailgen.File{Name: part, Body: []byte(body)})
}

func claimCases() []signalCase {
	return []signalCase{
		{"impersonation.brand_name", vary("From: PayPal Service <ann@sender.example>"), vary("From: PayPal Service <service@paypal.com>")},
		{"impersonation.brand_links", vary("From: PayPal <ann@sender.example>"), vary("From: PayPal <ann@sender.example>\n\nSee https://www.paypal.com/x")},
		{"impersonation.brand_free_mail", vary(strings.Replace(gmail, "Ann Example", "PayPal Service", 1)), vary("From: PayPal Service <ann@sender.example>")},
		{"impersonation.role_free_mail", vary(strings.Replace(gmail, "Ann Example", "Billing Department", 1)), vary("From: Billing Department <ann@sender.example>")},
		{"impersonation.address_in_name", vary("From: \"ceo@contoso.example\" <ann@sender.example>"), vary("From: \"ann@sender.example\" <ann@sender.example>")},
		{"impersonation.vip", vary("From: Petra Lindqvist <ann@sender.example>"), vary("From: Petra Lindqvist <petra@lindqvist.example>")},
		{"impersonation.own_name", vary("From: Contoso Helpdesk <ann@sender.example>"), vary("From: Example Helpdesk <ann@sender.example>")},
		{"impersonation.lookalike_domain", vary("From: Ann <ann@contos0.example>"), vary("From: Ann <ann@sender.example>")},
		{"impersonation.brand_lookalike", vary("From: Ann <ann@paypal-service.example>"), vary("From: Ann <ann@paypal.com>")},
		{"impersonation.reply_to_free_mail", vary("Reply-To: ann@gmail.com"), vary("Reply-To: ann@sender.example")},
		{"impersonation.reply_to_differs", vary("Reply-To: ann@other.example"), vary("Reply-To: office@sender.example")},
		{"impersonation.reply_to_lookalike", vary("Reply-To: bob@contos0.example"), vary("Reply-To: ann@sender.example")},
		{"impersonation.obfuscated_name", vary("From: =?utf-8?Q?P=D0=B0yP=D0=B0l?= <ann@sender.example>"), vary("From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <ann@sender.example>")},
		{"impersonation.malformed_from", vary("From: Ann Example"), vary("")},
		{"impersonation.machine_address", vary(unsigned + "From: Ann <xk3q9zv7bw2r@sender.example>"), vary(unsigned + "From: Ralf Schmitz <ralf.schmitz@sender.example>")},
		{"impersonation.machine_free_mail", vary(strings.Replace(gmail, "ann@", "ann8837421@", 1)), vary(gmail)},
		{"impersonation.numbered_mailbox", vary("From: Ann <ann4711@sender.example>"), vary("From: Ann <ann2@sender.example>")},
		{"impersonation.name_as_mailbox", vary("From: Garden Club Offers <gardencluboffers@sender.example>\nList-Unsubscribe: <https://sender.example/u>"),
			vary("From: Garden Club Offers <gardencluboffers@garden-club.example>\nList-Unsubscribe: <https://garden-club.example/u>")},
		{"impersonation.odd_name", vary("From: *#Winner#* <ann@sender.example>"), vary("From: Ann [Sales] <ann@sender.example>")},
		{"impersonation.cheap_sender", vary("From: Ann <ann@offers-now.click>"), vary("")},
		{"impersonation.purpose_domain", vary("From: Ann <ann@account-verification.example>"), vary("From: Ann <ann@account-garden.example>")},
		{"impersonation.brand_images", page("", `<img src="https://www.rabobank.nl/logo.png" width="200" height="80"><p>Hello</p>`), page("", `<img src="https://www.sender.example/logo.png" width="200" height="80"><p>Hello</p>`)},
		{"impersonation.brand_opening", vary("Subject: Rabobank: new card"), vary("Subject: Rabobank: new card\n\nSee https://www.rabobank.nl/card")},
		{"impersonation.brand_story", page("", `<p>Good morning to all of you here, please read the following note with some care today, before you go home to your family and friends. Verify your account at Rabobank now, or your account has been suspended.</p><a href="https://www.other.example/x">here</a>`),
			page("", `<p>Good morning to all of you here, please read the following note with some care today, before you go home to your family and friends. Verify your account at Rabobank now, or your account has been suspended.</p><a href="https://www.rabobank.nl/x">here</a>`)},
		{"impersonation.forwarded_brand", vary("\nFrom: PayPal Service <x@other.example>\nSent: Monday\nTo: me\n\nHello"), vary("\nFrom: PayPal Service <service@paypal.com>\nSent: Monday\nTo: me\n\nHello")},
		{"impersonation.forwarded_odd", vary("\nDe: [Suporte] - 8837421 <ann@other.example>\nEnviado: terça-feira\nPara: me\n\nHello"), vary("\nDe: Eve Field <eve@other.example>\nEnviado: terça-feira\nPara: me\n\nHello")},
		{"impersonation.free_mail_business", vary(gmail + "Subject: Verify your account\n\nYour account has been suspended."), vary("Subject: Verify your account\n\nYour account has been suspended.")},
		{"words.stranger_order", vary(gmail + "\nAre you available? I need a transfer to be made today, write back."), vary("\nAre you available? I need a transfer to be made today, write back.")},
		{"words.free_mail_order", vary(gmail + "\nAre you at your desk? I need a favor. Keep this confidential."), vary("\nAre you at your desk? I need a favor. Keep this confidential.")},
		{"impersonation.forged_free_mail", vary(unsigned + "From: Ann <ann@gmail.com>"), vary(gmail)},
		{"impersonation.body_mailbox", vary("To: undisclosed-recipients:;\n\nPlease write to barrister@gmail.com about it."), vary("\nPlease write to barrister@gmail.com about it.")},
	}
}

func wordCases() []signalCase {
	body := func(text string) string { return vary("\n" + text) }
	calm := vary("")
	return []signalCase{
		{"words.credential", body("Your password expires today. Verify your account."), calm},
		{"words.payment", body("Our bank account has changed. These are the new bank details."), calm},
		{"words.urgency", body("Within 24 hours, final warning!"), calm},
		{"words.discreet", body("Are you at your desk? I need a favor."), calm},
		{"words.giftcard", body("Buy gift cards and scratch the back."), calm},
		{"words.extortion", body("I recorded a video of you by your webcam."), calm},
		{"words.callback", body("If you did not authorize this, call our toll free number."), calm},
		{"words.parcel", body("Your parcel could not be delivered, a customs fee is due."), calm},
		{"words.crypto", body("Claim your airdrop and connect your wallet."), calm},
		{"words.prize", body("You have won! Claim your prize."), calm},
		{"words.advance", body("My late husband left an inheritance to the next of kin."), calm},
		{"words.health", body("Weight loss and belly fat, with no prescription."), calm},
		{"words.dating", body("Hot singles in your area, adults only."), calm},
		{"words.dating_bulk", vary("List-Unsubscribe: <https://sender.example/u>\n\nHot singles in your area, adults only."), body("Hot singles in your area, adults only.")},
		{"words.advert", body("Make money, work from home, be your own boss."), calm},
		{"words.share", body("A document has been shared with you. View document."), calm},
		{"words.generic", body("Dear webmail user, dear customer,"), calm},
		{"words.hidden_letters", body("W\u034fe\u034f a\u034fr\u034fe\u034f i\u034fn\u034ff\u034fo\u034fr\u034fm\u034fi\u034fn\u034fg\u034f y\u034fo\u034fu\u034f"), body("Do\u00adnau\u00addampf\u00adschiff\u00adfahrt im Do\u00adnau\u00adtal")},
		{"words.mixed_script", vary("Subject: =?utf-8?Q?V=D0=B5rify_y=D0=BEur_acc=D0=BEunt?="), vary("Subject: =?utf-8?B?0J/RgNC40LLQtdGCLCDQvNC40YA=?=")},
		{"words.styled_letters", vary("Subject: =?utf-8?Q?=F0=9D=97=A6=F0=9D=97=AE=F0=9D=97=B9=F0=9D=97=B2?="), calm},
		{"words.spaced_letters", body(strings.Repeat("y o u r a c c o u n t i s c l o s e d ", 3)), calm},
		{"words.leet", vary("Subject: C0NTA BL0QUEADA\n\nSua C0NTA de P0NT0S"), vary("Subject: Invoice 2026-10 for room B12")},
		{"words.callback_file", attached("", "Your account was charged $499. Call +1 (888) 555-0123.", "a.pdf", "application/pdf", []byte("%PDF-1.4 x")),
			attached("", "The plans that we spoke of. Call me: +1 (212) 555-0123.", "a.pdf", "application/pdf", []byte("%PDF-1.4 x"))},
		{"words.borrowed_call", vary(gmailAs("Norton Support") + "\nYour order was charged, 399 dollars. If you did not make it, call +1 (888) 555-0123 to cancel it."),
			vary(gmailAs("Norton Service Huber") + "\nYour order was charged, 399 dollars. If you did not make it, call +1 (888) 555-0123 to cancel it.")},
		{"words.stranger_code", attached("From: Mail Service <a@secure-login.example>\n"+strings.ReplaceAll(unsigned, "sender.example", "secure-login.example"), "Your password expires in three days. Use the code to keep it.", "code.png", "image/png", mailgen.QR("https://pay.other.example/1")),
			attached("", "Your password expires in three days. Use the code to keep it.", "code.png", "image/png", mailgen.QR("https://pay.other.example/1"))},
		{"words.borrowed_code", attached("From: PayPal <a@sender.example>", "Your password expires in three days. Use the code to keep it.", "code.png", "image/png", mailgen.QR("https://pay.other.example/1")),
			attached("From: PayPal <a@sender.example>", "Your password expires in three days. Use the code to keep it.", "code.png", "image/png", mailgen.QR("https://www.paypal.com/1"))},
		{"words.office_order", vary(strings.ReplaceAll(gmailAs("Petra Lindqvist"), "ann@", "ceo.office21@") + "\nI need a transfer to be made today, write back."),
			vary(strings.ReplaceAll(gmailAs("Petra Lindqvist"), "ann@", "lindqvist21@") + "\nI need a transfer to be made today, write back.")},
		{"words.lookalike_order", vary("From: Fabrikam Accounts <a@fabrikarn.example>\n\nOur bank account has changed. Please pay the invoice to the new one."),
			vary("From: Fabrikarn Accounts <a@fabrikarn.example>\n\nOur bank account has changed. Please pay the invoice to the new one.")},
		{"words.code_pretext", attached("", "Your password expires in three days. Use the code to keep it.", "code.png", "image/png", mailgen.QR("https://pay.other.example/1")),
			attached("", "Your seat is in row 12. Show the code at the door.", "code.png", "image/png", mailgen.QR("https://pay.other.example/1"))},
		{"words.link_pretext", vary("\nYour password expires in three days. Sign in again to keep it: https://xkqzvbnrtw.example/x"),
			vary("\nYour password expires in three days. Sign in again to keep it: https://www.sender.example/x")},
		{"words.charge_call", vary(gmail + "\nYour subscription was renewed and 399 dollars were debited. Call our helpline +1 (888) 555-0123 to cancel."),
			vary("\nYour subscription was renewed and 399 dollars were debited. Write to us to cancel, or see your account.")},
		{"words.phone", body("If you did not authorize this order call us at +1 (888) 555-0123."), body("If you did not authorize this order write to us.")},
		{"words.fortune", vary(gmail + "\nI will give you $ 10,500,000.00 USD from the bank."), vary("\nThe plant cost $ 10,500,000.00 USD to build.")},
	}
}

func shapeCases() []signalCase {
	calm := vary("")
	list := "List-Unsubscribe: <https://sender.example/leave>\n"
	return []signalCase{
		{"structure.undisclosed", vary("To: undisclosed-recipients:;"), calm},
		{"structure.to_self", vary("To: ann@sender.example"), calm},
		{"structure.not_addressed", vary("To: someone@else.example"), calm},
		{"structure.address_in_subject", vary("Subject: bob.field@contoso.example, your turn"), vary("Subject: Bob, your turn")},
		{"structure.image_only", page("", `<a href="https://www.sender.example/x"><img src="https://www.sender.example/x.png" width=600 height=900></a>`), page("", `<p>`+longText+`</p><a href="https://www.sender.example/x"><img src="https://www.sender.example/x.png"></a>`)},
		{"structure.blank", vary("Subject:\n\n\n"), calm},
		{"structure.not_searched", attached("", "The photo.", "a.png", "image/png", largePicture(3000)),
			attached("", "The photo.", "a.png", "image/png", largePicture(1000))},
		{"structure.not_read", vary("\n" + strings.Repeat("It is the log of a machine.\n", 8000)), vary("\n" + strings.Repeat("It is the log of a machine.\n", 5000))},
		{"structure.hidden_unsubscribe", page("", `<p>Hello</p><div style="display:none">unsubscribe from this newsletter</div>`), page("", `<p>Hello</p><div>unsubscribe from this newsletter</div>`)},
		{"structure.hidden_text", page("", `<p>Hello</p><div style="display:none">`+strings.Repeat("many other words ", 60)+`</div>`), page("", `<p>Hello</p><div style="display:none">preview text</div>`)},
		{"structure.no_message_id", vary("Message-ID:"), calm},
		{"structure.random_subject", vary("Subject: Invoice xK3q9Zv7bW2r"), vary("Subject: Invoice 20261104")},
		{"structure.shouting", vary("Subject: ATTENTION CLIENT PAYMENT NOW"), vary("Subject: NATO and EU meet")},
		{"structure.emoji_subject", vary("Subject: =?utf-8?Q?=F0=9F=8E=81_gift?="), calm},
		{"structure.fake_reply", vary("Subject: Re: our talk"), vary("Subject: Re: our talk\nIn-Reply-To: <a@contoso.example>")},
		{"structure.no_unsubscribe", vary("\nTo stop receiving this unsubscribe here."), vary(list + "\nTo stop receiving this unsubscribe here.")},
		{"structure.gibberish", vary("\nHello xkqzvbnrtwpl qwrtzpsdfghk zxcvbnmlkjhg bye"), calm},
		{"structure.subject_padding", vary("Subject: Free channels                    18441"), vary("Subject: Free channels 18441")},
		{"structure.subject_underscores", vary("Subject: _Please_confirm_your_reward_"), vary("Subject: the set_max_size call")},
		{"structure.template_leftover", vary("\nDear {{first_name}}, hello."), calm},
		{"structure.pushed_down", page("", `<style>.x{height:20000px}</style><p>Hello</p>`), page("", `<style>.x{height:600px}</style><p>Hello</p>`)},
		{"structure.raw_header", vary("Subject: gr\u00fcn"), vary("Subject: =?utf-8?Q?gr=C3=BCn?=")},
		{"structure.unlabelled_text", vary("Content-Type: text/html\n\n<meta charset=big5><p>" + strings.Repeat("\xa7\xda", 20)),
			vary("Content-Type: text/html; charset=big5\n\n<p>" + strings.Repeat("\xa7\xda", 20))},
		{"structure.form_injection", vary("\nWelcome win-9000-now.pages.dev, confirm here: https://www.sender.example/confirm?name=win-9000-now.pages.dev"),
			vary("\nWelcome Bob, confirm here: https://www.sender.example/confirm?name=Bob.Field")},
		{"structure.same_mark", vary("From: Garden Club .WUXQA <ann@sender.example>\nSubject: Two questions .WUXQA"), vary("From: Garden Club <ann@sender.example>\nSubject: News of the Garden Club")},
		{"structure.hidden_preamble", page("", `<div style="display:none">`+strings.Repeat("the rake stands in the barn ", 15)+`</div><p>`+longText+`</p>`),
			page("", `<div style="display:none">`+strings.Repeat("the rake stands in the barn ", 15)+`</div><p>`+longText+longText+longText+`</p>`)},
		{"structure.shouting_text", vary("\n" + strings.Repeat("THIS OFFER ENDS SOON my friend ", 12)), calm},
		{"structure.exclamation", vary("Subject: Last day!!"), vary("Subject: Last day!")},
		{"structure.money", vary("\n$10 and $20 and $30 and $40"), vary("\n$10 and $20")},
		{"structure.hype", vary("Subject: Last day!!\n\n$10 and $20 and $30 and $40"), vary("Subject: Last day!\n\n$10 and $20 and $30 and $40")},
		{"structure.html_in_plain", vary("\n<html><body><p>Hello there</p></body></html>"), calm},
		{"structure.adv_tag", vary("Subject: ADV: buy this"), vary("Subject: Advice on buying")},
		{"structure.html_only", vary("Content-Type: text/html\n\n<p>" + longText + "</p>"), page("", "<p>"+longText+"</p>")},
		{"structure.forged_program", vary("X-Mailer: Microsoft Outlook 16.0"), vary("X-Mailer: Microsoft Outlook 16.0\nThread-Index: AdxE")},
		{"structure.bad_date", vary("Date: 4 Nov 2026 09:12"), calm},
		{"structure.no_name", vary("From: ann@sender.example"), calm},
		{"structure.address_greeting", vary("\nDear bob.field@contoso.example, hello."), vary("\nDear Bob, write to bob.field@contoso.example.")},
		{"structure.only_link", vary(gmail + "\nhttps://tinyurl.com/abc"), vary("\nhttps://tinyurl.com/abc")},
		{"structure.priority", vary("X-Priority: 1"), vary("X-Priority: 3")},
		{"structure.only_file", attached(gmail, "", "photo.pdf", "application/pdf", []byte("%PDF-1.4 x")), attached(gmail, longText, "photo.pdf", "application/pdf", []byte("%PDF-1.4 x"))},
		{"structure.conversation", vary("References: <a@contoso.example>\nSubject: Re: Lunch\n\nYes.\n> Shall we?"), vary("Subject: Re: Lunch\n\nYes.\n> Shall we?")},
		{"structure.list", vary("List-Id: <l.lists.example>\nList-Post: <mailto:l@lists.example>\n\n" + longText), calm},
		{"structure.list_unsubscribe", vary(list), calm},
		{"structure.one_click", vary(list + "List-Unsubscribe-Post: List-Unsubscribe=One-Click"), vary(list)},
		{"structure.good_standing", vary(list + "List-Unsubscribe-Post: List-Unsubscribe=One-Click"), vary(list + "From: PayPal <ann@sender.example>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click")},
		{"structure.precedence_bulk", vary("Precedence: bulk"), calm},
		{"structure.mail_service", vary("Feedback-ID: 1:2:3:svc"), calm},
		{"structure.bulk_words", vary("\nView in browser. You are receiving this because you subscribed. Unsubscribe."), calm},
		{"structure.trusted_sender", vary("From: GitHub <noreply@github.com>\nAuthentication-Results: spf=pass smtp.mailfrom=github.com; dkim=pass header.d=github.com;dmarc=pass header.from=github.com"),
			vary("From: GitHub <noreply@github.com>\nAuthentication-Results: spf=fail smtp.mailfrom=github.com; dkim=none header.d=none;dmarc=fail header.from=github.com")},
		{"structure.internal", vary("X-MS-Exchange-Organization-AuthAs: Internal"), vary(incomings)},
		{"structure.bounce", vary("Content-Type: multipart/report; report-type=delivery-status; boundary=b\nReturn-Path: <>\n\n--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--"),
			vary("Content-Type: multipart/report; report-type=delivery-status; boundary=b\nReturn-Path: <>\n\n--b\n\nfailed\n--b--")},
	}
}

func microsoftCases() []signalCase {
	report := func(s string) string { return vary("X-Forefront-Antispam-Report: " + s) }
	good := report("CIP:192.0.2.1;SCL:1;SFV:NSPM;CAT:NONE;")
	return []signalCase{
		{"microsoft.malware", report("SCL:9;CAT:MALW;"), good},
		{"microsoft.phish", report("SCL:8;CAT:PHSH;"), good},
		{"microsoft.spoof", report("SCL:5;CAT:SPOOF;"), good},
		{"microsoft.spam", report("SCL:6;CAT:NONE;"), report("SCL:-1;SFV:SKN;CAT:NONE;")},
		{"microsoft.bulk", vary("X-Microsoft-Antispam: BCL:8;"), vary("X-Microsoft-Antispam: BCL:3;")},
	}
}

func TestSignals_eachHasAMessageThatShowsItAndOneNearItThatDoesNot(t *testing.T) {
	s, err := New(Options{TrustMicrosoft: true})
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, c := range signalCases() {
		shown[c.id] = true
		if r := run(t, s, c.hit); !has(r, c.id) {
			t.Errorf("%s is not seen: %s", c.id, summary(r))
		}
		if r := run(t, s, c.miss); has(r, c.id) {
			t.Errorf("%s is seen where it is not: %s", c.id, summary(r))
		}
	}
	for _, id := range elsewhere() {
		shown[id] = true
	}
	for _, signal := range catalogue() {
		if !shown[signal.ID] {
			t.Errorf("%s has no test", signal.ID)
		}
	}
}

// elsewhere are signals whose evidence does not stand in the message; they have tests of their own.
func elsewhere() []string {
	return []string{
		"history.first_domain", "history.first_sender", "history.broken_authentication", "history.odd_reply_to", "history.odd_infrastructure",
		"history.correspondent", "history.known_sender", "history.known_domain", "policy.unverified",
		"auth.dkim_reverified",
		"engine.virus", "engine.clamav", "engine.rspamd", "engine.spamassassin", "engine.dnsl", "engine.rdap", "learn.unwanted", "learn.wanted",
		"submission.phish", "submission.junk", "submission.not_junk",
		"attachment.macro_autorun", "attachment.stopped", "overrun.message",
	}
}

func run(t *testing.T, s *Scorer, text string) Result {
	t.Helper()
	return runWith(t, s, Message{Original: strings.NewReader(text), Size: int64(len(text))})
}

func runWith(t *testing.T, s *Scorer, m Message) Result {
	t.Helper()
	if m.Tenant == nil {
		m.Tenant = mailgen.Tenant()
	}
	m.Recipients = []string{"bob.field@contoso.example"}
	if m.Sender == "" && !bytes.Contains(raw(m), []byte("Return-Path: <>")) {
		m.Sender = "ann@sender.example"
	}
	r, err := s.Score(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func raw(m Message) []byte {
	b := make([]byte, m.Size)
	m.Original.ReadAt(b, 0)
	return b
}

func has(r Result, id string) bool {
	for _, reason := range r.Reasons {
		if reason.ID == id {
			return true
		}
	}
	return false
}
