package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/api"
	"clawback/internal/mailaddr"
	"clawback/queue"
	"clawback/store"
)

// use is what is remembered of an address.
type use struct {
	tenant      string
	last, saved time.Time // when it last took mail, and what of that is durable: true to the hour
}

// loadUses reads what was remembered before the start.
func (l *live) loadUses(ctx context.Context) error {
	rows, err := l.store.Addresses(ctx)
	if err != nil {
		return err
	}
	l.used = map[string]use{}
	for _, a := range rows {
		l.used[a.Address] = use{a.Tenant, a.Last, a.Last}
	}
	return nil
}

// noteUse remembers that an address takes mail. Durable before the first message to it is accepted.
func (l *live) noteUse(ctx context.Context, e queue.Envelope) error {
	now := time.Now().UTC().Truncate(time.Second)
	for _, address := range e.Rcpts {
		address = mailaddr.Address(address)
		if e.Purpose == queue.ForPostmaster || !l.useUnsaved(address, now) {
			continue
		}
		row := store.Address{Address: address, Tenant: e.Tenant, Last: now}
		put := store.Edit[store.Address]{Put: []store.Address{row}}
		if err := l.store.Update(ctx, store.Change{Addresses: put}); err != nil {
			return fmt.Errorf("remember address: %w", err)
		}
		l.mu.Lock()
		l.used[address] = use{e.Tenant, now, now}
		l.mu.Unlock()
	}
	return nil
}

// useUnsaved says that a use of an address is still to be made durable: its first, and one an hour.
func (l *live) useUnsaved(address string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u, known := l.used[address]
	if !known || now.Sub(u.saved) >= time.Hour {
		return true
	}
	u.last = now
	l.used[address] = u
	return false
}

// Addresses lists what mail is taken for now, and what took mail before.
func (l *live) Addresses() []api.Address {
	l.mu.RLock()
	defer l.mu.RUnlock()
	names := map[string]string{}
	for id, t := range l.tenants {
		names[id] = t.Config.Name
	}
	var list []api.Address
	for address, r := range l.rcpts {
		u, used := l.used[address]
		list = append(list, api.Address{Address: address, TenantID: r.Tenant, Tenant: names[r.Tenant],
			Purpose:    string(r.Purpose),
			Configured: true, Used: used || r.Purpose == queue.ForPostmaster, Refused: r.Refuse, Last: u.last})
	}
	for address, u := range l.used {
		if _, configured := l.rcpts[address]; !configured {
			list = append(list, api.Address{Address: address, TenantID: u.tenant, Tenant: names[u.tenant], Used: true,
				Last: u.last})
		}
	}
	slices.SortFunc(list, func(a, b api.Address) int { return strings.Compare(a.Address, b.Address) })
	return list
}

// Retire forgets that an address took mail, so that it is refused for good. The act's entry in the audit is written
// with it.
func (l *live) Retire(ctx context.Context, address string, act store.Act) error {
	address = mailaddr.Address(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, configured := l.rcpts[address]; configured {
		return &api.Error{Code: api.WrongState,
			Detail: address + " is still configured: take it out of the configuration and reload first"}
	}
	if _, used := l.used[address]; !used {
		return fmt.Errorf("address %s: %w", address, store.ErrNotFound)
	}
	remove := store.Edit[store.Address]{Remove: []store.Key{store.Address{Address: address}.Key()}}
	if err := l.store.Update(ctx, store.Change{Addresses: remove, Act: &act}); err != nil {
		return fmt.Errorf("retire address: %w", err)
	}
	delete(l.used, address)
	return nil
}
