package web

import (
	"net/url"
	"strings"
)

// Target is the address that another one redirects to, where it says so itself: the protectors of Microsoft and
// Proofpoint, search engines, trackers and open redirects. Trackers that hide it behind a token cannot be read.
func (u URL) Target() (URL, bool) {
	if urldefense(u.Host) {
		return u.urldefense()
	}
	for pair := range strings.SplitSeq(u.Query, "&") {
		_, value, found := strings.Cut(pair, "=")
		if !found {
			value = pair
		}
		if target, ok := u.other(value); ok {
			return target, true
		}
	}
	return u.inPath()
}

// Rewritten reports whether an address was put in the place of another one by a service that protects mail: it leads
// where it says, or to a warning.
func (u URL) Rewritten() bool {
	if urldefense(u.Host) {
		return true
	}
	for _, host := range [...]string{
		"safelinks.protection.outlook.com", "safelinks.protection.office365.us", "protect-us.mimecast.com",
		"protect-eu.mimecast.com", "protect-uk.mimecast.com",
		"protect-au.mimecast.com", "protect-za.mimecast.com", "linkprotect.cudasvc.com", "secure-web.cisco.com",
		"clicktime.symantec.com", "protection.sophos.com",
	} {
		if u.Host == host || strings.HasSuffix(u.Host, "."+host) {
			return true
		}
	}
	return false
}

// urldefense reports whether a host is Proofpoint's.
func urldefense(host string) bool {
	switch host {
	case "urldefense.com", "urldefense.us", "urldefense.proofpoint.com":
		return true
	}
	return false
}

// inPath finds an address in the path, as in https://tracker.example/CL0/https:%2F%2Fexample.com/1/.
func (u URL) inPath() (URL, bool) {
	lower := strings.ToLower(u.Path)
	at := strings.Index(lower, "http")
	for _, mark := range []string{"https:", "http:", "https%3a", "http%3a"} {
		if at >= 0 && strings.HasPrefix(lower[at:], mark) {
			return u.other(u.Path[at:])
		}
	}
	return URL{}, false
}

// other reads value as the address of another site.
func (u URL) other(value string) (URL, bool) {
	for range 2 { // some are escaped twice
		if !strings.Contains(value, "%") {
			break
		}
		plain, err := url.QueryUnescape(value)
		if err != nil {
			break
		}
		value = plain
	}
	if !strings.HasPrefix(strings.ToLower(value), "http") && !strings.HasPrefix(value, "//") {
		return URL{}, false
	}
	if strings.HasPrefix(value, "//") {
		value = "https:" + value
	}
	target, ok := Parse(value)
	return target, ok && target.Domain != u.Domain
}

// Proofpoint's second form escapes with - and _ in a parameter; the third puts the address between double underscores.
func (u URL) urldefense() (URL, bool) {
	if _, rest, found := strings.Cut(u.Path, "/v3/__"); found {
		address, _, _ := strings.Cut(rest, "__;")
		return u.other(address)
	}
	for pair := range strings.SplitSeq(u.Query, "&") {
		if value, found := strings.CutPrefix(pair, "u="); found {
			return u.other(strings.NewReplacer("-", "%", "_", "/").Replace(value))
		}
	}
	return URL{}, false
}
