package api

import (
	"context"
	"errors"
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
	}
	return nil
}

// order carries out an act that is written elsewhere than the audit. The entry in the audit and the order are one
// commit, and come first; the order goes when the act is done. After a crash between the two Recover carries it out. An
// act that is refused has a second entry, which says so. Where storage fails in the middle, whether it was done is not
// known: the order stays.
func (s *Service) order(ctx context.Context, act store.Act) error {
	act.At = time.Now().UTC()
	o := store.Order{ID: uuid.NewString(), What: act.What, Who: act.Who, Tenant: act.Tenant, Object: act.Object,
		Comment: act.Comment, At: act.At}
	do := s.carryOut(o)
	if do == nil {
		return problem(Internal, "%s cannot be ordered", act.What)
	}
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
	case NotFound, WrongState:
		return true
	}
	return false
}

// recoverOrders carries out what a crash has left between the audit and the act. What is refused now was done before
// the crash, or has become needless.
func (s *Service) recoverOrders(ctx context.Context) error {
	list, err := s.o.Store.Orders(ctx)
	if err != nil {
		return err
	}
	for _, o := range list {
		do := s.carryOut(o)
		if do != nil && !s.sentSince(ctx, o) {
			err = do(ctx)
		}
		if err != nil && !refused(err) {
			return err
		}
		s.o.Log.Info("an order from before the start was carried out", "event", "order.recovered", "what", o.What,
			"who", o.Who, "object", o.Object)
		remove := store.Edit[store.Order]{Remove: []store.Key{o.Key()}}
		if err = s.o.Store.Update(ctx, store.Change{Orders: remove}); err != nil {
			return err
		}
	}
	return nil
}

// sentSince reports whether a bounce was sent after the order to send it: it is not sent twice for one word.
func (s *Service) sentSince(ctx context.Context, o store.Order) bool {
	if o.What != retryBounceName {
		return false
	}
	b, err := s.o.Queue.Bounce(ctx, o.Object)
	return err == nil && b.State == queue.BounceSent && b.SentAt.After(o.At)
}
