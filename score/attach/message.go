package attach

import "bytes"

// message hands on a mail message or a web archive.
func (w *work) message(it item) {
	if !w.admitToReport(it.name, len(it.body), len(w.report.Messages), maxMessages) {
		return
	}
	raw := it.body
	if it.depth > 0 {
		raw = bytes.Clone(raw) // the buffer that it was unpacked to serves the next file
	}
	w.report.Messages = append(w.report.Messages, Message{it.name, it.depth, raw})
}

// activeMime looks into what Word puts beside a document that is saved as a web archive: a compound file, by zlib,
// behind a header.
func (w *work) activeMime(it item) {
	head := it.body[:min(len(it.body), 1<<10)]
	for at := 12; at+2 < len(head); at++ { // RFC 1950: deflate, and a check of the two bytes
		if head[at] == 0x78 && (int(head[at])<<8|int(head[at+1]))%31 == 0 {
			w.decode(w.deflated(bytes.NewReader(it.body[at+2:])), maxInner, func(b []byte, cut bool) {
				w.file(item{name: it.name, body: b, depth: it.depth + 1, cut: cut})
			})
			return
		}
	}
	w.unreadable(it, "ActiveMime: nothing is packed in it")
}
