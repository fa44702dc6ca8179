package mailgen

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// builder writes one message.
type builder struct {
	t      *Template
	fill   *strings.Replacer
	rand   *rand.Rand
	from   string
	sender string
	to     string
	out    strings.Builder
}

func (b *builder) line(format string, args ...any) {
	fmt.Fprintf(&b.out, format+"\r\n", args...)
}

func (b *builder) build() []byte {
	b.exchange()
	b.header()
	b.body()
	return []byte(b.out.String())
}

// exchange writes what Exchange Online puts before a message.
func (b *builder) exchange() {
	domain := strings.ToLower(b.from[strings.LastIndexByte(b.from, '@')+1:])
	domain = strings.Trim(domain, "> ")
	envelope := b.sender[strings.LastIndexByte(b.sender, '@')+1:]
	b.results(domain, envelope)
	b.line("Received: from mx.example.net (192.0.2.%d) by AM0EUR02FT001.mail.protection.outlook.com\r\n with "+
		"Microsoft SMTP Server; Wed, 4 Nov 2026 09:12:44 +0000", 1+b.rand.IntN(250))
	if b.t.Auth == Internal {
		b.line("X-MS-Exchange-Organization-MessageDirectionality: Originating")
		b.line("X-MS-Exchange-Organization-AuthAs: Internal")
		return
	}
	b.line("X-MS-Exchange-Organization-MessageDirectionality: Incoming")
	b.line("X-MS-Exchange-Organization-AuthAs: Anonymous")
}

// results writes what the server that took the message from outside found out about it. It stands above that server's
// Received field.
func (b *builder) results(domain, envelope string) {
	switch b.t.Auth {
	case Pass:
		b.line("Authentication-Results: spf=pass (sender IP is 192.0.2.9) smtp.mailfrom=%s;\r\n dkim=pass (signature "+
			"was verified) header.d=%s;dmarc=pass action=none\r\n header.from=%s;compauth=pass reason=100", envelope,
			domain, domain)
	case None:
		b.line("Authentication-Results: spf=none (sender IP is 192.0.2.9) smtp.mailfrom=%s;\r\n dkim=none (message "+
			"not signed) header.d=none;dmarc=none action=none\r\n header.from=%s;compauth=softpass reason=201",
			envelope, domain)
	case Fail:
		b.line("Authentication-Results: spf=fail (sender IP is 192.0.2.9) smtp.mailfrom=%s;\r\n dkim=none (message "+
			"not signed) header.d=none;dmarc=fail action=quarantine\r\n header.from=%s;compauth=fail reason=000",
			envelope, domain)
	case Forwarded:
		b.line("Authentication-Results: spf=softfail (sender IP is 192.0.2.9) smtp.mailfrom=%s;\r\n dkim=fail (body "+
			"hash did not verify) header.d=%s;dmarc=fail action=none\r\n header.from=%s;compauth=pass reason=130",
			envelope, domain, domain)
	case Service:
		b.line("Authentication-Results: spf=pass (sender IP is 192.0.2.9) "+
			"smtp.mailfrom=bounce.mailer-service.example;\r\n dkim=pass (signature was verified) "+
			"header.d=mailer-service.example;dmarc=none action=none\r\n header.from=%s;compauth=softpass reason=201",
			domain)
	}
}

func (b *builder) header() {
	to := b.fill.Replace(b.t.To)
	if to == "" {
		to = "<" + b.to + ">"
	}
	b.line("From: %s", encodeName(b.from))
	b.line("To: %s", to)
	if b.t.ReplyTo != "" {
		b.line("Reply-To: %s", b.fill.Replace(b.t.ReplyTo))
	}
	b.line("Subject: %s", encodeWord(b.fill.Replace(b.t.Subject)))
	b.line("Date: Wed, 4 Nov 2026 09:12:40 +0000")
	b.line("Message-ID: <%08x.%d@mx.example.net>", b.rand.Uint32(), b.rand.IntN(1000))
	for _, h := range b.t.Headers {
		b.line("%s", b.fill.Replace(h))
	}
	b.line("MIME-Version: 1.0")
}

// encodeName encodes the display name before an address, as mail programs do.
func encodeName(mailbox string) string {
	at := strings.LastIndexByte(mailbox, '<')
	if at < 0 {
		return mailbox
	}
	name := strings.TrimSpace(mailbox[:at])
	if encoded := encodeWord(strings.Trim(name, `"`)); strings.HasPrefix(encoded, "=?") {
		name = encoded
	}
	return strings.TrimSpace(name + " " + mailbox[at:])
}

func encodeWord(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
		}
	}
	return s
}

const boundary = "----=_made_by_mailgen"

func (b *builder) body() {
	if len(b.t.Files)+len(b.t.Shown) == 0 && b.t.HTML == "" {
		b.line("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n")
		b.line("%s", b.fill.Replace(b.t.Text))
		return
	}
	kind := "mixed"
	if len(b.t.Files)+len(b.t.Shown) == 0 {
		kind = "alternative"
	}
	b.line("Content-Type: multipart/%s; boundary=\"%s\"\r\n", kind, boundary)
	if b.t.Text != "" {
		b.part(File{Type: "text/plain; charset=utf-8", Body: []byte(b.fill.Replace(b.t.Text))}, "")
	}
	if b.t.HTML != "" {
		b.part(File{Type: "text/html; charset=utf-8",
			Body: []byte("<html><body>" + b.fill.Replace(b.t.HTML) + "</body></html>")}, "")
	}
	for _, f := range b.t.Files {
		f.Name, f.Body = b.fill.Replace(f.Name), []byte(b.fill.Replace(string(f.Body)))
		b.part(f, "attachment")
	}
	for _, f := range b.t.Shown {
		b.part(f, "inline")
	}
	b.line("--%s--", boundary)
}

func (b *builder) part(f File, disposition string) {
	b.line("--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64", boundary, f.Type)
	if disposition == "inline" {
		b.line("Content-ID: <%s>", f.Name)
	}
	if disposition != "" {
		b.line("Content-Disposition: %s; filename=\"%s\"", disposition, f.Name)
	}
	b.line("")
	text := base64.StdEncoding.EncodeToString(f.Body)
	for len(text) > 76 {
		b.line("%s", text[:76])
		text = text[76:]
	}
	b.line("%s", text)
}
