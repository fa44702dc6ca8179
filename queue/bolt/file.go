package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"go.etcd.io/bbolt"

	boltfile "clawback/internal/bolt"
)

// mmapSize is address space, not memory: while the file is smaller, growing never has to wait for readers.
const mmapSize = 8 << 30

// hardRoom is how far queue.db may grow past Options.MaxSize for what is not new mail: without it a full queue could
// not be emptied.
const hardRoom = 32 << 20

// open opens queue.db, makes it when it is absent, and compacts it when that pays.
func (q *Queue) open() (err error) {
	if err := os.Mkdir(q.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if q.db, err = boltfile.Open(q.path(), q.fileOptions()); err != nil {
		return err
	}
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

func (q *Queue) fileOptions() boltfile.Options {
	o := boltfile.Options{
		Buckets:  [][]byte{itemsBucket, indexBucket, bouncesBucket, bounceIndex, givenBucket, logBucket},
		MmapSize: mmapSize, CompactAbove: q.o.CompactAbove, Freelist: q.o.freelist, OpenFile: q.o.openFile, Log: q.log,
	}
	if q.o.MaxSize > 0 {
		o.MaxSize = q.o.MaxSize + hardRoom
	}
	return o
}
