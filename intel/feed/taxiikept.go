package feed

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"clawback/internal/lastgood"
	"clawback/verdict"
)

// taxiiFeed keeps the indicators of a collection: the newest version of each, in NAME.objects. They are read in runs. A
// run asks for what was added since the one before, page by page, and its place is written down behind each page: a
// restart or an error goes on there. Now and then a run reads the whole collection, and what it does not bring ends.
type taxiiFeed struct {
	server taxiiServer
	dir    string
	now    time.Time
	every  time.Duration // between two runs that read the whole
	state  taxiiState
	recent map[uint64]bool // the objects of the page before
}

// taxiiState is where the reading stands.
type taxiiState struct {
	Source string    `json:"source"`           // a digest of whose objects these are
	After  time.Time `json:"after,omitzero"`   // the latest date added that was had
	Full   time.Time `json:"full,omitzero"`    // when the last run began that read the whole
	Recent []uint64  `json:"recent,omitempty"` // the last page of the last run, as digests
	Run    *taxiiRun `json:"run,omitempty"`    // under way
}

// taxiiRun is a run that is under way. Its objects so far are the first Size bytes of the file "run".
type taxiiRun struct {
	Whole bool      `json:"whole,omitempty"`
	Began time.Time `json:"began"`
	After string    `json:"after,omitempty"` // what the next request asks for, with Next
	Next  string    `json:"next,omitempty"`
	Last  time.Time `json:"last,omitzero"` // the latest date added so far
	Size  int64     `json:"size"`
	Pages int       `json:"pages"`
	News  int       `json:"news"` // objects that the last page of the run before did not have
	Ended bool      `json:"ended,omitempty"`
}

const (
	// maxPages bounds a run: a server may give an empty page for each that has other objects alone.
	maxPages = 100_000
	// maxRecent is how many objects of a page are kept as digests.
	maxRecent = 4000
	// overlap is asked for once more by the next run: dates added of one moment need not come in order.
	overlap = time.Minute
	// tick is the step back where a server pages by date alone: several objects may share the last date.
	tick = time.Millisecond
)

// taxiiDate is how added_after is written: TAXII 2.1, section 3.4.
const taxiiDate = "2006-01-02T15:04:05.000000Z"

func (t *taxiiFeed) file(name string) string { return filepath.Join(t.dir, name) }

// open reads where the reading stands. What is of another collection, or cannot be read, is had anew.
func (t *taxiiFeed) open() error {
	sum := sha256.Sum256([]byte(t.server.feed.URL + " " + t.server.feed.Collection))
	source := hex.EncodeToString(sum[:8])
	leftovers, _ := filepath.Glob(t.file(".new-*"))
	for _, file := range leftovers {
		os.Remove(file)
	}
	data, err := os.ReadFile(t.file("state.json"))
	if err == nil && json.Unmarshal(data, &t.state) == nil && t.state.Source == source {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refuse(Storage, "cannot be read back: %w", err)
	}
	return t.reset(source)
}

// reset forgets all objects.
func (t *taxiiFeed) reset(source string) error {
	t.state = taxiiState{Source: source}
	if err := errors.Join(os.RemoveAll(t.dir), os.MkdirAll(t.dir, 0o700)); err != nil {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	return nil
}

func (t *taxiiFeed) save() error {
	err := lastgood.Write(t.file("state.json"), func(w io.Writer) error { return json.NewEncoder(w).Encode(t.state) })
	if err != nil {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	return nil
}

// begin begins a run.
func (t *taxiiFeed) begin() {
	s := &t.state
	run := &taxiiRun{Began: t.now, Whole: s.After.IsZero() || !s.Full.Add(t.every).After(t.now)}
	if !run.Whole {
		run.After = s.After.Add(-overlap).UTC().Format(taxiiDate)
	}
	s.Run = run
}

// fetch goes on with the run. more says that it did not come to its end.
func (t *taxiiFeed) fetch(ctx context.Context) (more bool, err error) {
	if t.state.Run == nil {
		t.begin()
	}
	if t.state.Run.Ended {
		return false, nil
	}
	if err := t.server.find(ctx); err != nil {
		return false, err
	}
	again := t.state.Run.Next != "" // a cursor of an earlier time may have become stale
	for pages := 0; !t.state.Run.Ended; {
		if pages == t.server.limits.pages {
			return true, nil
		}
		err := t.page(ctx)
		if again && err != nil && staleCursor(err) {
			again = false
			t.recent, t.state.Recent = nil, nil // of the run that is given up
			t.begin()
			continue
		}
		if err != nil {
			return false, err
		}
		pages++
	}
	return false, nil
}

// staleCursor reports whether a server does not know the cursor any more, as far as can be told. It is not said in one
// way: whatever says neither that the key is wrong nor that the server has no time.
func staleCursor(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Code == Away && refusal.wait == 0 &&
		(refusal.status == 500 || refusal.status >= 400 && refusal.status < 429)
}

// page asks for the next page, and writes down its objects and then where the run stands.
func (t *taxiiFeed) page(ctx context.Context) error {
	run := t.state.Run
	out, err := t.openRun(run.Size)
	if err != nil {
		return err
	}
	defer out.Close()
	if t.recent == nil {
		t.recent = setOf(t.state.Recent)
	}
	page, fresh, size := map[uint64]bool{}, 0, run.Size
	w := bufio.NewWriterSize(out, 256<<10)
	p, err := t.server.page(ctx, run.After, run.Next, func(i *stixIndicator) error {
		line := i.line()
		if size += int64(len(line)); size > t.server.limits.unpacked {
			return refuse(TooLarge, "has more than %d bytes of indicators", t.server.limits.unpacked)
		}
		key := digest(line)
		if !t.recent[key] && !page[key] {
			fresh++
		}
		page[key] = true
		_, err := w.Write(line)
		return err
	})
	if err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), out.Sync()); err != nil {
		return refuse(Storage, "cannot be put down: %w", err)
	}
	run.Size, run.News, run.Pages = size, run.News+fresh, run.Pages+1
	if err := run.turn(p, fresh > 0); err != nil {
		return err
	}
	if len(page) > 0 {
		t.recent, t.state.Recent = page, keysOf(page)
	}
	return t.save()
}

