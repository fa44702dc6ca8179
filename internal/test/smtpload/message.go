package smtpload

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// Verb is how bodies are sent.
type Verb string

// The verbs.
const (
	DATA Verb = "DATA"
	BDAT Verb = "BDAT"
)

// Message is one message to send.
type Message struct {
	Key  string // how the result names it
	Body []byte
}

// Filler makes messages of about size octets: a header with a Message-ID of the message's own, then text lines. A body
// is valid until the same session's next message: the loader must not spend its time on memory.
func Filler(size int) func(session, n int) Message {
	line := strings.Repeat("The quick brown fox jumps over the lazy dog, again. ", 2)[:76] + "\r\n"
	text := []byte(strings.Repeat(line, size/len(line)+1))
	var bodies sync.Map // session -> []byte
	return func(session, n int) Message {
		key := fmt.Sprintf("%d.%d@load.example", session, n)
		head := fmt.Sprintf("Message-ID: <%s>\r\nSubject: load\r\nFrom: load@example.com\r\n\r\n", key)
		last, _ := bodies.Load(session)
		body, _ := last.([]byte)
		body = append(body[:0], head...)
		body = append(body, text[:max(0, size-len(head))]...)
		if !bytes.HasSuffix(body, []byte("\r\n")) {
			body = append(body[:len(body)-2], '\r', '\n')
		}
		bodies.Store(session, body)
		return Message{Key: key, Body: body}
	}
}

// Stuff appends body to dst as DATA wants it: dots doubled, and the end of data (RFC 5321 4.5.2). A body without CRLF
// at its end gets one.
func Stuff(dst, body []byte) []byte {
	if bytes.HasPrefix(body, []byte(".")) {
		dst = append(dst, '.')
	}
	for {
		i := bytes.Index(body, []byte("\r\n."))
		if i < 0 {
			break
		}
		dst = append(append(dst, body[:i+3]...), '.')
		body = body[i+3:]
	}
	dst = append(dst, body...)
	if !bytes.HasSuffix(dst, []byte("\r\n")) {
		dst = append(dst, '\r', '\n')
	}
	return append(dst, '.', '\r', '\n')
}
