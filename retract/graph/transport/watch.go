package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync/atomic"

	"clawback/retract/fault"
)

// watch follows one request down to its connections.
type watch struct {
	sent    atomic.Int32                // connections it was given: from the first on, bytes may be under way
	refused atomic.Pointer[fault.Fault] // why it was not sent again
}

// watched has the request under ctx watched. net/http sends a request again by itself when a connection that was used
// before breaks without an answer: at once, whatever the server has said to others meanwhile. Only a GET, or what was
// not written at all. So that too is cleared, at the last moment; where it may not be sent its connection is closed
// before anything is written to it. Over HTTP/2 it sends again only what the server has refused unprocessed: that is
// let go.
func watched(ctx context.Context) (context.Context, *watch) {
	w := &watch{}
	ctx, stop := context.WithCancel(ctx) // ends with the call's: until then its body may be read
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if w.sent.Add(1) == 1 || multiplexed(got.Conn) {
			return
		}
		if f := fault.Clearance(ctx); f != nil {
			w.refused.Store(f)
			stop()
			got.Conn.Close()
		}
	}}), w
}

func multiplexed(c net.Conn) bool {
	secure, ok := c.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}
