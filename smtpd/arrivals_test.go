package smtpd

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func block(i int) netip.Prefix {
	return netip.MustParsePrefix(fmt.Sprintf("%d.%d.%d.0/24", 1+i>>16, i>>8&0xff, i&0xff))
}

// One network opens so many connections at once, and then so many a second.
func TestArrivals_boundOneBlock(t *testing.T) {
	a, now := newArrivals(), time.Now()
	admitted := func(n int) (yes int) {
		for range n {
			if a.admit(block(1), now) {
				yes++
			}
		}
		return yes
	}
	if got := admitted(1000); got != blockBurst {
		t.Errorf("%d at once, want %v", got, blockBurst)
	}
	now = now.Add(10 * time.Second)
	if got := admitted(1000); got != 10*blockRate {
		t.Errorf("%d after ten seconds, want %v", got, 10*blockRate)
	}
	if !a.admit(block(2), now) {
		t.Error("another network pays for it")
	}
	now = now.Add(time.Hour)
	if got := admitted(1000); got != blockBurst {
		t.Errorf("%d after an hour, want %v", got, blockBurst)
	}
}

// Many networks together are bounded too, and so is the memory that they take.
func TestArrivals_boundAllBlocks(t *testing.T) {
	a, now := newArrivals(), time.Now()
	admitted := 0
	for i := range 100_000 {
		if a.admit(block(i), now) {
			admitted++
		}
	}
	if admitted != allBurst {
		t.Errorf("%d connections at once, want %v", admitted, allBurst)
	}
	if n := len(a.blocks); n > maxBlocks+1 {
		t.Errorf("%d networks are remembered, want %d at most", n, maxBlocks)
	}
	now = now.Add(time.Hour)
	if !a.admit(block(200_000), now) {
		t.Error("a network that comes later is refused")
	}
	a.forget(now)
	if n := len(a.blocks); n > 1 {
		t.Errorf("%d networks are remembered after an hour", n)
	}
}
