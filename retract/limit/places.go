package limit

import (
	"context"
	"sync"
)

// MostPlaces is Exchange Online's own limit: 4 requests at once for one application and mailbox.
const MostPlaces = 4

// Places bounds the requests at once for each mailbox. The zero value is ready; a mailbox without requests takes no
// memory. It is safe for concurrent use.
//
// The limiter has one, and so has the Graph client, which alone knows how long a request lasts whose answer is still
// read, and how many requests a call makes.
type Places struct {
	mu     sync.Mutex
	queues map[string]*queue
}

type queue struct {
	places chan struct{}
	users  int // those that hold or wait for a place
}

// Enter waits for one of a mailbox's places, of which there are limit, and MostPlaces at most. A mailbox whose places
// are in use keeps their number until none is. The release may be called more than once.
func (p *Places) Enter(ctx context.Context, mailbox string, limit int) (release func(), err error) {
	if limit < 1 || limit > MostPlaces {
		limit = MostPlaces
	}
	p.mu.Lock()
	q := p.queues[mailbox]
	if q == nil {
		if p.queues == nil {
			p.queues = map[string]*queue{}
		}
		q = &queue{places: make(chan struct{}, limit)}
		p.queues[mailbox] = q
	}
	q.users++
	p.mu.Unlock()
	select {
	case q.places <- struct{}{}:
		var once sync.Once
		return func() { once.Do(func() { <-q.places; p.leave(mailbox, q) }) }, nil
	case <-ctx.Done():
		p.leave(mailbox, q)
		return nil, ctx.Err()
	}
}

// InUse is how many mailboxes have requests that are under way, or wait.
func (p *Places) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queues)
}

// leave drops the queue of a mailbox that nobody uses or waits for any more.
func (p *Places) leave(mailbox string, q *queue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(p.queues, mailbox)
	}
}
