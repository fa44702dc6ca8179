package attach

// message hands on a mail message or a web archive.
func (w *work) message(it item) {
	if len(w.report.Messages) >= maxMessages {
		w.notRead("The message %q was not read: there were too many before it.", it.name)
		return
	}
	w.report.Messages = append(w.report.Messages, Message{it.name, it.depth, it.body})
}

// activeMime looks into what Word puts beside a document that is saved as a web archive.
func (w *work) activeMime(it item) {}