// turn says what the run asks for next.
func (r *taxiiRun) turn(p taxiiPage, fresh bool) error {
	if p.last.After(r.Last) {
		r.Last = p.last
	}
	switch {
	case !p.more:
		r.Ended = true
	case r.Pages >= maxPages:
		return refuse(TooLarge, "comes in more than %d pages", maxPages)
	case p.next != "":
		r.Ended = p.next == r.Next && !fresh // the same cursor for the same page: it would go on for ever
		r.Next = p.next                      // with After as it was: a cursor belongs to its request
	case p.last.IsZero():
		return refuse(Format, "says that more objects follow, and neither next nor a date added to ask for them by")
	default:
		r.byDate(p.last)
	}
	return nil
}

// byDate goes on by the last date added. What shares that date must not be left out, so a step back comes first; where
// that led to the same page, the date itself; and where a server takes the date inclusively, that is the end.
func (r *taxiiRun) byDate(last time.Time) {
	r.Next = ""
	for _, after := range []time.Time{last.Add(-tick), last} {
		if next := after.UTC().Format(taxiiDate); next > r.After {
			r.After = next
			return
		}
	}
	r.Ended = true
}

// openRun opens the file of the run, without what a page left there that did not come to its end.
func (t *taxiiFeed) openRun(size int64) (*os.File, error) {
	f, err := os.OpenFile(t.file("run"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, refuse(Storage, "cannot be put down: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() < size {
		err = errRecord
	}
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, refuse(Storage, "cannot be read back: %w", err)
	}
	return f, nil
}

// changed reports whether the run brought what is not known.
func (t *taxiiFeed) changed() bool { return t.state.Run.Whole || t.state.Run.News > 0 }

// read hands on the newest version of every indicator: those of the run and, unless it read the whole, those before.
// For a run that has ended they are written down beside the objects, whose place they take by finish.
func (t *taxiiFeed) read(to sink) error {
	run := t.state.Run
	s := newSorter(t.dir)
	defer s.close()
	if err := t.sortRun(s, run.Size); err != nil {
		return err
	}
	m, err := s.sorted()
	if err != nil {
		return err
	}
	if !run.Whole || !run.Ended {
		before, err := os.Open(t.file("objects"))
		if err == nil {
			defer before.Close()
			h := &head{next: lines(before)}
			m.heads = append(m.heads, h)
			err = h.step()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return refuse(Storage, "cannot be read back: %w", err)
		}
	}
	if !run.Ended {
		return m.objects(to, io.Discard)
	}
	err = lastgood.Write(t.file("ready"), func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 256<<10)
		return errors.Join(m.objects(to, out), out.Flush())
	})
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		return refuse(Storage, "cannot be put down: %w", err)
	}
	return err
}

// sortRun reads the objects of the run.
func (t *taxiiFeed) sortRun(s *sorter, size int64) error {
	f, err := t.openRun(size)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return refuse(Storage, "cannot be read back: %w", err)
	}
	read := lines(f)
	var r record
	for {
		line, err := read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = r.parse(line)
		}
		if err != nil {
			return refuse(Storage, "cannot be read back: %w", err)
		}
		if err := s.add(&r); err != nil {
			return err
		}
	}
}

