package engines

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// ClamAV asks clamd by INSTREAM. A hit is hard.
type ClamAV struct {
	Address string // host:port, or the path of a unix socket
}

// Name is how findings and degradations name it.
func (ClamAV) Name() string { return "clamav" }

// Ask streams the message to clamd.
func (c ClamAV) Ask(ctx context.Context, m Message) ([]Finding, error) {
	conn, err := dial(ctx, c.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := instream(conn, io.NewSectionReader(m.Body, 0, m.Size)); err != nil {
		return nil, fmt.Errorf("send message: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return clamAnswer(strings.Trim(string(answer), "\x00\r\n "))
}

// instream writes zINSTREAM: pieces with their length before them, and an empty one at the end.
func instream(w io.Writer, body io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return err
	}
	buf := make([]byte, 4+64<<10)
	for {
		n, err := io.ReadFull(body, buf[4:])
		binary.BigEndian.PutUint32(buf, uint32(n))
		if n > 0 {
			if _, err := w.Write(buf[:4+n]); err != nil {
				return err
			}
		}
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			_, err = w.Write([]byte{0, 0, 0, 0})
			return err
		}
		if err != nil {
			return err
		}
	}
}

func clamAnswer(answer string) ([]Finding, error) {
	text := strings.TrimPrefix(answer, "stream: ")
	switch {
	case text == "OK":
		return nil, nil
	case strings.HasSuffix(text, " FOUND"):
		return []Finding{{Engine: "clamav", Hard: true, Points: 10,
			Text: "ClamAV knows it as " + strings.TrimSuffix(text, " FOUND") + "."}}, nil
	}
	return nil, fmt.Errorf("clamd says %q", clip(answer))
}

func clip(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// dial connects, and ends the connection's reads and writes with the context.
func dial(ctx context.Context, address string) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			conn.Close()
			return nil, fmt.Errorf("set deadline: %w", err)
		}
	}
	return conn, nil
}
