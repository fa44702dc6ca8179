package feed

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/internal/publicnet"
	"clawback/score/web"
	"clawback/verdict"
)

// What makes a value no indicator.
var (
	errUnreadable = errors.New("cannot be read as an indicator")
	errOtherKind  = errors.New("is of a kind that messages are not searched by")
	errNotPublic  = errors.New("is an address or a name that many have")
)

// maxValue is the longest value; what is longer is cut in messages too, and would match others.
const maxValue = web.MaxURL

// normalise brings a value into the form in which messages have it: without the brackets that make it harmless to
// read, hosts in lower case and punycode, without default ports and fragments. An empty kind is found out.
func normalise(kind, value string) (verdict.Indicator, error) {
	value = refang(strings.Trim(value, " \t\r\n\"'<>\x00"))
	if value == "" || len(value) > maxValue {
		return verdict.Indicator{}, errUnreadable
	}
	if kind == "" {
		kind = guess(value)
	}
	var err error
	switch kind {
	case kindURL:
		value, err = normalURL(value)
	case kindDomain:
		return normalHost(value)
	case kindIP:
		value, err = normalIP(value)
	case kindSHA256:
		value, err = normalHash(value)
	case kindEmail:
		value, err = normalAddress(value)
	default:
		err = errOtherKind
	}
	return verdict.Indicator{Kind: kind, Value: value}, err
}

// guess finds out what a value is.
func guess(value string) string {
	_, notIP := netip.ParseAddr(value)
	switch {
	case len(value) == 64 && isHex(value):
		return kindSHA256
	case isHex(value) && (len(value) == 32 || len(value) == 40 || len(value) == 128):
		return "hash"
	case notIP == nil:
		return kindIP
	case strings.Contains(value, "://"), strings.ContainsAny(value, "/?"):
		return kindURL
	case strings.Contains(value, "@"):
		return kindEmail
	}
	return kindDomain
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}

// fangs are how lists write what must not be clicked.
var fangs = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[:]", ":",
	"[://]", "://", "[/]", "/",
	"[at]", "@", "(at)", "@", "[@]", "@")

// schemes are the schemes that stand for http and https, in lower case.
var schemes = []struct{ written, meant string }{
	{"hxxps", "https"}, {"hxxp", "http"}, {"h**ps", "https"}, {"h**p", "http"}, {"meows", "https"}, {"meow", "http"},
}

// refang undoes what makes a value harmless to read. Brackets of an IPv6 address are none of it.
func refang(s string) string {
	if strings.ContainsAny(s, "[({") {
		s = fangs.Replace(s)
	}
	for _, scheme := range schemes {
		if rest, ok := cutFold(s, scheme.written); ok && strings.HasPrefix(rest, ":") {
			return scheme.meant + rest
		}
	}
	return s
}

// cutFold cuts an ASCII prefix, whatever its case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || mailaddr.Lower(s[:len(prefix)]) != prefix {
		return s, false
	}
	return s[len(prefix):], true
}

// normalURL keeps what leads to a page: scheme, host, port, path and query.
func normalURL(value string) (string, error) {
	u, ok := web.Parse(web.Absolute(value))
	if !ok || !named(u) {
		return "", errUnreadable
	}
	return u.Canonical(), nil
}

// named reports whether the host of an address is one that can be there: an IP address, or a name of DNS.
func named(u web.URL) bool {
	return u.IP || !u.Odd && !strings.HasPrefix(u.Host, ".") && !strings.Contains(u.Host, "..") &&
		!strings.ContainsFunc(u.Host, notHost)
}

// normalHost reads a name, with or without a port, or the address that stands where a name is expected.
func normalHost(value string) (verdict.Indicator, error) {
	value = strings.TrimPrefix(strings.TrimPrefix(value, "*"), ".")
	if strings.ContainsAny(value, "/?#@\\ ") {
		return verdict.Indicator{}, errUnreadable
	}
	u, ok := web.Parse("http://" + value)
	switch {
	case !ok || !named(u):
		return verdict.Indicator{}, errUnreadable
	case u.IP:
		ip, err := normalIP(u.Host)
		return verdict.Indicator{Kind: kindIP, Value: ip}, err
	case suffix(u.Host):
		return verdict.Indicator{}, errNotPublic
	}
	return verdict.Indicator{Kind: kindDomain, Value: u.Host}, nil
}

// suffix reports whether names are given out below a host to anybody, as below co.uk and github.io.
func suffix(host string) bool { return web.Registrable("x."+host) == "x."+host }

// normalIP reads the address of a host, with or without a port. Whole networks and addresses inside are none.
func normalIP(value string) (string, error) {
	addr, err := netip.ParseAddr(strings.Trim(value, "[]"))
	if err != nil {
		port, err := netip.ParseAddrPort(value)
		if err != nil {
			return "", errUnreadable
		}
		addr = port.Addr()
	}
	if addr = addr.Unmap().WithZone(""); !publicnet.Public(addr) {
		return "", errNotPublic
	}
	return addr.String(), nil
}

// emptyFile is the SHA-256 of no bytes: any message may have an empty file.
const emptyFile = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func normalHash(value string) (string, error) {
	value = mailaddr.Lower(value)
	switch {
	case value == emptyFile:
		return "", errNotPublic
	case isHex(value) && (len(value) == 32 || len(value) == 40):
		return "", errOtherKind
	case len(value) != 64 || !isHex(value):
		return "", errUnreadable
	}
	return value, nil
}

// normalAddress reads the address of a mailbox.
func normalAddress(value string) (string, error) {
	at := strings.LastIndexByte(value, '@')
	if at <= 0 || strings.ContainsFunc(value[:at], notLocal) {
		return "", errUnreadable
	}
	u, ok := web.Parse("http://" + value[at+1:])
	if !ok || !named(u) || u.IP || u.Host != web.ASCII(mailaddr.Name(value[at+1:])) {
		return "", errUnreadable
	}
	return mailaddr.Lower(value[:at]) + "@" + u.Host, nil
}

// notHost reports whether a character stands in no name of a host. The underscore does, in some.
func notHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}

// notLocal reports whether a character stands in no local part that is written without quotes.
func notLocal(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("<>\"@,;:", r) }
