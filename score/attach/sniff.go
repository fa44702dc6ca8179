package attach

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// magic is how files of a kind begin.
type magic struct{ prefix, kind string }

var magics = []magic{
	{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"},
	{"PK\x07\x08PK\x03\x04", "zip"}, {"PK00PK\x03\x04", "zip"}, // split archives
	{"Rar!\x1a\x07", "rar"}, {"7z\xbc\xaf\x27\x1c", "7z"}, {"\x1f\x8b", "gzip"}, {"MSCF", "cab"},
	{"\xfd7zXZ\x00", "xz"},
	{"BZh", "bzip2"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"LZIP", "lzip"}, {"\x1f\x9d", "compress"}, {"xar!", "xar"},
	{"!<arch>\n", "ar"}, {"MSWIM\x00\x00\x00", "wim"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"}, {"%PDF", "pdf"}, {"{\\rt", "rtf"}, {"\x7fELF", "elf"},
	{"\xcf\xfa\xed\xfe", "macho"}, {"\xce\xfa\xed\xfe", "macho"}, {"L\x00\x00\x00\x01\x14\x02\x00", "lnk"},
	{"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "onenote"}, {"\x78\x9f\x3e\x22", "tnef"},
	{"\x89PNG", "png"}, {"\xff\xd8\xff", "jpeg"}, {"GIF8", "gif"}, {"II*\x00", "tiff"}, {"MM\x00*", "tiff"},
	{"conectix", "vhd"}, {"vhdxfile", "vhd"}, {"KDMV", "vhd"}, {"ActiveMime", "activemime"},
	{"ITSF\x03\x00\x00\x00", "chm"},
}

// Sniff tells what bytes are, by what they begin with. "" means unknown.
func Sniff(b []byte) string {
	for _, m := range magics {
		if len(b) > len(m.prefix)+2 && string(b[:len(m.prefix)]) == m.prefix {
			return m.kind
		}
	}
	if kind := sniffWeak(b); kind != "" {
		return kind
	}
	if kind := sniffDeeper(b); kind != "" {
		return kind
	}
	return sniffText(b)
}

// sniffWeak knows kinds whose first bytes are ordinary letters too.
func sniffWeak(b []byte) string {
	switch {
	case len(b) > 2 && b[0] == 'M' && b[1] == 'Z':
		return sniffProgram(b)
	case len(b) < 12:
		return ""
	case b[0] == 'B' && b[1] == 'M' && binary.LittleEndian.Uint32(b[6:]) == 0:
		return "bmp"
	case string(b[:4]) == "RIFF":
		if string(b[8:12]) == "WEBP" {
			return "webp"
		}
		return "riff"
	}
	return ""
}

// sniffProgram tells programs of Windows, by the header that the one of DOS leads to, from those of DOS, and those
// from text.
func sniffProgram(b []byte) string {
	if len(b) >= 0x40 {
		at := uint64(binary.LittleEndian.Uint32(b[0x3c:]))
		if at+4 <= uint64(len(b)) {
			if mark := string(b[at : at+4]); mark == "PE\x00\x00" || mark[:2] == "NE" || mark[:2] == "LE" {
				return "pe"
			}
		}
	}
	// The bytes on the last page are fewer than 512. Two letters are a larger number.
	if len(b) >= 4 && binary.LittleEndian.Uint16(b[2:]) >= 512 || printable(b[:min(len(b), 512)]) {
		return ""
	}
	return "dos"
}

func sniffDeeper(b []byte) string {
	switch {
	case len(b) > 0x8006 && slices.Contains([]string{"CD001", "BEA01"}, string(b[0x8001:0x8006])): // ECMA-119, ECMA-167
		return "iso"
	case len(b) > 512 && string(b[len(b)-512:len(b)-504]) == "conectix": // a VHD of fixed size ends with its mark
		return "vhd"
	case len(b) > 512 && string(b[len(b)-512:len(b)-508]) == "koly": // so does an image of macOS
		return "vhd"
	case len(b) > 262 && string(b[257:262]) == "ustar" || oldTar(b):
		return "tar"
	case sniffCMS(b):
		return "cms"
	case len(b) > 14 && string(b[7:14]) == "**ACE**":
		return "ace"
	case len(b) > 22 && b[2] == '-' && b[3] == 'l' && (b[4] == 'h' || b[4] == 'z') && b[6] == '-' && b[20] <= 2:
		return "lzh"
	case len(b) > 34 && b[0] == 0x60 && b[1] == 0xea && b[10] == 2:
		return "arj"
	}
	return ""
}

// oldTar reports whether the first 512 bytes have the checksum of a tar header, as those without the mark of POSIX
// have too.
func oldTar(b []byte) bool {
	if len(b) < 512 || b[0] == 0 {
		return false
	}
	want, ok := octal(b[148:156])
	if !ok || want == 0 {
		return false
	}
	sum := uint64(8 * ' ')
	for i, c := range b[:512] {
		if i < 148 || i >= 156 {
			sum += uint64(c)
		}
	}
	return sum == want
}

// sniffText tells what a text is.
func sniffText(b []byte) string {
	text, ok := decodeText(b[:min(len(b), 4<<10)])
	if !ok {
		return sniffPDF(b)
	}
	head := strings.ToLower(strings.TrimLeft(text, "\ufeff \t\r\n"))
	if looksLikeMessage(head) {
		return "message"
	}
	if kind := sniffPDF(b); kind != "" {
		return kind
	}
	if kind := activeText(head); kind != "" {
		return kind
	}
	start := beforeRoot(head)
	switch {
	case svgRoot(start) || strings.HasPrefix(head, "<?xml") && strings.Contains(head, "<svg"):
		return "svg"
	case htmlRoot(start) || containsAny(head[:min(len(head), 2<<10)], "<html", "<script", "<body"):
		return "html"
	case strings.HasPrefix(head, "<?xml"):
		return "xml"
	case text != "":
		return "text"
	}
	return ""
}

// sniffPDF finds a PDF behind other bytes: readers search the first KiB for its mark.
func sniffPDF(b []byte) string {
	if bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")) {
		return "pdf"
	}
	return ""
}

// beforeRoot drops what may stand before the first element: comments, declarations, processing instructions.
func beforeRoot(head string) string {
	for range 20 {
		head = strings.TrimLeft(head, " \t\r\n\f")
		end := ""
		switch {
		case strings.HasPrefix(head, "<!--"):
			end = "-->"
		case strings.HasPrefix(head, "<?"):
			end = ">"
		case strings.HasPrefix(head, "<!doctype") && !strings.HasPrefix(head, "<!doctype html"):
			end = ">"
			if before, _, _ := strings.Cut(head, ">"); strings.Contains(before, "[") {
				end = "]>"
			}
		default:
			return head
		}
		_, rest, found := strings.Cut(head, end)
		if !found {
			return head
		}
		head = rest
	}
	return head
}

// svgRoot reports whether a text begins with the element of a picture, with a prefix or without.
func svgRoot(start string) bool {
	name, ok := strings.CutPrefix(start, "<")
	if !ok {
		return false
	}
	if end := strings.IndexAny(name, " \t\r\n/>"); end >= 0 {
		name = name[:end]
	}
	_, local, prefixed := strings.Cut(name, ":")
	return name == "svg" || prefixed && local == "svg"
}

// htmlRoot reports whether a browser takes a text that begins so for a page (WHATWG MIME Sniffing, section 7.1).
func htmlRoot(start string) bool {
	rest, ok := strings.CutPrefix(start, "<")
	if !ok {
		return false
	}
	end := strings.IndexAny(rest, " \t\r\n\f/>")
	if end < 0 {
		return false
	}
	switch rest[:end] {
	case "!doctype", "html", "head", "script", "iframe", "h1", "div", "font", "table", "a", "style", "title", "b",
		"body",
		"br", "p", "meta", "form", "center", "span", "img", "link", "base":
		return true
	}
	return false
}

// printable reports whether bytes are text in an encoding of one byte a letter, or in UTF-8.
func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			return false
		}
	}
	return len(b) > 0
}

func containsAny(s string, all ...string) bool {
	for _, one := range all {
		if strings.Contains(s, one) {
			return true
		}
	}
	return false
}
