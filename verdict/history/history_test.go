package history

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(day int) time.Time { return time.Date(2026, 10, day, 12, 0, 0, 0, time.UTC) }

func TestObserve_orderDoesNotMatter(t *testing.T) {
	observations := []Observation{
		{Key: "from:a@example.com", At: at(3), Aligned: true},
		{Key: "from:a@example.com", At: at(1)},
		{Key: "from:a@example.com", At: at(9), Sent: true},
	}
	want := Entry{Key: "from:a@example.com", FirstSeen: at(1), LastSeen: at(9), Received: 2, Sent: 1, Aligned: 1, AlignedDays: dayOf(at(3)), SentDays: dayOf(at(9))}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}} {
		got := Entry{Key: "from:a@example.com"}
		for _, i := range order {
			got.Observe(observations[i])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order %v: (-want +got)\n%s", order, diff)
		}
	}
}

func TestKey_isBounded(t *testing.T) {
	if got := len(From(strings.Repeat("x", 10000) + "@example.com")); got > maxKey+10 {
		t.Errorf("key of a long address has %d octets", got)
	}
	if From("A@Example.COM") != From("a@example.com") {
		t.Error("keys of one address in two cases differ")
	}
}

func TestDays_aDayCountsOnce(t *testing.T) {
	var e Entry
	for i := range 500 {
		e.Observe(Observation{At: at(1).Add(time.Duration(i) * time.Minute), Aligned: true})
		e.Observe(Observation{At: at(1).Add(time.Duration(i) * time.Minute), Sent: true, Began: true})
		e.Observe(Observation{At: at(i % 28), Aligned: true, Bulk: true})
		e.Observe(Observation{At: at(i % 28)})
	}
	if e.AlignedDays.Count() != 1 || e.SentDays.Count() != 1 || e.Aligned != 1000 || e.Began != 500 {
		t.Errorf("500 messages in a day, bulk mail and mail without proof on others: %+v", e)
	}
	e.Observe(Observation{At: at(2), Aligned: true})
	e.Observe(Observation{At: at(2).AddDate(0, 0, 64), Aligned: true})
	if e.AlignedDays.Count() != 2 {
		t.Errorf("two more days, 64 days apart, are one: %d", e.AlignedDays.Count())
	}
}

func TestEntry_takesBackRatherTooMuch(t *testing.T) {
	var e Entry
	for day := 1; day <= 3; day++ {
		e.Observe(Observation{At: at(day), Aligned: true})
		e.Observe(Observation{At: at(day).Add(time.Hour), Aligned: true})
		e.Observe(Observation{At: at(day), Sent: true, Began: day == 1})
	}
	e.Unreceive(at(2))
	if e.Aligned != 5 || e.AlignedDays.Count() != 2 {
		t.Errorf("after one of six: %+v", e)
	}
	e.Unsend(at(2))
	if e.Sent != 2 || e.SentDays.Count() != 2 || e.Began != 0 {
		t.Errorf("after one of three that were sent: %+v", e)
	}
	for range 10 {
		e.Unreceive(at(9))
		e.Unsend(at(9))
	}
	if diff := cmp.Diff(Entry{FirstSeen: at(1), LastSeen: at(3).Add(time.Hour)}, e); diff != "" {
		t.Errorf("after all of them: %s", diff)
	}
}

func TestWorth_whomTheTenantWritesToIsKept(t *testing.T) {
	stranger, known, friend := Entry{LastSeen: at(28)}, Entry{LastSeen: at(1)}, Entry{LastSeen: at(1)}
	for day := range 3 {
		known.AlignedDays.Add(at(day))
	}
	friend.Began = 1
	if !stranger.Worth().Before(known.Worth()) || !known.Worth().Before(friend.Worth()) {
		t.Errorf("worth: stranger %v, known %v, friend %v", stranger.Worth(), known.Worth(), friend.Worth())
	}
}

func TestKey_makesNoLookAlikesOne(t *testing.T) {
	for _, other := range []string{"\u212aarl@example.com", "ka\u017f@example.com", "\u0130ris@example.com"} {
		for _, plain := range []string{"karl@example.com", "kas@example.com", "iris@example.com"} {
			if From(other) == From(plain) {
				t.Errorf("%q has the key of %q", other, plain)
			}
		}
	}
}

func TestUnsubscribe_oneKeyForMadeMailboxes(t *testing.T) {
	for address, want := range map[string]string{
		"Leave@Lists.Example": "unsubscribe:leave@lists.example", `"leave"@lists.example`: "unsubscribe:leave@lists.example",
		"leave-7f@lists.example": "unsubscribe:*@lists.example", "u+x@lists.example": "unsubscribe:*@lists.example",
		strings.Repeat("x", 25) + "@lists.example": "unsubscribe:*@lists.example", "leave@b\u00fccher.example": "unsubscribe:leave@xn--bcher-kva.example",
		"leave@xn--bcher-kva.example.": "unsubscribe:leave@xn--bcher-kva.example", "nowhere": "unsubscribe:@nowhere",
	} {
		if got := Unsubscribe(address); got != want || !Lasting(got) || Lasting(From(address)) {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
