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
	"clawback/smtpd/admission"
)

// intake hands accepted mail to the queue, within the quotas of whom it comes from.
type intake struct{ d *daemon }

// Admit says whether a message would be accepted, before its sender begins to send it.
func (i intake) Admit(ctx context.Context, e queue.Envelope, size int64) error {
	if err := i.d.admission.Admit(e); err != nil {
		return err
	}
	return i.d.queue.Admit(ctx, e, size)
}

// Begin opens a draft. The address is noted first, so that it is known to have accepted mail before any 250 says so.
func (i intake) Begin(ctx context.Context, e queue.Envelope, size int64) (queue.Draft, error) {
	counted, err := i.d.admission.Begin(e)
	if err != nil {
		return nil, err
	}
	draft, err := i.begin(ctx, e, size)
	if err != nil {
		counted.End(false)
		return nil, err
	}
	return &message{Draft: commitOrder(draft), counted: counted}, nil
}

func (i intake) begin(ctx context.Context, e queue.Envelope, size int64) (queue.Draft, error) {
	if err := i.d.live.noteUse(ctx, e); err != nil {
		return nil, err
	}
	return i.d.queue.Begin(ctx, e, size)
}

// message is a draft whose bytes are counted for the quota of its source.
type message struct {
	queue.Draft
	counted *admission.Message
	space   []byte // given by Space and not yet filled
}

// Write appends to the message.
func (m *message) Write(p []byte) (int, error) {
	if err := m.counted.Add(p); err != nil {
		return 0, err
	}
	return m.Draft.Write(p)
}

// inPlace is a draft to which bytes can be read without a copy.
type inPlace interface {
	Space() []byte
	Advance(n int) error
}

// Space is where the next bytes can be read to; empty where the draft has no such place.
func (m *message) Space() []byte {
	m.space = nil
	if draft, ok := m.Draft.(inPlace); ok {
		m.space = draft.Space()
	}
	return m.space
}

// Advance appends the first n bytes of Space.
func (m *message) Advance(n int) error {
	if err := m.counted.Add(m.space[:n]); err != nil {
		return err
	}
	return m.Draft.(inPlace).Advance(n)
}

// Commit makes the message an item, unless its source has reached its quota and it is not attributed.
func (m *message) Commit(ctx context.Context) (id string, err error) {
	if err := m.counted.Check(); err != nil {
		m.Abort()
		return "", err
	}
	id, err = m.Draft.Commit(ctx)
	m.counted.End(err == nil)
	return id, err
}

// Abort drops the message.
func (m *message) Abort() {
	m.Draft.Abort()
	m.counted.End(false)
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

// recipient answers the listener, and raises an alert when mail comes for an address that should not be asked for here.
// The alert names the tenant: the address is a secret.
func (d *daemon) recipient(address string) smtpd.Recipient {
	r := d.live.recipient(address)
	switch {
	case r.Refuse != "":
		d.alert("region.refused", "Mail for a journal address came to a gateway outside its regions and was refused.",
			"tenant", r.Tenant)
	case r.Retry:
		d.alert("address.vanished", "Mail came for an address that took mail before and is not in the configuration: "+
			"it is deferred.", "tenant", r.Tenant)
	}
	return r
}
