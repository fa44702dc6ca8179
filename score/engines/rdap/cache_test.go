package rdap

import (
	"fmt"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

func testCache(t *testing.T, most uint64) *cache {
	t.Helper()
	c, err := openCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close() })
	c.max = most
	return c
}

// sizes are the entries, as they are, in the order of their end, and as they are counted.
func (c *cache) sizes() (answers, expiry, counted int) {
	c.db.View(func(tx *bolt.Tx) error {
		answers, expiry = tx.Bucket(answersBucket()).Stats().KeyN, tx.Bucket(expiryBucket()).Stats().KeyN
		counted = int(tx.Bucket(expiryBucket()).Sequence())
		return nil
	})
	return answers, expiry, counted
}

func TestCache_isBoundedAndDropsWhatExpiresFirst(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := testCache(t, 50)
	c.db.NoSync = true // only speed
	for i := range 40 {
		e := entry{On: now.Add(-time.Hour), Host: "h", Asked: now.Add(time.Duration(i) * time.Second)}
		if err := c.put(fmt.Sprintf("known%d.com", i), e); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 500 { // names that nobody registered, as an attacker can send without end
		if err := c.put(fmt.Sprintf("made-up%d.com", i), entry{Why: "x", Host: "h", Asked: now}); err != nil {
			t.Fatal(err)
		}
	}
	if a, e, n := c.sizes(); a != 50 || e != 50 || n != 50 {
		t.Errorf("%d answers, %d ends, counted %d; want 50", a, e, n)
	}
	for i := range 40 {
		if _, ok := c.get(fmt.Sprintf("known%d.com", i), now); !ok {
			t.Errorf("known%d.com gave way to a name that is not known", i)
		}
	}
	later := now.Add(keepKnown + time.Hour)
	if err := c.put("new.com", entry{On: now, Host: "h", Asked: later}); err != nil {
		t.Fatal(err)
	}
	if a, e, n := c.sizes(); a != 1 || e != 1 || n != 1 {
		t.Errorf("%d answers, %d ends, counted %d; want the one that has not expired", a, e, n)
	}
}

func TestCache_anAnswerTakesThePlaceOfTheLast(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := testCache(t, 50)
	for i, e := range []entry{{Why: "x", Host: "h", Asked: now}, {On: now, Host: "h", Asked: now.Add(time.Minute)}, {On: now, Host: "i", Asked: now.Add(time.Minute)}} {
		if err := c.put("a.com", e); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.get("a.com", now); !ok || got != e {
			t.Errorf("%d: %+v, want %+v", i, got, e)
		}
		if a, ends, n := c.sizes(); a != 1 || ends != 1 || n != 1 {
			t.Errorf("%d: %d answers, %d ends, counted %d", i, a, ends, n)
		}
	}
}
