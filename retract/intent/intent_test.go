package intent

import (
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/retract/exchange"
	"clawback/store"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var states = []string{Trying, Missing, Moved, Earlier, Kept, Stayed, Lost}

// each is an intent with one message in every state.
func each() store.Intent {
	in := store.Intent{ID: "i1", Record: "r1", Tenant: "t", Address: "Ada@contoso.example", Kind: store.Retract, Round: 1, Outcome: store.Done}
	for _, state := range states {
		in.Taken = append(in.Taken, store.Taken{Message: "m-" + state, Folder: "first", Target: string(exchange.Deletions), State: state})
	}
	return in
}

func byState(in store.Intent) map[string][]string {
	found := map[string][]string{}
	for _, t := range in.Taken {
		found[t.State] = append(found[t.State], t.Message)
	}
	return found
}

// What may have happened is not forgotten by another round, nor where a message lay first; what did not happen is.
func TestReopen_keepsWhatMayHaveHappened(t *testing.T) {
	in := each()
	for round := 2; round < 5; round++ {
		in = Reopen(in, now)
		found := byState(in)
		if !slices.Equal(found[Earlier], []string{"m-moved", "m-earlier"}) || !slices.Equal(found[Trying], []string{"m-trying"}) ||
			!slices.Equal(found[Missing], []string{"m-missing"}) || len(in.Taken) != 4 {
			t.Fatalf("round %d has %v", round, found)
		}
		if in.Round != round || in.Outcome != store.Pending ||
			slices.ContainsFunc(in.Taken, func(t store.Taken) bool { return t.Folder != "first" }) {
			t.Fatalf("round %d: %+v", round, in)
		}
	}
}

// An intent whose last attempt may have worked does not end by being called off: it is verified first.
func TestCallOff_inDoubtIsVerifiedFirst(t *testing.T) {
	in := store.Intent{Outcome: store.Pending, Severity: 5, NotBefore: now}
	if got := CallOff(in, "clean"); got.Outcome != store.Skipped || !got.NotBefore.IsZero() || got.Severity != 0 ||
		!strings.Contains(got.Reason, "clean") {
		t.Errorf("one that waits is %+v", got)
	}
	in.Unknown = true
	if got := CallOff(in, "clean"); got.Outcome != store.Pending || !got.Unknown || got.Cancelled != "clean" ||
		got.NotBefore != now {
		t.Errorf("one in doubt is %+v", got)
	}
}

// A restore puts back what was taken or may have been, and leaves alone what this program has not moved.
func TestRestoreOf_takesBackWhatWasTakenAlone(t *testing.T) {
	in := each()
	in.Taken[5].Tried = in.Taken[5].Target // its call may still be carried out
	back := RestoreOf(in, store.Intent{}, now)
	var messages []string
	for _, b := range back.Taken {
		messages = append(messages, b.Message)
		if b.Target != "first" || b.Folder != string(exchange.Deletions) {
			t.Errorf("%s goes from %s to %s, want back to where it lay first", b.Message, b.Folder, b.Target)
		}
	}
	if !slices.Equal(messages, []string{"m-trying", "m-missing", "m-moved", "m-earlier", "m-stayed"}) {
		t.Errorf("put back are %v", messages)
	}
	if back.Kind != store.Restore || back.ID != store.IntentID("r1", "ada@contoso.example", store.Restore) ||
		back.Round != in.Round {
		t.Errorf("the restore is %+v", back)
	}
}

// What was purged is not promised back, for as long as one message of the intent may have been.
func TestHardDeleted_whereOneMayBePurged(t *testing.T) {
	for _, state := range states {
		in := store.Intent{Changed: now, Taken: []store.Taken{
			{Message: "a", Target: string(exchange.JunkEmail), State: Moved},
			{Message: "b", Target: string(exchange.Purges), State: state, At: now.Add(-time.Hour)},
		}}
		want := state != Kept && state != Stayed
		if got := HardDeleted(in); (got != "") != want {
			t.Errorf("%s: %q", state, got)
		}
	}
}
