package smtpd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	plainBuffer  = 4 << 10          // before TLS
	wireBuffer   = 32 << 10         // holds two TLS records
	maxLine      = 2000             // bytes of a command line; RFC 5321 4.5.3.1.4 has 512 and lets extensions add
	writeTimeout = 60 * time.Second // for replies, which are short
	outBuffer    = 4 << 10          // replies to pipelined commands are sent in pieces of about this size
)

// Why a connection's stream ended. A wire that has one of these reads nothing more (I3).
var (
	errGone     = errors.New("peer closed the connection")
	errIdle     = errors.New("no command in time")
	errStalled  = errors.New("no data in time")
	errSlow     = errors.New("data below the minimum rate")
	errLong     = errors.New("command line too long")
	errDrain    = errors.New("shutting down")
	errAge      = errors.New("session too old")
	errCommands = errors.New("too many commands")
	errErrors   = errors.New("too many errors")
	errTiny     = errors.New("data in tiny pieces")
	errFlood    = errors.New("far more data than the size limit")
	errChunk    = errors.New("malformed BDAT")
	errPanicked = errors.New("panic")
)

// farewells are the last words for those ends that have any.
var farewells = map[error]string{
	errIdle:     "421 4.4.2 %s Timeout, closing connection",
	errStalled:  "421 4.4.2 %s Timeout, closing connection",
	errSlow:     "421 4.4.2 %s Too slow, closing connection",
	errLong:     "500 5.5.2 %s Line too long, closing connection",
	errDrain:    "421 4.3.2 %s Shutting down, try again later", // RFC 5321 3.8
	errAge:      "421 4.4.2 %s Session too long, connect again",
	errCommands: "421 4.7.0 %s Too many commands, closing connection",
	errErrors:   "421 4.7.0 %s Too many errors, closing connection",
	errFlood:    "552 5.3.4 %s Message size exceeds fixed limit, closing connection",
	errChunk:    "501 5.5.4 %s Malformed BDAT, closing connection", // where its chunk ends cannot be known
	errPanicked: "421 4.3.0 %s Internal error, closing connection",
}

// wire is a buffered connection with rolling deadlines and a sticky error. All methods but drain belong to one
// goroutine at a time.
type wire struct {
	conn net.Conn
	host string // in farewells
	in   *bufio.Reader
	out  []byte
	err  error // sticky: why reading ended

	idle    time.Duration // for one whole command line
	crowded func() bool   // whether it is crowdedIdle at most; nil: it is not
	lineEnd time.Time     // when the line being waited for is late
	pace    *pace         // of the body being read, nil between bodies and chunks
	paused  *pace         // of the body whose next chunk is waited for

	received, sent int64
	reads          int64 // from the connection
	strange        bool  // the peer is of an unlisted network: its reads must be worth their while

	mu       sync.Mutex // guards what drain shares with the reader
	draining bool
	busy     bool // a body is being read: drain lets it finish
}

func newWire(c net.Conn, host string, idle time.Duration) *wire {
	w := &wire{conn: c, host: host, idle: idle}
	size := wireBuffer
	if _, plain := c.(*net.TCPConn); plain {
		size = plainBuffer
	}
	w.in = bufio.NewReaderSize(readerFunc(w.read), size)
	return w
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// read is what the buffer is filled from: all waiting for the peer happens here.
func (w *wire) read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := w.arm(began); err != nil {
		return 0, w.fail(err)
	}
	n, err := w.conn.Read(p)
	w.received += int64(n)
	w.reads++
	if w.strange && w.reads > patientReads && w.received < w.reads*leastRead {
		return 0, w.fail(errTiny)
	}
	if w.pace != nil {
		w.pace.add(n, time.Since(began))
	}
	if n > 0 || err == nil {
		return n, nil // an error comes again with the next read
	}
	return 0, w.fail(w.why(err))
}

// A read costs some microseconds, however little it brings: a TLS record for each byte is a way to use up the
// processor. After so many reads a stranger must have sent so many bytes with each, in the mean.
const (
	patientReads = 2000
	leastRead    = 16
)

// arm sets the deadline of the next read.
func (w *wire) arm(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.draining && !w.busy {
		return errDrain
	}
	deadline := w.lineEnd
	if w.pace != nil {
		left, err := w.pace.left(now)
		if err != nil {
			return err
		}
		deadline = now.Add(left)
	}
	return w.conn.SetReadDeadline(deadline)
}

