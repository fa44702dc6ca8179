package smtpd

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// How much of refusals is logged. Peers of listed networks have a budget of their own: strangers cannot hide what is
// refused of Exchange's mail.
const (
	refusalPeriod = time.Minute
	maxRefusals   = 64 // kinds in a period that are told apart: event, reason and network
)

// refusals logs what is refused: the first of a kind at once, and the number of the others once a minute. A stranger
// can make a line a minute, and not a line for each command.
type refusals struct {
	log *slog.Logger

	mu    sync.Mutex // guards the following
	kinds [2]map[refusal]int
	rest  [2]int // refusals beyond maxRefusals kinds
}

// refusal is a kind of refusal. All of it but the block comes from us.
type refusal struct {
	event string
	why   string
	from  string // the network's name, or the block of an unlisted peer
}

func newRefusals(log *slog.Logger) *refusals {
	r := &refusals{log: log}
	r.reset()
	return r
}

// reset begins a period. It is called with mu held, or by newRefusals.
func (r *refusals) reset() {
	r.kinds, r.rest = [2]map[refusal]int{{}, {}}, [2]int{}
}

// add counts a refusal and logs it when it is the first of its kind in this period.
func (r *refusals) add(p *peer, level slog.Level, kind refusal, attrs ...slog.Attr) {
	kind.from = p.network
	if p.network == "" {
		kind.from = p.block().String()
	}
	if !r.first(kind, p.network != "") {
		return
	}
	r.log.LogAttrs(context.Background(), level, "refused", append([]slog.Attr{
		slog.String("event", kind.event), slog.String("why", kind.why), slog.String("session", p.id),
		slog.String("remote", p.remote), slog.String("network", p.network),
	}, attrs...)...)
}

// first counts a refusal, and reports whether it is to be logged by itself.
func (r *refusals) first(kind refusal, listed bool) bool {
	budget := 0
	if listed {
		budget = 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kinds := r.kinds[budget]
	n, known := kinds[kind]
	if !known && len(kinds) >= maxRefusals {
		r.rest[budget]++
		return false
	}
	kinds[kind] = n + 1
	return !known
}

// run logs the numbers of each period until done is closed.
func (r *refusals) run(done <-chan struct{}) {
	tick := time.NewTicker(refusalPeriod)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.summarize()
		case <-done:
			r.summarize()
			return
		}
	}
}

// summarize logs how many refusals of each kind came after the first, and begins the next period.
func (r *refusals) summarize() {
	r.mu.Lock()
	kinds, rest := r.kinds, r.rest
	r.reset()
	r.mu.Unlock()
	for i, listed := range []bool{false, true} {
		for _, k := range sorted(kinds[i]) {
			if n := kinds[i][k]; n > 1 {
				r.log.Warn("more refusals of the same kind", "event", "smtp.refusals", "of", k.event, "why", k.why,
					"from", k.from, "count", n-1)
			}
		}
		if rest[i] > 0 {
			r.log.Warn("refusals of many other kinds", "event", "smtp.refusals", "listed", listed, "count", rest[i])
		}
	}
}

func sorted(kinds map[refusal]int) []refusal {
	list := make([]refusal, 0, len(kinds))
	for k := range kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b refusal) int {
		return cmp.Or(cmp.Compare(a.event, b.event), cmp.Compare(a.why, b.why), cmp.Compare(a.from, b.from))
	})
	return list
}
