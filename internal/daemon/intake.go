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
func (i intake) Admit(e queue.Envelope, size int64) error {
	if err := i.d.admission.Admit(e); err != nil {
		return err
	}
	return i.d.queue.Admit(context.Background(), e, size)
}

// Begin opens a draft. The address is noted first, so that it is known to have accepted mail before any 250 says so.
func (i intake) Begin(e queue.Envelope, size int64) (smtpd.Transaction, error) {
	counted, err := i.d.admission.Begin(e)
	if err != nil {
		return nil, err
	}
	draft, err := i.begin(e, size)
	if err != nil {
		counted.End(false)
		return nil, err
	}
	return &message{Transaction: commitOrder(arriving{draft}), counted: counted}, nil
}

func (i intake) begin(e queue.Envelope, size int64) (queue.Draft, error) {
	if err := i.d.live.noteUse(context.Background(), e); err != nil {
		return nil, err
	}
	return i.d.queue.Begin(context.Background(), e, size)
}

// message is a draft whose bytes are counted for the quota of its source.
type message struct {
	smtpd.Transaction
	counted *admission.Message
	space   []byte // given by Space and not yet filled
}

// Write appends to the message.
func (m *message) Write(p []byte) (int, error) {
	if err := m.counted.Add(p); err != nil {
		return 0, err
	}
	return m.Transaction.Write(p)
}

// inPlace is a Transaction to which bytes can be read without a copy. A draft is one.
type inPlace interface {
	Space() []byte
	Advance(n int) error
}

// arriving is a draft as the listener knows it. Its commit waits for the disk whatever becomes of the session: what was
// accepted must be answered.
type arriving struct{ queue.Draft }

// Commit makes the message an item.
func (a arriving) Commit() (id string, err error) { return a.Draft.Commit(context.Background()) }

// Space is the draft's, empty where it has none.
func (a arriving) Space() []byte {
	if draft, ok := a.Draft.(inPlace); ok {
		return draft.Space()
	}
	return nil
}

// Advance is the draft's.
func (a arriving) Advance(n int) error { return a.Draft.(inPlace).Advance(n) }

// Space is where the next bytes can be read to; empty where the draft has no such place.
func (m *message) Space() []byte {
	m.space = nil
	if draft, ok := m.Transaction.(inPlace); ok {
		m.space = draft.Space()
	}
	return m.space
}

// Advance appends the first n bytes of Space.
func (m *message) Advance(n int) error {
	if err := m.counted.Add(m.space[:n]); err != nil {
		return err
	}
	return m.Transaction.(inPlace).Advance(n)
}

// Commit makes the message an item, unless its source has reached its quota and it is not attributed.
func (m *message) Commit() (id string, err error) {
	if err := m.counted.Check(); err != nil {
		m.Abort()
		return "", err
	}
	id, err = m.Transaction.Commit()
	m.counted.End(err == nil)
	return id, err
}

// Abort drops the message.
func (m *message) Abort() {
	m.Transaction.Abort()
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
