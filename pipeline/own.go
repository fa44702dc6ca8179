package pipeline

import (
	"bufio"
	"io"
	"strings"

	"github.com/emersion/go-message/textproto"

	"clawback/bounce"
)

// maxOwnHeader bounds the header that is looked through for our mark: our own mail has a small one.
const maxOwnHeader = 256 << 10

// outerIsOwn: the message that arrived is itself one of ours.
func (j *job) outerIsOwn() bool {
	mark, id := ownMark(io.NewSectionReader(j.body, 0, j.body.Size()))
	return mark != "" && j.o.Own(mark, id, j.tenant.AlternateMailbox)
}

// originalIsOwn: Exchange journaled mail of ours. Every recipient must be the one we sent it to.
func (j *job) originalIsOwn() bool {
	mark, id := ownMark(j.report.Originals[0].Open(j.body))
	if mark == "" || len(j.report.Recipients) == 0 {
		return false
	}
	for _, rcpt := range j.report.Recipients {
		if !j.o.Own(mark, id, rcpt.Address) {
			return false
		}
	}
	return true
}

func ownMark(r io.Reader) (mark, messageID string) {
	header, err := textproto.ReadHeader(bufio.NewReader(io.LimitReader(r, maxOwnHeader)))
	if err != nil {
		return "", ""
	}
	return header.Get(bounce.OwnHeader), strings.TrimSpace(header.Get("Message-Id"))
}
