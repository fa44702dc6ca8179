package brake

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/config"
	"clawback/store"
)

// tally is a ledger of fixed numbers; campaign is what each campaign has.
type tally struct{ acted, record, seen, campaign int }

func (l tally) Acted(context.Context, string, time.Time) (int, error) { return l.acted, nil }
func (l tally) RecordActed(context.Context, string) (int, error)      { return l.record, nil }
func (l tally) Seen(context.Context, string, time.Time) (int, error)  { return l.seen, nil }
func (l tally) CampaignActed(context.Context, string, string, time.Time) (int, error) {
	return l.campaign, nil
}
func (l tally) Campaigns(context.Context, string, time.Time, int) ([]store.Campaign, error) {
	return nil, nil
}

func TestBrake_limits(t *testing.T) {
	evil := store.Intent{Campaigns: []string{"sender:evil.example", "link:evil.example"}}
	for _, c := range []struct {
		name   string
		ledger tally
		cfg    config.Brake
		in     store.Intent
		want   string // part of the answer, "" for none
	}{
		{"free", tally{0, 0, 1000, 0}, config.Brake{}, store.Intent{}, ""},
		{"the hundredth mailbox of an hour", tally{99, 0, 100000, 0}, config.Brake{}, store.Intent{}, ""},
		{"the one after it", tally{100, 0, 100000, 0}, config.Brake{}, store.Intent{}, "mailboxes_per_hour"},
		{"the fiftieth mailbox of a message", tally{49, 49, 100000, 0}, config.Brake{}, store.Intent{}, ""},
		{"the one after it", tally{50, 50, 100000, 0}, config.Brake{}, store.Intent{}, "mailboxes_per_mail"},
		{"the share does not count below 20", tally{19, 0, 0, 0}, config.Brake{}, store.Intent{}, ""},
		{"from 20 up it does", tally{20, 0, 1000, 0}, config.Brake{}, store.Intent{}, "share_percent"},
		{"2 % and no more", tally{20, 0, 1050, 0}, config.Brake{}, store.Intent{}, ""},
		{"one's own numbers", tally{3, 0, 100000, 0}, config.Brake{MailboxesPerHour: 3}, store.Intent{}, "the limit is 3"},
		{"a campaign's half of an hour", tally{49, 0, 100000, 49}, config.Brake{}, evil, ""},
		{"the one after it", tally{50, 0, 100000, 50}, config.Brake{}, evil, "campaign_percent"},
		{"a campaign's half of what little mail allows", tally{9, 0, 0, 9}, config.Brake{}, evil, ""},
		{"the one after it", tally{10, 0, 0, 10}, config.Brake{}, evil, "campaign_percent"},
		{"another campaign passes then", tally{19, 0, 0, 9}, config.Brake{}, evil, ""},
		{"up to the limit in all", tally{20, 0, 0, 0}, config.Brake{}, evil, "share_percent"},
		{"the limits in all come first", tally{100, 0, 100000, 90}, config.Brake{}, evil, "mailboxes_per_hour"},
		{"half of three is two", tally{2, 0, 100000, 1}, config.Brake{MailboxesPerHour: 3}, evil, ""},
		{"and no more", tally{2, 0, 100000, 2}, config.Brake{MailboxesPerHour: 3}, evil, "2 are for one campaign"},
		{"one is for everybody", tally{0, 0, 100000, 0}, config.Brake{MailboxesPerHour: 1}, evil, ""},
		{"one's own part", tally{70, 0, 100000, 69}, config.Brake{CampaignPercent: 70}, evil, ""},
		{"no more than it", tally{70, 0, 100000, 70}, config.Brake{CampaignPercent: 70}, evil, "campaign_percent"},
		{"the part is taken away", tally{99, 0, 100000, 99}, config.Brake{CampaignPercent: config.Off}, evil, ""},
		{"no limit for an hour, none for a campaign", tally{5000, 0, 10, 5000}, config.Brake{MailboxesPerHour: config.Off, SharePercent: config.Off}, evil, ""},
		{"a message of no campaign", tally{60, 0, 100000, 60}, config.Brake{}, store.Intent{}, ""},
		{"asked for", tally{5000, 5000, 10, 0}, config.Brake{}, store.Intent{By: "ada"}, ""},
		{"no limits", tally{5000, 5000, 10, 0}, config.Brake{MailboxesPerHour: config.Off, MailboxesPerMail: config.Off, SharePercent: config.Off}, store.Intent{}, ""},
		{"approved", tally{5000, 5000, 10, 0}, config.Brake{}, store.Intent{Approved: "ada"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := New(c.ledger).Reserve(t.Context(), &config.Tenant{Brake: c.cfg}, c.in, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if got.None() != (c.want == "") || !strings.Contains(got.Reason, c.want) {
				t.Errorf("stopped by %+v, want %q in the reason", got, c.want)
			}
		})
	}
}

func TestBrake_raceDoesNotOvershoot(t *testing.T) {
	b := New(tally{acted: 90, seen: 100000})
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			why, err := b.Reserve(t.Context(), &config.Tenant{}, store.Intent{ID: string(rune('A' + i)), Record: string(rune('A' + i))}, time.Now())
			if err == nil && why.None() {
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
	b, now := New(tally{acted: 99, seen: 100000}), time.Now()
	for i := range 200 {
		if why, err := b.Reserve(t.Context(), &config.Tenant{}, store.Intent{ID: string(rune('A' + i)), Record: "r", Approved: "ada"}, now); !why.None() || err != nil {
			t.Fatalf("an approved intent is held: %+v, %v", why, err)
		}
	}
	if why, err := b.Reserve(t.Context(), &config.Tenant{}, store.Intent{ID: "fresh", Record: "r2"}, now); !why.None() || err != nil {
		t.Errorf("the hundredth mailbox of the hour is held: %+v, %v", why, err)
	}
	if why, err := b.Reserve(t.Context(), &config.Tenant{}, store.Intent{ID: "fresher", Record: "r3"}, now); why.None() && err == nil {
		t.Error("the one after it is not held back")
	}
}
