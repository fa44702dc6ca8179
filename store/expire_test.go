package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"clawback/journal"
	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/verdict"
)

// rowMeter is an engine that notes how many rows each transaction writes.
type rowMeter struct {
	rows.Engine
	most int
}

type meteredTx struct {
	rows.Tx
	e *rowMeter
	n int
}

func (b *rowMeter) Begin(ctx context.Context, write bool) (rows.Tx, error) {
	tx, err := b.Engine.Begin(ctx, write)
	return &meteredTx{Tx: tx, e: b}, err
}

func (c *meteredTx) Put(t rows.Table, k, v []byte) error {
	c.n++
	return c.Tx.Put(t, k, v)
}

func (c *meteredTx) Delete(t rows.Table, k []byte) error {
	c.n++
	return c.Tx.Delete(t, k)
}

func (c *meteredTx) Commit() error {
	c.e.most = max(c.e.most, c.n)
	return c.Tx.Commit()
}

// However much hangs on what is past its retention, no commit is large: what comes meanwhile waits for one of them. One
// record was in 3,000 mailboxes, beside hundreds that were in none.
func TestExpire_commitsAreSmall(t *testing.T) {
	const mailboxes, others = 3000, 900
	e := &rowMeter{Engine: &memory.Engine{}}
	then := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := openStore(t, e, Options{Now: func() time.Time { return then }})
	app := func(n int) Application {
		v := verdict.Verdict{Disposition: verdict.Clean}
		return Application{Key: fmt.Sprint("report ", n), Tenant: "t", Network: fmt.Sprint("network ", n), Record: Record{
			MessageID: fmt.Sprintf("<%d@x.example>", n), FirstHand: true, Received: then, Verdict: v,
			Recipients: []journal.Recipient{{Address: "a@x.example", Type: journal.To}},
			Variants:   []Variant{{SHA256: fmt.Sprint(n), Verdict: v, FirstHand: true}},
		}}
	}
	wide := func(rec Record, _ []Intent) (all []Intent) {
		for i := range mailboxes {
			address := fmt.Sprintf("u%d@x.example", i)
			all = append(all, Intent{ID: IntentID(rec.ID, address, Retract), Record: rec.ID, Address: address, Kind: Retract,
				Outcome: Done, NotBefore: then})
		}
		return all
	}
	for n := range others {
		plan := wide
		if n > 0 {
			plan = nil
		}
		if _, _, err := s.Apply(t.Context(), app(n), plan); err != nil {
			t.Fatal(err)
		}
	}
	e.most = 0
	later := then.Add(time.Hour)
	gone, err := s.Expire(t.Context(), Retention{Records: later, Applied: later})
	if err != nil || gone.Records != others || gone.Applied != others {
		t.Fatalf("%+v, %v", gone, err)
	}
	const most = expireRows + 4*expireChunk // a record's part comes on top
	if e.most > most {
		t.Errorf("a commit wrote %d rows, want %d at most", e.most, most)
	}
	if c, err := s.Counts(t.Context(), "t"); err != nil || c.Records != 0 || c.Outcomes[Done] != 0 {
		t.Errorf("counts %+v, %v", c, err)
	}
	if findings, err := s.Verify(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("%q, %v", findings, err)
	}
}
