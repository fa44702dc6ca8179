package crash

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/testbed"
)

// often has the index written every few messages.
const often = "index.often=error"

// Each step by which the index is written behind C2 x {it fails, SIGKILL there}: searches find all that was committed,
// and nothing else.
func TestIndex_everyStep(t *testing.T) {
	for _, point := range []string{"index.segment", "index.list", "index.cursor"} {
		for _, action := range []string{"error", "kill"} {
			t.Run(point+"/"+action, func(t *testing.T) { crashAt(t, often+","+point+"="+action+"@3", action) })
		}
	}
}

// SIGKILL between C2 and the index, again and again: what was committed is found by the next process, which brings in
// what is missing and builds nothing anew.
func TestIndex_killedBehindC2(t *testing.T) {
	bed := newBed(t)
	s := &sender{t: t, bed: bed}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	built := time.Time{}
	for round := range max(3, *rounds/2) {
		points := fmt.Sprintf("%s,c2.after-commit=kill@%d", often, 5+7*round)
		if err := bed.Start(ctx, "CLAWBACK_FAILPOINT="+points); err != nil {
			t.Fatalf("%v\n%s", err, bed.LogTail())
		}
		status, err := client.Do(ctx, bed.Client, api.ShowIndex, api.None{})
		if err == nil && round > 1 && (!status.Ready || !status.Built.Equal(built)) { // it was on the disk by then
			t.Errorf("round %d: the index is built anew: %+v", round, status)
		}
		if built = status.Built; err != nil && !ended(bed) {
			t.Error(err)
		}
		hit, stop := context.WithTimeout(ctx, 5*time.Minute)
		go func() { <-bed.Exited(); stop() }()
		s.load(hit, 4)
		stop()
		if !ended(bed) {
			t.Fatal("the failpoint was not reached")
		}
	}
	finish(ctx, t, bed, s)
}

// The index's disk is full while the store's is not. Mail is taken and judged, searches see all of it, and the index
// goes on where it was: in the same process when there is space, and in another one that was killed meanwhile.
func TestIndex_diskIsFull(t *testing.T) {
	for name, kill := range map[string]bool{"same process": false, "killed while it is full": true} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t)
			d := mountAt(t, bed.File("state/index"), 64<<10, "")
			s := &sender{t: t, bed: bed}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			start := func() {
				t.Helper()
				if err := bed.Start(ctx, "CLAWBACK_FAILPOINT="+often); err != nil {
					t.Fatalf("%v\n%s", err, bed.LogTail())
				}
			}
			start()
			for !logged(bed, "event=index.failed") {
				if s.loadFor(ctx, 300); ctx.Err() != nil || ended(bed) {
					t.Fatalf("%d letters did not fill 64 KiB: %s", len(s.all), bed.LogTail())
				}
			}
			s.loadFor(ctx, 300)
			s.flush(ctx)
			if err := idle(ctx, bed, len(s.all)); err != nil {
				t.Errorf("not idle while the index's disk is full: %v", err)
			}
			for _, wrong := range searched(ctx, bed, s.all) {
				t.Errorf("while the disk is full: %s", wrong)
			}
			if kill {
				s.loadAndKill(ctx, 3, 100*time.Millisecond)
				start()
				s.flush(ctx)
				if err := idle(ctx, bed, len(s.all)); err != nil {
					t.Errorf("not idle after a start while the disk is full: %v", err)
				}
				for _, wrong := range searched(ctx, bed, s.all) {
					t.Errorf("after a start while the disk is full: %s", wrong)
				}
			}
			d.grow(8 << 20)
			s.loadFor(ctx, 200)
			s.flush(ctx)
			settle(ctx, t, bed, s)
		})
	}
}

// logged reports whether the daemon has logged something.
func logged(bed *testbed.Bed, text string) bool {
	log, err := os.ReadFile(bed.LogFile())
	return err == nil && strings.Contains(string(log), text)
}

// searched lists what searches by the index find wrongly of letters that a daemon has done with; empty when all is
// well.
func searched(ctx context.Context, bed *testbed.Bed, letters []*letter) (wrong []string) {
	status, err := client.Do(ctx, bed.Client, api.ShowIndex, api.None{})
	for err == nil && !status.Ready && ctx.Err() == nil { // it is built anew
		time.Sleep(50 * time.Millisecond)
		status, err = client.Do(ctx, bed.Client, api.ShowIndex, api.None{})
	}
	if err != nil || !status.Ready {
		return []string{fmt.Sprintf("the index is not ready: %+v, %v", status, err)}
	}
	want := map[string][]string{} // Message-IDs by query
	for _, l := range letters {
		if l.sent == 0 || l.kind == broken {
			continue
		}
		queries := []string{"to:" + l.mailbox, "id:" + l.messageID, "-outcome:done", "disposition:clean,bulk"}
		if l.kind == taken {
			queries = []string{"to:" + l.mailbox, "id:" + l.messageID, "outcome:done disposition:malicious",
				"from:" + templates[taken].domain}
		}
		for _, q := range queries {
			want[q] = append(want[q], l.messageID)
		}
	}
	for _, q := range slices.Sorted(maps.Keys(want)) {
		got, err := find(ctx, bed, q)
		if err != nil {
			return append(wrong, fmt.Sprintf("search %s: %v", q, err))
		}
		slices.Sort(want[q])
		if !slices.Equal(got, want[q]) {
			wrong = append(wrong, fmt.Sprintf("search %s finds %d messages, want %d: missing %v, too many %v", q,
				len(got), len(want[q]), without(want[q], got), without(got, want[q])))
		}
	}
	return wrong
}

// find gives the Message-IDs of all that a query finds.
func find(ctx context.Context, bed *testbed.Bed, q string) (ids []string, err error) {
	query := api.RecordQuery{Search: api.Search{Query: q}, Paging: api.Paging{Limit: 200}}
	for {
		page, err := client.Do(ctx, bed.Client, api.ListRecords, query)
		if err != nil {
			return nil, err
		}
		if page.Cut == api.CutBySearch {
			return nil, fmt.Errorf("not all was searched")
		}
		for _, rec := range page.Items {
			ids = append(ids, rec.MessageID)
		}
		if query.Cursor = page.Next; page.Next == "" {
			slices.Sort(ids)
			return ids, nil
		}
	}
}

// without are the values of one list that another one has not.
func without(list, other []string) (only []string) {
	for _, one := range list {
		if !slices.Contains(other, one) {
			only = append(only, one)
		}
	}
	return only
}

// grow makes the disk larger.
func (d disk) grow(size int64) {
	d.t.Helper()
	if err := unix.Mount("", d.dir, "", unix.MS_REMOUNT, fmt.Sprintf("size=%d", size)); err != nil {
		d.t.Fatal(err)
	}
}
