package smtpd

import (
	"net/netip"
	"time"
)

// What unlisted networks may open in connections. A TLS handshake costs about a millisecond of processor time; all
// strangers together get a few percent of one processor. A connector opens a connection for many messages.
const (
	blockRate, blockBurst = 1.0, 60.0   // a second, and at once: of one block
	allRate, allBurst     = 20.0, 400.0 // of all
	maxBlocks             = 4096        // that are counted one by one
)

// arrivals bounds how fast unlisted networks open connections. Its owner locks it.
type arrivals struct {
	all    bucket
	blocks map[netip.Prefix]*bucket
}

func newArrivals() *arrivals { return &arrivals{blocks: map[netip.Prefix]*bucket{}} }

// bucket is a leaky bucket: what is in it runs out at a rate.
type bucket struct {
	level float64
	at    time.Time
}

// leak lets run out what has run out by now.
func (b *bucket) leak(now time.Time, rate float64) {
	b.level = max(0, b.level-now.Sub(b.at).Seconds()*rate)
	b.at = now
}

// admit counts a connection, unless there were too many.
func (a *arrivals) admit(block netip.Prefix, now time.Time) bool {
	b := a.block(block, now)
	b.leak(now, blockRate)
	a.all.leak(now, allRate)
	if b.level+1 > blockBurst || a.all.level+1 > allBurst {
		return false
	}
	b.level++
	a.all.level++
	return true
}

// block is the bucket of one block. Beyond maxBlocks blocks share one, so that memory is bounded.
func (a *arrivals) block(block netip.Prefix, now time.Time) *bucket {
	if b := a.blocks[block]; b != nil {
		return b
	}
	if len(a.blocks) >= maxBlocks {
		a.forget(now)
	}
	if len(a.blocks) >= maxBlocks {
		block = netip.Prefix{}
	}
	if a.blocks[block] == nil {
		a.blocks[block] = &bucket{at: now}
	}
	return a.blocks[block]
}

// forget drops the buckets that are empty.
func (a *arrivals) forget(now time.Time) {
	for block, b := range a.blocks {
		if b.leak(now, blockRate); b.level == 0 {
			delete(a.blocks, block)
		}
	}
}
