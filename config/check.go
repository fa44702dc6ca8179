package config

import (
	"clawback/internal/mailaddr"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/net/idna"
)

// complaint is what is wrong with a value, and what to do about it.
type complaint struct{ text, hint string }

func (c *complaint) Error() string { return c.text }

// bad makes a complaint about a value.
func bad(value, is, hint string) error {
	return &complaint{text: fmt.Sprintf("%q %s", value, is), hint: hint}
}

// hintOf is the hint that comes with an error, or "".
func hintOf(err error) string {
	var c *complaint
	if errors.As(err, &c) {
		return c.hint
	}
	return ""
}

// notEmpty passes any text but none.
func notEmpty(s string) (string, error) {
	if s == "" {
		return "", bad(s, "is empty", "remove it, or write something")
	}
	return s, nil
}

// guid passes a GUID and answers it in lower case.
func guid(s string) (string, error) {
	lower := mailaddr.Lower(strings.Trim(s, "{}"))
	if len(lower) != 36 || uuid.Validate(lower) != nil { // Validate takes other forms too
		return "", bad(s, "is not a GUID", "it looks like 6f1c2f3e-0a5b-4c77-9a51-0f2f6f6f0c11; the Entra admin "+
			"center shows it")
	}
	return lower, nil
}

// hostName passes a DNS name and answers it in lower case, in ASCII, without the last dot.
func hostName(s string) (string, error) {
	const hint = "write a full name such as mail.example.com"
	// Not the mapping of idna.Lookup by itself: it would make another name of one with look-alike letters.
	ascii, err := idna.Lookup.ToASCII(mailaddr.Name(s))
	if err != nil || ascii != mailaddr.Name(s) || len(ascii) > 253 || ascii == "" ||
		strings.ContainsAny(ascii, " @/:") {
		return "", bad(s, "is not a host name", hint)
	}
	return ascii, nil
}

// fullName is hostName for names that the world must know.
func fullName(s string) (string, error) {
	name, err := hostName(s)
	if err == nil && !strings.Contains(name, ".") && name != "localhost" {
		return "", bad(s, "has no domain", "write a full name such as mail.example.com")
	}
	return name, err
}

// domain passes a mail domain.
func domain(s string) (string, error) {
	name, err := fullName(strings.TrimPrefix(s, "@"))
	if err != nil {
		return "", bad(s, "is not a domain", "write it as in contoso.example")
	}
	return name, nil
}

// address passes a mail address as it stands.
func address(s string) (string, error) {
	const hint = "write it as in someone@example.com, without a name or angle brackets"
	parsed, err := mail.ParseAddress(s)
	// RFC 5321, section 4.5.3.1.
	if err != nil || parsed.Name != "" || strings.ContainsAny(s, "<>\r\n\x00") || len(s) > 254 {
		return "", bad(s, "is not a mail address", hint)
	}
	local, host, _ := cutLast(s, "@")
	if _, err := fullName(host); err != nil || len(local) > 64 {
		return "", bad(s, "is not a mail address", hint)
	}
	return s, nil
}

// lowerAddress passes a mail address and answers it in lower case: Exchange compares addresses so.
func lowerAddress(s string) (string, error) {
	s, err := address(s)
	return mailaddr.Address(s), err
}

// addressOrDomain passes an address or @domain, in lower case.
func addressOrDomain(s string) (string, error) {
	if strings.HasPrefix(s, "@") {
		name, err := domain(s)
		return "@" + name, err
	}
	if !strings.Contains(s, "@") {
		return "", bad(s, "is neither an address nor a domain",
			"write someone@example.com, or @example.com for a whole domain")
	}
	return lowerAddress(s)
}

// cutLast cuts a string around the last separator.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// hostPort passes host:port, where the host may be empty.
func hostPort(s string) (string, error) {
	const hint = "write it as in :25, 192.0.2.1:25 or [2001:db8::1]:25"
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", bad(s, "is not an address to listen on", hint)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", bad(s, "has no port from 0 to 65535", hint)
	} else if n == 0 && port != "0" {
		return "", bad(s, "has no port from 0 to 65535", hint)
	}
	if host != "" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			return "", bad(s, "does not begin with an IP address", hint)
		}
	}
	return s, nil
}

// metricsAddress passes "", or host:port with a host: what the metrics tell is not for everybody.
func metricsAddress(s string) (string, error) {
	if s == "" {
		return s, nil
	}
	if strings.HasPrefix(s, ":") {
		return "", bad(s, "has no host", `name the interface, as in "127.0.0.1:9464"`)
	}
	return hostPort(s)
}

// listenAddress passes host:port, or the name of a socket that systemd hands over.
func listenAddress(s string) (string, error) {
	if name, ok := strings.CutPrefix(s, "systemd"); ok {
		if name == "" || len(name) > 1 && name[0] == ':' {
			return s, nil
		}
		return "", bad(s, "is not an address to listen on",
			`write "systemd", or "systemd:NAME" with the socket unit's FileDescriptorName`)
	}
	return hostPort(s)
}

// server passes host:port of a service.
func server(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || host == "" {
		return "", bad(s, "is not a server", "write it as in 127.0.0.1:783")
	}
	return s, nil
}

// serverOrSocket passes host:port, or the path of a unix socket.
func serverOrSocket(s string) (string, error) {
	if strings.HasPrefix(s, "/") {
		return s, nil
	}
	return server(s)
}

// httpsURL passes an https URL.
func httpsURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", bad(s, "is not an https URL", "write it as in https://host.example.com/path")
	}
	return s, nil
}

// webURL passes an http or https URL.
func webURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return "", bad(s, "is not a URL", "write it as in http://127.0.0.1:11333")
	}
	return s, nil
}

// browserURL passes "", or what people write into their browser: https, or http on this machine, and no path.
func browserURL(s string) (string, error) {
	u, err := url.Parse(s)
	local := err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
	switch {
	case s == "":
		return s, nil
	case err != nil || u.Host == "" || u.Scheme != "https" && !local:
		return "", bad(s, "is not an address for a browser", "write it as in https://console.example.com")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", bad(s, "has more than a host and a port", "give the console a name of its own, without a path")
	}
	return s, nil
}

// prefix passes an IP address or a CIDR that is not the whole internet.
func prefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, bad(s, "is not an address or CIDR", "write it as in 192.0.2.0/24")
	}
	if p.Bits() == 0 {
		return p, bad(s, "takes in the whole internet", "name the networks that your mail really comes from")
	}
	if p.Masked() != p {
		return p, bad(s, "has bits set after its prefix", fmt.Sprintf("write %s", p.Masked()))
	}
	return p, nil
}

// label passes a short name for use in file names and log fields.
func label(s string) (string, error) {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return "", bad(s, "is not a name", "use lower-case letters, digits, - and _")
		}
	}
	return s, nil
}
