package bounce

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
)

// binary gives the server the message as it is: RFC 3030, section 3.
func (c *session) binary(p parcel) (string, error) {
	d := newDialogue(c.conn)
	mail := "MAIL FROM:<> BODY=BINARYMIME"
	if !isASCII(p.To) {
		if !c.has("SMTPUTF8") {
			return "", errors.New("MAIL: the server does not offer SMTPUTF8")
		}
		mail += " SMTPUTF8" // RFC 6531, section 3.4
	}
	if _, err := d.ask(250, mail, nil, c.client.CommandTimeout); err != nil {
		return "", err
	}
	if err := c.client.Rcpt(p.To, nil); err != nil {
		return "", fmt.Errorf("RCPT: %w", err)
	}
	out := &chunks{dialogue: d, within: c.client.CommandTimeout, buf: make([]byte, 0, chunkSize)}
	if err := p.write(out, Binary); err != nil {
		return "", err // the connection is closed, or the transaction reset, without BDAT LAST: the server discards it
	}
	return out.send(" LAST", c.client.SubmissionTimeout)
}

// refused reports whether the server will not have the bytes as they are, by its answer to MAIL or to a chunk.
func refused(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer) && answer.Code >= 500
}

// chunkSize bounds what of a message is in memory, and what is sent before the server's answer is read.
const chunkSize = 1 << 20

// chunks is a writer of BDAT commands: RFC 3030, section 2. It sends none after one that was not answered with 250.
type chunks struct {
	*dialogue
	within time.Duration // for sending a chunk and for its answer
	// Of capacity chunkSize; it waits until there is more, for the last chunk says that it is the last.
	buf []byte
}

func (c *chunks) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if len(c.buf) == chunkSize {
			if _, err := c.send("", c.within); err != nil {
				return 0, err
			}
		}
		n := min(len(p), chunkSize-len(c.buf))
		c.buf, p = append(c.buf, p[:n]...), p[n:]
	}
	return total, nil
}

func (c *chunks) send(last string, within time.Duration) (string, error) {
	answer, err := c.ask(250, fmt.Sprintf("BDAT %d%s", len(c.buf), last), c.buf, within)
	c.buf = c.buf[:0]
	return answer, err
}

// maxAnswers is how many bytes of answers one dialogue reads.
const maxAnswers = 1 << 20

// dialogue says what go-smtp's client cannot: that has no BDAT. Every command waits for its answer, so that the two can
// take turns on one connection.
type dialogue struct {
	conn    net.Conn
	answers *textproto.Reader
}

func newDialogue(conn net.Conn) *dialogue {
	return &dialogue{conn, textproto.NewReader(bufio.NewReader(io.LimitReader(conn, maxAnswers)))}
}

// ask sends a command line, with bytes after it, and reads the answer, all within a time. Another code than want is an
// error.
func (d *dialogue) ask(want int, line string, content []byte, within time.Duration) (string, error) {
	d.conn.SetDeadline(time.Now().Add(within))
	defer d.conn.SetDeadline(time.Time{})
	answer, err := d.exchange(want, line, content)
	if err != nil {
		verb, _, _ := strings.Cut(line, " ")
		return "", fmt.Errorf("%s: %w", verb, err)
	}
	return answer, nil
}

func (d *dialogue) exchange(want int, line string, content []byte) (string, error) {
	if _, err := io.WriteString(d.conn, line+"\r\n"); err != nil {
		return "", err
	}
	if len(content) > 0 {
		if _, err := d.conn.Write(content); err != nil {
			return "", err
		}
	}
	_, answer, err := d.answers.ReadResponse(want)
	return answer, err
}
