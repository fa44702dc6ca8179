package interop

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// shape is what makes a report large.
type shape string

const (
	attachment shape = "an attachment"
	text       shape = "text"
	html       shape = "HTML"
)

// bigReport is the n-th journal report, size octets long or a little more. It is never in memory as a whole.
type bigReport struct {
	n     int
	size  int64
	shape shape
}

func (b bigReport) messageID() string { return fmt.Sprintf("<big-%d@contoso.example>", b.n) }

const bigHead = "From: <warehouse@contoso.example>\r\nSubject: a large file\r\nMIME-Version: 1.0\r\nX-MS-Journal-Report:\r\n" +
	"Message-ID: <outer-%[1]d@journal.report.generator>\r\nX-OriginatorOrg: contoso.onmicrosoft.com\r\n" +
	"Content-Type: multipart/mixed; boundary=\"_outer_\"\r\n\r\n--_outer_\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" +
	"Sender: warehouse@contoso.example\r\nSubject: a large file\r\nMessage-Id: %[2]s\r\nTo: sales@contoso.example\r\n\r\n\r\n" +
	"--_outer_\r\nContent-Type: message/rfc822\r\n\r\n" +
	"X-MS-Exchange-Organization-Network-Message-Id: 0b160000-0000-4000-8000-%012[1]d\r\n" +
	"From: Warehouse <warehouse@contoso.example>\r\nTo: sales@contoso.example\r\nSubject: a large file\r\nMessage-ID: %[2]s\r\n" +
	"Date: Mon, 02 Nov 2026 09:04:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"_inner_\"\r\n\r\n" +
	"--_inner_\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n--_inner_\r\n"

// bigPart is the header of the part that is large.
var bigPart = map[shape]string{
	attachment: "Content-Type: application/octet-stream; name=stock.bin\r\nContent-Disposition: attachment; filename=stock.bin\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n",
	text: "Content-Type: text/plain; charset=utf-8\r\n\r\n",
	html: "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>",
}

const bigTail = "--_inner_--\r\n\r\n--_outer_--\r\n"

func (b bigReport) head() string { return fmt.Sprintf(bigHead, b.n, b.messageID()) + bigPart[b.shape] }

func (b bigReport) blocks() int64 { return b.size/int64(len(block(b.shape))) + 1 }

func (b bigReport) length() int64 {
	return int64(len(b.head())) + b.blocks()*int64(len(block(b.shape))) + int64(len(bigTail))
}

func (b bigReport) writeTo(t *testing.T, w io.Writer) {
	t.Helper()
	_, err := io.WriteString(w, b.head())
	for range b.blocks() {
		if err == nil {
			_, err = w.Write(block(b.shape))
		}
	}
	if err == nil {
		_, err = io.WriteString(w, bigTail)
	}
	if err != nil {
		t.Errorf("write report %d: %v", b.n, err)
	}
}

// block is some lines of that shape, none of which begins with a dot.
func block(s shape) []byte {
	switch s {
	case text:
		return prose()
	case html:
		return markup()
	}
	return random()
}

// random is base64 of octets that do not compress, always the same.
var random = sync.OnceValue(func() []byte {
	source := rand.NewChaCha8([32]byte{1})
	raw := make([]byte, 57)
	var lines bytes.Buffer
	for range 10_000 {
		source.Read(raw)
		lines.WriteString(base64.StdEncoding.EncodeToString(raw) + "\r\n")
	}
	return lines.Bytes()
})

var prose = sync.OnceValue(func() []byte {
	return []byte(strings.Repeat("The pallets are packed; see https://stock.contoso.example/list?day=thursday for the list.\r\n", 9000))
})

var markup = sync.OnceValue(func() []byte {
	return []byte(strings.Repeat("<p style=\"color:black\">See <a href=\"https://stock.contoso.example/list?day=1\">the list</a>.<br>\r\n", 9000))
})
