package web

import (
	"net/url"
	"strings"
)

// Target is the address that another one redirects to, where it says so itself: the protectors of Microsoft and Proofpoint,
// search engines, trackers and open redirects. Trackers that hide it behind a token cannot be read.
func (u URL) Target() (URL, bool) {
	if strings.HasPrefix(u.Host, "urldefense.") {
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
