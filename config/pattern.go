package config

import (
	"net/netip"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// pattern passes what a kind of policy may be for. What can match nothing is refused, with what was probably meant.
func pattern(kind, s string) (string, error) {
	switch {
	case kind == "person":
		v, err := Person(s)
		return v.String(), err
	case len(s) > 2 && s[0] == '/' && s[len(s)-1] == '/':
		return expression(kind, s)
	case kind == "block_content":
		return notEmpty(s)
	case strings.ContainsAny(s, "*?"):
		return "", wildcard(kind, s)
	case kind == "trusted_domain":
		return domain(s)
	case kind == "exempt_recipient":
		return addressOrDomain(s)
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return s, nil
	}
	if strings.Contains(s, "/") {
		p, err := prefix(s)
		return p.String(), err
	}
	return addressOrDomain(s)
}

// wildcard says what to write in place of one: no address has it, so that it would be looked for as it stands.
func wildcard(kind, s string) error {
	local, host, found := cutLast(s, "@")
	if !found {
		local, host = "", s
	}
	host = strings.TrimPrefix(strings.TrimPrefix(host, "*"), ".")
	whole := "@" + host
	if kind == "trusted_domain" {
		whole = host
	}
	_, err := domain(host)
	if err == nil && strings.Trim(local, "*") == "" {
		return bad(s, "has a wildcard, which patterns do not know",
			"write "+whole+", which is the whole domain and what lies below it")
	}
	return bad(s, "has a wildcard, which patterns do not know",
		"write a regular expression between slashes, as in /^news-.*@example\\.com$/, or @example.com for a "+
			"whole domain")
}

// expression passes a regular expression, between slashes.
func expression(kind, s string) (string, error) {
	text := s[1 : len(s)-1]
	if _, err := regexp.Compile(text); err != nil {
		return "", bad(s, "is not a regular expression: "+err.Error(),
			"its language is RE2: https://github.com/google/re2/wiki/Syntax")
	}
	if kind != "block_content" && kind != "trusted_domain" && missesAddresses(text) {
		return "", bad(s, "matches no address: it is held against the whole of one, and has no place for the @",
			"write .*@ after ^, or leave ^ out")
	}
	return s, nil
}

// missesAddresses reports whether an expression is bound to both ends of the text and has no place for an @.
func missesAddresses(text string) bool {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil || parsed.Op != syntax.OpConcat || len(parsed.Sub) < 2 {
		return false
	}
	first, last := parsed.Sub[0], parsed.Sub[len(parsed.Sub)-1]
	return first.Op == syntax.OpBeginText && last.Op == syntax.OpEndText && !hasAt(parsed)
}

// hasAt reports whether some part of an expression matches an @.
func hasAt(r *syntax.Regexp) bool {
	switch r.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpLiteral:
		return slices.Contains(r.Rune, '@')
	case syntax.OpCharClass:
		for i := 0; i+1 < len(r.Rune); i += 2 {
			if r.Rune[i] <= '@' && '@' <= r.Rune[i+1] {
				return true
			}
		}
	}
	return slices.ContainsFunc(r.Sub, hasAt)
}
