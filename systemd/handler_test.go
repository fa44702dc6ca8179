package systemd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/internal/visible"
	"clawback/verdict"
)

// fakeJournal is journald's socket.
type fakeJournal struct {
	path string
	conn *net.UnixConn
}

func newFakeJournal(t *testing.T) *fakeJournal {
	t.Helper()
	j := &fakeJournal{path: filepath.Join(t.TempDir(), "socket")}
	j.listen(t)
	return j
}

func (j *fakeJournal) listen(t *testing.T) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: j.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	j.conn = conn
	t.Cleanup(func() { conn.Close() })
}

// next reads one record, by the protocol's own description.
func (j *fakeJournal) next(t *testing.T) map[string]string {
	t.Helper()
	buf := make([]byte, 1<<20)
	j.conn.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := j.conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := decode(buf[:n])
	if err != nil {
		t.Fatalf("%v in %q", err, buf[:n])
	}
	return fields
}

// decode reads a record as journald does.
func decode(b []byte) (map[string]string, error) {
	fields := map[string]string{}
	for len(b) > 0 {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			return nil, errors.New("record does not end a line")
		}
		name, value, inLine := strings.Cut(string(line), "=")
		if !inLine {
			if len(rest) < 8 {
				return nil, errors.New("no length")
			}
			n := binary.LittleEndian.Uint64(rest)
			if uint64(len(rest)) < 8+n+1 || rest[8+n] != '\n' {
				return nil, fmt.Errorf("length %d does not fit", n)
			}
			value, rest = string(rest[8:8+n]), rest[8+n+1:]
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("field %s is there twice", name)
		}
		fields[name], b = value, rest
	}
	return fields, nil
}

func journalLog(t *testing.T, j *fakeJournal, w *bytes.Buffer) *slog.Logger {
	t.Helper()
	return slog.New(newHandler("journal", slog.LevelInfo, output{w, j.path}))
}

