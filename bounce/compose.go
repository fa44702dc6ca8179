package bounce

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"

	"clawback/queue"
)

// Letter is a bounce ready to be written for one server.
type Letter struct {
	Bounce   queue.Bounce
	Hostname string // ours
	To       string // alternate mailbox
	Mark     string // value of OwnHeader
	Form     Form   // how the report is attached
}

// MessageID is the identity of every copy of this bounce, with its angle brackets.
func MessageID(id, hostname string) string { return "<" + id + "@" + hostname + ">" }

// Write writes the whole message with CRLF line ends; report is the journal report, byte-exact.
func (l Letter) Write(w io.Writer, report io.Reader) error {
	b := bufio.NewWriterSize(w, 32<<10)
	boundary := l.boundary()
	l.writeHeader(b, boundary)
	l.writeText(b, boundary)
	if !l.forward() {
		l.writeStatus(b, boundary)
	}
	if err := l.writeReport(b, boundary, report); err != nil {
		return err
	}
	fmt.Fprintf(b, "\r\n--%s--\r\n", boundary)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write bounce: %w", err)
	}
	return nil
}

// forward: mail for the postmaster is sent on and is no failure of anything.
func (l Letter) forward() bool { return l.Bounce.Envelope.Purpose == queue.ForPostmaster }

// boundary follows from the bounce's identity. A report cannot hold it: it would have to hold a hash of itself.
func (l Letter) boundary() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "boundary %s %08x", l.Bounce.ID, l.Bounce.Body.CRC))
	return "=_" + hex.EncodeToString(sum[:20])
}

// writeHeader writes the header fields: of a bounce (RFC 6522), or of mail for postmaster that is forwarded.
func (l Letter) writeHeader(w io.Writer, boundary string) {
	subject, kind, auto := "Undeliverable journal report", "report; report-type=delivery-status", "auto-replied"
	if l.forward() {
		subject, kind, auto = "Mail for postmaster", "mixed", "auto-generated"
	}
	header := [][2]string{
		{"Date", l.Bounce.Created.UTC().Format(time.RFC1123Z)},
		{"From", "clawback <postmaster@" + l.Hostname + ">"},
		{"To", "<" + l.To + ">"},
		{"Subject", subject},
		{"Message-ID", MessageID(l.Bounce.ID, l.Hostname)},
		{"Auto-Submitted", auto}, // RFC 3834, section 5
		{OwnHeader, l.Mark},
		{"MIME-Version", "1.0"},
		{"Content-Type", "multipart/" + kind + ";\r\n\tboundary=\"" + boundary + "\""},
	}
	if l.Form == EightBit || l.Form == Binary {
		// RFC 2045, section 6.4: as the part within.
		header = append(header, [2]string{"Content-Transfer-Encoding", string(l.Form)})
	}
	for _, field := range header {
		fmt.Fprintf(w, "%s: %s\r\n", field[0], field[1])
	}
}

