package rfc822

import (
	"bytes"
	"strings"

	"clawback/internal/mailaddr"
)

// Field is one field of a header.
type Field struct {
	Name  string // as written
	Raw   string // what follows the colon, its line breaks taken out, blanks as they stand
	Value string // the same without blanks around it; each fold is one blank
}

// maxName is how long a field's name may be. The longest of Exchange's have 60 bytes.
const maxName = 200

// cutField parts a line into a field's name and what follows the colon. It is not ok when the line is no field, or its
// name is one that nobody writes: a line of text may look like that.
func cutField(line []byte) (name, value []byte, ok bool) {
	if name, value, ok = cutAnyField(line); ok && bytes.ContainsAny(name, `<>"(),;/\=?@`) {
		return nil, nil, false
	}
	return name, value, ok
}

// cutAnyField is cutField for all names that RFC 5322, section 3.6.8 allows.
func cutAnyField(line []byte) (name, value []byte, ok bool) {
	colon := bytes.IndexByte(line[:min(len(line), maxName+10)], ':')
	if colon < 0 {
		return nil, nil, false
	}
	name, value = bytes.TrimRight(line[:colon], " \t"), line[colon+1:] // RFC 5322, section 4.5: blanks before the colon
	if len(name) == 0 || len(name) > maxName || isAddressOfWeb(name, value) {
		return nil, nil, false
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil, nil, false
		}
	}
	return name, value, true
}

// isAddressOfWeb tells an address of the web, which a text may begin with, from a field.
func isAddressOfWeb(name, value []byte) bool {
	if !bytes.HasPrefix(value, []byte("//")) {
		return false
	}
	switch mailaddr.Lower(string(name)) {
	case "http", "https", "ftp":
		return true
	}
	return false
}

// isKnownField reports whether the name is one that mail has: the line is a field whatever stands before it.
func isKnownField(name []byte) bool {
	var buf [maxName]byte
	lower := appendLower(buf[:0], name)
	if isCommonField(lower) {
		return true
	}
	for _, prefix := range []string{"x-", "content-", "list-", "arc-", "resent-", "received-", "mime-"} {
		if bytes.HasPrefix(lower, []byte(prefix)) && len(lower) > len(prefix) {
			return true
		}
	}
	return false
}

// isCommonField knows the names, in lower case, that stand in ordinary mail.
func isCommonField(lower []byte) bool {
	switch string(lower) {
	case "from", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "in-reply-to", "references",
		"mime-version", "content-type", "content-transfer-encoding", "content-disposition", "reply-to",
		"return-path", "delivered-to", "precedence", "importance", "priority", "sensitivity", "auto-submitted",
		"authentication-results", "authentication-results-original", "dkim-signature", "domainkey-signature",
		"errors-to", "organization", "user-agent", "accept-language", "keywords", "comments", "feedback-id",
		"disposition-notification-to", "return-receipt-to", "thread-topic", "thread-index", "envelope-to",
		"delivery-date", "mailing-list", "require-recipient-valid-since", "status", "lines", "newsgroups", "path",
		"deferred-delivery", "encrypted", "received":
		return true
	}
	return false
}

func appendLower(to, from []byte) []byte {
	for _, c := range from {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

// equalFold compares field names, which are ASCII.
func equalFold(a, b string) bool { return len(a) == len(b) && mailaddr.Equal(a, b) }

// hasParameters reports whether a field is one of those with parameters. RFC 2045, section 5.1; RFC 2183, section 2.
func hasParameters(name []byte) bool {
	switch len(name) {
	case len("content-type"):
		return equalFold(string(name), "content-type")
	case len("content-disposition"):
		return equalFold(string(name), "content-disposition")
	}
	return false
}

// unfold joins the lines of a field by one blank. folds are the places in raw where a line break was.
func unfold(raw string, folds []int) string {
	if len(folds) == 0 {
		return strings.TrimSpace(raw)
	}
	var out strings.Builder
	out.Grow(len(raw))
	start := 0
	for i := 0; i <= len(folds); i++ {
		end := len(raw)
		if i < len(folds) {
			end = folds[i]
		}
		if line := strings.TrimSpace(raw[start:end]); line != "" {
			if out.Len() > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(line)
		}
		start = end
	}
	return out.String()
}
