package outlook

import (
	"fmt"
	"strings"

	"clawback/internal/cfb"
)

// MSG tells what is in a .msg file: the message, and what is attached to it.
func MSG(file *cfb.File, found Found) {
	w := msg{file, found}
	w.message(file.Root(), 0)
}

type msg struct {
	file  *cfb.File
	found Found
}

// message reads the storage of a message. MS-OXMSG, section 2.2.
func (w msg) message(storage cfb.Entry, depth int) {
	children := w.file.Children(storage)
	var m Message
	for _, e := range children {
		if id, kind, ok := property(e); ok && !e.Storage {
			m.keep(id, kind, w.file.Open(e))
		}
	}
	if m.known() {
		w.found.Message(m)
	}
	for _, e := range children {
		if e.Storage && strings.HasPrefix(e.Name, "__attach_version1.0_#") && depth < maxDepth {
			w.attachment(e, depth+1)
		}
	}
}

// attachment reads a file or a message that is attached. MS-OXMSG, section 2.2.2.
func (w msg) attachment(storage cfb.Entry, depth int) {
	for _, e := range w.file.Children(storage) {
		id, kind, ok := property(e)
		switch {
		case !ok || id != attachData:
		case e.Storage && kind == typeObject:
			w.message(e, depth)
		case !e.Storage && kind == typeBinary:
			w.found.File(w.file.Open(e))
		}
	}
}

// property is what the name of an entry says of it. MS-OXMSG, section 2.1.2.
func property(e cfb.Entry) (id, kind uint16, ok bool) {
	tag, ok := strings.CutPrefix(e.Name, "__substg1.0_")
	if !ok || len(tag) != 8 {
		return 0, 0, false
	}
	_, err := fmt.Sscanf(tag, "%04x%04x", &id, &kind)
	return id, kind, err == nil
}
