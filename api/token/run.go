package token

import (
	"context"
	"time"

	"clawback/api"
	"clawback/store"
)

const (
	useInterval = time.Minute
	keptEnded   = 90 * 24 * time.Hour // how long a token is listed after its end
)

// Run notes when tokens were last used, and forgets those that ended long ago, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(useInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.write(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
			d.write(ctx)
		}
	}
}

// write writes what is not written yet.
func (d *Desk) write(ctx context.Context) {
	d.acts.Lock()
	defer d.acts.Unlock()
	c, written := d.due()
	if len(written)+len(c.Tokens.Remove) == 0 {
		return
	}
	if err := d.o.Store.Update(ctx, c); err != nil {
		d.o.Log.Warn("note when tokens were last used", "event", "token.unnoted", "error", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, u := range written {
		if d.uses[u.Token] == u {
			delete(d.fresh, u.Token)
		}
	}
	for _, key := range c.Tokens.Remove {
		delete(d.tokens, key.ID)
		delete(d.uses, key.ID)
		delete(d.fresh, key.ID)
	}
}

// due is what is to be written: uses, and the end of old tokens.
func (d *Desk) due() (c store.Change, written []store.TokenUse) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.fresh {
		written = append(written, d.uses[id])
	}
	c.TokenUses.Put = written
	for _, t := range d.tokens {
		over := t.Expires
		if !t.Revoked.IsZero() {
			over = t.Revoked
		}
		if api.TokenStateOf(t, d.o.Now()) != api.TokenLive && d.o.Now().Sub(over) > keptEnded {
			c.Tokens.Remove = append(c.Tokens.Remove, t.Key())
			c.TokenUses.Remove = append(c.TokenUses.Remove, t.Key())
		}
	}
	return c, written
}
