package alert

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"

	"clawback/bounce"
	"clawback/config"
)

// maxMail bounds the text of a mail.
const maxMail = 64 << 10

// mailSender writes mail: marked as our own, so that the journal's report of it ends as nothing.
type mailSender struct {
	route    config.Alert
	mailer   Mailer
	marker   Marker
	hostname string
	relay    *config.Relay
}

func (s *mailSender) send(ctx context.Context, p parcel) (string, error) {
	var answers []string
	var errs []error
	for _, to := range s.route.To {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
		answer, err := s.mailer.Send(ctx, bounce.Route{To: to, Relay: s.relay}, s.write(p, to))
		cancel()
		if err != nil {
			errs = append(errs, fmt.Errorf("to %s: %w", to, err))
			continue
		}
		answers = append(answers, answer)
	}
	return strings.Join(answers, "; "), errors.Join(errs...)
}

// write is the message for one recipient: RFC 5322, in ASCII. It is the same at every attempt, so that a mailbox knows
// what it has.
func (s *mailSender) write(p parcel, to string) []byte {
	entries := gather(p.Events)
	id := "<" + p.ID + "@" + s.hostname + ">"
	var out bytes.Buffer
	for _, field := range [][2]string{
		{"Date", p.At.UTC().Format(time.RFC1123Z)},
		{"From", "clawback <postmaster@" + s.hostname + ">"},
		{"To", "<" + to + ">"},
		{"Subject", foldSubject(title(entries, s.hostname))},
		{"Message-ID", id},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834, section 5
		{bounce.OwnHeader, s.marker.Mark(id, to)},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&out, "%s: %s\r\n", field[0], field[1])
	}
	out.WriteString("\r\n")
	from := "\nFrom route " + s.route.Name + " of clawback on " + s.hostname + ".\n"
	text := strings.ReplaceAll(asText(entries, maxMail)+from, "\n", "\r\n")
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	for len(encoded) > 0 {
		n := min(76, len(encoded))
		out.WriteString(encoded[:n] + "\r\n")
		encoded = encoded[n:]
	}
	return out.Bytes()
}

// foldSubject writes a subject in encoded words where it is not short ASCII: RFC 2047.
func foldSubject(s string) string {
	s = clip(s, 200)
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.ReplaceAll(mime.BEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
		}
	}
	return s
}
