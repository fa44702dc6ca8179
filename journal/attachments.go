package journal

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxAttachments is how many attached messages Attachments gives.
const maxAttachments = 16

// Attachments finds the messages that a message has attached: those that its sender attached, not those within them. A
// message that cannot be understood has none. The error is that of r.
func Attachments(r io.ReaderAt, size int64) ([]Original, error) {
	p := &parser{src: &source{r: r, size: size, budget: maxReadFactor*size + 1<<20}}
	list := p.attachments(p.outline(Location{Section: Section{0, size}}), 0, nil)
	switch {
	case p.src.err == nil:
		return list, nil
	case errors.Is(p.src.err, errBudget): // what was measured last is not whole
		return nil, nil
	}
	return nil, fmt.Errorf("read message: %w", p.src.err)
}

func (p *parser) attachments(o *outline, depth int, list []Original) []Original {
	for _, c := range o.parts {
		kind, _ := c.header.mediaType()
		switch {
		case len(list) >= maxAttachments:
			return list
		case isMessage(c.header):
			at, _ := p.decoding(o.body.within(c.body), c.header)
			m, _ := p.measure(at)
			list = append(list, m)
		case strings.HasPrefix(kind, "multipart/") && depth < maxDepth:
			list = p.attachments(p.inside(o, c), depth+1, list)
		}
	}
	return list
}
