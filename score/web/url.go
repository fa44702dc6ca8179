// Package web reads addresses of the web as leniently as a browser does, and tells whose they are; pure.
//
// Reads strings that strangers wrote. Writes nothing.
//
// Invariants:
//   - I1 nothing here asks the network.
//   - I2 a string longer than MaxURL is cut before it is read, so that time and memory are bounded.
//
// On failure: what is no address is answered with ok = false.
//
// Standards: WHATWG URL (the tolerance), RFC 3986, RFC 3492 and 5891 (punycode), the Public Suffix List.
package web

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// MaxURL is how many octets of an address are looked at.
const MaxURL = 4096

// URL is an address taken apart.
type URL struct {
	Raw      string // as it stood, without white space, cut at MaxURL
	Odd      bool   // its host is written with characters that no name has
	Scheme   string // lower case
	User     string // what stands before the @ of the authority
	Host     string // lower case, in ASCII (punycode)
	Unicode  string // the host as it is shown
	Port     string
	Path     string
	Query    string
	Fragment string
	Domain   string // registrable domain, or the host itself where it is an IP address
	IP       bool
}

// Parse takes an address apart. It is ok when there is a scheme of the web and a host.
func Parse(raw string) (URL, bool) {
	if len(raw) > MaxURL {
		raw = raw[:MaxURL]
	}
	raw = squeeze(raw)
	scheme, rest, found := strings.Cut(raw, ":")
	if !found {
		return URL{}, false
	}
	u := URL{Raw: raw, Scheme: strings.ToLower(scheme)}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ftp" {
		return URL{}, false
	}
	rest = strings.TrimLeft(rest, `/\`) // browsers take any number and kind of slashes
	end := strings.IndexAny(rest, `/\?#`)
	authority := rest
	if end >= 0 {
		authority, rest = rest[:end], rest[end:]
	} else {
		rest = ""
	}
	rest, u.Fragment, _ = strings.Cut(rest, "#")
	u.Path, u.Query, _ = strings.Cut(rest, "?")
	u.Odd = oddHost(authority)
	return u, u.authority(authority)
}

func (u *URL) authority(authority string) bool {
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		u.User, authority = authority[:at], authority[at+1:]
	}
	host := authority
	if colon := strings.LastIndexByte(authority, ':'); colon >= 0 && !strings.HasSuffix(authority, "]") {
		host, u.Port = authority[:colon], authority[colon+1:]
	}
	return u.host(host)
}

func (u *URL) host(host string) bool {
	if strings.Contains(host, "%") {
		if plain, err := url.PathUnescape(host); err == nil {
			host = plain
		}
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "" || len(host) > 253 || strings.ContainsAny(host, " \t<>\"'`{}|,;()=&!$*") {
		return false
	}
	if addr, ok := address(host); ok {
		u.Host, u.Unicode, u.Domain, u.IP = addr.String(), addr.String(), addr.String(), true
		return true
	}
	u.Host, u.Unicode = ASCII(host), Unicode(host)
	u.Domain = Registrable(u.Host)
	return strings.Contains(u.Host, ".")
}

// address reads an IP address in any of the forms that browsers take: dotted, one number, hexadecimal, octal, in
// brackets.
func address(host string) (netip.Addr, bool) {
	if strings.HasPrefix(host, "[") {
		addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return addr, err == nil
	}
	if host[len(host)-1] < '0' || host[len(host)-1] > 'f' {
		return netip.Addr{}, false
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr, true
	}
	return oddIPv4(host)
}

// WHATWG URL, section 3.5: the IPv4 parser.
func oddIPv4(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var value uint64
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 32)
		if err != nil || strings.Contains(part, "_") {
			return netip.Addr{}, false
		}
		last := i == len(parts)-1
		if !last {
			if n > 255 {
				return netip.Addr{}, false
			}
			value |= n << (24 - 8*i)
			continue
		}
		if n >= 1<<(8*(5-len(parts))) {
			return netip.Addr{}, false
		}
		value |= n
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), true
}

// squeeze drops the white space and control characters that browsers drop.
func squeeze(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s)
}

// ASCII is a host name in punycode, lower case. What cannot be mapped stays as it is.
func ASCII(host string) string {
	if plain(host) {
		return host
	}
	host = strings.ToLower(norm.NFKC.String(strings.Map(dots, host)))
	if out, err := idna.Punycode.ToASCII(host); err == nil {
		return out
	}
	return host
}

// Unicode is a host name as a reader sees it.
func Unicode(host string) string {
	if !strings.Contains(host, "xn--") {
		return host
	}
	if out, err := idna.Punycode.ToUnicode(host); err == nil {
		return out
	}
	return host
}

func dots(r rune) rune {
	switch r {
	case '\u3002', '\uff0e', '\uff61':
		return '.'
	}
	return r
}

func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || 'A' <= s[i] && s[i] <= 'Z' {
			return false
		}
	}
	return true
}

// Registrable is the domain that somebody registered, or was given by a host that gives names to its customers: one
// label more than the public suffix. The private part of the list counts: what one customer of a host does says nothing
// of the next.
func Registrable(host string) string {
	host = strings.TrimSuffix(host, ".")
	suffix, _ := publicsuffix.PublicSuffix(host)
	if len(host) <= len(suffix)+1 {
		return host
	}
	start := strings.LastIndexByte(host[:len(host)-len(suffix)-1], '.') + 1
	return host[start:]
}

// KnownSuffix reports whether a name ends as names of hosts do, in a suffix of the Public Suffix List, and is more than
// that.
func KnownSuffix(host string) bool {
	suffix, icann := publicsuffix.PublicSuffix(host)
	return len(host) > len(suffix)+1 && (icann || strings.Contains(suffix, "."))
}

// oddHost reports whether the part of an address that names the host has characters that no name has: signs, controls,
// and letters that stand for others, such as mathematical ones. RFC 5892: those are disallowed.
func oddHost(authority string) bool {
	for _, r := range authority {
		switch {
		case r < utf8.RuneSelf:
		case 0x1d400 <= r && r <= 0x1d7ff, 0xff01 <= r && r <= 0xff5e, r == utf8.RuneError:
			return true
		case r == 0x3002 || r == 0xff0e || r == 0xff61 || r == 0x30fb || r == 0xb7: // dots of other scripts
		case r == 0x200c || r == 0x200d: // joiners, which some scripts need
		case !unicode.In(r, unicode.L, unicode.M, unicode.Nd):
			return true
		}
	}
	return false
}

// tld is the last label of a host name.
func tld(host string) string { return host[strings.LastIndexByte(host, '.')+1:] }

// Label is the label of a registrable domain that its owner chose.
func Label(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	return label
}

// Defang makes an address unclickable, and short, for a person to read.
func Defang(s string) string {
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:117], "") + "..."
	}
	s = strings.Replace(s, "http", "hxxp", 1)
	return strings.ReplaceAll(s, ".", "[.]")
}
