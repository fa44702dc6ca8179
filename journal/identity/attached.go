package identity

import (
	"bufio"
	"bytes"
	"cmp"
	"io"

	"clawback/internal/cfb"
	"clawback/journal/identity/outlook"
	"clawback/rfc822"
)

const (
	maxAttached  = 32
	maxFiles     = 1000 // that are looked into
	maxFileDepth = 4    // files within files: each level reads again what is inside
	maxNetworks  = 8
	maxNetworkID = 64       // a GUID has 36
	maxCompound  = 32 << 20 // of .msg files at one time
	sniffed      = 4 << 10
)

// attachedMessages collects the messages that a message carries.
type attachedMessages struct {
	list   []Attached
	files  int // that were looked into
	within int // files that are open now, one in another
	tags   []string
	octets int64 // of compound files that may still be held
}

// add gives an attached message its place, before those that are attached to it; -1 when there are enough.
func (c *attachedMessages) add(m Message) int {
	if len(c.list) >= maxAttached {
		return -1
	}
	a := Attached{MessageID: firstID(m.MessageID)}
	for _, id := range m.NetworkMessageIDs {
		if len(id) <= maxNetworkID && len(a.NetworkMessageIDs) < maxNetworks {
			a.NetworkMessageIDs = append(a.NetworkMessageIDs, id)
		}
	}
	c.list = append(c.list, a)
	return len(c.list) - 1
}

func (c *attachedMessages) setContents(at int, contents string) {
	if at >= 0 {
		c.list[at].Contents = contents
	}
}

// readFile reads a file to its end, and looks into it.
func (c *attachedMessages) readFile(r io.Reader, depth int) {
	c.lookInto(r, depth)
	_, _ = io.Copy(io.Discard, r) // its only error is the input's, which Of looks at
}

// lookInto finds the messages in a file by what it is: senders name and label files as they like.
func (c *attachedMessages) lookInto(r io.Reader, depth int) {
	if depth >= maxDepth || c.within >= maxFileDepth || len(c.list) >= maxAttached || c.files >= maxFiles {
		return
	}
	c.files++
	c.within++
	defer func() { c.within-- }()
	br := bufio.NewReaderSize(r, sniffed)
	head, _ := br.Peek(sniffed) // what could be read is looked at
	found := outlook.Found{
		Message: c.outlook,
		File:    func(r io.Reader) { c.lookInto(r, depth+1) },
	}
	switch {
	case bytes.HasPrefix(head, []byte(outlook.Magic)):
		outlook.TNEF(br, found)
	case bytes.HasPrefix(head, []byte(cfb.Magic)):
		c.compound(br, found)
	case rfc822.BeginsWithHeader(head):
		w := walk{findings: &findings{tags: c.tags, attached: c}, lines: rfc822.NewLines(br)}
		defer w.lines.Close()
		w.message("", depth)
	}
}

// compound looks into a .msg file, which has to be held for it.
func (c *attachedMessages) compound(r io.Reader, found outlook.Found) {
	f, err := cfb.Read(r, c.octets)
	if err != nil {
		return // larger than is looked into, or broken
	}
	c.octets -= f.Size()
	outlook.MSG(f, found)
	c.octets += f.Size()
}

// outlook takes a message that Outlook has written. Its header is the one with which it was delivered.
func (c *attachedMessages) outlook(o outlook.Message) {
	w := walk{findings: &findings{tags: c.tags}, lines: rfc822.LinesOf(o.Header)}
	h := w.header()
	m := w.messageOf(&h)
	m.MessageID = cmp.Or(firstID(o.ID), m.MessageID)
	c.add(m)
}
