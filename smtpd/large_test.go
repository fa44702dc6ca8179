package smtpd_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/queue"
	"clawback/smtpd"
)

// sumIntake keeps of each message its length and checksum, and watches the heap while it arrives.
type sumIntake struct {
	size, sum chan int64
	peak      atomic.Uint64
}

type sumTx struct {
	i      *sumIntake
	n      int64
	sum    uint32
	writes int
}

func (*sumIntake) Admit(context.Context, queue.Envelope, int64) error { return nil }

func (s *sumIntake) Begin(context.Context, queue.Envelope, int64) (queue.Draft, error) {
	return &sumTx{i: s}, nil
}

func (x *sumTx) Write(p []byte) (int, error) {
	x.n += int64(len(p))
	x.sum = crc32.Update(x.sum, crc32.IEEETable, p)
	if x.writes++; x.writes%500 == 0 {
		x.i.peak.Store(max(x.i.peak.Load(), heap()))
	}
	return len(p), nil
}

func (x *sumTx) Commit(context.Context) (string, error) {
	x.i.size <- x.n
	x.i.sum <- int64(x.sum)
	return "sum", nil
}

func (x *sumTx) Abort() {}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// 150 MB, the most that Exchange Online sends, in the memory of a small message.
func TestLarge_constantMemory(t *testing.T) {
	size := int64(150_000_000)
	if testing.Short() {
		size = 20_000_000
	}
	block := largeBlock()
	for _, verb := range []smtpload.Verb{smtpload.BDAT, smtpload.DATA} {
		t.Run(string(verb), func(t *testing.T) {
			in := &sumIntake{size: make(chan int64, 1), sum: make(chan int64, 1)}
			f := start(t, func(o *smtpd.Options) { o.Intake, o.Config.MaxMessageSize = in, 400<<20 })
			runtime.GC()
			before := heap()
			c := f.envelope()
			began := time.Now()
			n, sum, answer := stream(c, verb, block, size)
			took := time.Since(began)
			if !strings.HasPrefix(answer, "250") {
				t.Fatal(answer)
			}
			if got, gotSum := <-in.size, uint32(<-in.sum); got != n || gotSum != sum {
				t.Errorf("got %d bytes, sum %x, want %d, %x", got, gotSum, n, sum)
			}
			over := int64(in.peak.Load()) - int64(before)
			t.Logf("%d bytes in %v, %.0f MB/s, heap at most %d KiB above idle", n, took, float64(n)/1e6/took.Seconds(),
				over>>10)
			if over > 16<<20 {
				t.Errorf("heap grew by %d MiB", over>>20)
			}
		})
	}
}

// Eight at once take eight times as much, which is still little.
func TestLarge_eightAtOnce(t *testing.T) {
	size := int64(40_000_000)
	if testing.Short() {
		size = 4_000_000
	}
	const transfers = 8
	in := &sumIntake{size: make(chan int64, transfers), sum: make(chan int64, transfers)}
	f := start(t, func(o *smtpd.Options) { o.Intake, o.Config.MaxMessageSize = in, 400<<20 })
	block := largeBlock()
	conns, answers := make([]*smtpload.Conn, transfers), make([]string, transfers)
	for i := range conns {
		conns[i] = f.envelope()
	}
	runtime.GC()
	before := heap()
	var wg sync.WaitGroup
	for i, c := range conns {
		verb := []smtpload.Verb{smtpload.BDAT, smtpload.DATA}[i%2]
		wg.Go(func() { _, _, answers[i] = stream(c, verb, block, size) })
	}
	wg.Wait()
	for i, answer := range answers {
		if !strings.HasPrefix(answer, "250") {
			t.Errorf("transfer %d: %s", i, answer)
		}
	}
	over := int64(in.peak.Load()) - int64(before)
	t.Logf("heap at most %d KiB above idle", over>>10)
	if over > 32<<20 {
		t.Errorf("heap grew by %d MiB", over>>20)
	}
}

// largeBlock has all bytes, bare line ends, and dots at the start of lines. It ends in CRLF.
func largeBlock() []byte {
	var b bytes.Buffer
	for i := range 2000 {
		fmt.Fprintf(&b, "%s line %d\r\n.dot\r\n..\r\n\n.\n\r.\r\x00%c", strings.Repeat("x", i%200), i, byte(i))
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// stream sends block again and again as one message of about size bytes, and gives what was sent and its answer.
func stream(c *smtpload.Conn, verb smtpload.Verb, block []byte, size int64) (n int64, sum uint32, answer string) {
	count := size / int64(len(block))
	w := bufio.NewWriterSize(c, 64<<10)
	part := block
	if verb == smtpload.DATA {
		if r, err := c.Cmd("DATA"); err != nil || r.Code != 354 {
			return 0, 0, fmt.Sprint(r, err)
		}
		part = bytes.TrimSuffix(smtpload.Stuff(nil, block), []byte(".\r\n"))
	} else {
		fmt.Fprintf(w, "BDAT %d LAST\r\n", count*int64(len(block)))
	}
	c.SetWriteDeadline(time.Time{}) // the last command's is over before a busy machine has sent so much
	c.Timeout = time.Hour
	for range count {
		w.Write(part)
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	if verb == smtpload.DATA {
		w.WriteString(".\r\n")
	}
	if err := w.Flush(); err != nil {
		return 0, 0, err.Error()
	}
	r, err := c.Reply()
	if err != nil {
		return 0, 0, err.Error()
	}
	return count * int64(len(block)), sum, r.String()
}
