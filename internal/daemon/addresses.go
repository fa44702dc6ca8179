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

// usedPrefix begins the store's keys that remember which addresses ever took mail: the tenant, a space, and the time.
const usedPrefix = "address/"

// use is what is remembered of an address.
type use struct {
	tenant      string
	last, saved time.Time // when it last took mail, and what of that is durable: true to the hour
}

// loadUses reads what was remembered before the start.
func (l *live) loadUses(ctx context.Context) error {
	l.used = map[string]use{}
	keys, err := l.store.MetaKeys(ctx, usedPrefix)
	if err != nil {
		return err
	}
	for _, key := range keys {
		value, err := l.store.Meta(ctx, key)
		if err != nil {
			return err
		}
		tenant, at, _ := strings.Cut(string(value), " ")
		last, _ := time.Parse(time.RFC3339, at) // zero where it was never noted
		l.used[strings.TrimPrefix(key, usedPrefix)] = use{tenant, last, last}
	}
	return nil
}

// noteUse remembers that an address takes mail. Durable before the first message to it is accepted.
func (l *live) noteUse(e queue.Envelope) error {
	now := time.Now().UTC()
	for _, address := range e.Rcpts {
		address = mailaddr.Address(address)
		if e.Purpose == queue.ForPostmaster || !l.useUnsaved(address, now) {
			continue
		}
		value := []byte(e.Tenant + " " + now.Format(time.RFC3339))
		if err := l.store.PutMeta(context.Background(), usedPrefix+address, value); err != nil {
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
		list = append(list, api.Address{Address: address, TenantID: r.Tenant, Tenant: names[r.Tenant], Purpose: string(r.Purpose),
			Configured: true, Used: used || r.Purpose == queue.ForPostmaster, Refused: r.Refuse, Last: u.last})
	}
	for address, u := range l.used {
		if _, configured := l.rcpts[address]; !configured {
			list = append(list, api.Address{Address: address, TenantID: u.tenant, Tenant: names[u.tenant], Used: true, Last: u.last})
		}
	}
	slices.SortFunc(list, func(a, b api.Address) int { return strings.Compare(a.Address, b.Address) })
	return list
}

// Retire forgets that an address took mail, so that it is refused for good.
func (l *live) Retire(ctx context.Context, address string) error {
	address = mailaddr.Address(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, configured := l.rcpts[address]; configured {
		return &api.Error{Code: api.WrongState, Detail: address + " is still configured: take it out of the configuration and reload first"}
	}
	if _, used := l.used[address]; !used {
		return fmt.Errorf("address %s: %w", address, store.ErrNotFound)
	}
	if err := l.store.PutMeta(ctx, usedPrefix+address, nil); err != nil {
		return fmt.Errorf("retire address: %w", err)
	}
	delete(l.used, address)
	return nil
}
