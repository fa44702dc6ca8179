package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/spool"
)

// failing is a disk on which a sync fails after some that succeed, and takes with it what was not synced yet: the
// kernel drops such pages (fsync(2), EIO).
type failing struct {
	spool.FS
	mu    sync.Mutex
	after int // syncs until the one that fails; negative: none
	hit   bool
}

// strike counts a sync and says whether it fails.
func (d *failing) strike() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.after--
	d.hit = d.hit || d.after == 0
	return d.after == 0
}

func (d *failing) OpenFile(name string, flag int, perm os.FileMode) (spool.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &failingFile{File: f, disk: d}, nil
}

func (d *failing) SyncDir(name string) error {
	if d.strike() {
		return &os.PathError{Op: "fsync", Path: name, Err: syscall.EIO}
	}
	return d.FS.SyncDir(name)
}

type failingFile struct {
	spool.File
	disk   *failing
	synced int64 // size that is durable
}

func (f *failingFile) Datasync() error {
	if f.disk.strike() {
		return errors.Join(syscall.EIO, f.File.Truncate(f.synced))
	}
	err := f.File.Datasync()
	if err == nil {
		f.synced, err = f.File.Size()
	}
	return err
}

// A sync fails at a random moment under load, again and again: what got an id before is there afterwards, octet for
// octet, and nothing is there twice.
func TestSync_failsUnderLoad(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(*seed, 3))
	o := &offer{t: t, accepted: map[string][]byte{}}
	broken := 0
	for round := range max(10, *rounds) {
		disk := &failing{FS: spool.OS(), after: 1 + random.IntN(40)}
		if o.round(dir, disk, round) {
			broken++
		}
	}
	t.Logf("%d accepted, %d refused; a sync failed in %d rounds", len(o.accepted), o.refused, broken)
	if broken == 0 || len(o.accepted) == 0 || o.refused == 0 {
		t.Error("nothing was put to the test")
	}
	o.judge(dir)
}

// offer delivers messages and remembers which were taken.
type offer struct {
	t        *testing.T
	mu       sync.Mutex
	accepted map[string][]byte // by id
	refused  int
}

const syncInline = 16 << 10 // octets; every tenth message is larger

func openQueue(dir string, disk spool.FS) (*bolt.Queue, *spool.Spool, error) {
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{FS: disk, InlineLimit: syncInline})
	if err != nil {
		return nil, nil, err
	}
	q, err := bolt.Open(dir, sp, bolt.Options{Options: queue.Options{Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		sp.Close()
	}
	return q, sp, err
}

// round delivers over some sessions until a sync has failed, and says whether one has.
func (o *offer) round(dir string, disk *failing, round int) bool {
	q, sp, err := openQueue(dir, disk)
	if err != nil {
		return disk.hit // while opening: the next round does
	}
	defer sp.Close()
	defer q.Close()
	ctx, cancel := context.WithTimeout(o.t.Context(), 2*time.Second)
	defer cancel()
	var group sync.WaitGroup
	for session := range 6 {
		group.Go(func() {
			for n := 0; ctx.Err() == nil && n < 40; n++ {
				o.deliver(q, fmt.Sprintf("%d.%d.%d", round, session, n), n%10 == 9)
			}
		})
	}
	group.Wait()
	return disk.hit
}

func (o *offer) deliver(q *bolt.Queue, key string, large bool) {
	size := 500 + len(key)*37
	if large {
		size += syncInline
	}
	body := append([]byte(key+"\r\n"), bytes.Repeat([]byte(key), size/len(key))...)
	id, err := put(q, body)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.refused++
		return
	}
	if o.accepted[id] != nil {
		o.t.Errorf("two messages have the id %s", id)
	}
	o.accepted[id] = body
}

func put(q *bolt.Queue, body []byte) (string, error) {
	d, err := q.Begin(context.Background(), queue.Envelope{Tenant: "contoso", Purpose: queue.ForJournal}, int64(len(body)))
	if err != nil {
		return "", err
	}
	if _, err := d.Write(body); err != nil {
		d.Abort()
		return "", err
	}
	return d.Commit(context.Background())
}

// judge opens the queue on a sound disk and compares.
func (o *offer) judge(dir string) {
	o.t.Helper()
	q, sp, err := openQueue(dir, spool.OS())
	if err != nil {
		o.t.Fatal(err)
	}
	defer sp.Close()
	defer q.Close()
	items, err := q.List(context.Background(), queue.Filter{Limit: 1 << 20})
	if err != nil {
		o.t.Fatal(err)
	}
	missing, seen := len(o.accepted), map[string]bool{}
	for _, it := range items {
		got, err := octets(q, it)
		want, ok := o.accepted[it.ID]
		if err != nil || ok && !bytes.Equal(got, want) {
			o.t.Errorf("item %s (%s): %v, or its octets are not those that were accepted", it.ID, it.State, err)
		}
		if key, _, _ := bytes.Cut(got, []byte("\r\n")); seen[string(key)] {
			o.t.Errorf("message %s is there twice", key)
		} else {
			seen[string(key)] = true
		}
		if ok {
			missing--
		}
	}
	if missing != 0 {
		o.t.Errorf("%d messages that were accepted are not there", missing)
	}
}

func octets(q *bolt.Queue, it queue.Item) ([]byte, error) {
	b, err := q.Body(context.Background(), it)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
}
