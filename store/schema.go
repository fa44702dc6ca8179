package store

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// bucket names a bbolt bucket. T is a tenant and NUL, ^x an inverted big-endian number so that the greatest comes
// first, H16 sixteen octets of a SHA-256.
type bucket string

// The buckets: key -> value.
const (
	bMeta     bucket = "meta"     // "schema" -> version; "audit" -> last entry's number and chain
	bRecords  bucket = "records"  // record -> Record
	bTime     bucket = "time"     // T ^received record -> disposition
	bNames    bucket = "names"    // H16 of Message-ID, network message id, content, or what it carries; record -> tenant
	bFiles    bucket = "files"    // spool file NUL record -> mark
	bTally    bucket = "tally"    // record -> its unfinished intents, its mailboxes acted upon
	bFacts    bucket = "facts"    // record H16 of report -> what its verdict read, what it taught
	bApplied  bucket = "applied"  // H16 of report -> Applied
	bAge      bucket = "age"      // time H16 of report -> mark
	bIntents  bucket = "intents"  // intent -> Intent
	bMailings bucket = "mailings" // record NUL intent -> mark
	bOutcomes bucket = "outcomes" // T outcome NUL ^received intent -> mark
	bReady    bucket = "ready"    // T ^severity ^received intent -> mark; pending and due
	bWaiting  bucket = "waiting"  // due time, intent -> mark; pending and not due yet
	bAttempts bucket = "attempts" // intent NUL number -> Attempt
	bOpen     bucket = "open"     // intent NUL number -> mark; the attempt began and has not ended
	bAudit    bucket = "audit"    // number -> chain, Act
	bCounts   bucket = "counts"   // T -> tally of the tenant
	bMinutes  bucket = "minutes"  // T kind minute -> how many, for the brake
	bHistory  bucket = "history"  // T H16 of key -> history.Entry
	bOldest   bucket = "oldest"   // T last seen, H16 of key -> mark
	bKV       bucket = "kv"       // the callers' own key -> value
)

var schemaKey = []byte("schema")

// migration brings a file from one schema version to the next.
type migration func(tx *bolt.Tx) error

// migrations are run in order; the number of those that a file has seen is its schema version.
func migrations() []migration {
	return []migration{createBuckets}
}

// createBuckets is version 1.
func createBuckets(tx *bolt.Tx) error {
	for _, b := range []bucket{
		bMeta, bRecords, bTime, bNames, bFiles, bTally, bFacts, bApplied, bAge, bIntents, bMailings, bOutcomes,
		bReady, bWaiting, bAttempts, bOpen, bAudit, bCounts, bMinutes, bHistory, bOldest, bKV,
	} {
		if _, err := tx.CreateBucketIfNotExists([]byte(b)); err != nil {
			return err
		}
	}
	return nil
}

// migrate runs, in one transaction, the migrations that the file has not seen. A file that has seen more than there are
// is refused and left alone.
func migrate(db *bolt.DB, steps []migration) error {
	seen, err := schemaVersion(db)
	if err != nil || seen == len(steps) {
		return err
	}
	if seen > len(steps) {
		return fmt.Errorf("%w: its schema is version %d, this program knows up to %d; use the newer program or a backup",
			ErrNewer, seen, len(steps))
	}
	return db.Update(func(tx *bolt.Tx) error {
		for i := seen; i < len(steps); i++ {
			if err := steps[i](tx); err != nil {
				return fmt.Errorf("migrate schema from version %d to %d: %w", i, i+1, err)
			}
		}
		meta, err := tx.CreateBucketIfNotExists([]byte(bMeta))
		if err != nil {
			return err
		}
		return meta.Put(schemaKey, binary.BigEndian.AppendUint32(nil, uint32(len(steps))))
	})
}

// schemaVersion is 0 for a file without a version, which is a new one.
func schemaVersion(db *bolt.DB) (version int, err error) {
	err = db.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket([]byte(bMeta))
		if meta == nil {
			return nil
		}
		v := meta.Get(schemaKey)
		switch len(v) {
		case 0:
		case 4:
			version = int(binary.BigEndian.Uint32(v))
		default:
			return fmt.Errorf("schema version of %d octets", len(v))
		}
		return nil
	})
	return version, err
}
