package engines

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"strings"
)

// SpamAssassin asks spamd.
type SpamAssassin struct {
	Address string // host:port, or the path of a unix socket
}

// Name is how findings and degradations name it.
func (SpamAssassin) Name() string { return "spamassassin" }

// Ask sends the message with SYMBOLS.
func (s SpamAssassin) Ask(ctx context.Context, m Message) ([]Finding, error) {
	conn, err := dial(ctx, s.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n", m.Size); err != nil {
		return nil, fmt.Errorf("send command: %w", err)
	}
	if _, err := io.Copy(conn, io.NewSectionReader(m.Body, 0, m.Size)); err != nil {
		return nil, fmt.Errorf("send message: %w", err)
	}
	return spamdAnswer(io.LimitReader(conn, maxAnswer))
}

func spamdAnswer(r io.Reader) ([]Finding, error) {
	in := textproto.NewReader(bufio.NewReader(r))
	status, err := in.ReadLine()
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	fields := strings.Fields(status) // SPAMD/1.1 0 EX_OK
	if len(fields) < 3 || !strings.HasPrefix(fields[0], "SPAMD/") || fields[1] != "0" {
		return nil, fmt.Errorf("spamd says %q", clip(status))
	}
	header, err := in.ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	symbols, _ := in.ReadLine()
	return spamdScore(header.Get("Spam"), symbols)
}

// spamdScore reads "True ; 7.2 / 5.0". Its threshold is worth half of what makes SPAM here: another's opinion alone
// does not decide.
func spamdScore(value, symbols string) ([]Finding, error) {
	_, numbers, found := strings.Cut(value, ";")
	score, threshold, slash := strings.Cut(numbers, "/")
	a, err1 := strconv.ParseFloat(strings.TrimSpace(score), 64)
	b, err2 := strconv.ParseFloat(strings.TrimSpace(threshold), 64)
	if !found || !slash || err1 != nil || err2 != nil || b <= 0 {
		return nil, fmt.Errorf("spamd's score %q cannot be read", clip(value))
	}
	if a < b/2 {
		return nil, nil
	}
	return []Finding{{Engine: "spamassassin", Points: min(2*a/b, 4),
		Text: fmt.Sprintf("SpamAssassin scores %.1f of %.1f (%s).", a, b, clip(symbols))}}, nil
}
