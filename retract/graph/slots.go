package graph

import (
	"context"
	"sync"

	"clawback/retract/fault"
)

// perMailbox is Exchange Online's limit for one application and mailbox. Reference: Graph, throttling limits, Outlook.
const perMailbox = 4

// slots bounds the requests at once for each mailbox. A mailbox without requests takes no memory.
type slots struct {
	limit int

	mu     sync.Mutex
	queues map[string]*queue
}

type queue struct {
	places chan struct{}
	users  int // those that hold or wait for a place
}

func newSlots(limit int) *slots {
	if limit < 1 || limit > perMailbox {
		limit = perMailbox
	}
	return &slots{limit: limit, queues: map[string]*queue{}}
}

// enter waits for a place. The release may be called more than once.
func (s *slots) enter(ctx context.Context, mailbox string) (release func(), err error) {
	s.mu.Lock()
	q := s.queues[mailbox]
	if q == nil {
		q = &queue{places: make(chan struct{}, s.limit)}
		s.queues[mailbox] = q
	}
	q.users++
	s.mu.Unlock()
	select {
	case q.places <- struct{}{}:
		var once sync.Once
		return func() { once.Do(func() { <-q.places; s.leave(mailbox, q) }) }, nil
	case <-ctx.Done():
		s.leave(mailbox, q)
		return nil, &fault.Fault{Class: fault.Retry, Code: fault.CodeCancelled, Detail: "wait for a place at the mailbox: stopped here"}
	}
}

func (s *slots) leave(mailbox string, q *queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(s.queues, mailbox)
	}
}
