package e2e

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/internal/test/testbed"
)

// Floods: many of what costs much, and many of what is refused.

// costly are files that reach a limit of what is looked into, and cost as much as can be had until then.
var costly = []func(t *testing.T) string{
	func(t *testing.T) string { // pictures without end
		var files []mailgen.File
		for i := range 600 {
			files = append(files, mailgen.File{Name: fmt.Sprintf("%d.png", i), Body: tilings[9].png(t)})
		}
		return file("scans.zip", "application/zip", mailgen.Zip(false, files...))
	},
	func(t *testing.T) string { // 120 MB, in archives within archives
		inner := mailgen.Zip(false, mailgen.File{Name: "a.html", Body: bytes.Repeat([]byte("<p>long "), 5<<20/8)})
		var files []mailgen.File
		for i := range 24 {
			files = append(files, mailgen.File{Name: fmt.Sprintf("%d.zip", i), Body: inner})
		}
		return file("pages.zip", "application/zip", mailgen.Zip(false, files...))
	},
	func(t *testing.T) string { // an archive in an archive, ten deep
		body := tilings[1].png(t)
		for range 10 {
			body = mailgen.Zip(false, mailgen.File{Name: "a.zip", Body: body}, mailgen.File{Name: "b.png", Body: tilings[5].png(t)})
		}
		return file("deep.zip", "application/zip", body)
	},
}

// A sender floods the daemon with files that cost as much as can be had. Each is judged by what was read of it, with
// the reason that it was not read to its end; ordinary mail, good and bad, is judged beside them, and nothing is put
// aside.
func TestAttack_floodOfCostlyFiles(t *testing.T) {
	w := startWith(t, everyVerdict, "", "")
	var carry []func(*testing.T, tiling) string
	for _, make := range costly {
		part := make(t)
		carry = append(carry, func(*testing.T, tiling) string { return part })
	}
	var all []letterback
	for n := range 30 {
		all = append(all, scan(t, n+1, tilings[1], carry[n%len(carry)]))
	}
	for n, from := range []int{0, 10, 20} {
		w.floodOf(all[from : from+10])
		w.innocents(n)
	}
	for _, l := range all {
		w.seen(l.nid())
		if out := w.must("show", l.nid()); !strings.Contains(out, "not read to its end") {
			t.Errorf("letter %d has no reason that says that it was not read to its end:\n%s", l.n, out)
		}
	}
	w.nothingPutAside()
	if n := strings.Count(w.log(), "event=item.processed"); n < len(all)+6 {
		t.Errorf("%d reports were processed, want %d", n, len(all)+6)
	}
}

// refusalCount matches the two lines that tell of refused recipients: the first of a kind, and how many came after it.
var refusalCount = regexp.MustCompile(
	`event=smtp\.recipient\.refused|event=smtp\.refusals of=smtp\.recipient\.refused .*count=(\d+)`)

// A thousand recipients are refused, in some sessions of strangers and of Exchange's network, for several reasons. The
// log has a few lines of them, which count every one; nobody hides by it what another is refused.
func TestAttack_thousandRefusedRecipients(t *testing.T) {
	w := besieged(t, contoso)
	refused, sessions := 0, 0
	for refused < 1000 {
		if sessions++; sessions > 500 {
			t.Fatalf("%d recipients were refused in %d sessions", refused, sessions)
		}
		from := strangerPeer(sessions % 3)
		if sessions%4 == 0 {
			from = exchangePeer
		}
		c := w.from(from)
		for i := range 1000 {
			to := fmt.Sprintf("guess-%d@%s", i, testbed.Hostname)
			if i%2 == 1 {
				to = fmt.Sprintf("guess-%d@elsewhere.example", i)
			}
			lines := []string{"RCPT TO:<" + to + ">"}
			if i == 0 {
				lines = append([]string{"MAIL FROM:<a@evil.example>"}, lines...)
			}
			code, err := dialogue(c, lines...)
			if err != nil {
				break
			}
			if code < 400 {
				t.Fatalf("%s is answered %d", to, code)
			}
			if code != 421 {
				refused++
			}
		}
		c.Close()
	}
	w.exchangeStillDelivers(1)
	if err := w.Stop(); err != nil { // sums up what was refused
		t.Fatal(err)
	}
	lines, counted := 0, 0
	for _, line := range strings.Split(w.log(), "\n") {
		m := refusalCount.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if lines++; m[1] == "" {
			counted++
		} else if n, err := strconv.Atoi(m[1]); err == nil {
			counted += n
		}
	}
	if lines == 0 || lines > 60 || counted < refused || counted > refused+sessions {
		t.Errorf("%d recipients were refused in %d sessions: %d lines count %d\n%s", refused, sessions, lines, counted,
			w.LogTail())
	}
	if !strings.Contains(w.log(), "network=exchange") || strings.Contains(w.log(), "guess-") {
		t.Errorf("the log does not tell what Exchange was refused, or has a guess in it\n%s", w.LogTail())
	}
}
