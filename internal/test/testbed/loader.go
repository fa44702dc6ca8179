package testbed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"clawback/internal/test/smtpload"
)

// Loader sends reports of CLEAN mail over short sessions, as many connectors would, while the daemon restarts.
type Loader struct {
	Bed   *Bed
	First int // the number of the first letter

	mu      sync.Mutex
	sent    int
	dialled int
	ended   int      // sessions that a stop has ended with 421, or between two reports
	ids     []string // of reports that got a 250
	wrong   []error
}

// Accepted is "" once so many reports got a 250, else what there is.
func (l *Loader) Accepted(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ids) < n {
		return fmt.Sprintf("%d reports were accepted, want %d; %v", len(l.ids), n, l.wrong)
	}
	return ""
}

// IDs are the Message-IDs of the reports that got a 250.
func (l *Loader) IDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids)
}

// Wrong are the connections that were refused, or ended without a greeting.
func (l *Loader) Wrong() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.wrong)
}

// String says what was sent.
func (l *Loader) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d connections, %d reports accepted, %d sessions ended by a stop", l.dialled, len(l.ids),
		l.ended)
}

// Load sends until ctx ends. Several may run at once.
func (l *Loader) Load(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := smtpload.Dial(ctx, l.Bed.Address)
		if !l.connected(ctx, err) {
			continue
		}
		err = conn.Secure("outbound.exchange.example", l.Bed.TLS())
		for range 3 {
			if err == nil {
				err = l.send(conn)
			}
		}
		if err != nil {
			l.count(func() { l.ended++ })
		}
		conn.Close()
	}
}

// connected notes a connection that was refused, or ended without a greeting. 421 is a greeting.
func (l *Loader) connected(ctx context.Context, err error) bool {
	if errors.Is(err, smtpload.ErrRefused) {
		l.count(func() { l.dialled++; l.ended++ })
		return false
	}
	l.count(func() {
		l.dialled++
		if err != nil && ctx.Err() == nil {
			l.wrong = append(l.wrong, err)
		}
	})
	return err == nil
}

func (l *Loader) count(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// send sends one report.
func (l *Loader) send(conn *smtpload.Conn) error {
	n := 0
	l.count(func() { n = l.First + l.sent; l.sent++ })
	letter, err := Write(false, n, "sales@contoso.example")
	if err == nil {
		err = Send(conn, Contoso, letter.Report)
	}
	if err == nil {
		l.count(func() { l.ids = append(l.ids, letter.MessageID) })
	}
	return err
}