// why names the end that a read error means.
func (w *wire) why(err error) error {
	switch {
	case w.mustStop():
		return errDrain
	case !errors.Is(err, os.ErrDeadlineExceeded):
		// Also io.EOF, and a TLS close_notify or a bare FIN at a record's border, which crypto/tls gives as io.EOF.
		return errGone
	case w.pace == nil:
		return errIdle
	default:
		return w.pace.late()
	}
}

// fail ends the stream. The first reason stays; the peer is told it where there are words for it.
func (w *wire) fail(err error) error {
	if w.err != nil {
		return w.err
	}
	w.err = err
	if text, ok := farewells[err]; ok {
		w.printf(text, w.host)
		w.flush()
	}
	return err
}

// crowdedIdle is how long an unlisted peer may take for a command while such peers are many.
const crowdedIdle = 20 * time.Second

// patience is how long the peer may take for a command that begins now.
func (w *wire) patience() time.Duration {
	if w.crowded != nil && w.crowded() {
		return min(w.idle, crowdedIdle)
	}
	return w.idle
}

// readLine returns the next command line without its end; the slice is valid until the next read. A line that does not
// end in CRLF is returned with errBareLF: one end of line only, or two servers see two different dialogues.
func (w *wire) readLine() ([]byte, error) {
	w.lineEnd = time.Now().Add(w.patience())
	line, err := w.in.ReadSlice('\n')
	switch {
	case w.err != nil:
		return nil, w.err
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > maxLine:
		return nil, w.fail(errLong)
	case err != nil:
		return nil, w.fail(errGone)
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return nil, errBareLF
	}
	return text, nil
}

var errBareLF = errors.New("line does not end in CRLF")

// skip discards n bytes.
func (w *wire) skip(n int64) error {
	if _, err := io.CopyN(io.Discard, w.in, n); err != nil {
		return w.fail(errGone)
	}
	return nil
}

// printf queues a reply; it is sent when the peer's next byte is waited for (RFC 2920 3.2).
func (w *wire) printf(format string, args ...any) {
	w.out = fmt.Appendf(w.out, format, args...)
	w.out = append(w.out, '\r', '\n')
}

// flush sends the queued replies.
func (w *wire) flush() error {
	if len(w.out) == 0 {
		return nil
	}
	w.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := w.conn.Write(w.out)
	w.sent += int64(n)
	w.out = w.out[:0]
	if err == nil {
		return nil
	}
	if w.err == nil {
		w.err = errGone
	}
	return w.err
}

const (
	lingerTime  = time.Second
	lingerBytes = 4 << 20
	lingerReads = 64 // that are deciphered: among them stands that the peer has ended
)

// linger closes the sending side and reads for a moment what the peer still sends. Closing a socket with unread bytes
// makes the kernel send a reset, which can overtake the last reply.
func (w *wire) linger() {
	half, ok := w.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	w.conn.SetReadDeadline(time.Now().Add(lingerTime))
	raw := w.conn
	if secure, ok := raw.(*tls.Conn); ok {
		raw = secure.NetConn() // what else is thrown away need not be deciphered
		if ended(secure) {
			return
		}
	}
	io.CopyN(io.Discard, raw, lingerBytes)
}

// ended reads a little of what a peer still sends, and reports whether it ends there. Who has ended TLS may wait for us
// to close the connection, so that its end is not seen below TLS.
func ended(secure *tls.Conn) bool {
	rest := make([]byte, 4<<10)
	for range lingerReads {
		if _, err := secure.Read(rest); err != nil {
			return true
		}
	}
	return false
}

// startBody marks the begin of a body, endBody its end.
func (w *wire) startBody(p *pace) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pace, w.busy = p, true
}

func (w *wire) endBody() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pace, w.busy = nil, false
}

// pauseBody and resumeBody surround the wait for the next chunk's command, which has the time of a command.
func (w *wire) pauseBody()  { w.paused, w.pace = w.pace, nil }
func (w *wire) resumeBody() { w.pace = w.paused }

// drain ends the stream at the next command, or at once while one is waited for. It may be called by any goroutine.
func (w *wire) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.draining = true
	if !w.busy {
		w.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// mustStop says that a drain ends the dialogue before the next command.
func (w *wire) mustStop() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.draining && !w.busy
}
