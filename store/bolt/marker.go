package bolt

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	boltfile "clawback/internal/bolt"
)

// Earlier versions keep their rows in store.db, do not know the engine after it, and would begin with no rows beside
// mail that was worked on. So a store.db stands there that has no rows and a schema of the highest version, which they
// refuse as written by a newer program.
var (
	markerBucket = []byte("meta")
	markerKey    = []byte("schema")
	markerSchema = []byte{0xff, 0xff, 0xff, 0xff}
)

// PutMarker puts a store.db that earlier versions refuse where none is. It is there whole, or not at all.
func PutMarker(dir string) error {
	path := filepath.Join(dir, File)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := boltfile.Open(path+".marker", boltfile.Options{Buckets: [][]byte{markerBucket}}) // not whole yet
	if err != nil {
		return err
	}
	err = errors.Join(db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(markerBucket).Put(markerKey, markerSchema)
	}), db.Close())
	if err != nil {
		return err
	}
	return os.Rename(path+".marker", path)
}

// IsMarker reports whether dir/store.db is what PutMarker puts there. One that cannot be read may have rows.
func IsMarker(dir string) (marker bool, err error) {
	db, err := boltfile.Open(filepath.Join(dir, File), boltfile.Options{ReadOnly: true})
	if errors.Is(err, boltfile.ErrLocked) {
		return false, err
	}
	if err != nil {
		return false, nil
	}
	err = db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(markerBucket)
		marker = meta != nil && bytes.Equal(meta.Get(markerKey), markerSchema)
		return nil
	})
	return marker, errors.Join(err, db.Close())
}
