package store

import (
	"cmp"
	"fmt"
	"time"

	"clawback/verdict/history"
)

// unteach takes back what a record has taught the sender history, once its message was taken out of a mailbox or
// somebody said that it is bad: retracted mail teaches nothing, however late that was found out. What was seen first or
// last of a sender stays, for it was seen, and so does what takes trust away; an entry that nothing but this record
// made goes. It is done once for a record, and its later forks teach nothing.
func (t *txn) unteach(record string) error {
	all, err := t.facts(record)
	if err != nil || len(all) == 0 || all[0].Untaught {
		return err
	}
	var rec taughtBy
	if found, err := t.load(tableRecords, []byte(record), &rec); err != nil || !found {
		return cmp.Or(err, fmt.Errorf("record %s: %w", record, ErrNotFound))
	}
	for _, f := range all {
		for _, key := range f.Taught {
			if history.Lasting(key) {
				continue
			}
			if err := t.unteachOne(rec, key); err != nil {
				return err
			}
		}
		f.Untaught = true
		if err := t.save(tableFacts, append(nulled(record), hash16(f.Report)...), f); err != nil {
			return err
		}
	}
	return nil
}

// taughtBy is what of a record counts where it is taken back from what it taught; the rest is not worth reading.
type taughtBy struct {
	Tenant    string    `json:"tenant"`
	Received  time.Time `json:"received"`
	Direction string    `json:"direction"`
}

// unteachOne takes one message back from one entry, which may have been evicted since.
func (t *txn) unteachOne(rec taughtBy, key string) error {
	at := historyKey(rec.Tenant, key)
	var e history.Entry
	if found, err := t.load(tableHistory, at, &e); err != nil || !found {
		return err
	}
	t.del(tableOldest, oldestKey(rec.Tenant, e))
	if rec.Direction == "outbound" {
		e.Unsend(rec.Received)
	} else {
		e.Unreceive(rec.Received)
	}
	if e.Sent+e.Received > 0 {
		t.mark(tableOldest, oldestKey(rec.Tenant, e))
		return t.save(tableHistory, at, e)
	}
	c, err := t.counting(rec.Tenant)
	if err != nil {
		return err
	}
	c.History--
	t.del(tableHistory, at)
	return nil
}
