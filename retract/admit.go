package retract

import (
	"time"

	"clawback/retract/addresses"
	"clawback/store"
)

// blocked reports whether an intent must wait: it is being worked on, or rests, or its mailbox is full.
func (l *scheduler) blocked(in store.Intent, full map[string]bool) bool {
	now := l.e.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resting(in, now) {
		return true
	}
	key := l.key(in)
	memo := key
	if in.Job != "" {
		memo += " bulk" // which may be out of tokens where a fresh verdict is not
	}
	full[memo] = full[memo] || full[key] || l.unavailable(in, key, now)
	return full[memo]
}

// resting reports whether an intent has a worker, or waits in memory, or its job is suspended. The caller holds mu.
func (l *scheduler) resting(in store.Intent, now time.Time) bool {
	_, running := l.running[in.ID]
	return running || l.later[in.ID].After(now) || l.e.halted(in)
}

// unavailable reports whether an intent's mailbox has no place for another worker now. The caller holds mu.
func (l *scheduler) unavailable(in store.Intent, key string, now time.Time) bool {
	return l.busy[key] >= l.perMailbox() || l.gates[key].After(now) || l.outOfTokens(in, key, now)
}

// admit takes an intent in, unless it is blocked by now.
func (l *scheduler) admit(in store.Intent) bool {
	now := l.e.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.key(in)
	if l.resting(in, now) || l.unavailable(in, key, now) {
		return false
	}
	delete(l.later, in.ID)
	l.running[in.ID] = key
	l.busy[key]++
	return true
}

// leave gives back what admit took.
func (l *scheduler) leave(in store.Intent) {
	l.e.brake.Release(in.ID)
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.running[in.ID]
	delete(l.running, in.ID)
	if l.busy[key]--; l.busy[key] <= 0 {
		delete(l.busy, key)
	}
}

// key is the mailbox as far as it is known before a worker starts: its id, else the address.
func (l *scheduler) key(in store.Intent) string {
	if in.Mailbox != "" {
		return in.Mailbox
	}
	if mb, ok := l.dir.known(in.Address, l.e.now()); ok && mb.ID != "" {
		return mb.ID
	}
	return addresses.Fold(in.Address)
}

// perMailbox is how many workers may be at one mailbox.
func (l *scheduler) perMailbox() int {
	if t, ok := l.e.o.Tenants(l.id); ok && t.Config.Graph.MailboxConcurrent > 0 {
		return min(t.Config.Graph.MailboxConcurrent, hardLimit)
	}
	return 3
}

// hardLimit is Exchange Online's own: 4 requests at once for one app and mailbox.
const hardLimit = 4
