package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"clawback/store"
	"clawback/store/memory"
	"clawback/store/storetest"
)

// A read that failed is an error, and never "there is none".
func TestStore_readsThatFail(t *testing.T) {
	engine := &storetest.Unreadable{Engine: &memory.Engine{}}
	s, err := store.New(engine, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	rec, _, err := s.Apply(t.Context(), storetest.Report(storetest.Contoso, 1), storetest.PlanAll)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Intents(t.Context(), rec.ID)
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	in := all[0].ID
	for _, c := range []struct {
		table string
		read  func(ctx context.Context) error
	}{
		{"history", func(ctx context.Context) error {
			_, err := s.History(ctx, storetest.Contoso, []string{"from:x"})
			return err
		}},
		{"waiting", func(ctx context.Context) error { _, err := s.NextDue(ctx); return err }},
		{"ready", func(ctx context.Context) error { _, err := s.Due(ctx, time.Now(), store.DueFilter{}); return err }},
		{"waiting", func(ctx context.Context) error { _, err := s.Due(ctx, time.Now(), store.DueFilter{}); return err }},
		{"files", func(ctx context.Context) error { _, err := s.InUse(ctx, "segment-1"); return err }},
		{"tally", func(ctx context.Context) error { _, err := s.InUse(ctx, "segment-1"); return err }},
		{"files", func(ctx context.Context) error { _, err := s.Bodies(ctx, "segment-1"); return err }},
		{"applied", func(ctx context.Context) error { _, _, err := s.Applied(ctx, "x"); return err }},
		{"records", func(ctx context.Context) error { _, err := s.Record(ctx, rec.ID); return err }},
		{"names", func(ctx context.Context) error { _, err := s.Lookup(ctx, "", "<message-1@example.com>"); return err }},
		{"time", func(ctx context.Context) error { _, err := s.Records(ctx, store.RecordFilter{}); return err }},
		{"intents", func(ctx context.Context) error { _, err := s.Intent(ctx, in); return err }},
		{"mailings", func(ctx context.Context) error { _, err := s.Intents(ctx, rec.ID); return err }},
		{"outcomes", func(ctx context.Context) error { _, err := s.IntentsBy(ctx, store.IntentFilter{}); return err }},
		{"attempts", func(ctx context.Context) error { _, err := s.Attempts(ctx, in); return err }},
		{"open", func(ctx context.Context) error { _, err := s.Unfinished(ctx); return err }},
		{"facts", func(ctx context.Context) error { _, err := s.Read(ctx, rec.ID, "x"); return err }},
		{"counts", func(ctx context.Context) error { _, err := s.Counts(ctx, storetest.Contoso); return err }},
		{"counts", func(ctx context.Context) error { _, err := s.Tenants(ctx); return err }},
		{"minutes", func(ctx context.Context) error { _, err := s.Acted(ctx, storetest.Contoso, time.Time{}); return err }},
		{"minutes", func(ctx context.Context) error {
			_, err := s.Campaigns(ctx, storetest.Contoso, time.Time{}, 9)
			return err
		}},
		{"tally", func(ctx context.Context) error { _, err := s.RecordActed(ctx, rec.ID); return err }},
		{"audit", func(ctx context.Context) error { _, err := s.Audit(ctx, store.AuditFilter{}); return err }},
		{"audit", s.VerifyAudit},
		{"policies", func(ctx context.Context) error { _, err := s.Policies(ctx, ""); return err }},
		{"indicators", func(ctx context.Context) error { _, err := s.Indicators(ctx, ""); return err }},
		{"corrections", func(ctx context.Context) error { _, err := s.Corrections(ctx, "x"); return err }},
		{"corrections", func(ctx context.Context) error { _, err := s.Correction(ctx, "x", "y"); return err }},
		{"corrections", func(ctx context.Context) error { _, err := s.CorrectedTenants(ctx); return err }},
		{"submissions", func(ctx context.Context) error { _, err := s.Submissions(ctx, ""); return err }},
		{"submissions", func(ctx context.Context) error { _, err := s.Submission(ctx, "x", "y"); return err }},
		{"addresses", func(ctx context.Context) error { _, err := s.Addresses(ctx); return err }},
		{"orders", func(ctx context.Context) error { _, err := s.Orders(ctx); return err }},
		{"gates", func(ctx context.Context) error { _, err := s.Gates(ctx, "x"); return err }},
		{"changes", func(ctx context.Context) error { _, err := s.Changes(ctx, 0, 0); return err }},
		{"meta", func(ctx context.Context) error { _, err := s.Changes(ctx, 0, 0); return err }},
		{"cursors", func(ctx context.Context) error { _, err := s.Cursor(ctx, "x"); return err }},
		{"notices", func(ctx context.Context) error { _, err := s.Notices(ctx, ""); return err }},
		{"records", func(ctx context.Context) error { _, err := s.Verify(ctx); return err }},
	} {
		engine.Fail(c.table)
		err := c.read(t.Context())
		engine.Fail("")
		if !errors.Is(err, store.ErrRead) || !store.Unavailable(err) {
			t.Errorf("with %s unreadable: %v, want ErrRead", c.table, err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.read(cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, of a caller that is gone: %v", c.table, err)
		}
	}
}
