package interop

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"hash"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/needs"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

var large = flag.Bool("large", false, "send reports of 150 and 400 MB instead of a tenth of that")

const mega = 1_000_000

// The daemon's memory does not grow with the message: reports of 150 and of 400 MB, one and eight at once, go from SMTP
// to their record, and are kept octet for octet.
func TestLarge_memoryIsBounded(t *testing.T) {
	needs.Time(t, "gigabytes of writing", "make interop")
	for _, c := range []struct {
		size, atOnce int
		shape        shape
		limit        int64 // MiB above idle
	}{{150, 1, attachment, 64}, {400, 1, attachment, 64}, {400, 1, text, 64}, {400, 1, html, 64}, {400, 8, attachment, 256}} {
		for _, verb := range []smtpload.Verb{smtpload.BDAT, smtpload.DATA} {
			size := int64(c.size) * mega
			if !*large {
				size /= 10
			}
			l := load{verb: verb, shape: c.shape, size: size, atOnce: c.atOnce}
			t.Run(l.String(), func(t *testing.T) {
				if over := l.run(t); over > c.limit {
					t.Errorf("%d MiB above idle, more than %d", over, c.limit)
				}
			})
		}
	}
}

// Sessions that begin a message and never end it hold what the configuration allows, and no more, however much they
// send: a session's buffers and its body up to inline_limit, with the collector's share as much again.
func TestMany_memoryIsBounded(t *testing.T) {
	const sessions, inline = 200, 256 << 10
	bed := start(t, fmt.Sprintf("[smtp]\nmax_sessions_per_network = %d\n\n[spool]\ninline_limit = %d\n\n", sessions,
		inline))
	idle := memory(t, bed.Pid(), "VmRSS:")
	part := bytes.Repeat([]byte("x"), 10*inline)
	for range sessions {
		conn, err := bed.Dial(t.Context())
		if err != nil {
			t.Fatalf("%v\n%s", err, bed.LogTail())
		}
		defer conn.Close()
		send(t, conn, fmt.Sprintf("MAIL FROM:<>\r\nRCPT TO:<%s>\r\nBDAT %d LAST\r\n", organisation.Journal(),
			100*inline), 250, 250)
		if err := conn.Send(part); err != nil {
			t.Fatal(err)
		}
	}
	over := memory(t, bed.Pid(), "VmHWM:") - idle
	t.Logf("%d sessions with a message each: %d MiB above idle, %d KiB a session", sessions, over, over<<10/sessions)
	if most := int64(2 * sessions * (inline + 256<<10) >> 20); over > most {
		t.Errorf("more than %d MiB", most)
	}
}

// load is some large reports that are sent at once.
type load struct {
	verb   smtpload.Verb
	shape  shape
	size   int64
	atOnce int
}

func (l load) String() string {
	return fmt.Sprintf("%d of %d MB with %s by %s", l.atOnce, l.size/mega, l.shape, l.verb)
}

func (l load) report(n int) bigReport { return bigReport{n, l.size, l.shape} }

// run gives the peak of the daemon's resident memory, in MiB above what it was when idle.
func (l load) run(t *testing.T) (over int64) {
	bed := start(t, "")
	warm := bigReport{0, 100_000, l.shape}
	sendBig(t, bed, l.verb, warm)
	awaitRecord(t, bed, warm.messageID(), time.Minute)
	idle := memory(t, bed.Pid(), "VmRSS:")
	needs.Ability(t, "to set the peak of a process's memory back",
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", bed.Pid()), []byte("5"), 0))
	began := time.Now()
	var group sync.WaitGroup
	for n := range l.atOnce {
		group.Go(func() { sendBig(t, bed, l.verb, l.report(n+1)) })
	}
	group.Wait()
	sent := time.Since(began)
	received := memory(t, bed.Pid(), "VmHWM:") - idle
	for n := range l.atOnce {
		awaitRecord(t, bed, l.report(n+1).messageID(), 10*time.Minute)
	}
	over = memory(t, bed.Pid(), "VmHWM:") - idle
	rate := float64(l.size) * float64(l.atOnce) / mega / sent.Seconds()
	t.Logf("taken in %v (%.0f MB/s), judged after %v; resident %d MiB when idle, at most %d MiB more while received, %d MiB more in all",
		sent.Round(time.Millisecond), rate, time.Since(began).Round(time.Millisecond), idle, received, over)
	for n := range l.atOnce {
		wantBig(t, bed, l.report(n+1))
	}
	return over
}

// memory is a line of /proc/PID/status, in MiB.
func memory(t *testing.T, pid int, name string) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), name)
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return kib >> 10
}

// wantBig reads a report back and compares its hash.
func wantBig(t *testing.T, bed *testbed.Bed, b bigReport) {
	t.Helper()
	want, got := sha256.New(), sha256.New()
	b.writeTo(t, want)
	n := &counter{Hash: got}
	if err := client.Export(t.Context(), bed.Client, api.ExportMessage, api.MessageRef{Key: b.messageID()}, n); err != nil {
		t.Fatal(err)
	}
	if n.n != b.length() || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Errorf("report %d: %d octets came back, of %d that were sent, and they are not the same", b.n, n.n,
			b.length())
	}
}

type counter struct {
	hash.Hash
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.Hash.Write(p)
}

func sendBig(t *testing.T, bed *testbed.Bed, verb smtpload.Verb, b bigReport) {
	t.Helper()
	conn, err := bed.Dial(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	conn.Timeout = 10 * time.Minute
	begin, end := fmt.Sprintf("BDAT %d LAST\r\n", b.length()), ""
	for _, line := range []string{fmt.Sprintf("MAIL FROM:<> SIZE=%d", b.length()), "RCPT TO:<" + organisation.Journal() + ">"} {
		if err := conn.Expect(250, line); err != nil {
			t.Error(err)
			return
		}
	}
	if verb == smtpload.DATA {
		if err := conn.Expect(354, "DATA"); err != nil {
			t.Error(err)
			return
		}
		begin, end = "", ".\r\n" // no line of a bigReport begins with a dot
	}
	conn.SetWriteDeadline(time.Now().Add(conn.Timeout))
	w := bufio.NewWriterSize(conn, 256<<10)
	w.WriteString(begin)
	b.writeTo(t, w)
	w.WriteString(end)
	if err := w.Flush(); err != nil {
		t.Errorf("report %d: %v", b.n, err)
		return
	}
	if r, err := conn.Reply(); err != nil || r.Code != 250 {
		t.Errorf("report %d: %s, %v\n%s", b.n, r, err, bed.LogTail())
	}
}
