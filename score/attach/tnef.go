package attach

import (
	"encoding/binary"
	"strings"
)

// tnef unpacks the files of a winmail.dat (MS-OXTNEF 2.1.3).
func (w *work) tnef(_ string, body []byte, depth int) {
	const title, data = 0x00018010, 0x0006800f
	if len(body) < 6 || depth >= w.limits.Depth {
		return
	}
	name, rest := "attachment", body[6:]
	var content []byte
	flush := func() {
		if content != nil && w.enter(name) {
			w.file(strings.ToLower(name), content, depth+1)
		}
		content = nil
	}
	for range 2000 {
		if len(rest) < 11 {
			break
		}
		attribute, size := binary.LittleEndian.Uint32(rest[1:]), int64(binary.LittleEndian.Uint32(rest[5:]))
		if int64(len(rest)) < 9+size+2 {
			break
		}
		value := rest[9 : 9+size]
		rest = rest[9+size+2:] // two octets of checksum
		switch attribute {
		case 0x00069002: // attAttachRendData: the next file begins
			flush()
			name = "attachment"
		case title:
			name = strings.TrimRight(string(value), "\x00")
		case data:
			content = value
		}
	}
	flush()
}