func TestHandler_writesFieldsToTheJournal(t *testing.T) {
	j := newFakeJournal(t)
	log := journalLog(t, j, nil)
	day := time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name string
		log  func()
		want map[string]string
	}{
		{"mail event", func() {
			log.With("session", "s1").Info("report accepted", "item", "i1", "tenant", "t1", "intent", "n1", "attempt", 3)
		}, map[string]string{"MESSAGE": "report accepted session=s1 item=i1 tenant=t1 intent=n1 attempt=3", "PRIORITY": "6",
			"SESSION": "s1", "ITEM": "i1", "TENANT": "t1", "INTENT": "n1", "ATTEMPT": "3"}},
		{"catalog event", func() { log.Error("refused", "event", "config.refused") },
			map[string]string{"MESSAGE": "refused event=config.refused", "PRIORITY": "3", "EVENT": "config.refused",
				"MESSAGE_ID": "b9bb93a0f5c7483aa78ee61b3394bcc5"}},
		{"event without an entry", func() { log.Warn("w", "event", "other") },
			map[string]string{"MESSAGE": "w event=other", "PRIORITY": "4", "EVENT": "other"}},
		{"names of the handler's own, and of journald's", func() {
			log.Info("m", "message", "a", "message_id", "<x@y>", "priority", 9, "_pid", 1, "2nd", "b", "Größe", 2)
		}, map[string]string{"MESSAGE": "m message=a message_id=<x@y> priority=9 _pid=1 2nd=b Größe=2", "PRIORITY": "6", "CLAWBACK_MESSAGE": "a",
			"CLAWBACK_MESSAGE_ID": "<x@y>", "CLAWBACK_PRIORITY": "9", "CLAWBACK_PID": "1", "CLAWBACK_2ND": "b", "GR__E": "2"}},
		{"a value that would forge a field", func() { log.Info("m", "reason", "a\nPRIORITY=0\nITEM=other") },
			map[string]string{"MESSAGE": `m reason="a\nPRIORITY=0\nITEM=other"`, "PRIORITY": "6", "REASON": "a\nPRIORITY=0\nITEM=other"}},
		{"groups", func() { log.WithGroup("tls").With("version", "1.3").Info("m", slog.Group("peer", "name", "n")) },
			map[string]string{"MESSAGE": "m tls.version=1.3 tls.peer.name=n", "PRIORITY": "6", "TLS_VERSION": "1.3", "TLS_PEER_NAME": "n"}},
		{"values of every kind", func() {
			log.Info("m", "at", day, "took", time.Second, "share", 0.5, "error", errors.New("no"), "verdict", verdict.Spoof,
				"secret", config.NewSecret("hunter2"), "nothing", nil, "empty", "")
		}, map[string]string{"MESSAGE": `m at=2026-11-21T19:00:00Z took=1s share=0.5 error=no verdict=SPOOF secret=[redacted] nothing=<nil> empty=""`,
			"PRIORITY": "6", "AT": "2026-11-21T19:00:00Z", "TOOK": "1s", "SHARE": "0.5", "ERROR": "no", "VERDICT": "SPOOF",
			"SECRET": "[redacted]", "NOTHING": "<nil>", "EMPTY": ""}},
		{"critical", func() { log.Log(t.Context(), slog.LevelError+4, "m") }, map[string]string{"MESSAGE": "m", "PRIORITY": "2"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.log()
			row.want["SYSLOG_IDENTIFIER"] = "clawback"
			if diff := cmp.Diff(row.want, j.next(t)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandler_leavesOutWhatIsBelowTheLevel(t *testing.T) {
	j := newFakeJournal(t)
	log := journalLog(t, j, nil)
	log.Debug("unwanted")
	log.Info("wanted")
	if got := j.next(t)["MESSAGE"]; got != "wanted" {
		t.Errorf("first record is %q", got)
	}
}

func TestHandler_cutsWhatJournaldWouldNotTake(t *testing.T) {
	j := newFakeJournal(t)
	var plain bytes.Buffer
	log := journalLog(t, j, &plain)
	huge := strings.Repeat("ü", 1<<20)
	log.Info("m", "a", huge, "b", huge, "c", huge, "d", huge, "e", huge, "f", huge, "item", "i1")
	got := j.next(t)
	if !strings.HasSuffix(got["A"], "ü [cut]") || len(got["A"]) > maxValue {
		t.Errorf("A has %d bytes and ends with %q", len(got["A"]), got["A"][max(0, len(got["A"])-20):])
	}
	if got["ITEM"] != "i1" {
		t.Error("a short field after long ones is lost")
	}
	if plain.Len() > 0 {
		t.Error("the record went to the plain writer")
	}
}

func TestHandler_outlivesAJournaldThatRestarts(t *testing.T) {
	j := newFakeJournal(t)
	var plain bytes.Buffer
	log := journalLog(t, j, &plain)
	j.conn.Close()
	log.With("item", "i1").Warn("while it is down")
	if got := plain.String(); !strings.Contains(got, "while it is down") || !strings.Contains(got, "item=i1") {
		t.Errorf("the record is lost; the plain writer has %q", got)
	}
	os.Remove(j.path)
	j.listen(t)
	log.Info("after it came back")
	if got := j.next(t)["MESSAGE"]; got != "after it came back" {
		t.Errorf("journald got %q", got)
	}
}

// journalStream makes $JOURNAL_STREAM name a file.
func journalStream(t *testing.T, f *os.File) {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", st.Dev, st.Ino))
}

func TestHandler_choosesByFormatAndStream(t *testing.T) {
	j := newFakeJournal(t)
	stream, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	other, err := os.Create(filepath.Join(t.TempDir(), "redirected"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	journalStream(t, stream)
	for _, row := range []struct {
		name, format, socket string
		w                    *os.File
		want                 string
	}{
		{"auto under systemd", "auto", j.path, stream, "*systemd.journal"},
		{"auto, redirected to a file", "auto", j.path, other, "*slog.TextHandler"},
		{"auto, no journald", "auto", "/nonexistent", stream, "*slog.TextHandler"},
		{"journal", "journal", j.path, other, "*systemd.journal"},
		{"text under systemd", "text", j.path, stream, "*slog.TextHandler"},
		{"json", "json", j.path, stream, "*slog.JSONHandler"},
	} {
		if got := fmt.Sprintf("%T", newHandler(row.format, slog.LevelInfo, output{row.w, row.socket})); got != row.want {
			t.Errorf("%s: handler is %s, want %s", row.name, got, row.want)
		}
	}
	t.Setenv("JOURNAL_STREAM", "")
	if got := fmt.Sprintf("%T", newHandler("auto", slog.LevelInfo, output{stream, j.path})); got != "*slog.TextHandler" {
		t.Errorf("without $JOURNAL_STREAM the handler is %s", got)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("report accepted", "item", "i1")
	f.Add("m", "message", "a\nPRIORITY=0")
	f.Add("", "", "\x00\xff\n")
	f.Fuzz(func(t *testing.T, message, key, value string) {
		r := slog.NewRecord(time.Time{}, slog.LevelInfo, message, 0)
		b := encode(r, []field{{key, value}})
		got, err := decode(b)
		if err != nil {
			t.Fatalf("%v in %q", err, b)
		}
		if len(got) != 4 || len(value) < maxValue/12 && got[fieldName(key)] != visible.Text(value) {
			t.Fatalf("%q=%q was written as %q", key, value, got)
		}
		if got["PRIORITY"] != "6" || got["SYSLOG_IDENTIFIER"] != "clawback" || len(b) > 2*maxValue+1024 {
			t.Fatalf("record is %q", b)
		}
	})
}
