package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/smtpload"
)

// Many sessions send large messages and stop in the middle. What they hold together stays under smtp.max_memory,
// Exchange's mail goes on beside them, and each message that is sent to its end after all is accepted, byte for byte.
func TestAttack_bodiesInFlightHoldBoundedMemory(t *testing.T) {
	w := besieged(t, contoso, "[smtp]", "max_sessions = 64", `max_memory = "4MiB"`, "")
	forged := bytes.Replace(w.report("01-credential-phish.eml"), []byte("X-OriginatorOrg: contoso"),
		[]byte("X-OriginatorOrg: fabrikam"), 1)
	type flow struct {
		conn *smtpload.Conn
		rest []byte
		body []byte
	}
	var flows []*flow
	for n := range 48 {
		from := exchangePeer
		if n >= 40 {
			from = strangerPeer(n)
		}
		body := append(bytes.Clone(forged),
			bytes.Repeat(fmt.Appendf(nil, "filler of message %d\r\n..\r\n", n), 20_000)...)
		f := &flow{conn: w.from(from), body: body}
		if code, err := dialogue(f.conn, "MAIL FROM:<> SIZE=700000", "RCPT TO:<"+contoso.Journal()+">"); err != nil ||
			code != 250 {
			t.Fatalf("session %d: %d, %v", n, code, err)
		}
		sent := append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(body)), body...)
		if n%2 == 0 {
			if code, err := dialogue(f.conn, "DATA"); err != nil || code != 354 {
				t.Fatalf("session %d: %d, %v", n, code, err)
			}
			sent = append(bytes.ReplaceAll(body, []byte("\r\n."), []byte("\r\n..")), ".\r\n"...)
		}
		if err := f.conn.Send(sent[:300_000]); err != nil {
			t.Fatal(err)
		}
		f.rest = sent[300_000:]
		flows = append(flows, f)
	}
	w.eventually(func() string { // all of them have arrived so far
		if m := w.memory(); m.Held < 3<<20 || m.Spilled == 0 {
			return fmt.Sprintf("%+v", m)
		}
		return ""
	})
	w.exchangeStillDelivers(1)
	for n, f := range flows {
		if n%8 == 3 {
			f.conn.Close()
			continue
		}
		if err := f.conn.Send(f.rest); err != nil {
			t.Fatal(err)
		}
		r, err := f.conn.Reply()
		if err != nil || r.Code != 250 {
			t.Fatalf("message %d: %s, %v", n, r, err)
		}
		_, id, _ := strings.Cut(r.String(), "queued as ")
		w.exported(strings.TrimSpace(id), f.body)
	}
	if m := w.memory(); m.Peak > m.Max || m.Max != 4<<20 {
		t.Errorf("%+v", m)
	}
	w.eventually(func() string {
		if m := w.memory(); m.Held != 0 {
			return fmt.Sprintf("held when nothing arrives: %+v", m)
		}
		return ""
	})
}

// memory asks the daemon what arriving mail holds.
func (w *world) memory() api.Memory {
	w.t.Helper()
	s, err := client.Do(w.t.Context(), w.Client, api.ShowStatus, api.None{})
	if err != nil {
		w.t.Fatal(err)
	}
	return s.Memory
}

// exported fails unless an item of the queue has these bytes.
func (w *world) exported(id string, want []byte) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "export.eml")
	w.must("queue", "export", id, file)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		w.t.Errorf("item %s has %d bytes, %v; %d were sent", id, len(got), err, len(want))
	}
}
