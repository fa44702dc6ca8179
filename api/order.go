package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"clawback/queue"
	"clawback/store"
)

// The operations that are carried out by orders.
const (
	retryItemName   = "queue.retry"
	trustItemName   = "queue.trust"
	retryBounceName = "bounce.retry"
	forgetOldName   = "store.forget_old"
	reindexName     = "index.rebuild"
	updateFeedsName = "feed.update"
)

// carryOut gives what an order in another file than the audit's is carried out by, or nil for an order of no known
// kind. Each may be done again.
func (s *Service) carryOut(o store.Order) func(context.Context) error {
	switch o.What {
	case retryItemName:
		return func(ctx context.Context) error { return s.o.Queue.Retry(ctx, o.Object) }
	case trustItemName:
		return func(ctx context.Context) error { return s.o.Queue.Trust(ctx, o.Object, o.Who) }
	case retryBounceName:
		return func(ctx context.Context) error { return s.o.Queue.RetryBounce(ctx, o.Object) }
	case forgetOldName:
		return s.o.Upkeep.ForgetOld
	case reindexName:
		return func(context.Context) error { return s.rebuildIndex() }
	case updateFeedsName: // only after a crash: what was right of the list of then may be wrong of that of now
		return func(context.Context) error { return errInterrupted }
	}
	return nil
}

// errInterrupted answers an order that is not carried out by a later start.
var errInterrupted = problem(WrongState,
	"the daemon ended before the answer, so that it is not known whether it was done")

// order carries out an act that is written elsewhere than the audit. The entry in the audit and the order are one
// commit, and come first; the order goes when the act is done. After a crash between the two Recover carries it out. An
// act that is refused has a second entry, which says so. Where storage fails in the middle, whether it was done is not
// known: the order stays.
func (s *Service) order(ctx context.Context, act store.Act) error {
	do := s.carryOut(orderOf(act))
	if do == nil {
		return problem(Internal, "%s cannot be ordered", act.What)
	}
	return s.orderBy(ctx, act, do)
}

func orderOf(act store.Act) store.Order {
	return store.Order{ID: uuid.NewString(), What: act.What, Who: act.Who, Tenant: act.Tenant, Object: act.Object,
		Comment: act.Comment, At: act.At}
}

// orderBy is order with what carries it out.
func (s *Service) orderBy(ctx context.Context, act store.Act, do func(context.Context) error) error {
	act.At = time.Now().UTC()
	o := orderOf(act)
	begin := store.Change{Act: &act, Orders: store.Edit[store.Order]{Put: []store.Order{o}}}
	if err := s.o.Store.Update(ctx, begin); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // who asked may have gone: what the audit says is done all the same
	err := do(ctx)
	if err != nil && !refused(err) {
		return err
	}
	done := store.Change{Orders: store.Edit[store.Order]{Remove: []store.Key{o.Key()}}}
	if err != nil {
		act.Comment = "not done: " + err.Error()
		done.Act = &act
	}
	return errors.Join(err, s.o.Store.Update(ctx, done))
}

// refused reports whether an error says that an act was not done, and cannot be.
func refused(err error) bool {
	switch CodeOf(err) {
	case NotFound, WrongState, BodyGone:
		return true
	}
	return false
}

// recoverOrders carries out what a crash has left between the audit and the act. What cannot be done now waits for the
// next start, and keeps no other waiting.
func (s *Service) recoverOrders(ctx context.Context) error {
	list, err := s.o.Store.Orders(ctx)
	errs := []error{err}
	for _, o := range list {
		errs = append(errs, s.recoverOrder(ctx, o))
	}
	return errors.Join(errs...)
}

// recoverOrder ends one order. What is refused now was done before the crash, or has become needless.
func (s *Service) recoverOrder(ctx context.Context, o store.Order) (err error) {
	if do := s.carryOut(o); do != nil && !s.sentSince(ctx, o) {
		err = do(ctx)
	}
	if err != nil && !refused(err) {
		return fmt.Errorf("order %s of %s: %w", o.What, o.Who, err)
	}
	done := store.Change{Orders: store.Edit[store.Order]{Remove: []store.Key{o.Key()}}}
	if errors.Is(err, errInterrupted) {
		done.Act = &store.Act{At: time.Now().UTC(), Who: o.Who, What: o.What, Tenant: o.Tenant, Object: o.Object,
			Comment: err.Error()}
	}
	s.o.Log.Info("an order from before the start was ended", "event", "order.recovered", "what", o.What,
		"who", o.Who, "object", o.Object)
	return s.o.Store.Update(ctx, done)
}

// sentSince reports whether a bounce was sent after the order to send it: it is not sent twice for one word.
func (s *Service) sentSince(ctx context.Context, o store.Order) bool {
	if o.What != retryBounceName {
		return false
	}
	b, err := s.o.Queue.Bounce(ctx, o.Object)
	return err == nil && b.State == queue.BounceSent && b.SentAt.After(o.At)
}
