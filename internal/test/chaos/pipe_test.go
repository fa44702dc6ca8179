package chaos

import (
	"context"
	"net"
	"sync"
)

// wire is a network in memory that can be cut.
type wire struct {
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	conns map[net.Conn]bool
	dead  bool
}

func newWire() *wire {
	return &wire{calls: make(chan net.Conn), closed: make(chan struct{}), conns: map[net.Conn]bool{}}
}

// Accept, Close and Addr make it a listener.
func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.calls:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (*wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	dead := w.dead
	w.mu.Unlock()
	if dead {
		return nil, net.ErrClosed
	}
	here, there := net.Pipe()
	select {
	case w.calls <- there:
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[here] = true
	return &end{here, w}, nil
}

// cut ends every connection, and lets no new one come about until mend.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	for c := range w.conns {
		c.Close()
	}
	clear(w.conns)
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = false
}

// end is the client's end of a connection.
type end struct {
	net.Conn
	wire *wire
}

func (e *end) Close() error {
	e.wire.mu.Lock()
	delete(e.wire.conns, e.Conn)
	e.wire.mu.Unlock()
	return e.Conn.Close()
}
