package pebble_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"clawback/store"
	"clawback/store/pebble"
	"clawback/store/rows"
	"clawback/store/storetest"
)

// versionBefore is a state directory with the store that the version before this schema has written (schema 5): 40
// records of two tenants with an intent each, 20 attempts of which four have no end, five entries of the audit, five
// addresses, and a job that is paused.
func versionBefore(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/store-v5.tar.gz")
	must(t, err)
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	must(t, err)
	dir := t.TempDir()
	for files := tar.NewReader(unzipped); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		must(t, err)
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			must(t, os.Mkdir(path, 0o700))
			continue
		}
		content, err := io.ReadAll(files)
		must(t, err)
		must(t, os.WriteFile(path, content, 0o600))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkRows requires the rows that the versions before have written: 40 records, 20 attempts of which four have no end,
// five entries of the audit and five addresses.
func checkRows(t *testing.T, s *store.Store) {
	t.Helper()
	if findings, err := s.Verify(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("the rows do not fit together: %q, %v", findings, err)
	}
	all, err := s.Counts(t.Context(), "")
	if err != nil || all.Records != 40 || all.Outcomes[store.Done] != 16 || all.Outcomes[store.Pending] != 24 {
		t.Errorf("counts %+v, %v", all, err)
	}
	if open, err := s.Unfinished(t.Context()); err != nil || len(open) != 4 {
		t.Errorf("%d attempts have no end, want 4 (%v)", len(open), err)
	}
	if acts, err := s.Audit(t.Context(), store.AuditFilter{Who: "anna"}); err != nil || len(acts) != 5 {
		t.Errorf("%d entries of the audit, want 5 (%v)", len(acts), err)
	}
	if list, err := s.Addresses(t.Context()); err != nil || len(list) != 5 || list[4].Address != "4" {
		t.Errorf("addresses %+v, %v", list, err)
	}
}

// checkVersionBefore requires that the directory's store has all of versionBefore, and goes on.
func checkVersionBefore(t *testing.T, dir string) {
	t.Helper()
	s, err := pebble.Open(dir, store.Options{})
	must(t, err)
	defer s.Close()
	checkRows(t, s)
	if job, err := s.Job(t.Context(), "job-1"); err != nil || job.Paused != "anna" {
		t.Errorf("job %+v, %v", job, err)
	}
	if events, err := s.Changes(t.Context(), 0, 1); err != nil || len(events) != 1 {
		t.Errorf("a follower that begins: %+v, %v", events, err)
	}
	due, err := s.Due(t.Context(), storetest.Start.AddDate(1, 0, 0), store.DueFilter{})
	if err != nil || len(due.Intents) != 24 {
		t.Errorf("%d intents are due, want 24 (%v)", len(due.Intents), err)
	}
	if _, first, err := s.Apply(t.Context(), storetest.Report(storetest.Contoso, 0), nil); err != nil || first {
		t.Errorf("a report that was applied before is applied again: %v, %v", first, err)
	}
}

func TestOpen_ofTheVersionBefore(t *testing.T) {
	dir := versionBefore(t)
	checkVersionBefore(t, dir)
	checkVersionBefore(t, dir)
}

// A start that ends in the middle of a migration, with its commit lost or with the answer to it, is no harm to the
// next.
func TestOpen_ofTheVersionBefore_interrupted(t *testing.T) {
	for name, committed := range map[string]bool{"before the commit": false, "after the commit": true} {
		t.Run(name, func(t *testing.T) {
			dir := versionBefore(t)
			e, err := pebble.OpenEngine(filepath.Join(dir, pebble.Dir), pebble.Options{})
			must(t, err)
			if _, err := store.New(interrupted{e, committed}, store.Options{}); !errors.Is(err, errInterrupted) {
				t.Fatalf("open: %v", err)
			}
			must(t, e.Close())
			checkVersionBefore(t, dir)
		})
	}
}

var errInterrupted = errors.New("interrupted")

// interrupted is an engine whose commits fail, after they were made or instead.
type interrupted struct {
	rows.Engine
	committed bool
}

func (e interrupted) Begin(ctx context.Context, write bool) (rows.Tx, error) {
	tx, err := e.Engine.Begin(ctx, write)
	return interruptedTx{tx, e.committed}, err
}

type interruptedTx struct {
	rows.Tx
	committed bool
}

func (tx interruptedTx) Commit() error {
	if tx.committed {
		return errors.Join(errInterrupted, tx.Tx.Commit())
	}
	return errInterrupted
}
