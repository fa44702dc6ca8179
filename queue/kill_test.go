package queue

import (
	"bufio"
	"bytes"
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

	"clawback/spool"
)

// killDir tells a child of TestCommit_survivesKill where its queue is.
const killDir = "CLAWBACK_TEST_KILL_DIR"

// A process that accepts mail is killed at random moments. Whatever it said it had accepted is there afterwards, once,
// with its octets. With -tags wrongorder this fails.
func TestCommit_survivesKill(t *testing.T) {
	dir := t.TempDir()
	told := map[string]uint32{}
	for range 5 {
		acceptUntilKilled(t, dir, told)
		q := openOn(t, dir, spool.OS(), Options{})
		items, err := q.List(Filter{})
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]Item{}
		for _, it := range items {
			there[it.ID] = it
		}
		for id, sum := range told {
			if it, ok := there[id]; !ok || it.Body.CRC != sum || it.State != Ready {
				t.Errorf("accepted %s with checksum %08x; there is %+v", id, sum, it)
			}
		}
		for _, it := range items {
			if err := q.spool.Verify(it.Body); err != nil {
				t.Errorf("item %s: %v", it.ID, err)
			}
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) == 0 {
		t.Error("nothing was accepted before the kills")
	}
}

// acceptUntilKilled runs a child and kills it, and notes what it told.
func acceptUntilKilled(t *testing.T, dir string, told map[string]uint32) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run", "^TestKillChild$")
	child.Env = append(os.Environ(), killDir+"="+dir)
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
		var id string
		var sum uint32
		if _, err := fmt.Sscanf(lines.Text(), "accepted %s %x", &id, &sum); err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		told[id] = sum
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
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				tell(q)
			}
		})
	}
	wg.Wait()
}

// tell accepts one message and says so, as a 250 does. Some are large.
func tell(q *Queue) {
	body := bytes.Repeat([]byte{byte(rand.Uint32())}, rand.IntN(60<<10))
	if rand.IntN(50) == 0 {
		body = bytes.Repeat(body, 20)
	}
	d, err := q.Begin(Envelope{}, 0)
	if err != nil {
		return
	}
	_, _ = io.Copy(d, bytes.NewReader(body))
	if id, err := d.Commit(); err == nil {
		fmt.Fprintf(os.Stdout, "accepted %s %08x\n", id, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	}
}
