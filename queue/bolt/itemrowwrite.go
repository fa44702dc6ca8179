package bolt

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"clawback/queue"
	"clawback/spool"
)

// usualItem is about the length of an item's row.
const usualItem = 768

// encodeItem writes an item's row as encoding/json does. Each item is written when it is claimed: one that is as nearly
// all are is written here, and another one there.
func encodeItem(it *queue.Item) ([]byte, error) {
	w := rowWriter{row: make([]byte, 0, usualItem)}
	if w.item(it); !w.failed {
		return w.row, nil
	}
	return json.Marshal(it)
}

// rowWriter writes JSON as encoding/json does. It has failed where it meets what that escapes, or what is rare.
type rowWriter struct {
	row    []byte
	failed bool
}

func (w *rowWriter) item(it *queue.Item) {
	// Of what has been tried before, is set aside, or is shared.
	w.failed = it.CrashesAlone != 0 || !it.NotBefore.IsZero() || it.Cause != "" || it.Reason != "" ||
		it.Trusted != "" || it.Claim != queue.Claim{}
	w.text(`{"id":`, it.ID)
	w.raw(`,"envelope":`)
	w.envelope(&it.Envelope)
	w.raw(`,"body":`)
	w.ref(it.Body)
	w.text(`,"state":`, string(it.State))
	w.number(`,"crashes":`, int64(it.Crashes))
	w.number(`,"tries":`, int64(it.Tries))
	w.time(`,"changed":`, it.Changed)
	w.raw("}")
}

func (w *rowWriter) envelope(e *queue.Envelope) {
	w.text(`{"session":`, e.Session)
	w.text(`,"tenant":`, e.Tenant)
	w.text(`,"purpose":`, string(e.Purpose))
	w.filled(`,"region":`, e.Region)
	w.text(`,"mail_from":`, e.MailFrom)
	w.failed = w.failed || e.Rcpts == nil
	w.texts(`,"rcpts":[`, e.Rcpts)
	w.time(`,"received":`, e.Received)
	w.text(`,"remote":`, e.Remote)
	w.text(`,"hello":`, e.Hello)
	w.text(`,"network":`, e.Network)
	w.yes(`,"exchange":true`, e.Exchange)
	w.text(`,"tls":{"version":`, e.TLS.Version)
	w.text(`,"cipher":`, e.TLS.Cipher)
	w.filled(`,"server_name":`, e.TLS.ServerName)
	if len(e.TLS.ClientNames) > 0 {
		w.texts(`,"client_names":[`, e.TLS.ClientNames)
	}
	w.yes(`,"verified":true`, e.TLS.Verified)
	w.filled(`,"problem":`, e.TLS.Problem)
	w.raw("}")
	w.yes(`,"smtputf8":true`, e.SMTPUTF8)
	w.yes(`,"binary":true`, e.Binary)
	w.raw("}")
}

func (w *rowWriter) ref(r spool.Ref) {
	w.text(`{"file":`, r.File)
	if r.Offset != 0 {
		w.number(`,"offset":`, r.Offset)
	}
	w.number(`,"size":`, r.Size)
	w.number(`,"crc32c":`, int64(r.CRC))
	w.raw("}")
}

func (w *rowWriter) raw(text string) { w.row = append(w.row, text...) }

// yes writes a field that is left out where it is false.
func (w *rowWriter) yes(field string, is bool) {
	if is {
		w.raw(field)
	}
}

// filled writes a field that is left out where it is "".
func (w *rowWriter) filled(field, text string) {
	if text != "" {
		w.text(field, text)
	}
}

func (w *rowWriter) texts(field string, list []string) {
	w.raw(field)
	for i, text := range list {
		if i > 0 {
			w.raw(",")
		}
		w.text("", text)
	}
	w.raw("]")
}

func (w *rowWriter) text(field, text string) {
	for i := range len(text) {
		switch c := text[i]; c {
		case '"', '\\', '<', '>', '&':
			w.failed = true
		default:
			w.failed = w.failed || c < ' ' || c >= utf8.RuneSelf
		}
	}
	w.raw(field)
	w.raw(`"`)
	w.raw(text)
	w.raw(`"`)
}

func (w *rowWriter) number(field string, n int64) {
	w.raw(field)
	w.row = strconv.AppendInt(w.row, n, 10)
}

func (w *rowWriter) time(field string, at time.Time) {
	w.raw(field)
	w.raw(`"`)
	row, err := at.AppendText(w.row)
	w.failed = w.failed || err != nil
	w.row = append(row, '"')
}
