package demo

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
)

// dissected is a report taken apart with the standard library alone, as a second opinion beside package journal.
type dissected struct {
	header     mail.Header
	recipients []string
	originals  [][]byte
}

func dissect(raw []byte) (d dissected, err error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return d, fmt.Errorf("read report: %w", err)
	}
	d.header = msg.Header
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return d, fmt.Errorf("read content type: %w", err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return d, nil // a report that breaks off is one of the stories
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return d, nil
		}
		if strings.HasPrefix(strings.ToLower(part.Header.Get("Content-Type")), "message/rfc822") {
			d.originals = append(d.originals, body)
		} else if d.recipients == nil {
			d.recipients = envelopeRecipients(string(body))
		}
	}
}

// envelopeRecipients reads the plain form of the envelope part: one recipient a line.
func envelopeRecipients(text string) []string {
	list := []string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch strings.ToLower(name) {
		case "to", "cc", "bcc", "recipient":
			address, _, _ := strings.Cut(strings.TrimSpace(value), ", ")
			list = append(list, address)
		}
	}
	return list
}

// field reads one header field of a message; "" when the message cannot be read.
func field(message []byte, name string) string {
	msg, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(msg.Header.Get(name))
}