// objects hands on the entries of each object, and writes the object.
func (m *merged) objects(to sink, w io.Writer) error {
	var r record
	var line []byte
	for {
		more, err := m.next(&r)
		if !more || err != nil {
			return err
		}
		var o keptObject
		if err := json.Unmarshal([]byte(r.detail), &o); err != nil {
			return refuse(Storage, "cannot be read back: %w", errRecord)
		}
		if err := o.indicator(r.changed).entries(to); err != nil {
			return err
		}
		line = r.append(line[:0])
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
}

// finish ends the run, when what it brought is kept. A crash in between ends it once more.
func (t *taxiiFeed) finish() error {
	run := t.state.Run
	if !run.Ended {
		return nil
	}
	if err := os.Rename(t.file("ready"), t.file("objects")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	if run.Whole {
		t.state.Full = run.Began
	}
	if run.Last.After(run.Began) { // a server whose clock is ahead, or wrong
		run.Last = run.Began
	}
	if run.Last.After(t.state.After) || run.Whole {
		t.state.After = run.Last
	}
	return t.forget()
}

// forget ends the run as if it had not been.
func (t *taxiiFeed) forget() error {
	t.state.Run = nil
	if err := t.save(); err != nil {
		return err
	}
	for _, file := range []string{"run", "ready"} {
		if err := removed(os.Remove(t.file(file))); err != nil {
			return refuse(Storage, "cannot be kept: %w", err)
		}
	}
	return nil
}

// failed says what becomes of the run after an error: what is not believed is asked for anew, what is damaged is had
// anew, and else it goes on.
func (t *taxiiFeed) failed(err error) error {
	var refusal *Refusal
	if errors.Is(err, errRecord) {
		return errors.Join(err, t.reset(t.state.Source))
	}
	if !errors.As(err, &refusal) || t.state.Run == nil {
		return err
	}
	switch refusal.Code {
	case Shrank, Grew, Empty, Unreadable, TooLarge:
		t.state.Recent = nil
		return errors.Join(err, t.forget())
	}
	return err
}

// keptObject is an indicator as it is kept.
type keptObject struct {
	Name       string    `json:"n,omitempty"`
	Pattern    string    `json:"p,omitempty"`
	Type       string    `json:"t,omitempty"`
	Until      time.Time `json:"u,omitzero"`
	Revoked    bool      `json:"r,omitempty"`
	Confidence *float64  `json:"c,omitempty"`
}

func (o *keptObject) indicator(changed int64) stixIndicator {
	return stixIndicator{Type: taxiiObject, Name: o.Name, Pattern: o.Pattern, PatternType: o.Type, Revoked: o.Revoked,
		Confidence: o.Confidence, Modified: stixTime{time.UnixMicro(changed).UTC()}, ValidUntil: stixTime{o.Until}}
}

// line is the indicator as a record, so that records' sorting finds the newest version of each id: the last change is
// in microseconds, and of two at once the one that revokes counts.
func (i *stixIndicator) line() []byte {
	o := keptObject{Name: detailOf(i.Name), Pattern: i.Pattern, Type: i.PatternType, Until: i.ValidUntil.Time,
		Revoked: i.Revoked, Confidence: i.Confidence}
	r := record{kind: "o", value: i.ID, state: listed}
	odd := func(c rune) bool { return c <= ' ' || c > '~' }
	if len(r.value) > 200 || r.value == "" || strings.ContainsFunc(r.value, odd) {
		sum := sha256.Sum256([]byte(cmp.Or(i.ID, i.Pattern)))
		r.value = hex.EncodeToString(sum[:])
	}
	if !i.Modified.IsZero() {
		r.changed = i.Modified.UnixMicro()
	}
	if i.Revoked {
		r.disposition = verdict.Malicious
	}
	data, err := json.Marshal(o)
	if err != nil || len(data) > maxLine-maxDetail*10 { // it is counted as a pattern that is not read
		o.Pattern, o.Type, o.Until = "", "too long", time.Time{}
		data, _ = json.Marshal(o)
	}
	r.detail = string(data)
	return r.append(nil)
}

// digest tells one version of an object from another.
func digest(line []byte) uint64 {
	h := fnv.New64a()
	h.Write(line)
	return h.Sum64()
}

func setOf(keys []uint64) map[uint64]bool {
	all := map[uint64]bool{}
	for _, k := range keys {
		all[k] = true
	}
	return all
}

// keysOf are the digests of a page; of a long one none, which makes the next run look at all objects.
func keysOf(page map[uint64]bool) []uint64 {
	if len(page) > maxRecent {
		return nil
	}
	all := make([]uint64, 0, len(page))
	for k := range page {
		all = append(all, k)
	}
	return all
}
