package attach

import (
	"bytes"
	"strings"
)

// Sniff tells what octets are, by what they begin with. "" means unknown.
func Sniff(b []byte) string {
	for _, magic := range []struct{ prefix, kind string }{
		{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"Rar!\x1a\x07", "rar"}, {"7z\xbc\xaf\x27\x1c", "7z"}, {"\x1f\x8b", "gzip"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"}, {"%PDF", "pdf"}, {"{\\rt", "rtf"}, {"MZ", "pe"}, {"\x7fELF", "elf"},
		{"\xcf\xfa\xed\xfe", "macho"}, {"L\x00\x00\x00\x01\x14\x02\x00", "lnk"}, {"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "onenote"},
		{"\x78\x9f\x3e\x22", "tnef"}, {"\x89PNG", "png"}, {"\xff\xd8\xff", "jpeg"}, {"GIF8", "gif"}, {"BM", "bmp"}, {"RIFF", "webp"},
		{"MSCF", "cab"}, {"conectix", "vhd"}, {"vhdxfile", "vhd"}, {"\xfd7zXZ\x00", "xz"}, {"BZh", "bzip2"},
	} {
		if len(b) > len(magic.prefix)+2 && string(b[:len(magic.prefix)]) == magic.prefix {
			return magic.kind
		}
	}
	return sniffDeeper(b)
}

func sniffDeeper(b []byte) string {
	switch {
	case len(b) > 0x8006 && (string(b[0x8001:0x8006]) == "CD001" || string(b[0x8001:0x8006]) == "BEA01"): // ECMA-119; UDF alone (ECMA-167)
		return "iso"
	case len(b) > 512 && string(b[len(b)-512:len(b)-504]) == "conectix": // a VHD of fixed size ends with its mark
		return "vhd"
	case len(b) > 262 && string(b[257:262]) == "ustar":
		return "tar"
	case len(b) > 14 && string(b[7:14]) == "**ACE**":
		return "ace"
	case len(b) > 22 && b[2] == '-' && b[3] == 'l' && (b[4] == 'h' || b[4] == 'z') && b[6] == '-' && b[20] <= 2:
		return "lzh"
	case len(b) > 34 && b[0] == 0x60 && b[1] == 0xea && b[10] == 2:
		return "arj"
	}
	if at := bytes.Index(b[:min(len(b), 1024)], []byte("%PDF-")); at >= 0 { // readers search the first KiB
		return "pdf"
	}
	head := strings.ToLower(strings.TrimLeft(string(b[:min(len(b), 2048)]), "\ufeff \t\r\n"))
	switch {
	case strings.HasPrefix(head, "<svg") || strings.HasPrefix(head, "<?xml") && strings.Contains(head, "<svg"):
		return "svg"
	case strings.HasPrefix(head, "<!doctype html") || strings.Contains(head, "<html") || strings.Contains(head, "<script") || strings.Contains(head, "<body"):
		return "html"
	case strings.HasPrefix(head, "<?xml"):
		return "xml"
	case printable(b[:min(len(b), 512)]):
		return "text"
	}
	return ""
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			return false
		}
	}
	return len(b) > 0
}
