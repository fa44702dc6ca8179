package pipeline

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"clawback/config"
	"clawback/internal/test/mailset"
	"clawback/internal/test/testbed"
	"clawback/score"
	"clawback/store/pebble"
)

// What stays in the store of a clean message to few recipients: record, facts, names, history, and all that leads to
// them. Counted are keys and values as they are kept, before tables compress them by blocks (which takes off a fifth)
// and with a log of constant size.
func TestKept_bytesOfCleanMessage(t *testing.T) {
	const n = 200
	f := newFixture(t)
	scorer, err := score.New(score.Options{TrustMicrosoft: true})
	if err != nil {
		t.Fatal(err)
	}
	f.p.o.Scorer = scorer
	f.p.o.Tenant = func(id string) (*config.Tenant, bool) { return contoso(), id == tenantID }
	for i, report := range goodReports(t, n) {
		f.put(envelope(), report)
		if i%10 == 9 {
			f.work()
		}
	}
	if c, err := f.store.Counts(t.Context(), ""); err != nil || c.Records != n {
		t.Fatalf("%d records, %v", c.Records, err)
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := pebble.OpenEngine(filepath.Join(f.dir, pebble.Dir), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	all, err := e.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kept int64
	for _, u := range all {
		kept += u.Keys + u.Kept
		if u.Rows > 0 {
			t.Logf("%-12s %5d rows, %6d bytes of keys, %7d of values, kept in %6d", u.Name, u.Rows, u.Keys, u.Values,
				u.Kept)
		}
	}
	const most = 1700 // 65 of them are its leaf of the log, and the hashes above it
	if kept /= n; kept > most {
		t.Errorf("%d bytes are kept for a message, want %d at most", kept, most)
	}
}

// goodReports are reports of different good messages from outside, each with ids of its own.
func goodReports(t *testing.T, n int) [][]byte {
	t.Helper()
	all, err := mailset.Load(mailset.Sets)
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(m mailset.Mail) bool { return m.Bad })
	var reports [][]byte
	for i := range n {
		l, err := testbed.Write(false, i, fmt.Sprintf("user%d@contoso.example", i%200))
		if err != nil {
			t.Fatal(err)
		}
		m, err := all[i*7%len(all)].Message()
		if err != nil {
			t.Fatal(err)
		}
		head := fmt.Appendf(nil, "X-MS-Exchange-Organization-Network-Message-Id: aaaa0000-0000-4000-8000-%012x\r\n", i)
		before, after, found := bytes.Cut(l.Report, l.Original)
		if !found {
			t.Fatal("the report has no original")
		}
		before = bytes.Replace(before, []byte("\r\nSender: warehouse@contoso.example"), []byte("\r\nSender: "+m.Sender),
			1)
		reports = append(reports, bytes.Join([][]byte{before, head, m.Raw, after}, nil))
	}
	return reports
}
