package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"clawback/config"
)

// syslogSender writes RFC 5424 over TLS (RFC 5425), one connection for each message of the outbox.
//
// Syslog has no acknowledgement of its own. This sender ends its side of the connection and waits for the receiver's
// close_notify, which RFC 5425, section 4.4, demands once all was read: what is not ended so is sent again.
type syslogSender struct {
	route    config.Alert
	tls      *tls.Config
	dialer   *net.Dialer
	hostname string
	version  string
}

// facility local0; RFC 5424, section 6.2.1.
const facility = 16

func (s *syslogSender) send(ctx context.Context, p parcel) (string, error) {
	var out bytes.Buffer
	for _, e := range p.Events {
		message, err := s.message(e)
		if err != nil {
			return "", err
		}
		if s.route.Framing == "octet" {
			out.WriteString(strconv.Itoa(len(message)) + " ") // RFC 5425, section 4.3: in bytes
		}
		out.Write(message)
		if s.route.Framing == "lf" {
			out.WriteByte('\n')
		}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	raw, err := s.dialer.DialContext(ctx, "tcp", s.route.Server)
	if err != nil {
		return "", reachError(err)
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	if err := s.deliver(ctx, raw, out.Bytes()); err != nil {
		if ctx.Err() != nil {
			err = errors.New("does not end the connection in time: what was sent may not have been read")
		}
		return "", err
	}
	return fmt.Sprintf("read %d messages to the end", len(p.Events)), nil
}

// deliver writes all, ends this side, and waits for the receiver's end.
func (s *syslogSender) deliver(ctx context.Context, raw net.Conn, all []byte) error {
	conf := s.tls.Clone()
	conf.ServerName, _, _ = net.SplitHostPort(s.route.Server)
	conn := tls.Client(raw, conf)
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	if _, err := conn.Write(all); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := conn.CloseWrite(); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(conn, maxAnswerBody+1))
	switch {
	case err != nil:
		return fmt.Errorf("wait for the receiver's end: %w", err)
	case n > maxAnswerBody:
		return errors.New("wait for the receiver's end: it writes instead of reading")
	}
	return nil
}

// message is one event: the header of RFC 5424, and JSON in ASCII, which needs no mark of order and has no line end.
func (s *syslogSender) message(e Event) ([]byte, error) {
	body, err := s.body(e)
	if err == nil && len(body) > maxSyslog-maxHeader && e.Message != nil {
		body, err = s.body(e.short())
	}
	if err != nil {
		return nil, err
	}
	level := map[Severity]int{Critical: 2, High: 3, Medium: 4, Low: 5}[e.Severity] // RFC 5424, table 2
	if level == 0 {
		level = 6
	}
	// RFC 5424, section 6.2: at most six digits of a second; nil for the process and for structured data.
	header := fmt.Sprintf("<%d>1 %s %s clawback - %s - ", facility*8+level,
		e.At.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), clip(s.hostname, 255), e.Type)
	return append([]byte(header), body...), nil
}

// Bounds of a message: what docs/alerts.md tells receivers to take.
const (
	maxSyslog = 64 << 10
	maxHeader = 1 << 10
)

// body is an event as JSON in ASCII.
func (s *syslogSender) body(e Event) (body []byte, err error) {
	if s.route.Format == "ocsf" {
		body, err = json.Marshal(ocsfOf(e, product{hostname: s.hostname, version: s.version}))
	} else {
		one := entry{Event: e, Times: 1, Boxes: 1}
		body, err = json.Marshal(wire{harmlessEvent(e), one.line(), 1})
	}
	return inASCII(body), err
}

// inASCII writes JSON in ASCII.
func inASCII(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch high, low := utf16.EncodeRune(r); {
		case r < utf8.RuneSelf && r >= ' ' && r != 0x7f:
			out = append(out, byte(r))
		case high != utf8.RuneError:
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}
