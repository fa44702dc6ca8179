package attach

import (
	"strings"
)

// maxShortcuts is how many addresses of a shortcut are followed up.
const maxShortcuts = 10

// maxActive is how many bytes of such a file are read.
const maxActive = 256 << 10

// active looks at a text that starts something or leads elsewhere when it is opened: its addresses.
func (w *work) active(it item, kind string) {
	if len(it.body) > maxActive {
		w.notRead("Of the file %q the first %d bytes were read.", it.name, maxActive)
	}
	text, _ := decodeText(it.body[:min(len(it.body), maxActive)])
	where := activeWhat(kind)
	if kind == "rdp" {
		w.remoteDesktop(it, text)
		return
	}
	for range maxShortcuts {
		at := strings.Index(text, "://")
		if at < 0 {
			return
		}
		start := at
		for start > 0 && at-start < 6 && 'a' <= text[start-1]|0x20 && text[start-1]|0x20 <= 'z' {
			start--
		}
		end := at + strings.IndexAny(text[at:]+"\n", " \t\r\n<>\"'")
		w.addLink(text[start:end], where)
		text = text[end:]
	}
	if strings.Contains(text, "://") {
		w.notRead("Of the addresses in %q the first %d were read.", it.name, maxShortcuts)
	}
}

// remoteDesktop looks at a Remote Desktop connection: where it leads, and what it lends to who answers there.
func (w *work) remoteDesktop(it item, text string) {
	server, lends := "", false
	for _, line := range lines(text) {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(line)), ":")
		_, value, _ = strings.Cut(value, ":") // the type
		switch name {
		case "full address", "alternate full address":
			server = value
		case "redirectdrives":
			lends = lends || value != "0" && value != ""
		case "drivestoredirect", "devicestoredirect":
			lends = lends || value != ""
		}
	}
	if host := strings.TrimSpace(server); host != "" {
		w.addLink("https://"+host+"/", activeWhat("rdp"))
	}
	if lends {
		w.addFinding(pick(it.depth > 0, "archive_executable", "script"),
			"The file %q connects to %s and lends it the reader's drives.", it.name, server)
	}
}
