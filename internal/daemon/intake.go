package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"clawback/queue"
	"clawback/smtpd"
)

// intake hands accepted mail to the queue.
type intake struct{ d *daemon }

// Admit says whether a message of this size fits on the disk, before its sender begins to send it.
func (i intake) Admit(e queue.Envelope, size int64) error { return i.d.queue.Admit(e, size) }

// Begin opens a draft. The address is noted first, so that it is known to have taken mail before any 250 says so.
func (i intake) Begin(e queue.Envelope, size int64) (smtpd.Transaction, error) {
	if err := i.d.live.noteUse(e); err != nil {
		return nil, err
	}
	draft, err := i.d.queue.Begin(e, size)
	if err != nil {
		return nil, err // not a Transaction that holds a nil draft
	}
	return commitOrder(draft), nil
}

// listener is one configured port and its server.
type listener struct {
	server *smtpd.Server
	ln     net.Listener
}

func (l *listener) serve() error {
	if err := l.server.Serve(l.ln); !errors.Is(err, smtpd.ErrClosed) {
		return fmt.Errorf("listen on %s: %w", l.ln.Addr(), err)
	}
	return nil
}

// listen opens every configured port. Nothing is accepted before serve is called.
func (d *daemon) listen() error {
	for _, l := range d.cfg.Listeners {
		ln, err := d.sockets.Listen(l.Address)
		if err != nil {
			return fmt.Errorf("listener %s: %w", l.Address, err)
		}
		d.onClose(func() error { ln.Close(); return nil })
		server, err := smtpd.New(d.smtpOptions(l))
		if err != nil {
			return fmt.Errorf("listener %s: %w", l.Address, err)
		}
		d.listeners = append(d.listeners, &listener{server, ln})
		d.log.Info("listening", "event", "smtp.listening", "address", ln.Addr().String())
	}
	return nil
}

// sessions counts the SMTP sessions that are open.
func (d *daemon) sessions() (n int) {
	for _, l := range d.listeners {
		n += l.server.Sessions()
	}
	return n
}

// drain stops taking mail; transfers that are under way may end.
func (d *daemon) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), d.cfg.SMTP.DrainTimeout+5*time.Second)
	defer cancel()
	errs := make([]error, len(d.listeners))
	var group sync.WaitGroup
	for i, l := range d.listeners {
		group.Go(func() { errs[i] = l.server.Shutdown(ctx) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// tenantOf names a tenant for an alert: the address that it is about is a secret.
func (d *daemon) tenantOf(id string) string {
	if t, ok := d.live.tenant(id); ok {
		return "tenant " + t.Name
	}
	return "tenant " + id
}

// recipient answers the listener, and raises an alert when mail comes for an address that should not be asked for here.
func (d *daemon) recipient(address string) smtpd.Recipient {
	r := d.live.recipient(address)
	switch {
	case r.Refuse != "":
		d.alertOnce("region.refused", "Mail for a journal address came to a gateway outside its regions and was refused: "+
			"mend its MX records. See clawback check --online, clawback address list.", d.tenantOf(r.Tenant))
	case r.Retry:
		d.alertOnce("address.vanished", "Mail came for an address that took mail before and is not in the configuration: it is "+
			"deferred. Put the address back, or run clawback address retire. See clawback address list.", d.tenantOf(r.Tenant))
	}
	return r
}
