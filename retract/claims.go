package retract

import (
	"sync"

	"clawback/retract/addresses"
	"clawback/store"
)

// claims says which intent of a record has a mailbox: one of several recipients whose addresses are one mailbox's.
type claims struct {
	running func(intent string) bool // whether a worker is at it; called with mu held

	reading sync.Mutex // held by whoever reads a record's from the store: thousands of intents, by one worker at once

	mu  sync.Mutex
	all map[string]map[string]claim // record and kind -> mailbox -> intent that has it
}

// claim is the intent that has a mailbox.
type claim struct{ id, address string }

// claimsMax bounds how many records' claims are kept in memory. They are read from the store again when needed.
const claimsMax = 256

// loaded reports whether a record's claims are in memory.
func (c *claims) loaded(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[key] != nil
}

// load fills in what the store knows. What was claimed meanwhile stays.
func (c *claims) load(key string, kind store.Kind, have []store.Intent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= claimsMax {
		for other, of := range c.all {
			if !c.inUse(of) {
				delete(c.all, other)
			}
		}
	}
	of := c.of(key)
	for _, in := range have {
		if _, taken := of[in.Mailbox]; !taken && in.Mailbox != "" && in.Kind == kind {
			of[in.Mailbox] = claim{in.ID, addresses.Fold(in.Address)}
		}
	}
}

// inUse reports whether a worker is at one of the intents. The caller holds mu.
func (c *claims) inUse(of map[string]claim) bool {
	for _, has := range of {
		if c.running(has.id) {
			return true
		}
	}
	return false
}

// claim gives a record's mailbox to an intent. It gives the address of the intent that has it already, or "".
func (c *claims) claim(key, mailbox string, mine claim) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.of(key)
	if has, ok := of[mailbox]; ok && has.id != mine.id {
		return has.address
	}
	of[mailbox] = mine
	return ""
}

// of gives the claims of a record. The caller holds mu.
func (c *claims) of(key string) map[string]claim {
	if c.all == nil {
		c.all = map[string]map[string]claim{}
	}
	if c.all[key] == nil {
		c.all[key] = map[string]claim{}
	}
	return c.all[key]
}
