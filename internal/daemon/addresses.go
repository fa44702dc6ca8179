package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clawback/api"
	"clawback/queue"
	"clawback/smtpd"
	"clawback/store"
)

// addresses lists what mail is taken for now, and what took mail before.
func (l *live) addresses() []api.Address {
	l.mu.RLock()
	defer l.mu.RUnlock()
	names := map[string]string{}
	for id, t := range l.tenants {
		names[id] = t.Config.Name
	}
	var list []api.Address
	for address, r := range l.rcpts {
		u, used := l.used[address]
		list = append(list, api.Address{Address: address, Tenant: names[r.Tenant], Purpose: string(r.Purpose), Configured: true,
			Used: used || r.Purpose == queue.ForPostmaster, Refused: r.Refuse, Last: u.last})
	}
	for address, u := range l.used {
		if _, configured := l.rcpts[address]; !configured {
			list = append(list, api.Address{Address: address, Tenant: names[u.tenant], Used: true, Last: u.last})
		}
	}
	slices.SortFunc(list, func(a, b api.Address) int { return strings.Compare(a.Address, b.Address) })
	return list
}

// retire forgets that an address took mail, so that it is refused for good.
func (l *live) retire(ctx context.Context, address string) error {
	address = strings.ToLower(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, configured := l.rcpts[address]; configured {
		return errors.New(address + " is still configured: take it out of the configuration and reload first")
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

// recipient answers the listener, and tells a person when an address is refused that should not be asked for here.
func (d *daemon) recipient(address string) smtpd.Recipient {
	r := d.live.recipient(address)
	switch {
	case r.Refuse != "":
		d.alertOnce("region.refused", "Mail for an address came to a gateway outside its regions and was refused: mend its MX records (clawback check --online).", address)
	case r.Retry:
		d.alertOnce("address.vanished", "Mail came for an address that took mail before and is not in the configuration: it is put off. "+
			"Put it back, or run clawback address retire.", address)
	}
	return r
}
