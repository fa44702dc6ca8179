package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// What versions before the log have written: segments of bodies alone, whose names have a run of 6 digits, and a
// queue.db without the bucket of the log.
const (
	oldSegment = "seg/20261121T19-26067f-0001"
	oldBody    = "body/20261121/20261121T190623-5b724b1803ec7fa2"
	oldRest    = `"envelope":{"session":"s1","tenant":"t1","purpose":"journal","mail_from":"a@example.com","rcpts":["j@example.com"],` +
		`"received":"2026-11-21T19:06:14.123456789Z","remote":"192.0.2.1:25","hello":"h.example","network":"n",` +
		`"tls":{"version":"TLS 1.3","cipher":"c"},"binary":true}`
)

// writeOld writes such a directory, with an item in every state and a bounce that waits.
func writeOld(t *testing.T, dir string) {
	t.Helper()
	segment := bytes.Repeat(append(bytes.Clone(small), make([]byte, 8192-len(small))...), 5)
	clear(segment[:8192]) // of an item that is finished: the offsets of the others matter
	for name, content := range map[string][]byte{oldSegment: segment, oldBody: large} {
		path := filepath.Join(dir, "spool", name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, content, 0o600))
	}
	must(t, os.Mkdir(filepath.Join(dir, "queue"), 0o700))
	db, err := bbolt.Open(filepath.Join(dir, "queue", "queue.db"), 0o600, nil)
	must(t, err)
	inSegment := func(n int) string {
		return fmt.Sprintf(`{"f":%q,"o":%d,"n":%d,"c":%d}`, oldSegment, (n+1)*8192, len(small), castagnoliOf(small))
	}
	inFile := fmt.Sprintf(`{"f":%q,"n":%d,"c":%d}`, oldBody, len(large), castagnoliOf(large))
	due := time.Date(2026, 11, 21, 19, 7, 40, 123456789, time.UTC)
	never := time.Unix(0, 0)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		for _, row := range []struct {
			rows, id, body, rest string
			letter               string
			due                  time.Time
		}{
			{"items", "q33l29pmaoe9hbum4jh1g", inSegment(0), `"state":"working","starts":1,"tries":0`, "w", never},
			{"items", "q33l29ptp5qthak3mpb8g", inSegment(1), `"state":"deferred","starts":0,"tries":1,"reason":"later",` +
				`"not_before":"2026-11-21T19:07:40.123456789Z"`, "d", due},
			{"items", "q33l29qcm0k5hbe1v8sp0", inSegment(2), `"state":"quarantined","starts":0,"tries":0,"reason":"not attributed"`, "q", never},
			{"items", "q33l29qrirddhaiv4082g", inFile, `"state":"ready","starts":0,"tries":0`, "r", never},
			{"bounces", "b2h9fts1tsvppsneau3l9ddg5", inSegment(3), `"item":"q33l29q736imhalv2qi4g","state":"waiting","tries":0,` +
				`"reason":"not a report","created":"2026-11-21T19:06:43.123456789Z","not_before":"2026-11-21T19:07:40.123456789Z"`, "u", due},
		} {
			index := map[string]string{"items": "items.index", "bounces": "bounce.index"}[row.rows]
			whole := fmt.Sprintf(`{"id":%q,%s,"body":%s,%s,"changed":"2026-11-21T19:06:39.123456789Z"}`, row.id,
				oldRest, row.body, row.rest)
			key := append(binary.BigEndian.AppendUint64([]byte(row.letter), uint64(row.due.UnixNano())), row.id...)
			putRow(t, tx, row.rows, row.id, []byte(whole))
			putRow(t, tx, index, string(key), nil)
		}
		putRow(t, tx, "given-up", "q33l29q736imhalv2qi4g", []byte("b2h9fts1tsvppsneau3l9ddg5"))
		return nil
	}))
	must(t, db.Close())
}

func putRow(t *testing.T, tx *bbolt.Tx, bucket, key string, value []byte) {
	t.Helper()
	b, err := tx.CreateBucketIfNotExists([]byte(bucket))
	must(t, err)
	must(t, b.Put([]byte(key), value))
}

func castagnoliOf(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// The directory of a version before the log is taken over as it stands, without a word: nothing of it is taken for a
// log. What is accepted from then on stands beside it, also after a crash.
func TestOpen_olderVersion(t *testing.T) {
	dir := t.TempDir()
	writeOld(t, dir)
	var log bytes.Buffer
	q := openOn(t, dir, spool.OS(), Options{Options: queue.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}})
	wantItems(t, q, 4)
	wantTally(t, q, 4)
	for state, want := range map[queue.State]int{queue.Ready: 2, queue.Deferred: 1, queue.Quarantined: 1} {
		if items, err := q.List(t.Context(), queue.Filter{State: state}); err != nil || len(items) != want {
			t.Errorf("%d items are %s, %v; want %d", len(items), state, err, want)
		}
	}
	bounces, err := q.Bounces(t.Context(), queue.BounceFilter{State: queue.BounceWaiting})
	if err != nil || len(bounces) != 1 || bounces[0].Item != "q33l29q736imhalv2qi4g" {
		t.Errorf("bounces %+v, %v; want the one that waits", bounces, err)
	}
	if log.Len() > 0 {
		t.Errorf("the log says: %s", log.String())
	}
	if !inUse(q, oldSegment) || !inUse(q, oldBody) {
		t.Error("what unfinished items refer to is not in use")
	}
	mustDeliver(t, q, small)
	wantItems(t, openOn(t, crashed(t, dir), spool.OS(), Options{}), 5)
}

// The log of the version before, whose rows name a body by letters, is read back: the queue ended in order or not at
// all, and queue.db has none of them.
func TestOpen_logOfTheVersionBefore(t *testing.T) {
	dir := t.TempDir()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{})
	must(t, err)
	body, err := sp.Create()
	must(t, err)
	_, err = body.Write(large)
	must(t, err)
	ref, err := body.Commit()
	must(t, err)
	row := func(id, body string) []byte {
		return fmt.Appendf(nil, `{"id":%q,%s,%s"state":"ready","crashes":0,"tries":0,"changed":"2026-11-21T19:06:39.123456789Z"}`,
			id, oldRest, body)
	}
	first := &spool.Entry{Note: row("q33l29ptp5qthak3mpb8g", ""), Body: sp.Begin(int64(len(small)), spool.Regular)}
	_, err = first.Body.Write(small)
	must(t, err)
	second := &spool.Entry{Note: row("q33l29qcm0k5hbe1v8sp0",
		fmt.Sprintf(`"body":{"f":%q,"n":%d,"c":%d},`, ref.File, ref.Size, ref.CRC))}
	_, err = sp.Append([]*spool.Entry{first, second})
	must(t, err)
	must(t, sp.Close())

	q := openOn(t, dir, spool.OS(), Options{})
	wantItems(t, q, 2)
	wantBytes(t, q, "q33l29ptp5qthak3mpb8g", small)
	wantBytes(t, q, "q33l29qcm0k5hbe1v8sp0", large)
}
