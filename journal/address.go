package journal

import (
	"strings"

	"clawback/internal/mailaddr"
)

// redirection is where ", Expanded: " or ", Forwarded: " stands in a recipient line.
type redirection struct {
	start, end int // of the comma or blank before the word, and after the colon
	expanded   bool
}

// recipient reads the value of a recipient field. MS-XJRNL 2.1:
//
//	forward-path ["," SP ("Expanded" / "Forwarded") ":" SP original-forward-path]
//
// Exchange 2007's own grammar lacked the comma. Each redirection is taken off the end, so that the address is what
// stands before all of them.
func recipient(value string, kind RecipientType) (r Recipient, redirections int) {
	r.Type = kind
	for {
		at, ok := lastRedirection(value)
		if !ok {
			break
		}
		from := bareAddress(value[at.end:])
		if at.expanded {
			r.ExpandedFrom = from
		} else {
			r.ForwardedFrom = from
		}
		value = value[:at.start]
		redirections++
	}
	r.Address = bareAddress(value)
	return r, redirections
}

// lastRedirection looks outside quoted local parts first; where the quotes do not balance they count for nothing.
func lastRedirection(s string) (redirection, bool) {
	quoted := quotedOctets(s)
	for i := len(s) - 1; i > 0; i-- {
		if quoted != nil && quoted[i] {
			continue
		}
		if r, ok := redirectionAt(s, i); ok {
			return r, true
		}
	}
	return redirection{}, false
}

// redirectionAt reports whether the word begins at i, after a comma or a blank.
func redirectionAt(s string, i int) (redirection, bool) {
	word := s[i:]
	r := redirection{start: i}
	switch {
	case hasPrefixFold(word, "expanded:"):
		r.end, r.expanded = i+len("expanded:"), true
	case hasPrefixFold(word, "forwarded:"):
		r.end = i + len("forwarded:")
	default:
		return r, false
	}
	before := strings.TrimRight(s[:i], " \t")
	if trimmed, comma := strings.CutSuffix(before, ","); comma {
		before = trimmed
	} else if len(before) == i {
		return r, false // "xExpanded:" is part of something else
	}
	r.start = len(before)
	return r, true
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && mailaddr.Equal(s[:len(prefix)], prefix)
}

// quotedOctets marks the octets within double quotes, nil when they do not balance. RFC 5321, section 4.1.2.
func quotedOctets(s string) []bool {
	marks := make([]bool, len(s))
	in := false
	for i := 0; i < len(s); i++ {
		marks[i] = in
		switch {
		case in && s[i] == '\\' && i+1 < len(s):
			i++
			marks[i] = true
		case s[i] == '"':
			in = !in
			marks[i] = true
		}
	}
	if in {
		return nil
	}
	return marks
}

// bareAddress takes angle brackets, a name before them and "mailto:" off. "<>" is the empty address.
func bareAddress(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasSuffix(s, ">") {
		if i := lastUnquoted(s, '<'); i >= 0 {
			s = strings.TrimSpace(s[i+1 : len(s)-1])
		}
	}
	if hasPrefixFold(s, "mailto:") {
		s = s[len("mailto:"):]
	}
	return s
}

func lastUnquoted(s string, c byte) int {
	quoted := quotedOctets(s)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == c && (quoted == nil || !quoted[i]) {
			return i
		}
	}
	return -1
}
