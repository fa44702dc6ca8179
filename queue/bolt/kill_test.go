package bolt

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/queue"
	"clawback/spool"
)

// The environment of a child of the kill tests: where its queue is, and whether it answers before it commits.
const (
	killDir     = "CLAWBACK_TEST_KILL_DIR"
	answerEarly = "CLAWBACK_TEST_ANSWER_EARLY"
)

// acknowledged is what a child says of a message.
type acknowledged struct {
	sum  uint32
	size int64
}

// A process that accepts mail is killed at random moments. Whatever it said it had accepted is there afterwards, once
// and byte for byte.
func TestCommit_survivesKill(t *testing.T) {
	dir := t.TempDir()
	accepted := map[acknowledged]bool{}
	for range 5 {
		acceptUntilKilled(t, dir, accepted)
		for _, wrong := range judgeAccepted(t, dir, accepted) {
			t.Error(wrong)
		}
	}
	if len(accepted) == 0 {
		t.Error("nothing was accepted before the kills")
	}
}

// The judge of the test above sees a loss: a process that answers before it commits loses what it said it had accepted.
func TestCommit_survivesKill_judgeSeesALoss(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		accepted := map[acknowledged]bool{}
		acceptUntilKilled(t, dir, accepted, answerEarly+"=yes")
		if wrong := judgeAccepted(t, dir, accepted); len(wrong) > 0 {
			t.Logf("seen, as it must be: %s", wrong[0])
			return
		}
	}
	t.Error("messages were acknowledged before they were durable, and the judge saw nothing wrong")
}

// judgeAccepted opens the queue that a killed process left, and says what is wrong with it.
func judgeAccepted(t *testing.T, dir string, accepted map[acknowledged]bool) (wrong []string) {
	t.Helper()
	q := openOn(t, dir, spool.OS(), Options{})
	defer func() {
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	items, err := q.List(t.Context(), queue.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[acknowledged]int{}
	for _, it := range items {
		found[acknowledged{it.Body.CRC, it.Body.Size}]++
		if err := q.spool.Verify(it.Body); err != nil || it.State != queue.Ready {
			wrong = append(wrong, fmt.Sprintf("item %s is %s: %v", it.ID, it.State, err))
		}
	}
	for m := range accepted {
		if found[m] != 1 {
			wrong = append(wrong, fmt.Sprintf("the message with checksum %08x was accepted, and is there %d times",
				m.sum, found[m]))
		}
	}
	return wrong
}

// acceptUntilKilled runs a child and kills it, and notes what it said it had accepted.
func acceptUntilKilled(t *testing.T, dir string, accepted map[acknowledged]bool, env ...string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run", "^TestKillChild$")
	child.Env = append(append(os.Environ(), killDir+"="+dir), env...)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == 0 { // it works by now
			time.AfterFunc(time.Duration(20+rand.IntN(200))*time.Millisecond, func() { _ = child.Process.Kill() })
		}
		var m acknowledged
		if _, err := fmt.Sscanf(lines.Text(), "accepted %x %d", &m.sum, &m.size); err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		accepted[m] = true
	}
	if err := child.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

// TestKillChild is the process that is killed. It is not a test of its own.
func TestKillChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("runs as a child of TestCommit_survivesKill")
	}
	q := openOn(t, dir, spool.OS(), Options{})
	early := os.Getenv(answerEarly) != ""
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				acceptOne(q, early)
			}
		})
	}
	wg.Wait()
}

// acceptOne accepts one message and says so, as a 250 does; early before it is durable, which is wrong. Some are large.
func acceptOne(q *Queue, early bool) {
	unique := binary.BigEndian.AppendUint64(nil, rand.Uint64()) // no two messages have one checksum
	body := bytes.Repeat(unique, 1+rand.IntN(8<<10))
	if rand.IntN(50) == 0 {
		body = bytes.Repeat(body, 20)
	}
	d, err := q.Begin(context.Background(), queue.Envelope{}, 0)
	if err != nil {
		return
	}
	_, _ = io.Copy(d, bytes.NewReader(body))
	said := fmt.Sprintf("accepted %08x %d\n", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)), len(body))
	if early {
		fmt.Fprint(os.Stdout, said)
	}
	if _, err := d.Commit(context.Background()); err == nil && !early {
		fmt.Fprint(os.Stdout, said)
	}
}
