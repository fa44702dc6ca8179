package smtpd

import (
	"clawback/internal/mailaddr"

	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// command is one line of the client, parsed no further than its verb needs.
type command struct {
	verb string // upper case
	arg  string
}

// parseCommand splits a line that holds no control characters. ok is false when it cannot be a command.
func parseCommand(line []byte) (c command, ok bool) {
	if bytes.ContainsFunc(line, isControl) || !utf8.Valid(line) {
		return command{}, false
	}
	verb, arg, _ := strings.Cut(string(line), " ")
	if verb == "" {
		return command{}, false
	}
	return command{verb: mailaddr.Upper(verb), arg: strings.Trim(arg, " ")}, true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// path is a checked reverse-path or forward-path with its parameters.
type path struct {
	address string // as the client wrote it, without brackets and source route
	params  []string
}

// parsePath reads `KEYWORD:<path> params`. go-smtp's own parser lets through control characters, `<a@b>SIZE=1`, and
// unquotes "a@evil"@c to a@evil@c (defect K), so that it gets only lines that passed here.
func parsePath(arg, keyword string) (p path, ok bool) {
	if len(arg) < len(keyword) || !mailaddr.Equal(arg[:len(keyword)], keyword) {
		return path{}, false
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(arg[len(keyword):], " "), "<")
	if !ok {
		return path{}, false
	}
	rest, ok = skipRoute(rest)
	if !ok {
		return path{}, false
	}
	n := mailboxLength(rest)
	if n < 0 || n == len(rest) || rest[n] != '>' {
		return path{}, false
	}
	params := rest[n+1:]
	if params != "" && params[0] != ' ' {
		return path{}, false
	}
	return path{address: rest[:n], params: strings.Fields(params)}, true
}

// skipRoute drops a source route, which must be accepted and should be ignored (RFC 5321, appendix C).
func skipRoute(s string) (string, bool) {
	if !strings.HasPrefix(s, "@") {
		return s, true
	}
	_, rest, ok := strings.Cut(s, ":")
	return rest, ok
}

// mailboxLength is the length of the mailbox that s begins with: 0 for none (the null path), -1 for a malformed one.
// A local part alone, such as postmaster, is a mailbox here; whether it may stand alone is for the caller.
func mailboxLength(s string) int {
	if strings.HasPrefix(s, ">") {
		return 0
	}
	local := localLength(s)
	if local <= 0 {
		return -1
	}
	domain, ok := strings.CutPrefix(s[local:], "@")
	if !ok {
		return local
	}
	n := domainLength(domain)
	if n <= 0 {
		return -1
	}
	return local + 1 + n
}

func localLength(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return len(s) - len(strings.TrimLeftFunc(s, isAtext))
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

func domainLength(s string) int {
	if strings.HasPrefix(s, "[") { // RFC 5321 4.1.3: address literal
		return strings.IndexByte(s, ']') + 1
	}
	return len(s) - len(strings.TrimLeftFunc(s, isDomain))
}

func isAtext(r rune) bool {
	return isAlnum(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
}

func isDomain(r rune) bool { return isAlnum(r) || r == '-' || r == '.' || r == '_' }

// isAlnum takes all that is not ASCII, as RFC 6531 3.3 does.
func isAlnum(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= utf8.RuneSelf
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// param splits NAME=value.
func param(s string) (name, value string) {
	name, value, _ = strings.Cut(s, "=")
	return mailaddr.Upper(name), value
}

// parseSize reads up to 20 digits (RFC 1870 4); more than 63 bits count as the largest number.
func parseSize(s string) (n int64, ok bool) {
	if s == "" || len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1, true
	}
	return n, true
}

// parseChunk reads the argument of BDAT (RFC 3030 2).
func parseChunk(arg string) (size int64, last, ok bool) {
	fields := strings.Fields(arg)
	if len(fields) == 0 || len(fields) > 2 {
		return 0, false, false
	}
	if len(fields) == 2 && !mailaddr.Equal(fields[1], "LAST") {
		return 0, false, false
	}
	size, ok = parseSize(fields[0])
	return size, len(fields) == 2, ok
}
