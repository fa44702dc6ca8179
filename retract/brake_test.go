package retract

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/config"
	"clawback/store"
)

// tally is a ledger of fixed numbers.
type tally struct{ acted, record, seen int }

func (l tally) Acted(string, time.Time) (int, error) { return l.acted, nil }
func (l tally) RecordActed(string) (int, error)      { return l.record, nil }
func (l tally) Seen(string, time.Time) (int, error)  { return l.seen, nil }

func TestBrake_limits(t *testing.T) {
	for _, c := range []struct {
		name   string
		ledger tally
		cfg    config.Brake
		in     store.Intent
		want   string // part of the answer, "" for none
	}{
		{"free", tally{0, 0, 1000}, config.Brake{}, store.Intent{}, ""},
		{"the hundredth mailbox of an hour", tally{99, 0, 100000}, config.Brake{}, store.Intent{}, ""},
		{"the one after it", tally{100, 0, 100000}, config.Brake{}, store.Intent{}, "mailboxes_per_hour"},
		{"the fiftieth mailbox of a message", tally{49, 49, 100000}, config.Brake{}, store.Intent{}, ""},
		{"the one after it", tally{50, 50, 100000}, config.Brake{}, store.Intent{}, "mailboxes_per_mail"},
		{"the share does not count below 20", tally{19, 0, 0}, config.Brake{}, store.Intent{}, ""},
		{"from 20 up it does", tally{20, 0, 1000}, config.Brake{}, store.Intent{}, "share_percent"},
		{"2 % and no more", tally{20, 0, 1050}, config.Brake{}, store.Intent{}, ""},
		{"one's own numbers", tally{3, 0, 100000}, config.Brake{MailboxesPerHour: 3}, store.Intent{}, "the limit is 3"},
		{"asked for", tally{5000, 5000, 10}, config.Brake{}, store.Intent{By: "ada"}, ""},
		{"no limits", tally{5000, 5000, 10}, config.Brake{MailboxesPerHour: config.Off, MailboxesPerMail: config.Off, SharePercent: config.Off}, store.Intent{}, ""},
		{"approved", tally{5000, 5000, 10}, config.Brake{}, store.Intent{Approved: "ada"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := newBrake(c.ledger).reserve(&config.Tenant{Brake: c.cfg}, c.in, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			reason := ""
			if got != nil {
				reason = got.reason
			}
			if got != nil != (c.want != "") || !strings.Contains(reason, c.want) || got != nil && !strings.Contains(reason, string(got.code)) {
				t.Errorf("overrun %+v, want %q in it", got, c.want)
			}
		})
	}
}

func TestBrake_raceDoesNotOvershoot(t *testing.T) {
	b := newBrake(tally{acted: 90, seen: 100000})
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			why, err := b.reserve(&config.Tenant{}, store.Intent{ID: string(rune('A' + i)), Record: string(rune('A' + i))}, time.Now())
			if err == nil && why == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if got := passed.Load(); got != 10 {
		t.Errorf("%d passed, want 10", got)
	}
}

func TestBrake_whatAPersonAskedForDoesNotHoldTheOthers(t *testing.T) {
	b, now := newBrake(tally{acted: 99, seen: 100000}), time.Now()
	for i := range 200 {
		if why, err := b.reserve(&config.Tenant{}, store.Intent{ID: string(rune('A' + i)), Record: "r", Approved: "ada"}, now); why != nil || err != nil {
			t.Fatalf("an approved intent is held: %+v, %v", why, err)
		}
	}
	if why, err := b.reserve(&config.Tenant{}, store.Intent{ID: "fresh", Record: "r2"}, now); why != nil || err != nil {
		t.Errorf("the hundredth mailbox of the hour is held: %+v, %v", why, err)
	}
	if why, err := b.reserve(&config.Tenant{}, store.Intent{ID: "fresher", Record: "r3"}, now); why == nil && err == nil {
		t.Error("the one after it is not held back")
	}
}
