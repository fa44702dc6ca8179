package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/store"
	"clawback/store/index"
)

var errKilled = errors.New("killed")

// killed is a queue whose process ends before a person's act on it is done, or right after.
type killed struct {
	*bolt.Queue
	after bool
}

func (k killed) act(do func() error) error {
	if k.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errKilled
}

func (k killed) Retry(ctx context.Context, id string) error {
	return k.act(func() error { return k.Queue.Retry(ctx, id) })
}

func (k killed) Trust(ctx context.Context, id, who string) error {
	return k.act(func() error { return k.Queue.Trust(ctx, id, who) })
}

func (k killed) RetryBounce(ctx context.Context, id string) error {
	return k.act(func() error { return k.Queue.RetryBounce(ctx, id) })
}

// bounced is a bounce that a server took.
func (d *disk) bounced(t *testing.T) string {
	t.Helper()
	b, err := d.queue.GiveUp(t.Context(), d.quarantined(t, forged), "why", "")
	if err == nil {
		err = d.queue.BounceSent(t.Context(), b.ID, "mx: 250")
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.ID
}

// audited are the entries of the audit on an object, and requires that no order is left.
func (d *disk) audited(t *testing.T, object string) (list []string) {
	t.Helper()
	acts, err := d.store.Audit(t.Context(), store.AuditFilter{Object: object})
	if err != nil {
		t.Fatal(err)
	}
	for _, act := range acts {
		list = append(list, act.Who+" "+act.What+" "+act.Tenant+" "+act.Comment)
	}
	if orders, err := d.store.Orders(t.Context()); err != nil || len(orders) > 0 {
		t.Errorf("orders are left: %+v, %v", orders, err)
	}
	return list
}

// ordering are the acts that are carried out by orders, each on an item or bounce that allows it.
var ordering = map[string]struct {
	prepare func(*disk, *testing.T) string
	do      func(context.Context, *Service, string) error
	done    func(context.Context, *disk, string) (bool, error)
}{
	"queue.retry": {
		func(d *disk, t *testing.T) string { return d.quarantined(t, forged) },
		func(ctx context.Context, s *Service, id string) error {
			_, err := RetryItem.Do(ctx, s, Root("ada"), ItemOrder{ID: id, Comment: "why"})
			return err
		},
		func(ctx context.Context, d *disk, id string) (bool, error) {
			it, err := d.queue.Get(ctx, id)
			return it.State == queue.Ready && it.Trusted == "", err
		},
	},
	"queue.trust": {
		func(d *disk, t *testing.T) string { return d.quarantined(t, forged) },
		func(ctx context.Context, s *Service, id string) error {
			_, err := TrustItem.Do(ctx, s, Root("ada"), ItemOrder{ID: id, Comment: "why"})
			return err
		},
		func(ctx context.Context, d *disk, id string) (bool, error) {
			it, err := d.queue.Get(ctx, id)
			return it.State == queue.Ready && it.Trusted == "ada", err
		},
	},
	"bounce.retry": {
		func(d *disk, t *testing.T) string { return d.bounced(t) },
		func(ctx context.Context, s *Service, id string) error {
			_, err := RetryBounce.Do(ctx, s, Root("ada"), ItemOrder{ID: id, Comment: "why"})
			return err
		},
		func(ctx context.Context, d *disk, id string) (bool, error) {
			b, err := d.queue.Bounce(ctx, id)
			return b.State == queue.BounceWaiting, err
		},
	},
}

// An act on the queue and its entry in the audit are both there after a crash at any moment, or neither is; and each
// once.
func TestOrder_survivesKill(t *testing.T) {
	for name, c := range ordering {
		for _, moment := range []string{"nothing", "before the act", "after the act", "before the audit"} {
			t.Run(name+", killed: "+moment, func(t *testing.T) {
				dir := t.TempDir()
				d := openDisk(t, dir)
				id := c.prepare(d, t)
				s := d.service(t)
				s.o.Wake = func() {}
				want := error(errKilled)
				switch moment {
				case "nothing":
					want = nil
				case "before the audit":
					d.store.Close()
					want = store.ErrClosed
				default:
					s.o.Queue = killed{d.queue, moment == "after the act"}
				}
				if err := c.do(t.Context(), s, id); (err == nil) != (want == nil) {
					t.Fatalf("%v, want %v", err, want)
				}
				for range 2 {
					d.close()
					d = openDisk(t, dir)
					d.service(t)
					done, err := c.done(t.Context(), d, id)
					audited := d.audited(t, id)
					if moment == "before the audit" {
						if done || len(audited) > 0 || err != nil {
							t.Errorf("done %t, audit %q, %v: nothing should be", done, audited, err)
						}
						continue
					}
					want := fmt.Sprintf("[ada %s t1 why]", name)
					if !done || fmt.Sprint(audited) != want || err != nil {
						t.Errorf("done %t, audit %q, %v; want it done, and %s", done, audited, err, want)
					}
				}
			})
		}
	}
}

// What the state does not allow is refused without a word in the audit; where the state changes meanwhile, the audit
// says that the act was not done.
func TestOrder_refused(t *testing.T) {
	d := openDisk(t, t.TempDir())
	s, id := d.service(t), d.quarantined(t, forged)
	if err := d.queue.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := ordering["queue.trust"].do(t.Context(), s, id); CodeOf(err) != WrongState {
		t.Errorf("what is not in quarantine is trusted: %v", err)
	}
	if got := d.audited(t, id); len(got) > 0 {
		t.Errorf("the audit tells of what was refused: %q", got)
	}
	act := store.Act{Who: "ada", What: trustItemName, Tenant: "t1", Object: id, Comment: "why"}
	if err := s.order(t.Context(), act); CodeOf(err) != WrongState {
		t.Errorf("the state changed meanwhile: %v", err)
	}
	got := d.audited(t, id)
	if len(got) != 2 || !strings.Contains(got[0], "not done: ") || got[1] != "ada queue.trust t1 why" {
		t.Errorf("the audit says %q", got)
	}
	if err := s.order(t.Context(), store.Act{What: "queue.unknown"}); CodeOf(err) != Internal {
		t.Errorf("an order of no known kind: %v", err)
	}
}

// A bounce that was sent after the order to send it is not sent again by the next start.
func TestOrder_bounceIsSentOnce(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	id := d.bounced(t)
	s := d.service(t)
	s.o.Wake, s.o.Queue = func() {}, killed{d.queue, true}
	if err := ordering["bounce.retry"].do(t.Context(), s, id); err == nil {
		t.Fatal("no error")
	}
	if err := d.queue.BounceSent(t.Context(), id, "mx: 250"); err != nil {
		t.Fatal(err)
	}
	d.close()
	d = openDisk(t, dir)
	d.service(t)
	b, err := d.queue.Bounce(t.Context(), id)
	if err != nil || b.State != queue.BounceSent {
		t.Errorf("the bounce is %s after the start, %v", b.State, err)
	}
	if got := d.audited(t, id); len(got) != 1 {
		t.Errorf("audit %q", got)
	}
}

// noted is an index that notes that it is to be built anew.
type noted struct {
	Index
	*world
}

func (n noted) Rebuild() { _ = n.note("rebuild") }

func (n noted) Status(context.Context) (index.Status, error) { return index.Status{}, nil }

// What is done outside of the queue and the store is done once the audit has it: where the audit cannot be written it
// is not done. After a crash between the two it is done by the next start; a look at a feed is not, since its length
// was accepted of the list of then, and lists are read by themselves: the audit tells of that.
func TestOrder_ofOtherParts(t *testing.T) {
	for name, c := range map[string]struct {
		do        func(context.Context, *Service) error
		object    string
		done      string
		recovered []string
	}{
		"store.forget_old": {func(ctx context.Context, s *Service) error {
			_, err := ForgetOld.Do(ctx, s, Root("ada"), None{})
			return err
		}, "store.db.old", "[forget old]", []string{"ada store.forget_old  "}},
		"index.rebuild": {func(ctx context.Context, s *Service) error {
			_, err := Reindex.Do(ctx, s, Root("ada"), None{})
			return err
		}, "", "[rebuild]", []string{"ada index.rebuild  "}},
		"feed.update": {func(ctx context.Context, s *Service) error {
			_, err := UpdateFeeds.Do(ctx, s, Root("ada"), FeedOrder{Feed: "f"})
			return err
		}, "f", `[update feed "f" false]`, []string{
			"ada feed.update  " + errInterrupted.Error(), "ada feed.update  read now"}},
		"feed.update, accepted": {func(ctx context.Context, s *Service) error {
			_, err := UpdateFeeds.Do(ctx, s, Root("ada"), FeedOrder{Feed: "f", Accept: true})
			return err
		}, "f", `[update feed "f" true]`, []string{"ada feed.update  " + errInterrupted.Error(),
			"ada feed.update  read now, and its length is accepted"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, w := openDisk(t, t.TempDir()), &world{}
			s := d.service(t)
			s.o.Upkeep, s.o.Feeds, s.o.Index = worldUpkeep{w}, worldFeeds{w}, noted{world: w}
			if err := c.do(t.Context(), s); err != nil || fmt.Sprint(w.done) != c.done {
				t.Errorf("%v, done %q, want %s", err, w.done, c.done)
			}
			entry := c.recovered[len(c.recovered)-1]
			if got := d.audited(t, c.object); len(got) != 1 || got[0] != entry {
				t.Errorf("the audit says %q, want %q", got, entry)
			}

			d, w.done = openDisk(t, t.TempDir()), nil // a crash between the entry and the act
			s.o.Store = d.store
			op, _, _ := strings.Cut(name, ",")
			act := store.Act{Who: "ada", What: op, Object: c.object}
			act.Comment = strings.TrimPrefix(entry, "ada "+op+"  ")
			o := orderOf(act)
			begin := store.Change{Act: &act, Orders: store.Edit[store.Order]{Put: []store.Order{o}}}
			err := errors.Join(d.store.Update(t.Context(), begin), s.Recover(t.Context()), s.Recover(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			want := c.done
			if op == updateFeedsName {
				want = "[]"
			}
			if got := d.audited(t, c.object); fmt.Sprint(w.done) != want || fmt.Sprint(got) != fmt.Sprint(c.recovered) {
				t.Errorf("after a crash done %q, want %s; the audit says %q, want %q", w.done, want, got, c.recovered)
			}

			w.done = nil
			d.store.Close()
			if err := c.do(t.Context(), s); CodeOf(err) != Unavailable || len(w.done) > 0 {
				t.Errorf("the audit cannot be written: %v, and done %q", err, w.done)
			}
		})
	}
}

// An order that cannot be carried out keeps no other waiting, and stays.
func TestOrder_oneThatFailsKeepsNoOtherWaiting(t *testing.T) {
	d, w := openDisk(t, t.TempDir()), &world{err: errKilled}
	s := d.service(t)
	s.o.Upkeep, s.o.Index = worldUpkeep{w}, noted{world: &world{}}
	for _, what := range []string{forgetOldName, reindexName, forgetOldName} {
		act := store.Act{Who: "ada", What: what}
		put := store.Change{Act: &act, Orders: store.Edit[store.Order]{Put: []store.Order{orderOf(act)}}}
		if err := d.store.Update(t.Context(), put); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Recover(t.Context()); !errors.Is(err, errKilled) {
		t.Errorf("recover: %v", err)
	}
	left, err := d.store.Orders(t.Context())
	if err != nil || len(left) != 2 || left[0].What != forgetOldName || left[1].What != forgetOldName {
		t.Errorf("%+v, %v are left, want the two that failed", left, err)
	}
}
