package bolt

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"clawback/internal/test/needs"
)

// A commit of one small row writes its page, the list of free pages, and one of the two first pages; with the branches
// above them a few more. A kernel that counts larger pieces than pages must not count more than these.
func TestOpen_smallCommitsWritePages(t *testing.T) {
	const rows, page, most = 40, 4096, 6
	db, err := Open(filepath.Join(t.TempDir(), "rows.db"), Options{Buckets: [][]byte{[]byte("rows"), []byte("index")}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before := written(t)
	for n := range rows {
		err := db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("rows")).Put(fmt.Appendf(nil, "row %03d", n), make([]byte, 300))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	each := (written(t) - before) / rows
	t.Logf("%d bytes for each commit", each)
	if each > most*page {
		t.Errorf("%d bytes are written for each commit, want %d at most", each, most*page)
	}
}

// written is how many bytes this process has sent to the disk; 0 in memory.
func written(t *testing.T) (n int64) {
	for line := range strings.Lines(needs.File(t, "/proc/self/io")) {
		_, _ = fmt.Sscanf(line, "write_bytes: %d", &n)
	}
	return n
}
