package pipeline

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/emersion/go-message/textproto"

	"clawback/bounce"
	"clawback/internal/mailaddr"
)

// maxOwnHeader bounds the header that is looked through for our mark: our own mail has a small one.
const maxOwnHeader = 256 << 10

// outerIsOwn: the message that arrived is itself one of ours.
func (j *job) outerIsOwn() bool {
	mark, id := markOf(func() io.Reader { return io.NewSectionReader(j.body, 0, j.body.Size()) })
	return mark != "" && j.o.Own(mark, id, j.tenant.AlternateMailbox)
}

// originalIsOwn: Exchange journaled mail of ours. Every recipient must be the one we sent it to.
func (j *job) originalIsOwn() bool {
	mark, id := markOf(func() io.Reader { return j.report.Originals[0].Open(j.body) })
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

// markOf reads the header of a message for our mark.
func markOf(open func() io.Reader) (mark, messageID string) {
	if !mayBeMarked(io.LimitReader(open(), maxOwnHeader)) {
		return "", ""
	}
	header, err := textproto.ReadHeader(bufio.NewReader(io.LimitReader(open(), maxOwnHeader)))
	if err != nil {
		return "", ""
	}
	return header.Get(bounce.OwnHeader), strings.TrimSpace(header.Get("Message-Id"))
}

// mayBeMarked reports whether a line of a header begins with our field's name: in nearly none one does, and to take a
// header apart costs much more.
func mayBeMarked(r io.Reader) bool {
	lines := lineReaders.Get().(*bufio.Reader)
	lines.Reset(r)
	defer func() {
		lines.Reset(nil)
		lineReaders.Put(lines)
	}()
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || beginsOwn(line):
			return true
		case err != nil || len(bytes.TrimRight(line, "\r\n")) == 0: // a line of spaces belongs to the field before it
			return false
		}
	}
}

// beginsOwn reports whether a line begins with our field's name, in whatever case.
func beginsOwn(line []byte) bool {
	const name = bounce.OwnHeader
	return len(line) >= len(name) && mailaddr.Equal(string(line[:len(name)]), name)
}

// lineReaders spare each header a buffer of its own.
var lineReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}