// writeText is the first part: what happened, for a person.
func (l Letter) writeText(w io.Writer, boundary string) {
	fmt.Fprintf(w, "\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		boundary)
	enc := newLines(w)
	if l.forward() {
		fmt.Fprintf(enc, "This mail for postmaster arrived at the journal gateway %s from %s.\r\nIt is attached.\r\n",
			l.Hostname, l.Bounce.Envelope.Remote)
	} else {
		received := l.Bounce.Envelope.Received.UTC().Format(time.RFC1123Z)
		fmt.Fprintf(enc, failureText, l.Hostname, received, l.Bounce.Reason, l.attachedAs(), l.Bounce.ID)
	}
	enc.Close()
}

const failureText = "The journal gateway %s took a journal report on %s and could not carry it through.\r\n\r\n" +
	"Reason: %s\r\n\r\n" +
	"Nothing was retracted because of it. The report is attached, whole and unaltered, %s.\r\n\r\n" +
	"To get it out, byte for byte, save this message as bounce.eml, on any machine that has clawback, and run\r\n\r\n" +
	"    clawback unwrap --report report.eml bounce.eml\r\n\r\n" +
	"which also shows what is in the report. On the gateway, this tells more about it:\r\n\r\n" +
	"    clawback bounce show %s\r\n"

// attachedAs says how a person sees the report in a mail reader.
func (l Letter) attachedAs() string {
	if l.Form != OctetStream {
		return "as a message"
	}
	return "as the file report.eml, because it holds bytes that mail cannot carry as they are"
}

// writeStatus writes the machine-readable part (RFC 3464, section 2).
func (l Letter) writeStatus(w io.Writer, boundary string) {
	e := l.Bounce.Envelope
	fmt.Fprintf(w, "\r\n--%s\r\nContent-Type: message/delivery-status\r\n\r\n", boundary)
	fmt.Fprintf(w, "Reporting-MTA: dns; %s\r\n", l.Hostname)
	fmt.Fprintf(w, "Arrival-Date: %s\r\n", e.Received.UTC().Format(time.RFC1123Z))
	for _, rcpt := range e.Rcpts {
		fmt.Fprintf(w, "\r\nFinal-Recipient: %s\r\nAction: failed\r\nStatus: 5.6.0\r\n", addressType(rcpt))
		fmt.Fprintf(w, "Diagnostic-Code: x-clawback; %s\r\n", oneLine(l.Bounce.Reason))
	}
}

// addressType names the kind of address (RFC 3464, section 2.3.2; RFC 6533, section 3 for addresses beyond ASCII).
func addressType(address string) string {
	if isASCII(address) {
		return "rfc822; " + oneLine(address)
	}
	return "utf-8; " + utf8Xtext(address)
}

// writeReport is the last part: the journal report, as it arrived.
func (l Letter) writeReport(w io.Writer, boundary string, report io.Reader) error {
	fmt.Fprintf(w, "\r\n--%s\r\n", boundary)
	if l.Form == OctetStream {
		io.WriteString(w, "Content-Type: application/octet-stream; name=\"report.eml\"\r\nContent-Transfer-Encoding: "+
			"base64\r\n"+
			"Content-Disposition: attachment; filename=\"report.eml\"\r\n\r\n")
		enc := newLines(w)
		if _, err := io.Copy(enc, report); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		return enc.Close()
	}
	fmt.Fprintf(w, "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: %s\r\n\r\n", l.Form)
	if _, err := io.Copy(w, report); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// lines is a base64 encoder that breaks its output into lines of 76 characters (RFC 2045, section 6.8).
type lines struct {
	io.WriteCloser
	out *breaker
}

func newLines(w io.Writer) *lines {
	out := &breaker{w: w}
	return &lines{base64.NewEncoder(base64.StdEncoding, out), out}
}

// Close writes what is left.
func (l *lines) Close() error {
	if err := l.WriteCloser.Close(); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if l.out.column > 0 {
		_, err := io.WriteString(l.out.w, "\r\n")
		return err
	}
	return nil
}

type breaker struct {
	w      io.Writer
	column int
}

func (b *breaker) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := min(76-b.column, len(p))
		if _, err := b.w.Write(p[:n]); err != nil {
			return 0, err
		}
		p, b.column = p[n:], b.column+n
		if b.column == 76 {
			if _, err := io.WriteString(b.w, "\r\n"); err != nil {
				return 0, err
			}
			b.column = 0
		}
	}
	return total, nil
}

// oneLine makes text fit for one header line: no control characters, ASCII, at most 900 bytes.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if !isASCII(text) {
		text = mime.QEncoding.Encode("utf-8", text)
		text = strings.ReplaceAll(text, "\r\n", "")
	}
	return text[:min(len(text), 900)]
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// utf8Xtext writes an internationalised address in ASCII (RFC 6533, section 3).
func utf8Xtext(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r > 0x20 && r < 0x7f && r != '+' && r != '=' && r != '\\' {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\x{%X}`, r)
	}
	return b.String()
}
