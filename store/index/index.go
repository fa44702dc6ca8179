package index

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"clawback/store"
)

// Dir is the directory's name in the state directory.
const Dir = "index"

// follower is the name of the index among those that follow the store's changes.
const follower = "index"

// Options of an Index. The zero value is ready for use.
type Options struct {
	Log   *slog.Logger             // nil: nowhere
	Now   func() time.Time         // nil: time.Now
	Fail  func(point string) error // failpoints for tests: index.segment, index.list, index.cursor
	Every time.Duration            // how often the store is asked for changes; 0: 500 ms
	Flush time.Duration            // how long a change may lie in memory alone; 0: 30 s
	Small int                      // documents that are written at once; 0: 4096
	Large int                      // documents beyond which segments are merged no more; 0: 32,768
}

// Index finds records. Safe for concurrent use.
type Index struct {
	o     Options
	dir   string
	store *store.Store
	now   atomic.Pointer[snapshot]

	writing  sync.Mutex // held by whoever writes, merges, drops or builds; taken before bringing
	manifest manifest   // owned by writing
	next     int        // number of the next segment; owned by writing

	bringing sync.Mutex            // held by whoever shows searches something else
	changes  *store.DocumentReader // of what came up to followed; owned by bringing
	followed uint64                // the last change that the reader was given; owned by bringing
	recent   builder               // in memory alone; owned by bringing
	since    time.Time             // when the first of recent came; owned by bringing
	flushing bool                  // what was recent is being written; owned by bringing

	progress atomic.Pointer[Progress]
	rebuild  chan struct{} // asked for
}

// snapshot is what searches see. It is never changed.
type snapshot struct {
	through uint64             // the last change that is in it
	days    []int              // the newest first
	byDay   map[int][]*segment // what came last stands last
	ready   bool               // it has all records up to through; false while it is built for the first time
	built   time.Time          // when it was built from the records
}

// Progress is how an index is being built anew.
type Progress struct {
	Running bool      `json:"running"`
	Done    int       `json:"done"`  // records that are in it
	Total   int       `json:"total"` // records when it began, about
	Began   time.Time `json:"began,omitzero"`
	Why     string    `json:"why,omitempty"`
}

// Status is how an index stands.
type Status struct {
	Ready    bool      `json:"ready"`    // false: searches walk the store row by row
	Behind   uint64    `json:"behind"`   // changes of the store that are not in it yet
	Segments int       `json:"segments"` // files, and those in memory
	Days     int       `json:"days"`
	Bytes    int64     `json:"bytes"` // on the disk
	Built    time.Time `json:"built,omitzero"`
	Rebuild  Progress  `json:"rebuild"`
}

// Open opens the index of a store in the state directory. One that is missing, damaged or of another store is built
// anew by Run. An error is of the directory itself.
func Open(ctx context.Context, stateDir string, s *store.Store, o Options) (*Index, error) {
	x := &Index{o: o.withDefaults(), dir: filepath.Join(stateDir, Dir), store: s, changes: s.NewDocumentReader(),
		rebuild: make(chan struct{}, 1)}
	if err := os.MkdirAll(x.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory of index: %w", err)
	}
	x.now.Store(&snapshot{})
	x.progress.Store(&Progress{})
	why, err := x.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	if why != "" {
		x.reset(why)
	}
	return x, nil
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Fail == nil {
		o.Fail = func(string) error { return nil }
	}
	o.Every = cmp.Or(o.Every, 500*time.Millisecond)
	o.Flush = cmp.Or(o.Flush, 30*time.Second)
	o.Small = cmp.Or(o.Small, 4096)
	o.Large = cmp.Or(o.Large, 32<<10)
	return o
}

// load reads what is on the disk, and says why it must be built anew; "" where it need not.
func (x *Index) load(ctx context.Context) (why string, err error) {
	cursor, err := x.store.Cursor(ctx, follower)
	if err != nil {
		return "", err
	}
	last, err := x.store.LastChange(ctx)
	if err != nil {
		return "", err
	}
	if cursor == 0 && last == 0 { // of a new store
		x.manifest = manifest{Format: format, Segments: map[int][]file{}, Built: x.o.Now().UTC()}
		x.publish(map[int][]*segment{}, 0, x.manifest.Built)
		return "", x.manifest.sweep(x.dir)
	}
	m, err := readManifest(x.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is none yet", nil
	case err != nil:
		return err.Error(), nil
	case !m.fits(cursor, last):
		return "it is of another state of the store", nil
	}
	days, err := m.openAll(x.dir)
	if err != nil {
		return err.Error(), nil
	}
	if err := m.sweep(x.dir); err != nil {
		return "", err
	}
	x.manifest, x.next = m, m.Next
	if x.manifest.Segments == nil {
		x.manifest.Segments = map[int][]file{}
	}
	x.publish(days, m.Through, m.Built)
	return "", nil
}

// reset asks Run to build the index anew. Until that is done searches walk the store.
func (x *Index) reset(why string) {
	x.progress.Store(&Progress{Why: why})
	select {
	case x.rebuild <- struct{}{}:
	default: // asked for already
	}
}

// publish shows segments to the searches that begin from now on. The caller holds bringing, or is alone.
func (x *Index) publish(byDay map[int][]*segment, through uint64, built time.Time) {
	days := slices.Sorted(maps.Keys(byDay))
	slices.Reverse(days)
	x.now.Store(&snapshot{through: through, days: days, byDay: byDay, ready: true, built: built})
}

// with is the days' segments with more of them; what is shown already is not changed.
func (s *snapshot) with(more map[int]*segment) map[int][]*segment {
	byDay := maps.Clone(s.byDay)
	if byDay == nil {
		byDay = map[int][]*segment{}
	}
	for d, seg := range more {
		byDay[d] = append(slices.Clip(slices.Clone(byDay[d])), seg)
	}
	return byDay
}

// Status says how the index stands.
func (x *Index) Status(ctx context.Context) (Status, error) {
	now := x.now.Load()
	last, err := x.store.LastChange(ctx)
	if err != nil {
		return Status{}, err
	}
	s := Status{Ready: now.ready, Behind: last - min(last, now.through), Days: len(now.days),
		Rebuild: *x.progress.Load()}
	for _, list := range now.byDay {
		for _, one := range list {
			s.Segments++
			if one.name != "" {
				s.Bytes += one.size
			}
		}
	}
	s.Built = now.built
	return s, nil
}

// inMemory opens a segment that is on no disk yet.
func inMemory(data []byte) (*segment, error) {
	return open("", bytes.NewReader(data), int64(len(data)))
}

// byDay cuts what was collected into builders of one day each.
func (b *builder) byDay() map[int]*builder {
	days := map[int]*builder{}
	for _, d := range b.docs {
		n := day(store.Millis(d.Received))
		if days[n] == nil {
			days[n] = &builder{}
		}
		days[n].add(d)
	}
	return days
}
