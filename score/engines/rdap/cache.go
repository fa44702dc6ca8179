package rdap

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// How long an answer holds. A date does not change while a domain is held, but one that lapsed may be bought again; a
// domain that is not known yet may be one of today.
const (
	keepKnown   = 30 * 24 * time.Hour
	keepUnknown = time.Hour
	maxAnswers  = 100_000
)

// entry is an answer as it is kept.
type entry struct {
	On    time.Time `json:"on,omitzero"`   // registered; zero: the server did not say
	Why   string    `json:"why,omitempty"` // it did not
	Host  string    `json:"host"`          // who answered
	Asked time.Time `json:"asked"`
}

// until is when the entry expires.
func (e entry) until() time.Time {
	if e.On.IsZero() {
		return e.Asked.Add(keepUnknown)
	}
	return e.Asked.Add(keepKnown)
}

// reason says why there is no date.
func (e entry) reason() string {
	if e.Host == "" { // nobody was asked
		return e.Why
	}
	return fmt.Sprintf("%s was asked on %s, and %s", e.Host, e.Asked.Format(time.DateOnly), e.Why)
}

// cache is rdap.db. Losing it costs questions, no mail: a file that cannot be read is begun anew.
//
// A nil cache keeps nothing.
type cache struct {
	db  *bolt.DB
	max uint64 // entries
}

// The buckets: answers by domain; their domains by the time at which they expire, so that the first to expire gives
// way.
func answersBucket() []byte { return []byte("answers") }
func expiryBucket() []byte  { return []byte("expiry") }

func openCache(dir string) (*cache, error) {
	if dir == "" {
		return nil, nil
	}
	path := filepath.Join(dir, "rdap.db")
	c, err := tryCache(path)
	if err == nil || errors.Is(err, bolterrors.ErrTimeout) || errors.Is(err, fs.ErrPermission) {
		return c, err
	}
	if gone := os.Remove(path); gone != nil {
		return nil, errors.Join(err, gone)
	}
	return tryCache(path)
}

func tryCache(path string) (*cache, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{answersBucket(), expiryBucket()} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare %s: %w", path, err), db.Close())
	}
	return &cache{db: db, max: maxAnswers}, nil
}

// get answers what is kept of a domain and holds now.
func (c *cache) get(domain string, now time.Time) (e entry, ok bool) {
	if c == nil {
		return e, false
	}
	c.db.View(func(tx *bolt.Tx) error {
		value := tx.Bucket(answersBucket()).Get([]byte(domain))
		ok = value != nil && json.Unmarshal(value, &e) == nil && now.Before(e.until())
		return nil
	})
	return e, ok
}

// put keeps an answer, and drops those that expired or are too many.
func (c *cache) put(domain string, e entry) error {
	if c == nil {
		return nil
	}
	value, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return c.db.Update(func(tx *bolt.Tx) error {
		answers, expiry := tx.Bucket(answersBucket()), tx.Bucket(expiryBucket())
		var old entry
		count := expiry.Sequence() // of entries: bbolt would have to count them
		if was := answers.Get([]byte(domain)); was != nil && json.Unmarshal(was, &old) == nil {
			count--
			if err := expiry.Delete(expiryKey(old, domain)); err != nil {
				return err
			}
		}
		if err := errors.Join(answers.Put([]byte(domain), value), expiry.Put(expiryKey(e, domain), nil)); err != nil {
			return err
		}
		left, err := c.trim(tx, count+1, e.Asked)
		return errors.Join(err, expiry.SetSequence(left))
	})
}

// maxTrim bounds the work of one put, which adds one entry at most: the cache still shrinks to its bounds.
const maxTrim = 100

// trim drops what expired, and beyond the bound what expires first: domains that are not known go before those that
// are.
func (c *cache) trim(tx *bolt.Tx, count uint64, now time.Time) (left uint64, err error) {
	answers, cursor := tx.Bucket(answersBucket()), tx.Bucket(expiryBucket()).Cursor()
	for range maxTrim {
		key, _ := cursor.First()
		if len(key) < 8 || count <= c.max && int64(binary.BigEndian.Uint64(key)) > now.Unix() {
			break
		}
		domain := slices.Clone(key[8:]) // the key is gone with the cursor's Delete
		if err := errors.Join(cursor.Delete(), answers.Delete(domain)); err != nil {
			return count, err
		}
		count--
	}
	return count, nil
}

// expiryKey puts the entries in the order in which they expire.
func expiryKey(e entry, domain string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(e.until().Unix())), domain...)
}

func (c *cache) close() error {
	if c == nil {
		return nil
	}
	return c.db.Close()
}
