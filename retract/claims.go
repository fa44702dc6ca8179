package retract

import (
	"clawback/retract/addresses"
	"clawback/store"
)

// claim says which intent of a record has a mailbox.
type claim struct{ id, address string }

// claimsMax bounds how many records' claims are kept in memory. They are read from the store again when needed.
const claimsMax = 256

func (l *scheduler) claimed(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.claims[key] != nil
}

// load fills in what the store knows. What was claimed meanwhile stays.
func (l *scheduler) load(key string, kind store.Kind, have []store.Intent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.claims) >= claimsMax {
		for other, of := range l.claims {
			if !l.working(of) {
				delete(l.claims, other)
			}
		}
	}
	if l.claims[key] == nil {
		l.claims[key] = map[string]claim{}
	}
	for _, in := range have {
		if _, taken := l.claims[key][in.Mailbox]; !taken && in.Mailbox != "" && in.Kind == kind {
			l.claims[key][in.Mailbox] = claim{in.ID, addresses.Fold(in.Address)}
		}
	}
}

// working reports whether a worker is at one of the intents. The caller holds mu.
func (l *scheduler) working(of map[string]claim) bool {
	for _, c := range of {
		if _, ok := l.running[c.id]; ok {
			return true
		}
	}
	return false
}

// claim takes a record's mailbox for an intent. It gives the address of the intent that has it already, or "".
func (l *scheduler) claim(key, mailbox string, mine claim) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claims[key] == nil {
		l.claims[key] = map[string]claim{}
	}
	if has, ok := l.claims[key][mailbox]; ok && has.id != mine.id {
		return has.address
	}
	l.claims[key][mailbox] = mine
	return ""
}
