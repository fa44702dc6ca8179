package bolt

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"

	"clawback/queue"
	"clawback/spool"
)

// decodeItem reads an item's row. Each item is read when it is claimed, and encoding/json takes five times as long:
// what is written as this program writes it is read here, and the rest there.
func decodeItem(row []byte, it *queue.Item) error {
	r := rowReader{rest: row}
	var fast queue.Item
	if r.item(&fast); !r.failed && len(r.rest) == 0 {
		*it = fast
		return nil
	}
	return decode(row, it)
}

// rowReader reads JSON as encoding/json writes it, without escapes. It has failed where it meets anything else.
type rowReader struct {
	rest   []byte
	failed bool
}

func (r *rowReader) item(it *queue.Item) {
	r.object(func(name []byte) {
		switch string(name) {
		case "id":
			it.ID = r.text()
		case "envelope":
			r.envelope(&it.Envelope)
		case "body":
			r.ref(&it.Body)
		case "state":
			it.State = queue.State(r.text())
		case "crashes":
			it.Crashes = int(r.number())
		case "tries":
			it.Tries = int(r.number())
		case "changed":
			it.Changed = r.time()
		default: // of what has been tried before, or is set aside
			r.failed = true
		}
	})
}

func (r *rowReader) envelope(e *queue.Envelope) {
	r.object(func(name []byte) {
		switch string(name) {
		case "session":
			e.Session = r.text()
		case "tenant":
			e.Tenant = r.text()
		case "purpose":
			e.Purpose = queue.Purpose(r.text())
		case "region":
			e.Region = r.text()
		case "mail_from":
			e.MailFrom = r.text()
		case "rcpts":
			e.Rcpts = r.texts()
		case "received":
			e.Received = r.time()
		case "remote":
			e.Remote = r.text()
		case "hello":
			e.Hello = r.text()
		case "network":
			e.Network = r.text()
		case "exchange":
			e.Exchange = r.yes()
		case "tls":
			r.tls(&e.TLS)
		case "smtputf8":
			e.SMTPUTF8 = r.yes()
		case "binary":
			e.Binary = r.yes()
		default:
			r.failed = true
		}
	})
}

func (r *rowReader) tls(t *queue.TLS) {
	r.object(func(name []byte) {
		switch string(name) {
		case "version":
			t.Version = r.text()
		case "cipher":
			t.Cipher = r.text()
		case "server_name":
			t.ServerName = r.text()
		case "client_names":
			t.ClientNames = r.texts()
		case "verified":
			t.Verified = r.yes()
		case "problem":
			t.Problem = r.text()
		default:
			r.failed = true
		}
	})
}

func (r *rowReader) ref(ref *spool.Ref) {
	r.object(func(name []byte) {
		switch string(name) {
		case "file":
			ref.File = r.text()
		case "offset":
			ref.Offset = r.number()
		case "size":
			ref.Size = r.number()
		case "crc32c":
			n := r.number()
			ref.CRC = uint32(n)
			r.failed = r.failed || n < 0 || n != int64(ref.CRC)
		default:
			r.failed = true
		}
	})
}

// object reads an object. For each of its fields it calls read, which reads the value.
func (r *rowReader) object(read func(name []byte)) {
	r.members('{', '}', func() {
		name := r.quoted()
		r.expect(':')
		if !r.failed {
			read(name)
		}
	})
}

func (r *rowReader) texts() []string {
	list := []string{}
	r.members('[', ']', func() { list = append(list, r.text()) })
	return list
}

// members reads what stands between two brackets, with commas between.
func (r *rowReader) members(open, end byte, read func()) {
	r.expect(open)
	for first := true; !r.failed; first = false {
		if len(r.rest) > 0 && r.rest[0] == end {
			r.rest = r.rest[1:]
			return
		}
		if !first {
			r.expect(',')
		}
		if r.failed = r.failed || !first && len(r.rest) > 0 && r.rest[0] == end; !r.failed {
			read()
		}
	}
}

func (r *rowReader) expect(c byte) {
	if r.failed = r.failed || len(r.rest) == 0 || r.rest[0] != c; !r.failed {
		r.rest = r.rest[1:]
	}
}

// quoted reads a string that stands for itself. It is a part of the row.
func (r *rowReader) quoted() []byte {
	r.expect('"')
	end := bytes.IndexByte(r.rest, '"')
	if r.failed = r.failed || end < 0; r.failed {
		return nil
	}
	text := r.rest[:end]
	r.rest = r.rest[end+1:]
	for _, c := range text {
		r.failed = r.failed || c < ' ' || c == '\\' || c >= utf8.RuneSelf
	}
	return text
}

func (r *rowReader) text() string { return string(r.quoted()) }

func (r *rowReader) time() (at time.Time) {
	text := r.rest
	r.quoted()
	if r.failed = r.failed || at.UnmarshalJSON(text[:len(text)-len(r.rest)]) != nil; r.failed {
		return time.Time{}
	}
	return at
}

// number reads a whole number.
func (r *rowReader) number() int64 {
	size := 0
	for size < len(r.rest) && (r.rest[size] == '-' || '0' <= r.rest[size] && r.rest[size] <= '9') {
		size++
	}
	text := r.rest[:size]
	r.rest = r.rest[size:]
	n, err := strconv.ParseInt(string(text), 10, 64)
	var room [20]byte
	r.failed = r.failed || err != nil || !bytes.Equal(strconv.AppendInt(room[:0], n, 10), text)
	return n
}

// yes reads true: encoding/json leaves out what is false.
func (r *rowReader) yes() bool {
	rest, is := bytes.CutPrefix(r.rest, []byte("true"))
	r.rest, r.failed = rest, r.failed || !is
	return is
}
