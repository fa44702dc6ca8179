package bolt

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
)

// Groups counts the items in quarantine that are selected, by kind, the largest first.
func (q *Queue) Groups(_ context.Context, s queue.Selection) ([]queue.Group, error) {
	var groups queue.Grouping
	err := q.view(func(tx *bbolt.Tx) error {
		return eachQuarantined(tx, "", func(it *queue.Item) bool {
			if s.Fits(it) {
				groups.Add(it)
			}
			return true
		})
	})
	return groups.List(), err
}

// eachQuarantined visits the items in quarantine with ids after one, in the order of their ids.
func eachQuarantined(tx *bbolt.Tx, after string, visit func(it *queue.Item) bool) (err error) {
	rows, c := tx.Bucket(itemsBucket), tx.Bucket(indexBucket).Cursor()
	letter := stateLetters[queue.Quarantined]
	for k, _ := c.Seek(indexKey(letter, time.Time{}, after)); len(k) > keyHead && k[0] == letter; k, _ = c.Next() {
		if string(k[keyHead:]) <= after {
			continue
		}
		it, err := readItem(rows, string(k[keyHead:]))
		if err != nil {
			return err
		}
		if !visit(&it) {
			return nil
		}
	}
	return nil
}
