package attach

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText reads text in UTF-8, in an encoding of one byte a letter, or in UTF-16 or UTF-32 with a byte order mark
// or without, and answers whether it is text. What follows the first two KiB is not looked at to tell that.
func decodeText(b []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")):
		return wide(b[4:], 4, binary.LittleEndian), true
	case bytes.HasPrefix(b, []byte("\x00\x00\xfe\xff")):
		return wide(b[4:], 4, binary.BigEndian), true
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return wide(b[2:], 2, binary.LittleEndian), true
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return wide(b[2:], 2, binary.BigEndian), true
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		b = b[3:]
	}
	if order := unmarked(b); order != nil {
		return wide(b, 2, order), true
	}
	return string(b), printable(b[:min(len(b), 512)])
}

// unmarked tells UTF-16 without a mark by the zeros that letters of ASCII have in it.
func unmarked(b []byte) binary.ByteOrder {
	head := b[:min(len(b), 2<<10)&^1]
	if len(head) < 16 {
		return nil
	}
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	most := len(head) / 2
	switch {
	case zeros[1]*10 >= most*8 && zeros[0]*20 < most:
		return binary.LittleEndian
	case zeros[0]*10 >= most*8 && zeros[1]*20 < most:
		return binary.BigEndian
	}
	return nil
}

// wide reads units of two or four bytes.
func wide(b []byte, size int, order binary.ByteOrder) string {
	if size == 2 {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units))
	}
	out := make([]byte, 0, len(b)/4)
	for ; len(b) >= 4; b = b[4:] {
		out = utf8.AppendRune(out, rune(min(order.Uint32(b), utf8.MaxRune+1))) // what is no rune becomes U+FFFD
	}
	return string(out)
}

// looksLikeMessage reports whether a text in lower case begins with the header of a mail message: only fields, and of
// those that messages have at least two, one of which says who wrote it or what is in it.
func looksLikeMessage(head string) bool {
	known, telling := 0, false
	for first, line := range lines(head) {
		if line == "" {
			break
		}
		name, _, field := strings.Cut(line, ":")
		switch {
		case line[0] == ' ' || line[0] == '\t':
			if first {
				return false
			}
			continue
		case first && strings.HasPrefix(line, "from "): // the line that a mailbox file puts before a message
			continue
		case !field || strings.ContainsAny(name, " \t<>{}()[]\"'=/"):
			return known >= 3 && telling // some broken line after a good many
		}
		switch name {
		case "from", "received", "return-path", "mime-version", "content-type", "dkim-signature", "x-mailer":
			known, telling = known+1, true
		case "to", "cc", "subject", "date", "message-id", "reply-to", "sender", "content-transfer-encoding",
			"content-location",
			"snapshot-content-location", "delivered-to", "in-reply-to", "references", "x-mimeole", "thread-topic",
			"thread-index", "importance", "x-priority":
			known++
		}
	}
	return known >= 2 && telling
}

// lines gives the lines of a text, and whether it is the first.
func lines(text string) func(func(bool, string) bool) {
	return func(yield func(bool, string) bool) {
		for first := true; text != ""; first = false {
			line, rest, _ := strings.Cut(text, "\n")
			if !yield(first, strings.TrimSuffix(line, "\r")) {
				return
			}
			text = rest
		}
	}
}

// activeKinds are files that are text and start something or lead elsewhere when they are opened, by marks that stand
// in all of them.
var activeKinds = []struct {
	kind, what string
	marks      []string // one of them is there
}{
	{"shortcut", "internet shortcut", []string{"[internetshortcut]"}},
	{"reg", "registry data", []string{"windows registry editor version", "regedit4"}},
	{"scf", "Explorer command", []string{"[shell]\r\ncommand=", "[shell]\ncommand="}},
	{"theme", "Windows theme", []string{"[theme]"}},
	{"desktop", "Linux shortcut", []string{"[desktop entry]"}},
	{"library", "Windows library", []string{"<librarydescription"}},
	{"search", "search connector", []string{"<searchconnectordescription", "<persistedquery"}},
	{"settings", "settings shortcut", []string{"<pcsettings"}},
	{"hta", "HTML application", []string{"<hta:application"}},
	{"wsf", "Windows script", []string{"<job", "<package>"}},
	{"scriptlet", "Windows script component", []string{"<scriptlet", "<component"}},
	{"appinstaller", "app installation from elsewhere", []string{"<appinstaller"}},
	{"jnlp", "Java Web Start", []string{"<jnlp"}},
	{"sandbox", "Windows Sandbox configuration", []string{"<logoncommand"}},
	{"profile", "Apple configuration profile", []string{"<key>payloadcontent</key>"}},
}

// remoteDesktopText reports whether a text in lower case holds settings of a Remote Desktop connection: one of its
// address, or two others.
func remoteDesktopText(head string) bool {
	if !containsAny(head, ":s:", ":i:") {
		return false
	}
	settings := 0
	for line := range strings.SplitSeq(head, "\n") {
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "full address", "alternate full address":
			settings += 2
		case "redirectdrives", "redirectclipboard", "authentication level", "screen mode id", "drivestoredirect":
			settings++
		default:
			continue
		}
		if rest := line[len(name):]; !strings.HasPrefix(rest, ":s:") && !strings.HasPrefix(rest, ":i:") {
			return false
		}
	}
	return settings >= 2
}

// activeText tells the kind of a text in lower case that starts something when it is opened, "" where it is none.
func activeText(head string) string {
	switch {
	case remoteDesktopText(head):
		return "rdp"
	case strings.HasPrefix(head, "id;p"):
		return "slk"
	case strings.HasPrefix(head, "web\r\n1\r\n") || strings.HasPrefix(head, "web\n1\n"):
		return "iqy"
	}
	start := beforeRoot(head)
	for _, a := range activeKinds {
		for _, mark := range a.marks {
			if strings.HasPrefix(start, mark) && (mark[0] != '<' || delimitedTag(start[len(mark):])) {
				return a.kind
			}
		}
	}
	switch {
	case strings.Contains(head, "<hta:application"):
		return "hta"
	case strings.Contains(head, "<key>payloadcontent</key>") && strings.Contains(head, "<plist"):
		return "profile"
	}
	return ""
}

// delimitedTag reports whether the name of an element ends here.
func delimitedTag(rest string) bool {
	return rest == "" || strings.IndexByte(" \t\r\n/>", rest[0]) >= 0 || rest[0] == ':'
}

// activeWhat is what a kind of active text is, "" where the kind is none.
func activeWhat(kind string) string {
	switch kind {
	case "rdp":
		return "Remote Desktop connection"
	case "slk":
		return "Excel symbolic link file"
	case "iqy":
		return "Excel web query"
	}
	for _, a := range activeKinds {
		if a.kind == kind {
			return a.what
		}
	}
	return ""
}
