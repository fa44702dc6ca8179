package console

import (
	"crypto/rand"
	"crypto/sha256"
	"net/url"
	"sync"
	"time"

	"clawback/api"
)

const (
	linkLife = 10 * time.Minute
	maxLinks = 100 // that were made and not used; the oldest gives way
)

// Links are the links by which people sign in, each once. They are in memory alone: a restart ends them. Safe for
// concurrent use.
type Links struct {
	// URL is where the console is, without a path.
	URL string
	Now func() time.Time // nil: time.Now

	mu   sync.Mutex
	made []madeLink // the oldest first
}

type madeLink struct {
	hash    [sha256.Size]byte
	who     api.Principal
	expires time.Time
}

func (l *Links) now() time.Time {
	if l.Now == nil {
		return time.Now()
	}
	return l.Now()
}

// Make makes a link by which a principal signs in.
func (l *Links) Make(p api.Principal) (string, time.Time, error) {
	secret := rand.Text() // 130 random bits; the link fits a line of a terminal
	l.mu.Lock()
	defer l.mu.Unlock()
	m := madeLink{sha256.Sum256([]byte(secret)), p, l.now().Add(linkLife).UTC()}
	l.made = append(l.made, m)
	l.made = l.made[max(0, len(l.made)-maxLinks):]
	return l.URL + "/sign-in?" + url.Values{"link": {secret}}.Encode(), m.expires, nil
}

// redeem is whose a link is, which is used up by it.
func (l *Links) redeem(secret string) (api.Principal, bool) {
	hash := sha256.Sum256([]byte(secret))
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, m := range l.made {
		if m.hash == hash {
			l.made = append(l.made[:i:i], l.made[i+1:]...)
			return m.who, l.now().Before(m.expires)
		}
	}
	return api.Principal{}, false
}
