package bolt

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"clawback/queue"
	"clawback/spool"
)

// BenchmarkCommit measures C1: messages accepted durably a second, by writers and body size. It is run on the file
// system of the package's directory, because /tmp may be in memory.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{5 << 10, 50 << 10, 500 << 10} {
		for _, writers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("size=%dK/writers=%d", size>>10, writers), func(b *testing.B) {
				q := openBench(b, Options{})
				body := randomBody(b, size)
				share(b, writers, func() error { return deliver(q, body) })
			})
		}
	}
}

// deliver is one message as a session delivers it: in pieces.
func deliver(q *Queue, body []byte) error {
	d, err := q.Begin(context.Background(), queue.Envelope{Tenant: "t1", Rcpts: []string{"journal@example.com"}}, 0)
	if err != nil {
		return err
	}
	for len(body) > 0 {
		n := min(len(body), 16<<10)
		if _, err := d.Write(body[:n]); err != nil {
			return err
		}
		body = body[n:]
	}
	_, err = d.Commit(context.Background())
	return err
}

func openBench(b *testing.B, o Options) *Queue {
	b.Helper()
	dir := b.TempDir()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{})
	if err != nil {
		b.Fatal(err)
	}
	q, err := Open(filepath.Join(dir, "queue"), sp, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { q.Close(); sp.Close() })
	return q
}

func randomBody(b *testing.B, size int) []byte {
	b.Helper()
	body := make([]byte, size)
	if _, err := rand.Read(body); err != nil {
		b.Fatal(err)
	}
	return body
}

// share runs b.N times work in so many goroutines.
func share(b *testing.B, writers int, work func() error) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := work(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
