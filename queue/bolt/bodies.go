package bolt

import (
	"context"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// Bodies lists the bodies in a file of the spool that an item, or a bounce that was not sent yet, refers to. whole is
// true when the file is needed for more than these: for its log, or by a row that cannot be read.
//
// It reads all rows: the tally, which would say when to stop, may be one commit behind them, and an item that was given
// up in that commit has two.
func (q *Queue) Bodies(_ context.Context, file string) (bodies []spool.Ref, whole bool, err error) {
	want, unsure := q.tally.inFile(file)
	if unsure || q.logged.inUse(file) {
		return nil, true, nil
	}
	if want == 0 {
		return nil, false, nil
	}
	s := search{file: file}
	err = q.view(func(tx *bbolt.Tx) error {
		if err := s.items(tx); err != nil {
			return err
		}
		return s.waiting(tx)
	})
	return s.found, len(s.found) != want, err // it changes just now, or a row was not found: ask again later
}

// inFile is how many items and unsent bounces refer to a file; unsure when there may be more.
func (y *tally) inFile(file string) (n int, unsure bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.files[file], y.files[anyFile] > 0
}

// search looks for the bodies in a file.
type search struct {
	file  string
	found []spool.Ref
}

// items looks through the rows.
func (s *search) items(tx *bbolt.Tx) error {
	rows := tx.Bucket(itemsBucket)
	c := rows.Cursor()
	for id, _ := c.First(); id != nil; id, _ = c.Next() {
		it, err := readItem(rows, string(id))
		if err != nil {
			return err
		}
		s.add(it.Body)
	}
	return nil
}

// waiting looks through the bounces that were not sent yet.
func (s *search) waiting(tx *bbolt.Tx) error {
	rows := tx.Bucket(bouncesBucket)
	c := rows.Cursor()
	for id, _ := c.First(); id != nil; id, _ = c.Next() {
		b, err := readBounce(rows, string(id))
		if err != nil {
			return err
		}
		if b.State != queue.BounceSent {
			s.add(b.Body)
		}
	}
	return nil
}

func (s *search) add(r spool.Ref) {
	if r.File == s.file {
		s.found = append(s.found, r)
	}
}
