package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

// mmapSize is address space, not memory: while the file is smaller, growing never has to wait for readers.
const mmapSize = 8 << 30

// hardRoom is how far queue.db may grow past Options.MaxSize for what is not new mail: without it a full queue could
// not be emptied.
const hardRoom = 32 << 20

// open opens queue.db, makes it when it is absent, and compacts it when that pays.
func (q *Queue) open() error {
	if err := os.Mkdir(q.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Remove(q.path() + compactSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := q.openDB(); err != nil {
		return err
	}
	if !q.compactionPays() {
		return nil
	}
	return q.compact()
}

// openDB opens the file with its buckets. A new one is durable, name included, when it returns.
func (q *Queue) openDB() error {
	db, err := bbolt.Open(q.path(), 0o600, q.boltOptions())
	if err != nil {
		return err
	}
	if err := makeBuckets(db); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := errors.Join(db.Sync(), syncDir(q.dir), syncDir(filepath.Dir(q.dir))); err != nil {
		return errors.Join(err, db.Close())
	}
	q.db = db
	q.measure()
	return nil
}

// errFull is the answer to new mail while queue.db has reached Options.MaxSize.
var errFull = storage(fmt.Errorf("queue.db has reached its limit: %w", syscall.ENOSPC))

// measure notes how much of queue.db is in use. What is free inside the file will be used again.
func (q *Queue) measure() {
	if q.o.MaxSize <= 0 {
		return
	}
	_ = q.db.View(func(tx *bbolt.Tx) error {
		q.used.Store(tx.Size() - int64(q.db.Stats().FreePageN*q.db.Info().PageSize))
		return nil
	})
}

func (q *Queue) isFull() bool {
	_, waiting := q.logged.size()
	return q.o.MaxSize > 0 && q.used.Load()+waiting >= q.o.MaxSize
}

func (q *Queue) boltOptions() *bbolt.Options {
	o := *bbolt.DefaultOptions
	o.Timeout = 2 * time.Second // another process has it
	o.InitialMmapSize = mmapSize
	o.OpenFile = q.o.openFile
	o.FreelistType = q.o.freelist
	if q.o.MaxSize > 0 {
		o.MaxSize = int(q.o.MaxSize + hardRoom)
	}
	return &o
}

func makeBuckets(db *bbolt.DB) error {
	return db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{itemsBucket, indexBucket, bouncesBucket, bounceIndex, givenBucket, logBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
