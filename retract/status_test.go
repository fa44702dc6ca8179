package retract_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/retract"
	"clawback/retract/fault"
	"clawback/retract/retracttest"
	"clawback/store"
)

func (r *rig) standing() retract.Status {
	r.t.Helper()
	s, err := r.e.Status(r.t.Context(), tenantID)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func TestStatus_saysWhatIsWaitedFor(t *testing.T) {
	bubble(t, func(r *rig) {
		r.world.Deliver("B", hit())
		rec := r.report(bad(anna, bert))
		r.run(time.Minute)
		in := r.want(rec, anna, store.Pending, "not in the mailbox")
		if s := r.standing(); s.Waiting != 1 || !s.Next.Equal(in.NotBefore) || s.Paused != "" {
			t.Errorf("standing %+v, want one that is looked for %s", s, in.NotBefore)
		}
		r.run(48 * time.Hour)
		if s := r.standing(); s.Waiting != 0 || !s.Next.IsZero() {
			t.Errorf("standing %+v at the end", s)
		}
	})
}

func TestStatus_saysWhyTheTenantWaits(t *testing.T) {
	for name, c := range map[string]struct {
		fault *fault.Fault
		want  string
	}{
		"authentication": {&fault.Fault{Class: fault.Auth, Tenant: true, Status: 401, Detail: "the secret has expired"}, "the secret has expired"},
		"throttled":      {&fault.Fault{Class: fault.Retry, Tenant: true, Status: 429, After: time.Hour, Detail: "slow down"}, "asks the whole tenant to wait"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.world.Deliver("A", hit())
				r.world.Script = script("find", c.fault, false)
				rec := r.report(bad(anna))
				r.run(10 * time.Second)
				if s := r.standing(); !strings.Contains(s.Paused, c.want) || s.Held.IsZero() != (name != "throttled") ||
					s.Late != 0 {
					t.Errorf("standing %+v, want %q", s, c.want)
				}
				second := bad(anna)
				second.mid, second.nid = "<second@sender.example>", "second"
				r.report(second)
				r.run(10 * time.Minute)
				if s := r.standing(); name == "throttled" && (s.Late != 1 || s.LateDue.IsZero()) {
					t.Errorf("standing %+v, want one that is late", s)
				}
				r.world.Set(func(w *retracttest.World) { w.Script = nil })
				r.run(2 * time.Hour)
				r.want(rec, anna, store.Done, "")
				if s := r.standing(); s.Late != 0 || !s.Held.IsZero() {
					t.Errorf("standing %+v when it is done", s)
				}
				if s := r.standing(); s.Paused != "" {
					t.Errorf("still paused: %s", s.Paused)
				}
			})
		})
	}
}

// Behind many that have just come, one that is late is told of all the same.
func TestStatus_looksBehindTheNewest(t *testing.T) {
	bubble(t, func(r *rig) {
		slow := &fault.Fault{Class: fault.Retry, Tenant: true, Status: 429, After: time.Hour, Detail: "slow down"}
		r.world.Script = script("find", slow, false)
		r.report(bad(anna))
		second := bad(bert)
		second.mid, second.nid = "<second@sender.example>", "second"
		r.run(10 * time.Second) // the first has been asked for, and is told to wait
		r.report(second)
		r.run(10 * time.Minute)
		for n := range 1100 {
			l := bad(anna)
			l.mid, l.nid = fmt.Sprintf("<%d@sender.example>", n), fmt.Sprint("later-", n)
			r.report(l)
		}
		if s := r.standing(); s.Late != 1 {
			t.Errorf("standing %+v, want the one that is late", s)
		}
	})
}

// bounded is a store whose lists end at its bound.
type bounded struct {
	*store.Store
	err error
}

func (b bounded) IntentsBy(ctx context.Context, f store.IntentFilter) ([]store.Intent, error) {
	list, err := b.Store.IntentsBy(ctx, f)
	return list, cmp.Or(err, b.err)
}

// That so many intents of others wait that not all are looked at is no failure of the status; one of the store's is.
func TestStatus_boundOfALookIsNoFailure(t *testing.T) {
	bubble(t, func(r *rig) {
		r.report(bad(anna))
		r.run(time.Minute)
		for err, fails := range map[error]bool{
			nil: false, store.ErrBound: false, fmt.Errorf("list: %w", store.ErrBound): false, store.ErrNotFound: true,
			errors.New("broken"): true,
		} {
			r.engine(bounded{r.st, err})
			s, got := r.e.Status(t.Context(), tenantID)
			if (got != nil) != fails || !fails && s.Waiting != 1 {
				t.Errorf("%v: %+v, %v", err, s, got)
			}
		}
	})
}
