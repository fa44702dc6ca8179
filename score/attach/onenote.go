package attach

import "bytes"

// oneNote looks at the files in a OneNote section (MS-ONESTORE 2.6.13, FileDataStoreObject).
func (w *work) oneNote(it item) {
	name, body := it.name, it.body
	mark := []byte("\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac")
	for {
		at := bytes.Index(body, mark)
		if at < 0 {
			return
		}
		c := cursor{rest: body[at+len(mark):]}
		size := c.uint64()
		c.skip(12)
		content := c.next(size)
		if !w.countMember(name, "a file in "+name) {
			return
		}
		w.inspectStored("a file in "+name, content, it.depth)
		body = body[at+len(mark):]
	}
}
