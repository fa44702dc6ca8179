package bolt

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/spool"
)

// BenchmarkDesign compares where a body can go: appended to a segment, into a file of its own, or into bbolt as the
// row's value. docs/decisions/0002-spool.md has a run of it.
func BenchmarkDesign(b *testing.B) {
	for _, size := range []int{5 << 10, 50 << 10, 64 << 10, 256 << 10, 512 << 10, 1 << 20, 4 << 20} {
		body := randomBody(b, size)
		for _, writers := range []int{1, 64} {
			for _, d := range []struct {
				name string
				open func(b *testing.B) func([]byte) error
			}{{"segment", segmentDesign}, {"file", fileDesign}, {"bbolt", bboltDesign}} {
				b.Run(fmt.Sprintf("size=%dK/writers=%d/%s", size>>10, writers, d.name), func(b *testing.B) {
					put := d.open(b)
					share(b, writers, func() error { return put(body) })
				})
			}
		}
	}
}

func segmentDesign(b *testing.B) func([]byte) error {
	q := openSpooled(b, spool.Options{InlineLimit: 8 << 20}, Options{BatchBytes: 16 << 20})
	return func(body []byte) error { return deliver(q, body) }
}

func fileDesign(b *testing.B) func([]byte) error {
	q := openSpooled(b, spool.Options{InlineLimit: 1}, Options{})
	return func(body []byte) error { return deliver(q, body) }
}

func openSpooled(b *testing.B, so spool.Options, o Options) *Queue {
	b.Helper()
	dir := b.TempDir()
	sp, err := spool.Open(filepath.Join(dir, "spool"), so)
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

// inlined is a put of the design that is not used: the body is a value of bbolt.
type inlined struct {
	body []byte
	done chan error
}

// bboltDesign is a group committer like the queue's, without spool and without an index.
func bboltDesign(b *testing.B) func([]byte) error {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "inline.db"), 0o600, &bbolt.Options{InitialMmapSize: 64 << 30, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(itemsBucket); return err })
	if err != nil {
		b.Fatal(err)
	}
	puts := make(chan inlined, maxBatch)
	var wg sync.WaitGroup
	wg.Go(func() { commitInline(db, puts) })
	b.Cleanup(func() { close(puts); wg.Wait(); db.Close() })
	return func(body []byte) error {
		p := inlined{slices.Clone(body), make(chan error, 1)} // as a session's buffer is
		puts <- p
		return <-p.done
	}
}

func commitInline(db *bbolt.DB, puts <-chan inlined) {
	id := uint64(0)
	for p := range puts {
		batch, size := []inlined{p}, len(p.body)
		for len(puts) > 0 && size < 8<<20 {
			p := <-puts
			batch, size = append(batch, p), size+len(p.body)
		}
		err := db.Update(func(tx *bbolt.Tx) error {
			for _, p := range batch {
				id++
				if err := tx.Bucket(itemsBucket).Put(binary.BigEndian.AppendUint64(nil, id), p.body); err != nil {
					return err
				}
			}
			return nil
		})
		for _, p := range batch {
			p.done <- err
		}
	}
}

// BenchmarkBesideLarge measures how long 50 KB messages from 8 writers take while 8 others deliver large ones of 4 MiB
// without a pause, by where the large ones go. The first line is without them.
func BenchmarkBesideLarge(b *testing.B) {
	for _, bench := range []struct {
		name  string
		limit int64
		large int
	}{{"alone", 1 << 20, 0}, {"large=file", 1 << 20, 8}, {"large=segment", 8 << 20, 8}} {
		b.Run(bench.name, func(b *testing.B) {
			q := openSpooled(b, spool.Options{InlineLimit: bench.limit}, Options{})
			stop := make(chan struct{})
			var wg sync.WaitGroup
			big := randomBody(b, 4<<20)
			for range bench.large {
				wg.Go(func() { deliverUntil(b, q, big, stop) })
			}
			var mu sync.Mutex
			var took []time.Duration
			body := randomBody(b, 50<<10)
			share(b, 8, func() error {
				start := time.Now()
				err := deliver(q, body)
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
				return err
			})
			close(stop)
			wg.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		})
	}
}

func deliverUntil(b *testing.B, q *Queue, body []byte, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
			if err := deliver(q, body); err != nil {
				b.Error(err)
				return
			}
		}
	}
}

// BenchmarkFreelist compares bbolt's two freelists under the queue's work: put, claim, finish, with rows that stay.
func BenchmarkFreelist(b *testing.B) {
	for _, kind := range []bbolt.FreelistType{bbolt.FreelistMapType, bbolt.FreelistArrayType} {
		b.Run(string(kind), func(b *testing.B) {
			q := openSpooled(b, spool.Options{}, Options{freelist: kind})
			body := randomBody(b, 1<<10)
			for range 2000 {
				if err := deliver(q, body); err != nil {
					b.Fatal(err)
				}
			}
			share(b, 64, func() error { return turn(q, body) })
			b.ReportMetric(float64(q.db.Stats().FreePageN), "free-pages")
		})
	}
}

// turn is the whole life of one item: a put, a claim, a finish.
func turn(q *Queue, body []byte) error {
	if err := deliver(q, body); err != nil {
		return err
	}
	items, err := q.claim(context.Background(), 1)
	for _, it := range items {
		if err == nil {
			err = q.Finish(context.Background(), it.ID)
		}
	}
	return err
}
