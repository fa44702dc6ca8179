// Package mailaddr compares mail domains, addresses and protocol words without case, so that no look-alike is equal.
//
// strings.EqualFold and strings.ToLower follow Unicode: they make U+017F (long s) equal to s, and U+212A (Kelvin sign)
// and U+0130 (I with a dot) to k and i. A stranger who writes such a letter would pass for a domain of the tenant's, or
// for a field that Exchange stamps and strips from outside mail only under its real name.
//
// Reads and writes: nothing; it is pure.
//
// Invariants:
//   - I1: an ASCII letter comes only of an ASCII letter.
//   - I2: what is no valid internationalised name stays as it was written, and equals no domain that is one.
//
// On failure: none; every string has a form in which it is compared.
//
// Standards: RFC 5321, section 2.4 (domains without case); RFC 5891, section 5 (A-labels), without the mapping of UTS
// 46.
package mailaddr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// strict turns U-labels into A-labels and maps no character to another one.
var strict = idna.New(idna.ValidateForRegistration(), idna.VerifyDNSLength(true))

// Lower is s in lower case. A letter is changed only where the two are each other's other case, which leaves the
// look-alikes of Unicode as they are. Bytes that are no UTF-8 stay too.
func Lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s) // names of fields mostly: the fast way
	}
	return lower(s)
}

func lower(s string) string {
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		l := unicode.ToLower(r)
		if r == utf8.RuneError || l == r || unicode.ToUpper(l) != r {
			b = append(b, s[:n]...)
		} else {
			b = utf8.AppendRune(b, l)
		}
		s = s[n:]
	}
	return string(b)
}

// Upper is s with its ASCII letters in upper case, as verbs and parameters of SMTP are compared.
func Upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// Equal reports whether two words are the same without case.
func Equal(a, b string) bool {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x >= utf8.RuneSelf || y >= utf8.RuneSelf {
			return Lower(a[i:]) == Lower(b[i:])
		}
		if x != y && lowerByte(x) != lowerByte(y) {
			return false
		}
	}
	return len(a) == len(b)
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c - 'A' + 'a'
	}
	return c
}

// Name is a domain in the form in which it is compared: A-labels, lower case, without the last dot.
func Name(domain string) string {
	domain = Lower(strings.TrimSuffix(domain, "."))
	if isASCII(domain) {
		return domain
	}
	if name, err := strict.ToASCII(domain); err == nil {
		return name
	}
	return domain
}

// Domain is the Name of what stands after the last @ of an address; "" when there is no @.
func Domain(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return Name(address[i+1:])
}

// Address is an address in the form in which it is compared: Exchange compares local parts without case.
func Address(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return Lower(address)
	}
	return Lower(address[:i]) + "@" + Name(address[i+1:])
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
