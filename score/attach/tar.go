package attach

import (
	"bytes"
	"strconv"
	"strings"
)

const tarBlock = 512

// tarMember is a file of a tar archive.
type tarMember struct {
	names []string // the one that most programs show, and the shorter one beside it, where there are two
	kind  byte
	body  []byte
}

// tar reads a tar archive (POSIX.1-2024, pax; GNU tar manual, "Basic Tar Format"). It has a reader of its own because
// archive/tar gives one of two names and stops at the first end, where programs that skip blocks of zeros go on.
func (w *work) tar(it item) {
	body := it.body
	var long, path string // of the next file: GNU's long name, pax's path
	ended := false
	for len(body) >= tarBlock {
		m, rest, ok := tarNext(body)
		if !ok {
			if bytes.Count(body[:tarBlock], []byte{0}) != tarBlock {
				return // what follows the archive
			}
			body, ended = body[tarBlock:], true
			continue
		}
		body = rest
		switch m.kind {
		case 'L':
			long = string(bytes.TrimRight(m.body, "\x00"))
			continue
		case 'x', 'g':
			path = paxPath(m.body)
			continue
		}
		for _, other := range []string{long, path} {
			if other != "" {
				m.names = append([]string{other}, m.names...)
			}
		}
		long, path = "", ""
		if ended {
			w.ambiguous(it.name, "another archive follows its end")
		}
		if !w.tarMember(it, m) {
			return
		}
	}
}

// tarMember looks at a file of the archive. It answers false when there were enough.
func (w *work) tarMember(it item, m tarMember) bool {
	if !w.countMember(it.name, m.names[0]) {
		return false
	}
	for _, other := range m.names[1:] {
		w.judgeName(strings.ToLower(other), "", it.depth+1)
	}
	if m.kind == 0 || m.kind == '0' || m.kind == '7' {
		w.inspectStored(m.names[0], m.body, it.depth)
		return true
	}
	w.judgeName(strings.ToLower(m.names[0]), "", it.depth+1)
	return true
}

// tarNext cuts off the first header and what it describes.
func tarNext(b []byte) (m tarMember, rest []byte, ok bool) {
	if b[0] == 0 || string(b[257:262]) != "ustar" && !oldTar(b) {
		return m, b, false
	}
	size, ok := tarSize(b[124:136])
	if !ok {
		return m, b, false
	}
	m.kind = b[156]
	name := cString(b[:100])
	if prefix := cString(b[345:500]); prefix != "" && string(b[257:263]) == "ustar\x00" {
		name = prefix + "/" + name
	}
	m.names = []string{name}
	rest = b[tarBlock:]
	m.body = rest[:min(size, uint64(len(rest)))]
	return m, rest[min((size+tarBlock-1)&^(tarBlock-1), uint64(len(rest))):], true
}

// tarSize reads a size: octal digits, or a number of 64 bits where the first bit is set, as GNU tar writes large ones.
func tarSize(b []byte) (uint64, bool) {
	if b[0]&0x80 == 0 {
		return octal(b)
	}
	var n uint64
	for _, c := range b[len(b)-8:] {
		n = n<<8 | uint64(c)
	}
	return n, n < 1<<40
}

// octal reads octal digits between blanks and zeros.
func octal(b []byte) (uint64, bool) {
	text := strings.Trim(string(b), " \x00")
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(text, 8, 40)
	return n, err == nil
}

func cString(b []byte) string {
	before, _, _ := bytes.Cut(b, []byte{0})
	return string(before)
}

// paxPath finds the path among pax records, "27 path=directory/file.txt\n".
func paxPath(b []byte) (path string) {
	for len(b) > 0 {
		length, _, found := bytes.Cut(b, []byte{' '})
		n, err := strconv.Atoi(string(length))
		if !found || err != nil || n <= len(length)+1 || n > len(b) {
			return path
		}
		record := strings.TrimSuffix(string(b[len(length)+1:n]), "\n")
		if value, ok := strings.CutPrefix(record, "path="); ok {
			path = value
		}
		b = b[n:]
	}
	return path
}
