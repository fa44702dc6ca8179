package outlook

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
)

// Magic is how a winmail.dat begins.
const Magic = "\x78\x9f\x3e\x22"

// The attributes that are read. MS-OXTNEF, section 2.1.3.3.
const (
	attMsgProps   = 0x00069003
	attAttachData = 0x0006800f
	attAttachment = 0x00069005
)

// interfaceMessage is IID_IMessage: what an attached object begins with that is a message.
const interfaceMessage = "\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"

// TNEF tells what is attached to the message of a winmail.dat. The message itself is the one that the file is in.
func TNEF(r io.Reader, found Found) {
	w := tnef{found}
	w.stream(&span{r: bufio.NewReader(r), left: math.MaxInt64}, 0)
}

type tnef struct{ found Found }

// stream reads attribute by attribute. MS-OXTNEF, section 2.1.3.
func (w tnef) stream(s *span, depth int) {
	if head := s.next(6); head == nil || string(head[:4]) != Magic {
		return
	}
	for {
		head := s.next(9) // level, attribute, size; then the value and a checksum
		if head == nil {
			return
		}
		attribute, size := binary.LittleEndian.Uint32(head[1:]), int64(binary.LittleEndian.Uint32(head[5:]))
		whole := false
		switch attribute {
		case attMsgProps:
			whole = s.within(size, func(value *span) { w.message(value, depth) })
		case attAttachment:
			whole = s.within(size, func(value *span) { w.properties(value, depth) })
		case attAttachData:
			whole = s.within(size, func(value *span) { w.found.File(value) })
		default:
			whole = s.skip(size)
		}
		if !whole || !s.skip(2) {
			return
		}
	}
}

func (w tnef) message(value *span, depth int) {
	if m := w.properties(value, depth); depth > 0 && m.known() {
		w.found.Message(m)
	}
}

// properties reads a list of them, and follows the messages in it. MS-OXTNEF, section 2.1.3.4.
func (w tnef) properties(s *span, depth int) (m Message) {
	for count := s.number(); count > 0; count-- {
		tag := s.next(4)
		if tag == nil {
			return m
		}
		kind, id := binary.LittleEndian.Uint16(tag), binary.LittleEndian.Uint16(tag[2:])
		if id >= 0x8000 && !s.skipName() {
			return m
		}
		if !s.values(kind, func(value *span) { w.property(&m, id, kind, value, depth) }) {
			return m
		}
	}
	return m
}

func (w tnef) property(m *Message, id, kind uint16, value *span, depth int) {
	switch {
	case id == attachData && kind == typeObject:
		if object := value.next(len(interfaceMessage)); string(object) == interfaceMessage && depth < maxDepth {
			w.stream(value, depth+1)
		}
	case id == attachData && kind == typeBinary:
		w.found.File(value)
	default:
		m.keep(id, kind, value)
	}
}

// sizeOf is the size of a property's value, where its type settles that; negative when the type is not known.
func sizeOf(kind uint16) (size int64, fixed bool) {
	switch kind {
	case typeObject, typeString8, typeUnicode, typeBinary:
		return 0, false
	case 0x0002, 0x000b: // a short, a truth value
		return 2, true
	case 0x0003, 0x0004, 0x000a: // a long, a real, an error
		return 4, true
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040: // a double, money, a time of two kinds, a long long
		return 8, true
	case 0x0048: // a GUID
		return 16, true
	}
	return -1, true
}
