package rejudge

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"clawback/intel"
	"clawback/store"
)

// Order is what a rescan is asked to do.
type Order struct {
	Who     string
	Tenant  string // GUID: no other tenant's records; "" for every tenant
	Comment string
	Filter  store.RecordFilter
	DryRun  bool // count, and end
}

// maxRescans bounds the rescans that are not over: each reads originals.
const maxRescans = 20

// Start begins a rescan. It answers when that is durable.
func (r *Runner) Start(ctx context.Context, o Order) (store.Rescan, error) {
	if r.asked() >= maxRescans {
		return store.Rescan{}, intel.Refuse(intel.ErrBusy, "%d rescans are under way: wait, or cancel one", maxRescans)
	}
	one := r.newRescan(o)
	if err := r.keepRescan(ctx, one, r.act(one, "start", o.Who, o.Comment)); err != nil {
		return one, err
	}
	r.wake()
	return one, nil
}

func (r *Runner) newRescan(o Order) store.Rescan {
	one := store.Rescan{ID: "x" + strings.ToLower(rand.Text()[:12]), Tenant: o.Tenant, Filter: o.Filter, Who: o.Who,
		Comment: o.Comment, DryRun: o.DryRun, State: store.RescanCounting, Version: r.version(o.Tenant),
		Created: r.now(), Changed: r.now()}
	one.Filter.Tenant = o.Tenant
	return one
}

// asked is how many rescans are under way that persons asked for.
func (r *Runner) asked() (n int) {
	for _, one := range r.unfinished() {
		if one.Holds == "" {
			n++
		}
	}
	return n
}

// version is that of the rules and knowledge of a tenant, or of all.
func (r *Runner) version(tenant string) string {
	sum := sha256.New()
	for _, t := range r.o.Tenants() {
		if tenant == "" || t.ID == tenant {
			rules, knowledge := r.o.Judge.Version(t.ID)
			fmt.Fprintf(sum, "%s\n%s\n%s\n", t.ID, rules, knowledge)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func (r *Runner) act(one store.Rescan, what, who, comment string) *store.Act {
	return &store.Act{At: r.now(), Who: who, What: "rescan." + what, Tenant: one.Tenant, Object: one.ID,
		Comment: comment}
}

// Rescans lists all rescans, the newest first.
func (r *Runner) Rescans() []store.Rescan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.rescans), func(a, b store.Rescan) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
}

// Rescan is one by its id.
func (r *Runner) Rescan(id string) (store.Rescan, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, have := r.rescans[id]
	if !have {
		return one, fmt.Errorf("rescan %q: %w", id, store.ErrNotFound)
	}
	return one, nil
}

// unfinished are the rescans that have something left to do now, the oldest first.
func (r *Runner) unfinished() (list []store.Rescan) {
	for _, one := range slices.Backward(r.Rescans()) {
		if one.Paused == "" && (one.State == store.RescanCounting || one.State == store.RescanReplacing) {
			list = append(list, one)
		}
	}
	return list
}

// Pause has a rescan read nothing more until it is resumed, after a restart too.
func (r *Runner) Pause(ctx context.Context, who, id, comment string) (store.Rescan, error) {
	return r.change(ctx, id, "pause", who, comment, func(one *store.Rescan) error {
		one.Paused = who
		return nil
	})
}

// Resume has a paused rescan go on from where it stood.
func (r *Runner) Resume(ctx context.Context, who, id, comment string) (store.Rescan, error) {
	return r.change(ctx, id, "resume", who, comment, func(one *store.Rescan) error {
		one.Paused = ""
		return nil
	})
}

// Cancel ends a rescan: verdicts that were replaced stay.
func (r *Runner) Cancel(ctx context.Context, who, id, comment string) (store.Rescan, error) {
	return r.change(ctx, id, "cancel", who, comment, func(one *store.Rescan) error {
		one.State, one.Paused = store.RescanCancelled, ""
		return nil
	})
}

// Approve has a rescan replace what it has counted. One that was counted by other rules or knowledge is refused.
func (r *Runner) Approve(ctx context.Context, who, id, comment string) (store.Rescan, error) {
	return r.change(ctx, id, "approve", who, comment, func(one *store.Rescan) error {
		if one.State != store.RescanWaiting && !(one.State == store.RescanCompleted && one.DryRun) {
			return intel.Refuse(intel.ErrInvalid, "rescan %s does not wait for anybody: it is %s", id, one.State)
		}
		if one.Version != r.version(one.Tenant) {
			return intel.Refuse(intel.ErrInvalid, "rules or knowledge have changed since rescan %s was counted: start "+
				"it again", id)
		}
		one.Approved, one.DryRun = who, false
		begin(one)
		return nil
	})
}

// begin has a rescan replace verdicts, from the beginning of its search.
func begin(one *store.Rescan) {
	one.State, one.Why, one.Cursor, one.Tries = store.RescanReplacing, "", "", 0
	one.Seen, one.Read = 0, 0
}

// change writes a person's word about a rescan.
func (r *Runner) change(ctx context.Context, id, what, who, comment string,
	word func(*store.Rescan) error) (store.Rescan, error) {
	r.words.Lock()
	defer r.words.Unlock()
	one, err := r.Rescan(id)
	if err != nil {
		return one, err
	}
	if one.State.Final() && what != "approve" {
		return one, intel.Refuse(intel.ErrInvalid, "rescan %s is %s", id, one.State)
	}
	if err := word(&one); err != nil {
		return one, err
	}
	if err := r.keepRescan(ctx, one, r.act(one, what, who, comment)); err != nil {
		return one, err
	}
	r.wake()
	if one.State == store.RescanReplacing || one.State.Final() {
		err = r.clearRescan(ctx, one)
	}
	return one, err
}

// keepRescan makes a rescan durable, and then has others see it.
func (r *Runner) keepRescan(ctx context.Context, one store.Rescan, act *store.Act) error {
	one.Changed = r.now()
	change := store.Change{Rescans: store.Edit[store.Rescan]{Put: []store.Rescan{one}}, Act: act}
	if err := r.o.Store.Update(ctx, change); err != nil {
		return fmt.Errorf("keep rescan: %w", err)
	}
	r.setRescan(one)
	return nil
}

// setRescan has others see a rescan, which is not changed in place from here on.
func (r *Runner) setRescan(one store.Rescan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rescans[one.ID] = one
}

// keepFor is how long an ended rescan is listed. Who asked for it stays in the audit.
const keepFor = 90 * 24 * time.Hour

// forget drops the rescans that ended long ago.
func (r *Runner) forget(ctx context.Context) error {
	for _, one := range r.Rescans() {
		if !one.State.Final() || r.now().Sub(one.Changed) < keepFor {
			continue
		}
		change := store.Change{Rescans: store.Edit[store.Rescan]{Remove: []store.Key{one.Key()}}}
		if err := r.o.Store.Update(ctx, change); err != nil {
			return fmt.Errorf("forget rescan %s: %w", one.ID, err)
		}
		r.mu.Lock()
		delete(r.rescans, one.ID)
		r.mu.Unlock()
	}
	return nil
}
