package submission

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"clawback/config"
	"clawback/intel"
	"clawback/spool"
	"clawback/store"
	"clawback/verdict"
)

// Store is where submissions are kept and records are found. *store.Store is one.
type Store interface {
	Submission(ctx context.Context, tenant, id string) (store.Submission, error)
	Submissions(ctx context.Context, tenant string) ([]store.Submission, error)
	Update(ctx context.Context, c store.Change) error
	Lookup(ctx context.Context, tenant, key string) ([]store.Record, error)
	Record(ctx context.Context, id string) (store.Record, error)
}

// Judge judges again and learns. *intel.Judge is one.
type Judge interface {
	Again(ctx context.Context, rec store.Record, claim string) (verdict.Verdict, error)
	Tokens(t *config.Tenant, octets io.ReaderAt, size int64) ([]string, error)
	Lesson(ctx context.Context, tenant, id string) (intel.Lesson, bool, error)
	Teach(ctx context.Context, l intel.Lesson, with Edit) (intel.Lesson, error)
	Withdraw(ctx context.Context, act store.Act, with Edit) (intel.Lesson, error)
}

// Options wire a Desk.
type Options struct {
	Store  Store
	Judge  Judge
	Tenant func(id string) (*config.Tenant, bool)
	Open   func(spool.Ref) (intel.Body, error)
	Now    func() time.Time // nil: time.Now
}

// Desk takes submissions and has them settled. It may be used by several goroutines.
type Desk struct {
	o  Options
	mu sync.Mutex // one change at a time
}

// NewDesk makes a Desk.
func NewDesk(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Desk{o: o}
}

func (d *Desk) now() time.Time { return d.o.Now().UTC().Round(0) }

// List gives a tenant's submissions, "" for all tenants: those that wait first, of them those of believed reporters,
// then the newest.
func (d *Desk) List(ctx context.Context, tenant string) ([]Submission, error) {
	rows, err := d.o.Store.Submissions(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("read submissions: %w", err)
	}
	list := make([]Submission, len(rows))
	for i, row := range rows {
		list[i] = Submission(row)
	}
	slices.SortFunc(list, func(a, b Submission) int {
		return cmp.Or(rank(a)-rank(b), int(b.Again)-int(a.Again), b.At.Compare(a.At), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// rank orders what an administrator sees: what waits, what has taught, what nobody vouches for, what is settled.
func rank(s Submission) int {
	switch {
	case s.State.Settled():
		return 3
	case !s.proven():
		return 2
	case s.State == Taught:
		return 1
	}
	return 0
}

// Get finds a submission by its id, or by the beginning of one.
func (d *Desk) Get(ctx context.Context, id string) (Submission, error) {
	list, err := d.List(ctx, "")
	if err != nil {
		return Submission{}, err
	}
	var found []Submission
	for _, s := range list {
		if len(id) >= 6 && strings.HasPrefix(s.ID, id) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return Submission{}, fmt.Errorf("submission %q: %w", id, store.ErrNotFound)
	}
	return found[0], nil
}

// Counts are how many submissions of a tenant are in each state; those of reporters who are not believed count as
// "unproven" until they are settled.
func (d *Desk) Counts(ctx context.Context, tenant string) (map[string]int, error) {
	list, err := d.List(ctx, tenant)
	counts := map[string]int{}
	for _, s := range list {
		state := string(s.State)
		if !s.proven() && !s.State.Settled() {
			state = "unproven"
		}
		counts[state]++
	}
	return counts, err
}
